//! Small named values.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Vault, VaultError, identity};

pub(super) fn get(conn: &Connection, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
    let sql = "SELECT value FROM meta WHERE name = ?1";
    Ok(conn
        .prepare_cached(sql)?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

pub(super) fn set(conn: &Connection, name: &str, value: &[u8]) -> Result<(), VaultError> {
    let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    conn.prepare_cached(sql)?.execute(params![name, value])?;
    Ok(())
}

impl Vault {
    /// A setting of a room; names begin with the room's.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        get(&self.conn, name)
    }

    /// Keeps a setting of a room on this device; it is not synced.
    ///
    /// It is kept beside the vault, too, for the day when the vault is damaged: nothing that
    /// anybody wrote about themselves belongs here.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn set_setting(&mut self, name: &str, value: &[u8]) -> Result<(), VaultError> {
        if get(&self.conn, name)?.as_deref() == Some(value) {
            return Ok(());
        }
        self.write(|tx| {
            identity::touch(tx, &[name.as_bytes(), value])?;
            set(tx, name, value)
        })?;
        self.keep_identity();
        Ok(())
    }
}
