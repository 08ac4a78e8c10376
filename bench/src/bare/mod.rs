//! The bare path: sealed entries from one client to another with nothing else.
//!
//! Every entry is sealed under a key of its own (HKDF-SHA256, ChaCha20-Poly1305) and hashed
//! (SHA-256); every batch is signed (Ed25519) over the hashes, sent by HTTP, verified by the
//! server and committed by SQLite (WAL, `synchronous=FULL`) before the answer. A reader fetches
//! batch by batch, verifies, opens, and commits each to a table of its own, so. No chains, no
//! request signatures, no padding, no views, no encryption at rest.

pub mod client;
pub mod seal;
pub mod server;

use std::path::Path;

use rusqlite::Connection;

use crate::Result;

/// A database without encryption, as safe as the product's.
pub(crate) fn database(path: &Path) -> Result<Connection> {
    let conn = Connection::open(path)?;
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err("no write-ahead log here".into());
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    Ok(conn)
}
