//! The store in PostgreSQL 15 or later: for several servers on one database.
//!
//! Who writes locks the rows that the decision rests on, in order of their
//! names, checks them, and then writes: so read-committed transactions are
//! enough. A deadlock or a serialization failure is tried again. So is a read,
//! or a write before its commit, whose connection was lost; where the commit
//! itself was lost nobody knows what became of it, and the caller is told that
//! the store is busy. Trying again is harmless: pushes are idempotent.
//!
//! Everything is found by chain, space or invite, and numbers are given under
//! the lock of the row that they belong to; there is no global sequence.

mod address;
mod bulletins;
mod chains;
mod feed;
mod guards;
mod invites;
mod leave;
mod listen;
mod pairings;
mod runs;
mod schema;
mod session;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_api::log::LogTip;

use super::feed::Sinks;
use super::{
    Append, ChainInfo, Changes, Claimed, Departed, Guard, Invite, Leaving, NewBulletin, NewChain,
    NewRuns, Outcome, Page, PageLimit, Pairing, PairingLimit, Result, Rewrites, Scope, Signal,
    Sink, SpaceInfo, Stage, Store, StoreError, StoredRun,
};
pub use address::Address;
use session::{Session, Trouble};

/// Connections that are kept open.
const IDLE: usize = 16;
/// How often one piece of work is begun.
const TRIES: u32 = 6;
/// How long to wait before the second time; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(30);

/// The store in a PostgreSQL database.
pub struct PostgresStore {
    address: Arc<Address>,
    idle: Mutex<Vec<Session>>,
    sinks: Arc<Sinks>,
    listening: Mutex<bool>,
}

impl PostgresStore {
    /// Opens the store in a database, and makes or brings up its tables.
    ///
    /// Blocks, and must not be called from async code; nor may any other call.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::Foreign`]: nothing was
    /// changed. Else why the database could not be used.
    pub fn open(address: Address) -> Result<Self> {
        let mut session = Session::connect(&address).map_err(Trouble::settle)?;
        schema::migrate(&mut session).map_err(Trouble::settle)?;
        Ok(Self {
            address: Arc::new(address),
            idle: Mutex::new(vec![session]),
            sinks: Arc::default(),
            listening: Mutex::new(false),
        })
    }

    /// Work on a session, begun again where that can help.
    fn work<T>(
        &self,
        mut work: impl FnMut(&mut Session) -> std::result::Result<T, Trouble>,
    ) -> Result<T> {
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            let trouble = match self.session() {
                Ok(mut session) => match work(&mut session) {
                    Ok(done) => {
                        self.keep(session);
                        return Ok(done);
                    }
                    Err(trouble) => {
                        // After a lost connection others are not worth much.
                        match &trouble {
                            Trouble::Lost(_) => lock(&self.idle).clear(),
                            Trouble::Again | Trouble::Store(_) => self.keep(session),
                        }
                        trouble
                    }
                },
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Store(error) => return Err(error),
                Trouble::Again => {}
                Trouble::Lost(why) => tracing::warn!(%why, "the database was not reached"),
            }
            std::thread::sleep(pause);
            pause = pause.saturating_mul(2);
        }
        Err(StoreError::Busy)
    }

    fn session(&self) -> std::result::Result<Session, Trouble> {
        let idle = lock(&self.idle).pop();
        idle.map_or_else(|| Session::connect(&self.address), Ok)
    }

    fn keep(&self, session: Session) {
        let mut idle = lock(&self.idle);
        if session.usable() && idle.len() < IDLE {
            idle.push(session);
        }
    }

    /// One writing transaction. Committed only if `work` says so by [`Written`].
    fn write<T: Written>(
        &self,
        mut work: impl FnMut(&mut Write<'_>) -> std::result::Result<T, Trouble>,
    ) -> Result<T> {
        self.work(|session| {
            session.begin()?;
            let mut write = Write {
                session,
                signals: Vec::new(),
            };
            let done = work(&mut write).and_then(|done| {
                if done.written() {
                    listen::notify(&mut write)?;
                }
                Ok(done)
            });
            match done {
                Ok(done) if done.written() => session.commit().map(|()| done),
                Ok(done) => session.roll_back().map(|()| done),
                Err(trouble) => {
                    // A session that can't even do that is not kept.
                    let _ = session.roll_back();
                    Err(trouble)
                }
            }
        })
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // Closing a connection blocks, which async code may not, and the last
        // owner may be async: a thread of its own may.
        let sessions = std::mem::take(&mut *lock(&self.idle));
        std::thread::spawn(move || drop(sessions));
    }
}

/// One writing transaction.
struct Write<'a> {
    session: &'a mut Session,
    /// What to tell with its commit.
    signals: Vec<Signal>,
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

impl Written for Vec<Outcome> {
    fn written(&self) -> bool {
        self.contains(&Outcome::Stored)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for PostgresStore {
    fn check(&self) -> Result<()> {
        self.work(|session| session.query_opt("SELECT 1::bigint", &[]).map(drop))
    }

    fn chain(&self, chain: ChainId) -> Result<Option<ChainInfo>> {
        self.work(|session| chains::info(session, chain))
    }

    fn statements(&self, chain: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        self.work(|session| chains::statements(session, chain, from, limit))
    }

    fn chains_of(&self, device: DeviceId, limit: usize) -> Result<Vec<ChainId>> {
        self.work(|session| chains::of_device(session, device, limit))
    }

    fn space(&self, space: SpaceId) -> Result<Option<SpaceInfo>> {
        self.work(|session| chains::space(session, space))
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
        self.work(|session| invites::one(session, lookup))
    }

    fn invites(&self, roster: ChainId) -> Result<Vec<Invite>> {
        self.work(|session| invites::of_roster(session, roster))
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
        self.write(|write| pairings::create(write.session, pairing, limit, guards))
    }

    fn pairing(&self, lookup: InviteLookup) -> Result<Option<Pairing>> {
        self.work(|session| pairings::one(session, lookup))
    }

    fn answer_pairing(&self, lookup: InviteLookup, answer: &[u8]) -> Result<Outcome> {
        self.write(|write| pairings::answer(write.session, lookup, answer))
    }

    fn withdraw_pairing(&self, lookup: InviteLookup, guards: &[Guard]) -> Result<Outcome> {
        self.write(|write| pairings::withdraw(write.session, lookup, guards))
    }

    fn bulletins(&self, roster: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        self.work(|session| bulletins::page(session, roster, from, limit))
    }

    fn last_bulletin(&self, roster: ChainId) -> Result<Option<Vec<u8>>> {
        self.work(|session| bulletins::last(session, roster))
    }

    fn publish(&self, bulletin: &NewBulletin) -> Result<Outcome> {
        self.write(|write| bulletins::publish(write, bulletin))
    }

    fn log_tip(&self, space: SpaceId, log: LogId) -> Result<Option<LogTip>> {
        self.work(|session| runs::tip(session, space, log))
    }

    fn run(&self, space: SpaceId, log: LogId, beat: u64) -> Result<Option<Vec<u8>>> {
        self.work(|session| runs::one(session, space, log, beat))
    }

    fn push(&self, runs: &NewRuns) -> Result<Outcome> {
        let mut outcomes = self.push_many(std::slice::from_ref(runs)).into_iter();
        outcomes.next().unwrap_or(Err(StoreError::Busy))
    }

    fn push_many(&self, pushes: &[NewRuns]) -> Vec<Result<Outcome>> {
        match self.write(|write| runs::push_many(write, pushes)) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            // One of them is what the database can't take: the others must not suffer.
            Err(StoreError::Failed(_)) if pushes.len() > 1 => {
                pushes.iter().map(|new| self.push(new)).collect()
            }
            Err(error) => pushes.iter().map(|_| Err(error.again())).collect(),
        }
    }

    fn run_with(&self, space: SpaceId, log: LogId, number: u64) -> Result<Option<StoredRun>> {
        self.work(|session| runs::with(session, space, log, number))
    }

    /// The old bytes are in no row that anybody can read. The database takes
    /// old versions of rows away within minutes (its tables ask for that), as
    /// soon as no older transaction is open; their space on the disk, its
    /// write-ahead log and its backups keep them until they are used anew.
    fn rewrite(&self, rewrites: &Rewrites) -> Result<Outcome> {
        self.write(|write| runs::rewrite(write, rewrites))
    }

    fn pull(&self, space: SpaceId, have: &BTreeMap<LogId, u64>, limit: PageLimit) -> Result<Page> {
        self.work(|session| runs::pull(session, space, have, limit))
    }

    /// As [`Store::rewrite`] here.
    fn leave(&self, leaving: &Leaving<'_>) -> Result<Outcome> {
        self.write(|write| leave::leave(write, leaving))
    }

    fn departed(&self, chain: ChainId) -> Result<Option<Departed>> {
        self.work(|session| leave::departed(session, chain))
    }

    fn receipt_seed(&self, fresh: &[u8; 32]) -> Result<[u8; 32]> {
        self.work(|session| leave::seed(session, fresh))
    }

    fn changes(&self, scope: Scope, since: u64, limit: usize) -> Result<Changes> {
        self.work(|session| feed::changes(session, scope, since, limit))
    }

    fn listen(&self, sink: Sink) -> Result<()> {
        let mut listening = lock(&self.listening);
        self.sinks.add(sink);
        if !*listening {
            listen::start(Arc::clone(&self.address), &self.sinks)?;
            *listening = true;
        }
        Ok(())
    }
}
