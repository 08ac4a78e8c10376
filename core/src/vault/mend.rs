//! A damaged vault is set aside, never deleted, and a fresh one is made of what is left.
//!
//! `vault.mending` says that it was begun and how far it came. Cut short anywhere it is taken up
//! again: first the old files move into a folder of their own, where they stay; then the fresh
//! vault is made in the folder `mending`, as often as it takes; then it is put in its place.

use std::fs::File;
use std::path::{Path, PathBuf};

use clinic_api::wire;
use minicbor::{Decode, Encode};
use rusqlite::params;

use super::file::{self, write_atomically};
use super::identity::{self, Identity};
use super::pages::{Rescue, Source};
use super::{KeyStore, SpaceEntry, Vault, VaultError, View, salvage};
use crate::env::Env;
use crate::space::keys::Seed;

const BEGUN: &str = "vault.mending";
const BUILD: &str = "mending";
/// The setting that says what came of it.
const NOTE: &str = "vault.mended";

#[derive(Encode, Decode)]
#[cbor(map)]
struct Begun {
    /// The folder that the old files move into.
    #[n(0)]
    aside: String,
    #[n(1)]
    at_ms: i64,
    /// Whether all of them are there.
    #[n(2)]
    moved: bool,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Note {
    #[n(0)]
    aside: String,
    #[n(1)]
    at_ms: i64,
    #[n(2)]
    salvaged: u64,
    #[n(3)]
    identity: bool,
    #[n(4)]
    unreadable: bool,
    #[n(5)]
    filled_ms: Option<i64>,
    #[n(6)]
    told: bool,
}

/// What came of a damaged vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// Where the damaged files are; nobody deletes them.
    pub aside: PathBuf,
    /// When it was noticed, in milliseconds since 1970.
    pub at_ms: i64,
    /// How many events could be read from the damaged file, and are back.
    pub salvaged: u64,
    /// Whether it is known whose vault it is: then a sync brings back what the clinic API has.
    pub identity: bool,
    /// Whether some of the file could not be read.
    pub unreadable: bool,
    /// When a sync has brought back all that the clinic API has; none before.
    pub filled_ms: Option<i64>,
    /// Whether the person was told.
    pub told: bool,
}

/// Whether a mending was begun and not ended.
pub(super) fn begun(dir: &Path) -> bool {
    dir.join(BEGUN).exists()
}

/// Whether a folder of that name holds what was set aside, or what is being made of it.
pub(super) fn is_aside(name: &str) -> bool {
    name.starts_with("set-aside-") || name == BUILD
}

/// Sets a damaged vault aside and makes a fresh one of what is left; takes up one that was begun.
pub(super) fn mend(
    dir: &Path,
    keys: &dyn KeyStore,
    env: &Env,
    views: &'static [&'static dyn View],
) -> Result<file::Opened, VaultError> {
    let lock = file::lock(dir)?;
    let key = file::load(keys)?;
    let begun = match std::fs::read(dir.join(BEGUN)) {
        Ok(bytes) => wire::decode::<Begun>(&bytes).ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let begun = match begun {
        Some(begun) => {
            // From the beginning on the check value is whole.
            if !file::key_fits(dir, &key)? {
                return Err(VaultError::WrongKey);
            }
            begun
        }
        None => begin(dir, &key, env)?,
    };
    let begun = move_aside(dir, begun)?;
    if !dir.join(file::DB).exists() {
        match build(dir, &key, env, views, &begun, true) {
            // What the damaged file holds must not stand in the way of a vault that works.
            Err(VaultError::Damaged | VaultError::Internal | VaultError::NotSetUp) => {
                build(dir, &key, env, views, &begun, false)
            }
            result => result,
        }?;
        put_in_place(dir)?;
    }
    sync(dir)?;
    remove(&dir.join(BEGUN))?;
    let _ = std::fs::remove_dir_all(dir.join(BUILD));
    file::open_locked(dir, lock, key)
}

fn begin(dir: &Path, key: &Seed, env: &Env) -> Result<Begun, VaultError> {
    if !file::key_fits(dir, key)? {
        return Err(VaultError::WrongKey);
    }
    file::keep_check(dir, key)?;
    let stamp = env.now().as_second();
    let mut aside = format!("set-aside-{stamp}");
    let mut again = 0;
    while dir.join(&aside).exists() {
        again += 1;
        aside = format!("set-aside-{stamp}-{again}");
    }
    let begun = Begun {
        aside,
        at_ms: env.now().as_millisecond(),
        moved: false,
    };
    write_atomically(&dir.join(BEGUN), &wire::encode(&begun))?;
    Ok(begun)
}

fn move_aside(dir: &Path, begun: Begun) -> Result<Begun, VaultError> {
    if begun.moved {
        return Ok(begun);
    }
    let aside = dir.join(&begun.aside);
    file::make_private_dir(&aside)?;
    for name in [file::DB, file::WAL, file::SHM] {
        let (from, to) = (dir.join(name), aside.join(name));
        if from.exists() && !to.exists() {
            std::fs::rename(from, to)?;
        }
    }
    // These stay in place, too: by them the key is known.
    for path in [dir.join(file::CHECK), identity::path(dir)] {
        if let (Ok(bytes), Some(name)) = (std::fs::read(&path), path.file_name()) {
            write_atomically(&aside.join(name), &bytes)?;
        }
    }
    sync(&aside)?;
    sync(dir)?;
    let begun = Begun {
        moved: true,
        ..begun
    };
    write_atomically(&dir.join(BEGUN), &wire::encode(&begun))?;
    Ok(begun)
}

/// Makes the fresh vault, in a folder of its own: what is there of an earlier try goes.
fn build(
    dir: &Path,
    key: &Seed,
    env: &Env,
    views: &'static [&'static dyn View],
    begun: &Begun,
    salvaging: bool,
) -> Result<(), VaultError> {
    let (aside, at) = (dir.join(&begun.aside), dir.join(BUILD));
    match std::fs::remove_dir_all(&at) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    file::make_private_dir(&at)?;
    let opened = file::Opened {
        conn: file::connect(&at.join(file::DB), key, true)?,
        lock: file::lock(&at)?,
        key: key.clone(),
    };
    let mut vault = Vault::finish(opened, &at, env.clone(), views)?;
    let identity = identity::read(&identity::path(&aside), key)?;
    if let Some(identity) = &identity {
        restore(&mut vault, identity)?;
    }
    let mut unreadable = true;
    if salvaging {
        let source = Source {
            db: &aside.join(file::DB),
            wal: &aside.join(file::WAL),
            key,
            salt: identity.as_ref().map(|identity| identity.salt),
        };
        if let Some(mut rescue) = Rescue::new(&source, &at.join("pages"))? {
            salvage::salvage(&mut vault, &mut rescue, identity.as_ref())?;
            unreadable = rescue.unreadable;
        }
    }
    let note = Note {
        aside: begun.aside.clone(),
        at_ms: begun.at_ms,
        salvaged: vault.event_count()?,
        identity: identity.is_some() || vault.me()?.is_some(),
        unreadable,
        filled_ms: None,
        told: false,
    };
    vault.set_setting(NOTE, &wire::encode(&note))?;
    vault.empty_wal()
}

/// Puts the fresh vault where it belongs. Its identity says what the old one said: it goes first.
fn put_in_place(dir: &Path) -> Result<(), VaultError> {
    let built = dir.join(BUILD);
    if built.join(file::WAL).exists() {
        return Err(VaultError::Io);
    }
    let fresh = identity::path(&built);
    if fresh.exists() {
        std::fs::rename(fresh, identity::path(dir))?;
    }
    Ok(std::fs::rename(built.join(file::DB), dir.join(file::DB))?)
}

/// Puts into a fresh vault what was written down for this day.
fn restore(vault: &mut Vault, identity: &Identity) -> Result<(), VaultError> {
    for (name, secret) in [
        (super::secrets::DEVICE, &identity.device),
        (super::secrets::ROOT, &identity.root),
    ] {
        if let Some(secret) = secret {
            vault.keep_secret(name, secret)?;
        }
    }
    for setting in &identity.settings {
        vault.set_setting(&setting.name, &setting.value)?;
    }
    if let Some(me) = &identity.me {
        vault.set_me(me)?;
    }
    let entries: Vec<SpaceEntry> = identity
        .spaces
        .iter()
        .map(|space| SpaceEntry {
            space: space.space,
            kind: space.kind,
            patient: space.patient,
            roster: space.roster,
        })
        .collect();
    for entry in &entries {
        vault.follow_space(entry)?;
    }
    for chain in &identity.chains {
        let id = chain.id;
        let epochs = entries.iter().find(|e| id == e.space.into());
        for bytes in &chain.statements {
            let Ok(next) = clinic_api::chain::Signed::from_bytes(bytes) else {
                break;
            };
            let taken = if entries.iter().any(|e| e.patient == Some(id)) {
                vault.extend_patient(id, &next)?
            } else if let Some(entry) = epochs {
                vault.extend_epochs(entry, &next)?
            } else {
                vault.extend_roster(id, &next)?
            };
            if taken.is_err() {
                break;
            }
        }
    }
    // What was seen of each log: a server that serves less is found out.
    vault.write(|tx| {
        let sql = "INSERT OR REPLACE INTO witness (space, log, beat) VALUES (?1, ?2, ?3)";
        let mut put = tx.prepare_cached(sql)?;
        for end in &identity.logs {
            put.execute(params![end.space.0, end.log.0, end.beat])?;
        }
        Ok(())
    })
}

fn sync(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

fn remove(path: &Path) -> std::io::Result<()> {
    std::fs::remove_file(path)?;
    path.parent().map_or(Ok(()), sync)
}

impl Vault {
    /// What came of damage that there was; none where there was none, and once a sync has filled
    /// the vault and somebody has removed the damaged files.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn mended(&self) -> Result<Option<Mended>, VaultError> {
        let Some(note) = self.note()? else {
            return Ok(None);
        };
        let mended = Mended {
            aside: self.dir.join(note.aside),
            at_ms: note.at_ms,
            salvaged: note.salvaged,
            identity: note.identity,
            unreadable: note.unreadable,
            filled_ms: note.filled_ms,
            told: note.told,
        };
        let over = mended.told && mended.filled_ms.is_some() && !mended.aside.exists();
        Ok((!over).then_some(mended))
    }

    /// Notes that the person was told.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn mended_told(&mut self) -> Result<(), VaultError> {
        self.change_note(|note| note.told = true)
    }

    /// After a round of syncing: writes down where chains and logs end now, and, where nothing
    /// was amiss, that what damage took is filled again.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn settle(&mut self, whole: bool) -> Result<(), VaultError> {
        if whole && self.note()?.is_some_and(|note| note.filled_ms.is_none()) {
            let now = self.env.now().as_millisecond();
            self.change_note(|note| note.filled_ms = Some(now))?;
        }
        self.keep_identity();
        Ok(())
    }

    fn note(&self) -> Result<Option<Note>, VaultError> {
        let bytes = self.setting(NOTE)?;
        Ok(bytes.and_then(|bytes| wire::decode(&bytes).ok()))
    }

    fn change_note(&mut self, change: impl FnOnce(&mut Note)) -> Result<(), VaultError> {
        let Some(mut note) = self.note()? else {
            return Ok(());
        };
        change(&mut note);
        self.set_setting(NOTE, &wire::encode(&note))
    }

    fn event_count(&self) -> Result<u64, VaultError> {
        let sql = "SELECT count(*) FROM event";
        Ok(self.conn.query_row(sql, [], |row| row.get(0))?)
    }

    /// Brings everything into the one file, durably.
    fn empty_wal(&self) -> Result<(), VaultError> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = self.conn.query_row(sql, [], |row| row.get(0))?;
        if busy != 0 {
            return Err(VaultError::InUse);
        }
        Ok(())
    }
}
