//! `vault.identity`: what a vault needs to come back after damage, sealed, beside it.
//!
//! Whose vault it is, the device's keys, settings, the own spaces, and their chains with the ends
//! of their logs as they were last verified: whoever comes back believes nothing that is older.
//! Nothing that anybody wrote is in it. It is written after the commit that changed any of it, and
//! at opening where it is missing or another; that it can't be written now stops nothing.
//!
//! Bytes: version (1), mark (32), salt (32), then CBOR under ChaCha20-Poly1305 with a key of its
//! own, HKDF of the vault's key and the salt; version and mark are associated data. The salt is
//! HKDF of the key, the mark and what is sealed: each content has a key of its own, that seals no other. The
//! mark tells whether the file is the present one, and to others nothing.

use std::path::{Path, PathBuf};

use clinic_api::crypto;
use clinic_api::id::{ChainId, LogId, SpaceId};
use clinic_api::space::SpaceKind;
use clinic_api::wire::{self, bytes_array};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rusqlite::{Connection, params};
use zeroize::Zeroize;

use super::file::write_atomically;
use super::pages::Salt;
use super::secrets::{DEVICE, ROOT};
use super::{Me, Vault, VaultError, meta};
use crate::space::kdf;
use crate::space::keys::Seed;

const FILE: &str = "vault.identity";
/// Changed with everything that is kept here.
const STAMP: &str = "identity.stamp";
const VERSION: u8 = 1;
const MARK: usize = 32;
const SALT: usize = 32;

pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// What is needed to come back.
#[derive(Encode, Decode, Default)]
#[cbor(map)]
pub(super) struct Identity {
    #[n(0)]
    pub me: Option<Me>,
    #[n(1)]
    pub device: Option<ByteVec>,
    #[n(2)]
    pub root: Option<ByteVec>,
    #[n(3)]
    pub settings: Vec<Setting>,
    #[n(4)]
    pub spaces: Vec<Space>,
    /// Parties first, then epochs.
    #[n(5)]
    pub chains: Vec<Chain>,
    #[n(6)]
    pub logs: Vec<LogEnd>,
    /// How the vault's file begins.
    #[n(7)]
    #[cbor(with = "bytes_array")]
    pub salt: Salt,
}

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct Setting {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub value: ByteVec,
}

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct Space {
    #[n(0)]
    pub space: SpaceId,
    #[n(1)]
    pub kind: SpaceKind,
    #[n(2)]
    pub patient: Option<ChainId>,
    #[n(3)]
    pub roster: Option<ChainId>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct Chain {
    #[n(0)]
    pub id: ChainId,
    #[n(1)]
    pub statements: Vec<ByteVec>,
}

/// As much of a log as the clinic API is known to have.
#[derive(Encode, Decode, Clone, Copy)]
#[cbor(map)]
pub(super) struct LogEnd {
    #[n(0)]
    pub space: SpaceId,
    #[n(1)]
    pub log: LogId,
    #[n(2)]
    pub beat: u64,
    #[n(3)]
    pub number: u64,
}

impl Drop for Identity {
    fn drop(&mut self) {
        for secret in [&mut self.device, &mut self.root].into_iter().flatten() {
            secret.as_mut_slice().zeroize();
        }
    }
}

/// Whether a vault's identity opens with this key: then the key is that vault's.
pub(super) fn fits(dir: &Path, key: &Seed) -> Result<bool, VaultError> {
    match read(&path(dir), key) {
        Ok(found) => Ok(found.is_some()),
        // Its version says nothing about the key.
        Err(VaultError::Newer) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads an identity; none where there is none, or it doesn't open.
pub(super) fn read(path: &Path, key: &Seed) -> Result<Option<Identity>, VaultError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match bytes.first() {
        Some(&VERSION) => {}
        // Only a file that a newer version wrote: one that is damaged is no better than none.
        Some(&version) if version > VERSION && version < 32 => return Err(VaultError::Newer),
        Some(_) | None => return Ok(None),
    }
    let Some((aad, rest)) = bytes.split_at_checked(1 + MARK) else {
        return Ok(None);
    };
    let Some((salt, sealed)) = rest.split_at_checked(SALT) else {
        return Ok(None);
    };
    let Ok(plain) = kdf::open_once(&sealing(key, salt), &associated(aad), sealed) else {
        return Ok(None);
    };
    let plain = zeroize::Zeroizing::new(plain);
    Ok(wire::decode(&plain).ok())
}

fn sealing(key: &Seed, salt: &[u8]) -> Seed {
    kdf::derive(key.expose(), salt, "vault identity", &[])
}

fn associated(aad: &[u8]) -> Vec<u8> {
    [b"companion/1 vault identity", aad].concat()
}

fn seal(key: &Seed, mark: &Seed, what: &Identity) -> Result<Vec<u8>, VaultError> {
    let plain = zeroize::Zeroizing::new(wire::encode(what));
    let salt = kdf::derive(
        key.expose(),
        &[],
        "vault identity salt",
        &[mark.expose(), &plain],
    );
    let salt = salt.expose();
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(mark.expose());
    let aad = associated(&bytes);
    let sealed = kdf::seal_once(&sealing(key, salt), &aad, plain.to_vec());
    bytes.extend_from_slice(salt);
    bytes.extend(sealed.map_err(|_| VaultError::Internal)?);
    Ok(bytes)
}

/// Whether a name is a room's setting, and not the vault's own.
pub(super) fn is_setting(name: &str) -> bool {
    name.contains('.') && name != STAMP
}

/// Says that something changed that is kept here, and to what.
pub(super) fn touch(conn: &Connection, what: &[&[u8]]) -> Result<(), VaultError> {
    let before = meta::get(conn, STAMP)?.unwrap_or_default();
    let stamp = crypto::hash("identity stamp", &[&[before.as_slice()], what].concat());
    meta::set(conn, STAMP, &stamp)
}

/// Whether a chain is one that is kept here: not those of a clinic's patients.
pub(super) fn keeps(conn: &Connection, chain: ChainId) -> Result<bool, VaultError> {
    Ok(match me(conn)? {
        Some(Me::Staff { roster, .. }) => {
            let mut spaces = SpaceKind::OF_CLINIC.iter().map(|kind| kind.id(roster));
            chain == roster || spaces.any(|space| ChainId::from(space) == chain)
        }
        Some(Me::Patient { .. }) | None => true,
    })
}

fn me(conn: &Connection) -> Result<Option<Me>, VaultError> {
    let bytes = meta::get(conn, super::secrets::ME)?;
    bytes
        .map(|b| wire::decode(&b).map_err(|_| VaultError::Damaged))
        .transpose()
}

impl Vault {
    /// Writes down what a vault needs to come back, where it isn't what is written already.
    pub(crate) fn keep_identity(&mut self) {
        // The vault has the last word; the next opening tries again.
        let _ = self.try_keep_identity();
    }

    fn try_keep_identity(&mut self) -> Result<(), VaultError> {
        let logs = self.log_ends()?;
        let mark = self.mark(&logs)?;
        if self.written.as_ref() == Some(mark.expose()) {
            return Ok(());
        }
        let identity = self.identity(logs)?;
        let bytes = seal(&self.key, &mark, &identity)?;
        write_atomically(&path(&self.dir), &bytes)?;
        self.written = Some(*mark.expose());
        Ok(())
    }

    /// What the file in the folder is marked with.
    pub(super) fn written_mark(dir: &Path) -> Option<[u8; MARK]> {
        use std::io::Read;
        let mut head = [0; 1 + MARK];
        let mut file = std::fs::File::open(path(dir)).ok()?;
        file.read_exact(&mut head).ok()?;
        let (version, mark) = head.split_first()?;
        (*version == VERSION)
            .then(|| mark.try_into().ok())
            .flatten()
    }

    fn mark(&self, logs: &[LogEnd]) -> Result<Seed, VaultError> {
        let stamp = meta::get(&self.conn, STAMP)?.unwrap_or_default();
        let ends: Vec<u8> = logs
            .iter()
            .flat_map(|end| [end.log.0.as_slice(), &end.beat.to_be_bytes()].concat())
            .collect();
        let label = "vault identity mark";
        Ok(kdf::derive(self.key.expose(), &[], label, &[&stamp, &ends]))
    }

    fn identity(&self, logs: Vec<LogEnd>) -> Result<Identity, VaultError> {
        let device = self.secret(DEVICE)?.map(|s| s.to_vec().into());
        let root = self.secret(ROOT)?.map(|s| s.to_vec().into());
        let spaces = self.own_spaces()?;
        let parties = spaces.iter().flat_map(|s| [s.patient, s.roster]).flatten();
        let mut ids: Vec<ChainId> = Vec::new();
        for id in parties.chain(spaces.iter().map(|s| s.space.into())) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let chains = ids.into_iter().map(|id| {
            let statements = self.statements(id)?;
            let statements = statements.iter().map(|s| s.to_bytes().into()).collect();
            Ok(Chain { id, statements })
        });
        let salt: String = self
            .conn
            .pragma_query_value(None, "cipher_salt", |row| row.get(0))?;
        let salt = data_encoding::HEXLOWER_PERMISSIVE.decode(salt.as_bytes());
        Ok(Identity {
            me: self.me()?,
            device,
            root,
            settings: self.settings()?,
            chains: chains.collect::<Result<_, VaultError>>()?,
            spaces,
            logs,
            salt: salt
                .ok()
                .and_then(|s| s.try_into().ok())
                .ok_or(VaultError::Internal)?,
        })
    }

    /// The spaces that are this device's, or its clinic's.
    fn own_spaces(&self) -> Result<Vec<Space>, VaultError> {
        let clinics = SpaceKind::OF_CLINIC;
        let all = match self.me()? {
            Some(Me::Staff { roster, .. }) => {
                let ids = clinics.iter().map(|kind| kind.id(roster));
                let found: Vec<_> = ids.map(|id| self.followed(id)).collect::<Result<_, _>>()?;
                found.into_iter().flatten().collect()
            }
            Some(Me::Patient { .. }) | None => self.spaces()?,
        };
        Ok(all
            .into_iter()
            .map(|s| Space {
                space: s.space,
                kind: s.kind,
                patient: s.patient,
                roster: s.roster,
            })
            .collect())
    }

    fn settings(&self) -> Result<Vec<Setting>, VaultError> {
        let sql = "SELECT name, value FROM meta ORDER BY name";
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([], |row| {
            let (name, value): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
            Ok(Setting {
                name,
                value: value.into(),
            })
        })?;
        let all: Vec<Setting> = rows.collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|s| is_setting(&s.name)).collect())
    }

    /// How much of each log of the own spaces the clinic API has: what waits to be sent isn't there.
    fn log_ends(&self) -> Result<Vec<LogEnd>, VaultError> {
        let sql = "SELECT log, beat, number FROM log
                   WHERE space = ?1 AND head IS NOT NULL ORDER BY log";
        let waits = "SELECT min(beat), min(first) FROM run_out WHERE space = ?1 AND log = ?2";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut waiting = self.conn.prepare_cached(waits)?;
        let mut ends = Vec::new();
        for space in self.own_spaces()?.into_iter().map(|s| s.space) {
            let mut rows = query.query([space.0])?;
            while let Some(row) = rows.next()? {
                let log = LogId(row.get(0)?);
                let (beat, number): (u64, u64) = (row.get(1)?, row.get(2)?);
                let first: (Option<u64>, Option<u64>) = waiting
                    .query_row(params![space.0, log.0], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })?;
                let before = |first: Option<u64>, now| first.map_or(now, |f| f.saturating_sub(1));
                let end = LogEnd {
                    space,
                    log,
                    beat: before(first.0, beat),
                    number: before(first.1, number),
                };
                ends.push(end);
            }
        }
        Ok(ends.into_iter().filter(|end| end.beat > 0).collect())
    }
}
