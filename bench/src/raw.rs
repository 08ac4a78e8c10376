//! Saving without the product: SQLCipher, one table with the same row, an index, a search table.

use std::path::Path;

use rusqlite::{Connection, params};

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
        tx.prepare_cached("INSERT INTO entry (entry, felt_ms, event) VALUES (?1, ?2, ?3)")?
            .execute(params![entry, felt_ms, event])?;
        let id = tx.last_insert_rowid();
        tx.prepare_cached("INSERT INTO search (rowid, text) VALUES (?1, ?2)")?
            .execute(params![id, note])?;
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
