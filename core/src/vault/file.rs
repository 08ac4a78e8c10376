//! The vault's files: making, opening, locking and setting aside.
//!
//! `vault.db` (SQLCipher), `vault.check` (the key check value) and `vault.lock`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Once;

use clinic_api::crypto;
use rusqlite::{Connection, OpenFlags};

use super::{KeyStore, VaultError};
use crate::env::Env;
use crate::space::keys::Seed;

const DB: &str = "vault.db";
const CHECK: &str = "vault.check";
const LOCK: &str = "vault.lock";
static STARTED: Once = Once::new();

pub(super) fn exists(dir: &Path) -> bool {
    dir.join(DB).exists() && dir.join(CHECK).exists()
}

pub(super) fn create(
    dir: &Path,
    keys: &dyn KeyStore,
    env: &Env,
) -> Result<(Connection, Lock), VaultError> {
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
    let conn = connect(&dir.join(DB), &key, true)?;
    write_atomically(&dir.join(CHECK), &check_value(&key))?;
    Ok((conn, lock))
}

pub(super) fn open(dir: &Path, keys: &dyn KeyStore) -> Result<(Connection, Lock), VaultError> {
    if !exists(dir) {
        return Err(VaultError::NotFound);
    }
    let lock = lock(dir)?;
    let key = keys
        .load()?
        .ok_or(VaultError::Key(super::KeyStoreError::Unavailable))?;
    // Making a vault leaves a page at least: an empty file was emptied.
    if std::fs::metadata(dir.join(DB))?.len() == 0 {
        return Err(VaultError::Damaged);
    }
    let check = check_value(&key);
    if std::fs::read(dir.join(CHECK))? == check {
        return Ok((connect(&dir.join(DB), &key, false)?, lock));
    }
    // The check value may be what is damaged: the file itself has the last word.
    match connect(&dir.join(DB), &key, false) {
        Ok(conn) => {
            write_atomically(&dir.join(CHECK), &check)?;
            Ok((conn, lock))
        }
        Err(VaultError::Damaged) => Err(VaultError::WrongKey),
        Err(error) => Err(error),
    }
}

pub(super) fn set_aside(dir: &Path, env: &Env) -> Result<PathBuf, VaultError> {
    let _lock = lock(dir)?;
    let stamp = env.now().as_second();
    let mut aside = dir.join(format!("set-aside-{stamp}"));
    let mut again = 0;
    while aside.exists() {
        again += 1;
        aside = dir.join(format!("set-aside-{stamp}-{again}"));
    }
    std::fs::create_dir(&aside)?;
    for name in [DB, "vault.db-wal", "vault.db-shm", CHECK] {
        let from = dir.join(name);
        if from.exists() {
            std::fs::rename(from, aside.join(name))?;
        }
    }
    Ok(aside)
}

/// A folder that this user alone can look into: sizes and times of files tell something, too.
fn make_private_dir(dir: &Path) -> std::io::Result<()> {
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

fn lock(dir: &Path) -> Result<Lock, VaultError> {
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

/// Tells a wrong key from damage before SQLCipher is asked, which can't.
fn check_value(key: &Seed) -> Vec<u8> {
    crypto::hash("vault check", &[key.expose()]).to_vec()
}

fn connect(path: &Path, key: &Seed, create: bool) -> Result<Connection, VaultError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    // SQLite lets a second thread in before SQLCipher has started: the first opening is alone.
    STARTED.call_once(|| drop(Connection::open_in_memory()));
    let conn = Connection::open_with_flags(path, flags)?;
    // A raw key: no passphrase derivation inside SQLCipher (its syntax is x'…').
    let hex = zeroize::Zeroizing::new(data_encoding::HEXLOWER.encode(key.expose()));
    let literal = zeroize::Zeroizing::new(format!("x'{}'", hex.as_str()));
    // What can be wrong is told by an error; SQLCipher would print it, too.
    conn.pragma_update(None, "cipher_log_level", "NONE")?;
    conn.pragma_update(None, "key", literal.as_str())?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
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
    Ok(conn)
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
