//! The search table: the words of each entry's present version, in FTS5, inside the encrypted
//! vault.
//!
//! Words are matched from their beginning, without regard to case and accents
//! (`unicode61 remove_diacritics 2`). Scripts that write no spaces between
//! words are found by the beginning of what stands between two marks.

use clinic_api::id::SpaceId;
use rusqlite::{Transaction, params};

use super::super::mood::Mood;
use crate::event::EntryId;
use crate::vault::VaultError;

/// So many words of a search count; further ones are left out.
const WORDS: usize = 16;

pub(super) fn create(tx: &Transaction<'_>) -> Result<(), VaultError> {
    tx.execute_batch(
        "CREATE VIRTUAL TABLE view_entry_search
             USING fts5(text, tokenize = 'unicode61 remove_diacritics 2');
         -- A page of the index fits into one of the file, which SQLCipher leaves 4,016 bytes of.
         INSERT INTO view_entry_search (view_entry_search, rank) VALUES ('pgsz', 3950);
         -- A transaction of many entries is sorted in memory, in up to 8 MiB, and written once.
         INSERT INTO view_entry_search (view_entry_search, rank) VALUES ('hashsize', 8388608);
         -- What is erased leaves the index at once, not when segments are merged.
         INSERT INTO view_entry_search (view_entry_search, rank) VALUES ('secure-delete', 1);",
    )?;
    Ok(())
}

/// Sets the text under which an entry's row is found that has none yet.
pub(super) fn put_new(tx: &Transaction<'_>, id: i64, mood: &Mood) -> Result<(), VaultError> {
    let text = text(mood);
    if !text.is_empty() {
        let sql = "INSERT INTO view_entry_search (rowid, text) VALUES (?1, ?2)";
        tx.prepare_cached(sql)?.execute(params![id, text])?;
    }
    Ok(())
}

/// Sets the text under which an entry's row is found.
pub(super) fn put(tx: &Transaction<'_>, id: i64, mood: &Mood) -> Result<(), VaultError> {
    let text = text(mood);
    if text.is_empty() {
        let sql = "DELETE FROM view_entry_search WHERE rowid = ?1";
        tx.prepare_cached(sql)?.execute([id])?;
    } else {
        let sql = "INSERT OR REPLACE INTO view_entry_search (rowid, text) VALUES (?1, ?2)";
        tx.prepare_cached(sql)?.execute(params![id, text])?;
    }
    Ok(())
}

/// Takes an entry's text out of the index.
pub(super) fn take_out(
    tx: &Transaction<'_>,
    space: SpaceId,
    entry: EntryId,
) -> Result<(), VaultError> {
    let sql = "DELETE FROM view_entry_search WHERE rowid IN
                   (SELECT id FROM view_entry WHERE space = ?1 AND entry = ?2)";
    tx.prepare_cached(sql)?.execute(params![space.0, entry.0])?;
    Ok(())
}

/// Takes a space's texts out of the index.
pub(super) fn forget(tx: &Transaction<'_>, space: SpaceId) -> Result<(), VaultError> {
    let sql = "DELETE FROM view_entry_search WHERE rowid IN
                   (SELECT id FROM view_entry WHERE space = ?1)";
    tx.prepare_cached(sql)?.execute([space.0])?;
    Ok(())
}

fn text(mood: &Mood) -> String {
    let lists = [
        &mood.feelings,
        &mood.associations,
        &mood.words,
        &mood.circumstances,
    ];
    let words = lists.into_iter().flatten().chain(&mood.note);
    words.map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// The search as FTS5 reads it: every word, each from its beginning. None where there is no word.
pub(super) fn query(words: &str) -> Option<String> {
    // Quoted, so that nothing a person types is an operator.
    let quoted: Vec<String> = words
        .split(|c: char| c.is_whitespace() || c == '"' || c == '\0')
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(WORDS)
        .map(|word| format!("\"{word}\"*"))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" "))
}
