//! Saving without the product: SQLCipher, one table with the same row, an index, a search table.

use std::path::Path;

use clinic_api::wire;
use companion_core::event::Envelope;
use companion_core::journal::MoodRecorded;
use rusqlite::{Connection, Transaction, params};

use crate::Result;

/// A database as bare as it can be while it holds the same, and is as safe.
#[derive(Debug)]
pub struct Raw(Connection);

impl Raw {
    /// Makes one in a folder: the settings of the vault, and a key that is given raw.
    ///
    /// # Errors
    /// What SQLCipher says.
    pub fn create(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let conn = Connection::open(dir.join("raw.db"))?;
        let key = format!("x'{}'", "5a".repeat(32));
        conn.pragma_update(None, "cipher_log_level", "NONE")?;
        conn.pragma_update(None, "key", key)?;
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        conn.pragma_update(None, "secure_delete", "ON")?;
        let mode: String =
            conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err("no write-ahead log here".into());
        }
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "cache_size", -16 * 1024)?;
        conn.execute_batch(
            "CREATE TABLE entry (
                 id INTEGER PRIMARY KEY, entry BLOB NOT NULL, felt_ms INTEGER NOT NULL,
                 event BLOB NOT NULL) STRICT;
             CREATE INDEX entry_felt ON entry (felt_ms);
             CREATE VIRTUAL TABLE search
                 USING fts5(text, tokenize = 'unicode61 remove_diacritics 2');
             INSERT INTO search (search, rank) VALUES ('pgsz', 3950);
             INSERT INTO search (search, rank) VALUES ('hashsize', 8388608);
             INSERT INTO search (search, rank) VALUES ('secure-delete', 1);",
        )?;
        Ok(Self(conn))
    }

    /// Saves entries in one transaction; they are on the disk when this returns.
    ///
    /// # Errors
    /// What SQLCipher says; an event that records no mood.
    pub fn record_all(&mut self, events: &[Vec<u8>]) -> Result<()> {
        let tx = self.0.transaction()?;
        for event in events {
            let envelope: Envelope = wire::decode(event)?;
            let body: MoodRecorded = envelope.body()?;
            let note = body.mood.note.unwrap_or_default();
            insert(&tx, body.entry.0, body.mood.felt.ms, event, &note)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Every event that was saved, in order.
    ///
    /// # Errors
    /// What SQLCipher says.
    pub fn kept(&self) -> Result<Vec<Vec<u8>>> {
        let mut select = self.0.prepare("SELECT event FROM entry ORDER BY id")?;
        let rows = select.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Saves an entry; it is on the disk when this returns.
    ///
    /// # Errors
    /// What SQLCipher says.
    pub fn record(
        &mut self,
        entry: [u8; 16],
        felt_ms: i64,
        event: &[u8],
        note: &str,
    ) -> Result<()> {
        let tx = self.0.transaction()?;
        insert(&tx, entry, felt_ms, event, note)?;
        tx.commit()?;
        Ok(())
    }

    /// How many entries have a word that begins so.
    ///
    /// # Errors
    /// What SQLCipher says.
    pub fn found(&self, word: &str) -> Result<u64> {
        let sql = "SELECT count(*) FROM entry JOIN search ON search.rowid = entry.id
                   WHERE search MATCH ?1";
        let count: i64 = self
            .0
            .query_row(sql, [format!("\"{word}\"*")], |row| row.get(0))?;
        Ok(u64::try_from(count)?)
    }
}

fn insert(
    tx: &Transaction<'_>,
    entry: [u8; 16],
    felt_ms: i64,
    event: &[u8],
    note: &str,
) -> Result<()> {
    tx.prepare_cached("INSERT INTO entry (entry, felt_ms, event) VALUES (?1, ?2, ?3)")?
        .execute(params![entry, felt_ms, event])?;
    let id = tx.last_insert_rowid();
    tx.prepare_cached("INSERT INTO search (rowid, text) VALUES (?1, ?2)")?
        .execute(params![id, note])?;
    Ok(())
}
