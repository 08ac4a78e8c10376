//! Keys that live in the vault, and whose vault it is.

use clinic_api::id::{ChainId, DeviceId, PersonId, SpaceId, StatementHash};
use clinic_api::wire;
use minicbor::{Decode, Encode};
use rusqlite::{OptionalExtension, params};

use super::{Vault, VaultError, identity, meta};
use crate::space::epoch::EpochKey;
use crate::space::kdf;
use crate::space::keys::{DeviceSecrets, RootSecret, Seed};

/// Whose vault this is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Me {
    /// A patient's device.
    #[n(0)]
    Patient {
        /// Their chain.
        #[n(0)]
        chain: ChainId,
    },
    /// A clinic's workstation.
    #[n(1)]
    Staff {
        /// The clinic's roster.
        #[n(0)]
        roster: ChainId,
        /// The person who works at it.
        #[n(1)]
        person: PersonId,
    },
}

pub(super) const ME: &str = "me";
pub(super) const DEVICE: &str = "device";
pub(super) const ROOT: &str = "root";

/// A secret as it stands in the file: sealed once more.
///
/// The file is encrypted; its pages in memory are not, and SQLite does not wipe what it frees.
/// So after closing nothing of a key is left there. Bytes: salt (32), then ChaCha20-Poly1305 under
/// HKDF of the vault's key and the salt; the salt is HKDF of what is sealed, so each content has a
/// key of its own.
pub(super) fn hidden(key: &Seed, name: &[u8], value: &[u8]) -> Result<Vec<u8>, VaultError> {
    let salt = kdf::derive(key.expose(), &[], "vault secret salt", &[name, value]);
    let sealing = kdf::derive(key.expose(), salt.expose(), "vault secret", &[]);
    let mut bytes = salt.expose().to_vec();
    let sealed = kdf::seal_once(&sealing, name, value.to_vec());
    bytes.extend(sealed.map_err(|_| VaultError::Internal)?);
    Ok(bytes)
}

/// The reverse of [`hidden`]. What does not open was written by a version that did not seal here.
pub(super) fn revealed(key: &Seed, name: &[u8], kept: Vec<u8>) -> zeroize::Zeroizing<Vec<u8>> {
    let kept = zeroize::Zeroizing::new(kept);
    let opened = kept.split_at_checked(32).and_then(|(salt, sealed)| {
        let sealing = kdf::derive(key.expose(), salt, "vault secret", &[]);
        kdf::open_once(&sealing, name, sealed).ok()
    });
    opened.map_or(kept, zeroize::Zeroizing::new)
}

impl Vault {
    /// Whose vault this is; none before it was set up.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn me(&self) -> Result<Option<Me>, VaultError> {
        let bytes = meta::get(&self.conn, ME)?;
        bytes
            .map(|b| wire::decode(&b).map_err(|_| VaultError::Damaged))
            .transpose()
    }

    /// States whose vault this is.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where it is somebody else's already.
    pub fn set_me(&mut self, me: &Me) -> Result<(), VaultError> {
        match self.me()? {
            Some(now) if now != *me => Err(VaultError::NotSetUp),
            Some(_) => Ok(()),
            None => {
                let bytes = wire::encode(me);
                self.write(|tx| {
                    identity::touch(tx, &[ME.as_bytes(), &bytes])?;
                    meta::set(tx, ME, &bytes)
                })?;
                self.keep_identity();
                Ok(())
            }
        }
    }

    /// This device's keys, made at the first call.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn device(&mut self) -> Result<DeviceSecrets, VaultError> {
        if let Some(secrets) = &self.device {
            return Ok(secrets.clone());
        }
        let kept = self.secret(DEVICE)?;
        let secrets = match &kept {
            Some(bytes) => {
                let mut seeds = bytes.chunks_exact(32).map(Seed::try_from);
                let mut next = || seeds.next().and_then(Result::ok).ok_or(VaultError::Damaged);
                DeviceSecrets::from_seeds(next()?, next()?, next()?)
            }
            None => DeviceSecrets::generate(&self.env),
        };
        let secrets = secrets.map_err(|_| VaultError::Internal)?;
        if kept.is_none() {
            let mut all = zeroize::Zeroizing::new(Vec::with_capacity(96));
            for seed in secrets.seeds() {
                all.extend_from_slice(seed.expose());
            }
            self.keep_secret(DEVICE, &all)?;
        }
        self.device = Some(secrets.clone());
        Ok(secrets)
    }

    /// The name of this device.
    pub(super) fn device_id(&mut self) -> Result<DeviceId, VaultError> {
        match &self.device {
            Some(secrets) => Ok(secrets.id()),
            None => Ok(self.device()?.id()),
        }
    }

    /// The clinic's root key, in the vault of whoever founded the clinic.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn root(&self) -> Result<Option<RootSecret>, VaultError> {
        let Some(bytes) = self.secret(ROOT)? else {
            return Ok(None);
        };
        let seed = Seed::try_from(bytes.as_slice()).map_err(|_| VaultError::Damaged)?;
        RootSecret::new(seed)
            .map(Some)
            .map_err(|_| VaultError::Damaged)
    }

    /// Keeps the clinic's root key.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn keep_root(&mut self, seed: &Seed) -> Result<(), VaultError> {
        self.keep_secret(ROOT, seed.expose())
    }

    /// A secret of a room; names begin with the room's.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn secret(&self, name: &str) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, VaultError> {
        let sql = "SELECT value FROM secret WHERE name = ?1";
        let kept: Option<Vec<u8>> = self
            .conn
            .prepare_cached(sql)?
            .query_row([name], |row| row.get(0))
            .optional()?;
        Ok(kept.map(|kept| revealed(&self.key, name.as_bytes(), kept)))
    }

    /// Keeps a secret of a room on this device; it is not synced.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn keep_secret(&mut self, name: &str, value: &[u8]) -> Result<(), VaultError> {
        let own = [DEVICE, ROOT].contains(&name);
        let sealed = hidden(&self.key, name.as_bytes(), value)?;
        self.write(|tx| {
            let sql = "INSERT INTO secret (name, value) VALUES (?1, ?2)
                       ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            tx.prepare_cached(sql)?.execute(params![name, sealed])?;
            if own {
                identity::touch(tx, &[name.as_bytes(), value])?;
            }
            Ok(())
        })?;
        if own {
            self.device = None;
            self.keep_identity();
        }
        Ok(())
    }

    /// Forgets a secret of a room, for good; not the device's or the root's.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn forget_secret(&mut self, name: &str) -> Result<(), VaultError> {
        if [DEVICE, ROOT].contains(&name) {
            return Err(VaultError::Internal);
        }
        self.write(|tx| {
            tx.prepare_cached("DELETE FROM secret WHERE name = ?1")?
                .execute([name])?;
            Ok(())
        })
    }

    /// Forgets the clinic's root key, here and beside the vault.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn forget_root(&mut self) -> Result<(), VaultError> {
        self.write(|tx| {
            tx.prepare_cached("DELETE FROM secret WHERE name = ?1")?
                .execute([ROOT])?;
            identity::touch(tx, &[ROOT.as_bytes()])
        })?;
        self.keep_identity();
        Ok(())
    }

    /// The key of an epoch that this device could open.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn epoch_key(
        &self,
        space: SpaceId,
        epoch: StatementHash,
        number: u64,
    ) -> Result<Option<EpochKey>, VaultError> {
        let sql = "SELECT key FROM epoch_key WHERE epoch = ?1 AND space = ?2";
        let kept: Option<Vec<u8>> = self
            .conn
            .prepare_cached(sql)?
            .query_row(params![epoch.0, space.0], |row| row.get(0))
            .optional()?;
        let Some(kept) = kept.map(|kept| revealed(&self.key, &epoch.0, kept)) else {
            return Ok(None);
        };
        let seed = Seed::try_from(kept.as_slice()).map_err(|_| VaultError::Damaged)?;
        Ok(Some(EpochKey::new(seed, space, number)))
    }

    /// Keeps the key of an epoch.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn keep_epoch_key(
        &mut self,
        space: SpaceId,
        epoch: StatementHash,
        key: &EpochKey,
    ) -> Result<(), VaultError> {
        let sealed = hidden(&self.key, &epoch.0, key.seed().expose())?;
        self.write(|tx| {
            let sql = "INSERT INTO epoch_key (epoch, space, key) VALUES (?1, ?2, ?3)
                       ON CONFLICT (epoch) DO NOTHING";
            tx.prepare_cached(sql)?
                .execute(params![epoch.0, space.0, sealed])?;
            Ok(())
        })
    }
}
