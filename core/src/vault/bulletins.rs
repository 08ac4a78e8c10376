//! The clinic's bulletins, kept to be read offline; and what others witnessed of them.

use clinic_api::bulletin::{self, Bulletin, Last, Seen};
use clinic_api::chain::ChainError;
use clinic_api::id::{BulletinHash, ChainId, SpaceId};
use rusqlite::{OptionalExtension, Transaction, params};

use super::file::write_atomically;
use super::{Vault, VaultError};

/// Keeps what a head says of the clinic's last bulletin, where it is more than was known.
pub(super) fn witness(
    tx: &Transaction<'_>,
    space: SpaceId,
    seen: Option<Seen>,
) -> Result<(), VaultError> {
    let Some(seen) = seen else {
        return Ok(());
    };
    let number = i64::try_from(seen.number).unwrap_or(i64::MAX);
    let sql = "INSERT INTO bulletin_witness (space, hash, number) VALUES (?1, ?2, ?3)
               ON CONFLICT (space) DO UPDATE SET hash = excluded.hash, number = excluded.number
               WHERE excluded.number > number";
    tx.prepare_cached(sql)?
        .execute(params![space.0, seen.hash.0, number])?;
    Ok(())
}

impl Vault {
    /// The clinic whose bulletins this vault keeps; none before one was joined or founded.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn bulletin_roster(&self) -> Result<Option<ChainId>, VaultError> {
        match self.me()? {
            Some(super::Me::Staff { roster, .. }) => Ok(Some(roster)),
            Some(super::Me::Patient { .. }) => {
                Ok(self.spaces()?.iter().find_map(|space| space.roster))
            }
            None => Ok(None),
        }
    }

    /// A clinic's bulletins as they were verified and kept, in order.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn bulletins(&self, roster: ChainId) -> Result<Vec<Bulletin>, VaultError> {
        let sql = "SELECT bytes FROM bulletin WHERE roster = ?1 ORDER BY number";
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([roster.0], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|bytes| Bulletin::from_bytes(&bytes?).map_err(|_| VaultError::Damaged))
            .collect()
    }

    /// Where a clinic's bulletins end, as far as they were seen here.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn last_bulletin(&self, roster: ChainId) -> Result<Option<Last>, VaultError> {
        let sql = "SELECT bytes FROM bulletin WHERE roster = ?1 ORDER BY number DESC LIMIT 1";
        let bytes: Option<Vec<u8>> = self
            .conn
            .prepare_cached(sql)?
            .query_row([roster.0], |row| row.get(0))
            .optional()?;
        let damaged = |_| VaultError::Damaged;
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let bulletin = Bulletin::from_bytes(&bytes).map_err(damaged)?;
        let body = bulletin.claimed().map_err(damaged)?;
        Ok(Some(Last {
            number: body.number,
            hash: bulletin.hash(),
            cites: body.cites,
        }))
    }

    /// The hash of a bulletin that is kept.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn bulletin_hash(
        &self,
        roster: ChainId,
        number: u64,
    ) -> Result<Option<BulletinHash>, VaultError> {
        let sql = "SELECT hash FROM bulletin WHERE roster = ?1 AND number = ?2";
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_row(params![roster.0, number], |row| row.get(0))
            .optional()?
            .map(BulletinHash))
    }

    /// Verifies the next bulletin and keeps it, for good: no other ever takes its number.
    ///
    /// # Errors
    /// The inner one: the bulletin is refused and all is as before.
    pub fn extend_bulletins(
        &mut self,
        roster: ChainId,
        next: &Bulletin,
    ) -> Result<Result<(), ChainError>, VaultError> {
        self.load_roster(roster)?;
        let last = self.last_bulletin(roster)?;
        let chain = self.chains.roster(roster).ok_or(VaultError::NotSetUp)?;
        let verified = match bulletin::verify(chain, last.as_ref(), next) {
            Ok(verified) => verified,
            Err(error) => return Ok(Err(error)),
        };
        let number = i64::try_from(verified.body.number).unwrap_or(i64::MAX);
        let (hash, bytes) = (verified.hash.0, next.to_bytes());
        self.write(|tx| {
            let sql = "INSERT INTO bulletin (roster, number, bytes, hash)
                       VALUES (?1, ?2, ?3, ?4)";
            tx.prepare_cached(sql)?
                .execute(params![roster.0, number, bytes, hash])?;
            Ok(())
        })?;
        Ok(Ok(()))
    }

    /// What other members' heads say of the bulletins beyond, or unlike, what is kept: the
    /// space in which they say it, and what.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn bulletins_witnessed(&self, roster: ChainId) -> Result<Vec<(SpaceId, Seen)>, VaultError> {
        let sql = "SELECT w.space, w.number, w.hash FROM bulletin_witness w
                   JOIN space s ON s.space = w.space AND s.roster = ?1
                   LEFT JOIN bulletin b ON b.roster = ?1 AND b.number = w.number
                   WHERE b.hash IS NOT w.hash ORDER BY w.space";
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([roster.0], |row| {
            let (number, hash) = (row.get(1)?, BulletinHash(row.get(2)?));
            Ok((SpaceId(row.get(0)?), Seen { number, hash }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes a file of that name beside the vault, whole or not at all; not where it says so
    /// already. For what is to be read while the vault is closed, and is no secret.
    ///
    /// # Errors
    /// [`VaultError`]: the file is as it was.
    pub fn keep_beside(&self, name: &str, bytes: &[u8]) -> Result<(), VaultError> {
        let path = self.dir.join(name);
        if std::fs::read(&path).is_ok_and(|kept| kept == bytes) {
            return Ok(());
        }
        Ok(write_atomically(&path, bytes)?)
    }
}
