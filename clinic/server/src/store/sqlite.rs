//! The store in one SQLite file: nothing to install, no server beside ours.
//!
//! Write-ahead log with `synchronous=FULL`: a commit that returned is on the
//! disk. One connection writes; readers have their own and never wait for it.
//! Other processes may use the same file.

mod bulletins;
mod chains;
mod connection;
mod feed;
mod invites;
mod leave;
mod pairings;
mod runs;
mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_api::log::LogTip;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params,
};

use super::codes::int;
use super::feed::Sinks;
use super::{
    Append, ChainInfo, Changes, Charge, Claimed, Departed, Guard, Invite, Leaving, NewBulletin,
    NewChain, NewRuns, Outcome, Page, PageLimit, Pairing, PairingLimit, Result, Rewrites, Scope,
    Signal, Sink, SpaceInfo, Stage, Store, StoreError, StoredRun,
};
use connection::{BUSY, connect, make_private, private_file, sync};

/// Connections for reading that are kept open.
const READERS: usize = 4;
/// How often to look whether another process wrote.
const WATCH: Duration = Duration::from_millis(500);
/// The name of the file in its directory.
const FILE: &str = "clinic.db";

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Arc<Mutex<Connection>>,
    readers: Mutex<Vec<Connection>>,
    sinks: Arc<Sinks>,
    watched: AtomicBool,
    /// Whether the write-ahead log may hold bytes that were rewritten.
    stale: AtomicBool,
}

/// One writing transaction.
struct Write<'a> {
    tx: &'a Transaction<'a>,
    /// What to tell once it is committed.
    signals: Vec<Signal>,
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
        let store = Self {
            path,
            writer: Arc::new(Mutex::new(writer)),
            readers: Mutex::new(Vec::new()),
            sinks: Arc::default(),
            watched: AtomicBool::new(false),
            // Whoever had it open before may have been killed in between.
            stale: AtomicBool::new(true),
        };
        store.tidy();
        Ok(store)
    }

    /// One writing transaction. Committed only if `work` says so by [`Written`].
    fn write<T: Written>(&self, work: impl FnOnce(&mut Write<'_>) -> Result<T>) -> Result<T> {
        let mut writer = lock(&self.writer);
        let tx = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(database)?;
        let mut write = Write {
            tx: &tx,
            signals: Vec::new(),
        };
        let result = work(&mut write)?;
        let signals = write.signals;
        if !result.written() {
            tx.rollback().map_err(database)?;
            return Ok(result);
        }
        tx.commit().map_err(database)?;
        drop(writer);
        self.sinks.tell(&signals);
        Ok(result)
    }

    /// Moves all of the write-ahead log into the file, and empties it: what
    /// was rewritten is then in neither. [`StoreError::Busy`]: somebody reads it.
    fn clear(&self, writer: &Connection) -> Result<()> {
        let busy: i64 = writer
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(database)?;
        if busy != 0 {
            return Err(StoreError::Busy);
        }
        self.stale.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Does so if there is need and nobody reads just now.
    fn tidy(&self) {
        if self.stale.load(Ordering::Relaxed) {
            let writer = lock(&self.writer);
            // A failure leaves the need: the next push tries again.
            let _ = writer.busy_timeout(Duration::ZERO);
            let _ = self.clear(&writer);
            let _ = writer.busy_timeout(BUSY);
        }
    }

    /// Tells who listens that another process wrote: SQLite says so, not what.
    fn watch(&self) -> Result<()> {
        if self.watched.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let (writer, sinks) = (Arc::downgrade(&self.writer), Arc::downgrade(&self.sinks));
        // This connection alone writes here: its own commits do not count.
        let version = |writer: &Mutex<Connection>| {
            lock(writer)
                .pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0))
                .ok()
        };
        let mut last = version(&self.writer);
        let watch = move || {
            loop {
                std::thread::sleep(WATCH);
                let (Some(writer), Some(sinks)) = (writer.upgrade(), sinks.upgrade()) else {
                    return;
                };
                let now = version(&writer);
                if now != last {
                    last = now;
                    sinks.tell_lost();
                }
            }
        };
        std::thread::Builder::new()
            .name("store-watch".to_owned())
            .spawn(watch)
            .map_err(failed)
            .map(drop)
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

/// What became of the pushes of one transaction.
struct Pushes(Vec<Result<Outcome>>);

impl Written for Pushes {
    fn written(&self) -> bool {
        let stored = |push: &Result<Outcome>| matches!(push, Ok(Outcome::Stored));
        self.0.iter().any(stored)
    }
}

impl Written for [u8; 32] {
    fn written(&self) -> bool {
        true
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
        self.write(|write| chains::found(write, chain))
    }

    fn append(&self, append: &Append) -> Result<Outcome> {
        self.write(|write| chains::append(write, append))
    }

    fn create_invite(&self, invite: &Invite, guards: &[Guard]) -> Result<Outcome> {
        self.write(|write| invites::create(write, invite, guards))
    }

    fn invite(&self, lookup: InviteLookup) -> Result<Option<Invite>> {
        self.read(|tx| invites::one(tx, lookup))
    }

    fn invites(&self, roster: ChainId) -> Result<Vec<Invite>> {
        self.read(|tx| invites::of_roster(tx, roster))
    }

    fn claim(&self, lookup: InviteLookup, claim: &[u8], chain: &NewChain) -> Result<Claimed> {
        self.write(|write| invites::claim(write, lookup, claim, chain))
    }

    fn decide(
        &self,
        lookup: InviteLookup,
        from: Stage,
        to: Stage,
        guards: &[Guard],
    ) -> Result<Outcome> {
        self.write(|write| invites::decide(write, lookup, from, to, guards))
    }

    fn create_pairing(
        &self,
        pairing: &Pairing,
        limit: PairingLimit,
        guards: &[Guard],
    ) -> Result<Outcome> {
        self.write(|write| pairings::create(write.tx, pairing, limit, guards))
    }

    fn pairing(&self, lookup: InviteLookup) -> Result<Option<Pairing>> {
        self.read(|tx| pairings::one(tx, lookup))
    }

    fn answer_pairing(&self, lookup: InviteLookup, answer: &[u8]) -> Result<Outcome> {
        self.write(|write| pairings::answer(write.tx, lookup, answer))
    }

    fn withdraw_pairing(&self, lookup: InviteLookup, guards: &[Guard]) -> Result<Outcome> {
        self.write(|write| pairings::withdraw(write.tx, lookup, guards))
    }

    fn bulletins(&self, roster: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        self.read(|tx| bulletins::page(tx, roster, from, limit))
    }

    fn last_bulletin(&self, roster: ChainId) -> Result<Option<Vec<u8>>> {
        self.read(|tx| bulletins::last(tx, roster))
    }

    fn publish(&self, bulletin: &NewBulletin) -> Result<Outcome> {
        self.write(|write| bulletins::publish(write, bulletin))
    }

    fn log_tip(&self, space: SpaceId, log: LogId) -> Result<Option<LogTip>> {
        self.read(|tx| runs::tip(tx, space, log))
    }

    fn run(&self, space: SpaceId, log: LogId, beat: u64) -> Result<Option<Vec<u8>>> {
        self.read(|tx| runs::one(tx, space, log, beat))
    }

    fn push(&self, runs: &NewRuns) -> Result<Outcome> {
        let outcome = self.write(|write| runs::push(write, runs))?;
        self.tidy();
        Ok(outcome)
    }

    fn push_many(&self, pushes: &[NewRuns]) -> Vec<Result<Outcome>> {
        match self.write(|write| runs::push_many(write, pushes)) {
            Ok(Pushes(outcomes)) => {
                self.tidy();
                outcomes
            }
            Err(error) => pushes.iter().map(|_| Err(error.again())).collect(),
        }
    }

    fn run_with(&self, space: SpaceId, log: LogId, number: u64) -> Result<Option<StoredRun>> {
        self.read(|tx| runs::with(tx, space, log, number))
    }

    /// The old bytes are overwritten in the file, and the write-ahead log is
    /// emptied. [`StoreError::Busy`]: the bytes were replaced, but somebody, a
    /// backup for example, read for so long that the old ones may still be in
    /// that log. The next push after that empties it, and so does opening the
    /// store and any other rewrite.
    fn rewrite(&self, rewrites: &Rewrites) -> Result<Outcome> {
        let outcome = self.write(|write| runs::rewrite(write, rewrites))?;
        self.stale.store(true, Ordering::Relaxed);
        self.clear(&lock(&self.writer))?;
        Ok(outcome)
    }

    /// As [`Store::rewrite`] here: what was erased is overwritten in the file, and
    /// [`StoreError::Busy`] says that the write-ahead log could not be emptied yet.
    fn leave(&self, leaving: &Leaving<'_>) -> Result<Outcome> {
        let outcome = self.write(|write| leave::leave(write, leaving))?;
        self.stale.store(true, Ordering::Relaxed);
        self.clear(&lock(&self.writer))?;
        Ok(outcome)
    }

    fn departed(&self, chain: ChainId) -> Result<Option<Departed>> {
        self.read(|tx| leave::departed(tx, chain))
    }

    fn receipt_seed(&self, fresh: &[u8; 32]) -> Result<[u8; 32]> {
        let kept = self.read(leave::seed)?;
        match kept {
            Some(kept) => Ok(kept),
            None => self.write(|write| leave::keep_seed(write, fresh)),
        }
    }

    fn changes(&self, scope: Scope, since: u64, limit: usize) -> Result<Changes> {
        self.read(|tx| feed::changes(tx, scope, since, limit))
    }

    fn listen(&self, sink: Sink) -> Result<()> {
        self.sinks.add(sink);
        self.watch()
    }

    fn pull(&self, space: SpaceId, have: &BTreeMap<LogId, u64>, limit: PageLimit) -> Result<Page> {
        self.read(|tx| runs::pull(tx, space, have, limit))
    }
}
