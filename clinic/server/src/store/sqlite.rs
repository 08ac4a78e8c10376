//! The store in one SQLite file: nothing to install, no server beside ours.
//!
//! Write-ahead log with `synchronous=FULL`: a commit that returned is on the
//! disk. One connection writes; readers have their own and never wait for it.
//! Other processes may use the same file.

mod chains;
mod invites;
mod runs;
mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_api::log::LogTip;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params,
};

use super::{
    Append, ChainInfo, Charge, Claimed, Guard, Invite, NewChain, NewRuns, Outcome, Page, PageLimit,
    Result, SpaceInfo, Stage, Store, StoreError,
};

/// How long a statement waits for another process's write.
const BUSY: Duration = Duration::from_secs(5);
/// Connections for reading that are kept open.
const READERS: usize = 4;
/// The name of the file in its directory.
const FILE: &str = "clinic.db";

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl SqliteStore {
    /// Opens the store in a directory, or makes it.
    ///
    /// Directory and file are for this user alone.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::Foreign`]: nothing was
    /// changed. Else what kept the file from being opened.
    pub fn open(dir: &Path) -> Result<Self> {
        make_private(dir).map_err(failed)?;
        let path = dir.join(FILE);
        private_file(&path).map_err(failed)?;
        let mut writer = connect(&path)?;
        schema::migrate(&mut writer)?;
        // The file outlives a power cut only if its directory names it.
        for dir in [Some(dir), dir.parent()].into_iter().flatten() {
            sync(dir).map_err(failed)?;
        }
        Ok(Self {
            path,
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
        })
    }

    /// One writing transaction. Committed only if `work` says so by [`Written`].
    fn write<T: Written>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut writer = lock(&self.writer);
        let tx = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(database)?;
        let result = work(&tx)?;
        if result.written() {
            tx.commit().map_err(database)?;
        } else {
            tx.rollback().map_err(database)?;
        }
        Ok(result)
    }

    /// One reading transaction: a snapshot.
    fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let idle = lock(&self.readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => {
                let reader = connect(&self.path)?;
                reader
                    .pragma_update(None, "query_only", true)
                    .map_err(database)?;
                reader
            }
        };
        let tx = reader.transaction().map_err(database)?;
        let result = work(&tx)?;
        tx.commit().map_err(database)?;
        let mut idle = lock(&self.readers);
        if idle.len() < READERS {
            idle.push(reader);
        }
        Ok(result)
    }
}

/// Whether a write has anything to commit.
trait Written {
    fn written(&self) -> bool;
}

impl Written for Outcome {
    fn written(&self) -> bool {
        *self == Self::Stored
    }
}

impl Written for Claimed {
    fn written(&self) -> bool {
        *self == Self::Stored
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic under the lock leaves no half transaction: dropping one rolls back.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(database)?;
    connection.busy_timeout(BUSY).map_err(database)?;
    // Before anything is set that the file itself would remember.
    schema::version(&connection)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(database)?;
    if mode != "wal" {
        return Err(failed(std::io::Error::other(
            "this file system has no shared memory, which a write-ahead log needs",
        )));
    }
    let settings = [
        ("synchronous", "FULL"),
        ("fullfsync", "ON"),
        ("foreign_keys", "ON"),
        ("trusted_schema", "OFF"),
        ("cell_size_check", "ON"),
    ];
    for (name, value) in settings {
        connection
            .pragma_update(None, name, value)
            .map_err(database)?;
    }
    Ok(connection)
}

#[cfg(unix)]
fn make_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

#[cfg(unix)]
fn sync(dir: &Path) -> std::io::Result<()> {
    let here = dir.as_os_str().is_empty();
    let dir = if here { Path::new(".") } else { dir };
    std::fs::File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn make_private(dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)
}

/// SQLite gives the files beside it the same mode.
#[cfg(unix)]
fn private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

#[cfg(not(unix))]
fn private_file(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Failed(Box::new(error))
}

fn database(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::NotADatabase) => StoreError::Foreign,
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged("the database file"),
        Some(_) | None => failed(error),
    }
}

/// A number for a column. What is stored counts up from 0 and never gets
/// there; what a caller only asks for may, and then lies beyond all there is.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn number(column: i64) -> Result<u64> {
    u64::try_from(column).map_err(|_| StoreError::Damaged("a negative number"))
}

fn id<'a, T: TryFrom<&'a [u8]>>(column: &'a [u8]) -> Result<T> {
    column
        .try_into()
        .map_err(|_| StoreError::Damaged("a name of the wrong length"))
}

/// Whether every chain that the decision rested on is as it was.
fn hold(tx: &Transaction<'_>, guards: &[Guard]) -> Result<bool> {
    let mut select = tx
        .prepare_cached("SELECT revision FROM chains WHERE chain = ?1")
        .map_err(database)?;
    for guard in guards {
        let now: Option<i64> = select
            .query_row([guard.chain.as_ref()], |row| row.get(0))
            .optional()
            .map_err(database)?;
        if now != Some(int(guard.revision)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Counts bytes against a chain's limit; false: they don't fit.
fn charge(tx: &Transaction<'_>, charge: Option<Charge>, bytes: usize) -> Result<bool> {
    let Some(charge) = charge else {
        return Ok(true);
    };
    let changed = tx
        .prepare_cached(
            "UPDATE chains SET charged = charged + ?2 WHERE chain = ?1 AND charged + ?2 <= ?3",
        )
        .and_then(|mut update| {
            let bytes = int(bytes as u64);
            update.execute(params![charge.chain.as_ref(), bytes, int(charge.limit)])
        })
        .map_err(database)?;
    Ok(changed == 1)
}

impl Store for SqliteStore {
    fn check(&self) -> Result<()> {
        self.read(|tx| {
            tx.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
                .map_err(database)
        })
    }

    fn chain(&self, chain: ChainId) -> Result<Option<ChainInfo>> {
        self.read(|tx| chains::info(tx, chain))
    }

    fn statements(&self, chain: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        self.read(|tx| chains::statements(tx, chain, from, limit))
    }

    fn chains_of(&self, device: DeviceId, limit: usize) -> Result<Vec<ChainId>> {
        self.read(|tx| chains::of_device(tx, device, limit))
    }

    fn space(&self, space: SpaceId) -> Result<Option<SpaceInfo>> {
        self.read(|tx| chains::space(tx, space))
    }

    fn found(&self, chain: &NewChain) -> Result<Outcome> {
        self.write(|tx| chains::found(tx, chain))
    }

    fn append(&self, append: &Append) -> Result<Outcome> {
        self.write(|tx| chains::append(tx, append))
    }

    fn create_invite(&self, invite: &Invite, guards: &[Guard]) -> Result<Outcome> {
        self.write(|tx| invites::create(tx, invite, guards))
    }

    fn invite(&self, lookup: InviteLookup) -> Result<Option<Invite>> {
        self.read(|tx| invites::one(tx, lookup))
    }

    fn invites(&self, roster: ChainId) -> Result<Vec<Invite>> {
        self.read(|tx| invites::of_roster(tx, roster))
    }

    fn claim(&self, lookup: InviteLookup, claim: &[u8], chain: &NewChain) -> Result<Claimed> {
        self.write(|tx| invites::claim(tx, lookup, claim, chain))
    }

    fn decide(
        &self,
        lookup: InviteLookup,
        from: Stage,
        to: Stage,
        guards: &[Guard],
    ) -> Result<Outcome> {
        self.write(|tx| invites::decide(tx, lookup, from, to, guards))
    }

    fn log_tip(&self, space: SpaceId, log: LogId) -> Result<Option<LogTip>> {
        self.read(|tx| runs::tip(tx, space, log))
    }

    fn run(&self, space: SpaceId, log: LogId, beat: u64) -> Result<Option<Vec<u8>>> {
        self.read(|tx| runs::one(tx, space, log, beat))
    }

    fn push(&self, runs: &NewRuns) -> Result<Outcome> {
        self.write(|tx| runs::push(tx, runs))
    }

    fn pull(&self, space: SpaceId, have: &BTreeMap<LogId, u64>, limit: PageLimit) -> Result<Page> {
        self.read(|tx| runs::pull(tx, space, have, limit))
    }
}
