//! The vault's files: making, opening and locking.
//!
//! `vault.db` (SQLCipher), `vault.check` (the key check value), `vault.identity` (see
//! [`identity`]) and `vault.lock`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;
use std::sync::Once;

use clinic_api::crypto;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::pages::{self, Salt};
use super::{KeyStore, VaultError, identity, mend, wal};
use crate::env::Env;
use crate::space::keys::Seed;

pub(super) const DB: &str = "vault.db";
pub(super) const WAL: &str = "vault.db-wal";
pub(super) const SHM: &str = "vault.db-shm";
pub(super) const CHECK: &str = "vault.check";
const LOCK: &str = "vault.lock";
/// Memory for pages of the file, at most.
const CACHE_KIB: i64 = 16 * 1024;
/// Statements that are kept compiled: more than there are.
const STATEMENTS: usize = 256;
static STARTED: Once = Once::new();

/// An open vault's file, its lock, and the key.
pub(super) struct Opened {
    pub conn: Connection,
    pub lock: Lock,
    pub key: Seed,
}

/// Whether there is a vault, or what is left of one.
pub(super) fn exists(dir: &Path) -> bool {
    let left = dir.join(DB).exists() || identity::path(dir).exists();
    (dir.join(CHECK).exists() && left) || mend::begun(dir)
}

pub(super) fn create(dir: &Path, keys: &dyn KeyStore, env: &Env) -> Result<Opened, VaultError> {
    make_private_dir(dir)?;
    let lock = lock(dir)?;
    if exists(dir) {
        return Err(VaultError::Exists);
    }
    // A try that was cut short left a key without a vault: go on with that key.
    let key = match keys.load()? {
        Some(key) => key,
        None => {
            let key = Seed::random(env);
            keys.save(&key)?;
            key
        }
    };
    // Nor may a vault be begun where one was lost that can come back.
    if !dir.join(DB).exists() && identity::fits(dir, &key)? {
        return Err(VaultError::Damaged);
    }
    let conn = match connect(&dir.join(DB), &key, true) {
        Err(VaultError::Damaged) if !key_fits(dir, &key)? => Err(VaultError::WrongKey),
        result => result,
    }?;
    write_atomically(&dir.join(CHECK), &check_value(&key))?;
    Ok(Opened { conn, lock, key })
}

pub(super) fn open(dir: &Path, keys: &dyn KeyStore) -> Result<Opened, VaultError> {
    if !exists(dir) {
        return Err(VaultError::NotFound);
    }
    let lock = lock(dir)?;
    let key = load(keys)?;
    if mend::begun(dir) {
        return Err(VaultError::Damaged);
    }
    open_locked(dir, lock, key)
}

/// The key of a vault that is there.
pub(super) fn load(keys: &dyn KeyStore) -> Result<Seed, VaultError> {
    keys.load()?
        .ok_or(VaultError::Key(super::KeyStoreError::Unavailable))
}

pub(super) fn open_locked(dir: &Path, lock: Lock, key: Seed) -> Result<Opened, VaultError> {
    match connect_whole(dir, &key) {
        Ok(conn) => {
            keep_check(dir, &key)?;
            Ok(Opened { conn, lock, key })
        }
        Err(VaultError::Damaged) if !key_fits(dir, &key)? => Err(VaultError::WrongKey),
        Err(error) => Err(error),
    }
}

fn connect_whole(dir: &Path, key: &Seed) -> Result<Connection, VaultError> {
    let db = dir.join(DB);
    // Making a vault leaves a page at least: an empty file was emptied.
    let length = std::fs::metadata(&db).map(|m| m.len());
    if length.is_ok_and(|length| length == 0) || !db.exists() {
        return Err(VaultError::Damaged);
    }
    // SQLite would go on without what it can't read of its journal file, and say nothing.
    if wal::is_damaged(&dir.join(WAL))? {
        return Err(VaultError::Damaged);
    }
    connect(&db, key, false)
}

/// Whether a key is this vault's, by whatever is left that can tell.
pub(super) fn key_fits(dir: &Path, key: &Seed) -> Result<bool, VaultError> {
    let kept = std::fs::read(dir.join(CHECK)).ok();
    let check = kept.is_some_and(|kept| kept == check_value(key));
    Ok(check || identity::fits(dir, key)? || pages::any_holds(&dir.join(DB), key, None)?)
}

/// Puts the key check value right: it may be what was damaged.
pub(super) fn keep_check(dir: &Path, key: &Seed) -> Result<(), VaultError> {
    let (path, check) = (dir.join(CHECK), check_value(key));
    if std::fs::read(&path).ok().as_deref() != Some(&check) {
        write_atomically(&path, &check)?;
    }
    Ok(())
}

/// A folder that this user alone can look into: sizes and times of files tell something, too.
pub(super) fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    #[cfg(unix)]
    std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Held for as long as a vault is open; released by the system if the process dies.
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone is not enough: a process that is just being started by another thread
        // holds a copy of the open file for a moment.
        unlock(&self.0);
    }
}

pub(super) fn lock(dir: &Path) -> Result<Lock, VaultError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join(LOCK))?;
    match try_lock(&file) {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(VaultError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[cfg(not(target_os = "android"))]
fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

#[cfg(not(target_os = "android"))]
fn unlock(file: &File) {
    let _ = file.unlock();
}

#[cfg(target_os = "android")]
fn unlock(file: &File) {
    let _ = rustix::fs::flock(file, rustix::fs::FlockOperation::Unlock);
}

/// The same lock (`flock`): the standard library has it on Linux and not on Android.
#[cfg(target_os = "android")]
fn try_lock(file: &File) -> Result<(), TryLockError> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    flock(file, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
        if error == Errno::WOULDBLOCK {
            TryLockError::WouldBlock
        } else {
            TryLockError::Error(error.into())
        }
    })
}

/// Deletes a vault's files, and what was set aside of it. What else is in the folder stays.
pub(super) fn delete(dir: &Path) -> Result<(), VaultError> {
    let lock = lock(dir)?;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if mend::is_aside(&name) {
                std::fs::remove_dir_all(entry.path())?;
            }
        } else if name.starts_with("vault.") && name != LOCK {
            std::fs::remove_file(entry.path())?;
        }
    }
    File::open(dir)?.sync_all()?;
    drop(lock);
    std::fs::remove_file(dir.join(LOCK))?;
    Ok(())
}

/// Tells a wrong key from damage before SQLCipher is asked, which can't.
fn check_value(key: &Seed) -> Vec<u8> {
    crypto::hash("vault check", &[key.expose()]).to_vec()
}

/// A connection under a key; `salt` is for a file that has to be like another.
pub(super) fn keyed(
    path: &Path,
    key: &Seed,
    salt: Option<&Salt>,
    create: bool,
) -> Result<Connection, VaultError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    // SQLite lets a second thread in before SQLCipher has started: the first opening is alone.
    STARTED.call_once(|| drop(Connection::open_in_memory()));
    let conn = Connection::open_with_flags(path, flags)?;
    // A raw key: no passphrase derivation inside SQLCipher (its syntax is x'…').
    let hex = zeroize::Zeroizing::new(data_encoding::HEXLOWER.encode(key.expose()));
    let salt = salt.map(|s| data_encoding::HEXLOWER.encode(s));
    let salt = salt.unwrap_or_default();
    let literal = zeroize::Zeroizing::new(format!("x'{}{salt}'", hex.as_str()));
    // What can be wrong is told by an error; SQLCipher would print it, too.
    conn.pragma_update(None, "cipher_log_level", "NONE")?;
    conn.pragma_update(None, "key", literal.as_str())?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(conn)
}

pub(super) fn connect(path: &Path, key: &Seed, create: bool) -> Result<Connection, VaultError> {
    let conn = keyed(path, key, None, create)?;
    conn.pragma_update(None, "secure_delete", "ON")?;
    conn.pragma_update(None, "foreign_keys", "ON")?;
    // The first read of the file: here a file that isn't this key's shows itself.
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(VaultError::ReadOnly);
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    // In KiB, taken as it is needed: pages that a long transaction changes are encrypted and
    // written once, at its end.
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    keep_prepared(&conn)?;
    Ok(conn)
}

/// Lets each query be prepared once: preparing costs more than most of them do.
pub(super) fn keep_prepared(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // SQLite would look at the bound values, and prepare anew for each of them.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Writes a small file so that it is either the old or the new one, also after a crash.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    if let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
