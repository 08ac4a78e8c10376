//! What a vault becomes when its device is paired.

use clinic_api::id::ChainId;
use clinic_api::wire;
use rusqlite::params;

use super::secrets::{self, DEVICE, ME};
use super::{Me, SpaceEntry, Vault, VaultError, identity, logs, meta, view};
use crate::space::keys::DeviceSecrets;

impl Vault {
    /// Whether this vault may become another patient's chain's: it is nobody's, or its own chain
    /// never met a clinic, so that nobody else knows of it.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn may_become(&self, chain: ChainId) -> Result<bool, VaultError> {
        Ok(match self.me()? {
            None => true,
            Some(Me::Patient { chain: own }) if own == chain => true,
            Some(Me::Patient { chain: own }) => {
                let alone = self.spaces()?.iter().all(|space| space.roster.is_none());
                alone && self.statement_count(own)? <= 1
            }
            Some(Me::Staff { .. }) => false,
        })
    }

    /// Makes this vault that of a device of `chain`, whose statements are kept, with these
    /// spaces. What it held of a chain of its own, which nobody else knows, moves into the
    /// *private* space of the new one, unsent.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where [`Vault::may_become`] says no: nothing was changed.
    pub fn become_patient(
        &mut self,
        chain: ChainId,
        spaces: &[SpaceEntry],
    ) -> Result<(), VaultError> {
        if !self.may_become(chain)? {
            return Err(VaultError::NotSetUp);
        }
        let before = match self.me()? {
            Some(Me::Patient { chain: own }) if own != chain => self.spaces()?,
            Some(_) | None => Vec::new(),
        };
        for entry in spaces {
            self.follow_space(entry)?;
        }
        let device = self.device_id()?;
        let (env, views) = (self.env.clone(), self.views);
        let me = wire::encode(&Me::Patient { chain });
        self.write(|tx| {
            for old in &before {
                let new = spaces.iter().find(|s| s.kind == old.kind);
                let new = new.ok_or(VaultError::NotSetUp)?.space;
                let log = logs::own_or_new(tx, &env, new, device)?;
                let of_old = [old.space.0.as_slice()];
                let sql = "UPDATE event SET space = ?2, log = ?3 WHERE space = ?1";
                tx.prepare_cached(sql)?
                    .execute(params![old.space.0, new.0, log.0])?;
                for table in ["log", "space"] {
                    let sql = format!("DELETE FROM {table} WHERE space = ?1");
                    tx.prepare_cached(&sql)?.execute(of_old)?;
                }
                let sql = "DELETE FROM statement WHERE chain IN (?1, ?2)";
                let own = old.patient.unwrap_or(chain);
                tx.prepare_cached(sql)?
                    .execute(params![own.0, old.space.0])?;
            }
            if !before.is_empty() {
                view::rebuild(tx, views)?;
            }
            identity::touch(tx, &[ME.as_bytes(), &me])?;
            meta::set(tx, ME, &me)
        })?;
        self.keep_identity();
        self.tell_written();
        Ok(())
    }

    /// Gives this device other keys: those with which it was taken in anew after its removal.
    /// What was not sent under the old ones goes into new logs.
    ///
    /// # Errors
    /// [`VaultError`], and nothing was changed.
    pub fn renew_device(&mut self, new: &DeviceSecrets) -> Result<(), VaultError> {
        if self.device_id()? == new.id() {
            return Ok(());
        }
        let (env, views) = (self.env.clone(), self.views);
        let spaces = self.spaces()?;
        let mut seeds = zeroize::Zeroizing::new(Vec::with_capacity(96));
        for seed in new.seeds() {
            seeds.extend_from_slice(seed.expose());
        }
        let sealed = secrets::hidden(&self.key, DEVICE.as_bytes(), &seeds)?;
        self.write(|tx| {
            let sql = "UPDATE secret SET value = ?2 WHERE name = ?1";
            tx.prepare_cached(sql)?.execute(params![DEVICE, sealed])?;
            identity::touch(tx, &[DEVICE.as_bytes(), &seeds])?;
            for entry in &spaces {
                if logs::own(tx, entry.space)?.is_some() {
                    logs::restart(tx, &env, entry.space, new.id())?;
                }
            }
            view::rebuild(tx, views)
        })?;
        self.device = None;
        self.keep_identity();
        self.tell_written();
        Ok(())
    }
}
