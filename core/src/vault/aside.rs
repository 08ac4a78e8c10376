//! What was received and failed: kept, unapplied and named.

use clinic_api::id::{LogId, SpaceId};
use rusqlite::params;

use super::{Vault, VaultError};

/// A run or frame that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The space.
    pub space: SpaceId,
    /// The log.
    pub log: LogId,
    /// The number of the frame, or of the head where a whole run failed.
    pub number: u64,
    /// A stable word for why.
    pub reason: String,
}

impl Vault {
    /// Keeps something that failed verification, once.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn keep_aside(&mut self, what: &SetAside, bytes: &[u8]) -> Result<(), VaultError> {
        self.write(|tx| {
            let sql = "INSERT INTO set_aside (space, log, number, reason, bytes)
                       VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
            tx.prepare_cached(sql)?.execute(params![
                what.space.0,
                what.log.0,
                // A made-up number may be beyond what the file can hold.
                i64::try_from(what.number).unwrap_or(i64::MAX),
                what.reason,
                bytes
            ])?;
            Ok(())
        })
    }

    /// Everything that was set aside.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn all_aside(&self) -> Result<Vec<SetAside>, VaultError> {
        let sql = "SELECT space, log, number, reason FROM set_aside ORDER BY seq";
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([], |row| {
            Ok(SetAside {
                space: SpaceId(row.get(0)?),
                log: LogId(row.get(1)?),
                number: row.get(2)?,
                reason: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
