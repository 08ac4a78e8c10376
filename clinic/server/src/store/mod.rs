//! What the server keeps, as one trait that every database implements alike.
//!
//! A store decides nothing: it keeps verified bytes, and writes only while
//! what the decision rested on still holds. Each write names that as
//! [`Guard`]s and as the value it replaces; if either moved, nothing is
//! written, [`Outcome::Moved`] comes back, and the caller decides anew. So any
//! number of server processes on one store stay correct without locks of
//! their own.
//!
//! Everything is found by a chain, a space or an invite; nothing spans them
//! but a claim, which founds the chain it brings.

mod codes;
mod feed;
pub mod grouped;
mod leaving;
pub mod memory;
pub mod postgres;
pub mod sqlite;

use std::collections::BTreeMap;

use clinic_api::chain::{ChainKind, Tip};
use clinic_api::id::{ChainId, DeviceId, HeadHash, InviteLookup, LogId, SpaceId, StatementHash};
use clinic_api::log::LogTip;
use clinic_api::space::SpaceKind;

pub use feed::{Change, Changes, REPEATED, Scope, Signal, Sink, Thing};
pub use leaving::{Departed, Leaving, Swept};

/// How far the clinic has let a chain in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Claimed an invite; staff have not admitted it yet.
    Pending,
    /// In. Rosters and epochs always are.
    Admitted,
    /// Its invite was taken back: its devices are shut out.
    Withdrawn,
    /// Erased, because its people left. Nothing is kept under its name any more, nor will be.
    Gone,
}

/// How far an invite has come; that it expired is for the clock to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nobody used it yet.
    Waiting,
    /// Somebody did.
    Claimed,
    /// Staff admitted them.
    Admitted,
    /// Staff took it back.
    Withdrawn,
}

impl Stage {
    /// Where this leaves the chain that claimed the invite.
    pub fn standing(self) -> Standing {
        match self {
            Self::Waiting | Self::Claimed => Standing::Pending,
            Self::Admitted => Standing::Admitted,
            Self::Withdrawn => Standing::Withdrawn,
        }
    }
}

/// What is known of a chain without reading its statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainInfo {
    /// Its kind.
    pub kind: ChainKind,
    /// Its last statement; none for a space without epochs.
    pub tip: Option<Tip>,
    /// How far it was let in.
    pub standing: Standing,
    /// Goes up with every change of tip or standing.
    pub revision: u64,
}

/// What a space is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpaceInfo {
    /// Its kind.
    pub kind: SpaceKind,
    /// The patient chain or roster that names it.
    pub owner: ChainId,
}

/// A statement, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The hash of its body.
    pub hash: StatementHash,
    /// The bytes of [`clinic_api::chain::Signed`].
    pub bytes: Vec<u8>,
}

/// A chain from its first statement on, with all that it names.
#[derive(Debug, Clone)]
pub struct NewChain {
    /// Its name.
    pub id: ChainId,
    /// Its kind.
    pub kind: ChainKind,
    /// Its statements, the first being number 0.
    pub statements: Vec<Statement>,
    /// Every device that it ever let in.
    pub devices: Vec<DeviceId>,
    /// The spaces that it names.
    pub spaces: Vec<(SpaceId, SpaceKind)>,
    /// How far it is let in.
    pub standing: Standing,
}

/// A chain that a decision rested on: the write happens only at this revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// The chain.
    pub chain: ChainId,
    /// Its [`ChainInfo::revision`] when the decision was made.
    pub revision: u64,
}

/// Bytes that count against what a chain may have stored before it is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// The chain.
    pub chain: ChainId,
    /// How many bytes it may have in all.
    pub limit: u64,
}

/// One more statement.
#[derive(Debug, Clone)]
pub struct Append {
    /// The chain.
    pub chain: ChainId,
    /// The statement that must be its last: compare-and-swap.
    pub previous: Option<StatementHash>,
    /// The new last one; it gets the next number.
    pub statement: Statement,
    /// Devices that it lets in.
    pub devices: Vec<DeviceId>,
    /// What the decision rested on.
    pub guards: Vec<Guard>,
    /// Against what its bytes count.
    pub charge: Option<Charge>,
}

/// A verified run.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Who writes the log.
    pub device: DeviceId,
    /// The head that must be the log's last; none for a new log: compare-and-swap.
    pub previous: Option<HeadHash>,
    /// The number of its first frame.
    pub first: u64,
    /// Where the log ends with it.
    pub tip: LogTip,
    /// The bytes of [`clinic_api::log::Run`].
    pub bytes: Vec<u8>,
}

/// Runs to append in one space, in order: all or none.
#[derive(Debug, Clone)]
pub struct NewRuns {
    /// The space.
    pub space: SpaceId,
    /// The runs.
    pub runs: Vec<NewRun>,
    /// How many logs the space may have.
    pub max_logs: usize,
    /// What the decision rested on.
    pub guards: Vec<Guard>,
    /// Against what their bytes count.
    pub charge: Option<Charge>,
}

/// A stored run, found by a frame that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRun {
    /// The number of its head.
    pub beat: u64,
    /// The number of its first frame.
    pub first: u64,
    /// Who writes the log.
    pub device: DeviceId,
    /// The bytes of [`clinic_api::log::Run`].
    pub bytes: Vec<u8>,
}

/// Other bytes for a stored run.
#[derive(Debug, Clone)]
pub struct Rewrite {
    /// The log.
    pub log: LogId,
    /// The number of the run's head.
    pub beat: u64,
    /// What must be stored: compare-and-swap.
    pub old: Vec<u8>,
    /// What takes its place.
    pub new: Vec<u8>,
}

/// One more bulletin of a clinic.
#[derive(Debug, Clone)]
pub struct NewBulletin {
    /// The clinic's roster.
    pub roster: ChainId,
    /// Its number, which must be the next: compare-and-swap. The first is 1.
    pub number: u64,
    /// The bytes of [`clinic_api::bulletin::Bulletin`].
    pub bytes: Vec<u8>,
    /// What the decision rested on.
    pub guards: Vec<Guard>,
}

/// Runs to rewrite in one space: all or none.
#[derive(Debug, Clone)]
pub struct Rewrites {
    /// The space.
    pub space: SpaceId,
    /// The runs.
    pub runs: Vec<Rewrite>,
    /// What the decision rested on.
    pub guards: Vec<Guard>,
}

/// What a guarded write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Written, and durable.
    Stored,
    /// Something that the decision rested on has changed; nothing was written.
    Moved,
    /// A limit would be passed; nothing was written.
    Full,
}

/// An invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Under what it is kept.
    pub lookup: InviteLookup,
    /// The clinic's roster.
    pub roster: ChainId,
    /// The CBOR of [`clinic_api::message::Offer`].
    pub offer: Vec<u8>,
    /// Its MAC.
    pub mac: [u8; 32],
    /// When it ends, in seconds since 1970 (UTC).
    pub expires: i64,
    /// How far it has come.
    pub stage: Stage,
    /// The body of the claim, as received.
    pub claim: Option<Vec<u8>>,
    /// The chain that claimed it.
    pub chain: Option<ChainId>,
}

/// A pairing: how a device that is in brings another one in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// Under what it is kept.
    pub lookup: InviteLookup,
    /// The patient chain or roster that the new device is to be in.
    pub owner: ChainId,
    /// What is offered.
    pub offer: Vec<u8>,
    /// Its MAC.
    pub mac: [u8; 32],
    /// When it ends, in seconds since 1970 (UTC).
    pub expires: i64,
    /// Whether it was taken back.
    pub withdrawn: bool,
    /// The body of the answer, as received.
    pub answer: Option<Vec<u8>>,
}

/// How many pairings are kept of one chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairingLimit {
    /// So many, with a new one.
    pub pairings: usize,
    /// Those that ended before that are forgotten first.
    pub forget_before: i64,
}

/// What a claim came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// The invite is this claimer's; the chain is stored, and both are durable.
    Stored,
    /// The invite is gone or no longer waiting; nothing was written.
    Moved,
    /// That chain is here already, and was not shut out; nothing was written.
    ChainExists,
}

/// How much one page may hold; it holds one item at least.
#[derive(Debug, Clone, Copy)]
pub struct PageLimit {
    /// Items.
    pub items: usize,
    /// Bytes of all items together.
    pub bytes: usize,
}

/// Part of a list of byte strings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The items, as they were stored.
    pub items: Vec<Vec<u8>>,
    /// Whether there are more after these.
    pub more: bool,
}

impl Page {
    /// Takes one more item in, unless the page is full: then [`Self::more`] is set.
    fn take(&mut self, limit: PageLimit, used: &mut usize, item: Vec<u8>) -> bool {
        let bytes = used.saturating_add(item.len());
        let fits = self.items.len() < limit.items && bytes <= limit.bytes;
        if fits || self.items.is_empty() {
            *used = bytes;
            self.items.push(item);
            true
        } else {
            self.more = true;
            false
        }
    }
}

/// Why a store could not do its work. Nothing was written. Holds nothing that anybody sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Others held it for too long. Trying later can help.
    #[error("the store is busy")]
    Busy,
    /// The disk has no room left.
    #[error("the store has no room left")]
    Full,
    /// Written by a newer version of this server: run that one.
    #[error("the store has schema {found}; this version knows schemas up to {known}")]
    NewerSchema {
        /// What it has.
        found: i64,
        /// What this version knows.
        known: i64,
    },
    /// The file is another program's.
    #[error("the file is not a store of this server")]
    Foreign,
    /// What was read back is not what was written: restore a backup.
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
    /// Anything else that the database said.
    #[error("the store failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// The same for somebody else whom it befell, too.
    fn again(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Full => Self::Full,
            Self::NewerSchema { found, known } => Self::NewerSchema {
                found: *found,
                known: *known,
            },
            Self::Foreign => Self::Foreign,
            Self::Damaged(what) => Self::Damaged(what),
            Self::Failed(error) => Self::Failed(error.to_string().into()),
        }
    }
}

/// What every store returns.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A database of chains, invites and runs.
///
/// Calls block: from async code, call on a thread that may. Reads see only
/// what is committed; a write that returned is durable; a write that failed
/// left nothing.
pub trait Store: Send + Sync {
    /// Whether it answers.
    ///
    /// # Errors
    /// [`StoreError`]: it does not.
    fn check(&self) -> Result<()>;

    /// What is known of a chain; of a space's epochs also while it has none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn chain(&self, chain: ChainId) -> Result<Option<ChainInfo>>;

    /// Statements of a chain from number `from` on; of an unknown one, none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn statements(&self, chain: ChainId, from: u64, limit: PageLimit) -> Result<Page>;

    /// The chains that ever let a device in: at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`].
    fn chains_of(&self, device: DeviceId, limit: usize) -> Result<Vec<ChainId>>;

    /// What a space is.
    ///
    /// # Errors
    /// [`StoreError`].
    fn space(&self, space: SpaceId) -> Result<Option<SpaceInfo>>;

    /// Stores a new chain. [`Outcome::Moved`]: one of that name is here already.
    ///
    /// # Errors
    /// [`StoreError`].
    fn found(&self, chain: &NewChain) -> Result<Outcome>;

    /// Appends one statement.
    ///
    /// # Errors
    /// [`StoreError`].
    fn append(&self, append: &Append) -> Result<Outcome>;

    /// Stores a new invite, waiting. [`Outcome::Moved`]: its lookup is taken.
    ///
    /// # Errors
    /// [`StoreError`].
    fn create_invite(&self, invite: &Invite, guards: &[Guard]) -> Result<Outcome>;

    /// An invite.
    ///
    /// # Errors
    /// [`StoreError`].
    fn invite(&self, lookup: InviteLookup) -> Result<Option<Invite>>;

    /// All invites of a roster, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn invites(&self, roster: ChainId) -> Result<Vec<Invite>>;

    /// Gives a waiting invite to whoever comes first, and stores their chain.
    ///
    /// A chain that was shut out with an earlier invite may claim with all its
    /// statements that are here, and any that follow; it is as new as any then.
    ///
    /// # Errors
    /// [`StoreError`].
    fn claim(&self, lookup: InviteLookup, claim: &[u8], chain: &NewChain) -> Result<Claimed>;

    /// Moves an invite from one stage to another, and its chain with it.
    ///
    /// # Errors
    /// [`StoreError`].
    fn decide(
        &self,
        lookup: InviteLookup,
        from: Stage,
        to: Stage,
        guards: &[Guard],
    ) -> Result<Outcome>;

    /// Stores a new pairing, open and unanswered. [`Outcome::Moved`]: its lookup
    /// is taken. [`Outcome::Full`]: its chain has too many.
    ///
    /// # Errors
    /// [`StoreError`].
    fn create_pairing(
        &self,
        pairing: &Pairing,
        limit: PairingLimit,
        guards: &[Guard],
    ) -> Result<Outcome>;

    /// A pairing.
    ///
    /// # Errors
    /// [`StoreError`].
    fn pairing(&self, lookup: InviteLookup) -> Result<Option<Pairing>>;

    /// Gives an open pairing to whoever answers first. [`Outcome::Moved`]: it
    /// is gone, taken back or answered.
    ///
    /// # Errors
    /// [`StoreError`].
    fn answer_pairing(&self, lookup: InviteLookup, answer: &[u8]) -> Result<Outcome>;

    /// Takes a pairing back and forgets its answer. [`Outcome::Moved`]: there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn withdraw_pairing(&self, lookup: InviteLookup, guards: &[Guard]) -> Result<Outcome>;

    /// A clinic's bulletins from number `from` on, in order; of an unknown clinic, none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn bulletins(&self, roster: ChainId, from: u64, limit: PageLimit) -> Result<Page>;

    /// A clinic's last bulletin.
    ///
    /// # Errors
    /// [`StoreError`].
    fn last_bulletin(&self, roster: ChainId) -> Result<Option<Vec<u8>>>;

    /// Stores one more bulletin. The feed then names the roster's chain as changed.
    ///
    /// # Errors
    /// [`StoreError`].
    fn publish(&self, bulletin: &NewBulletin) -> Result<Outcome>;

    /// Where a log ends; none while it has no run.
    ///
    /// # Errors
    /// [`StoreError`].
    fn log_tip(&self, space: SpaceId, log: LogId) -> Result<Option<LogTip>>;

    /// The run that ends in a log's head of that number.
    ///
    /// # Errors
    /// [`StoreError`].
    fn run(&self, space: SpaceId, log: LogId, beat: u64) -> Result<Option<Vec<u8>>>;

    /// Appends runs.
    ///
    /// # Errors
    /// [`StoreError`].
    fn push(&self, runs: &NewRuns) -> Result<Outcome>;

    /// Appends the runs of several callers in one transaction, in order; each
    /// is all or nothing by itself, and when this returns all are durable. What
    /// each came to, in their order.
    fn push_many(&self, pushes: &[NewRuns]) -> Vec<Result<Outcome>>;

    /// The run that holds frame `number` of a log.
    ///
    /// # Errors
    /// [`StoreError`].
    fn run_with(&self, space: SpaceId, log: LogId, number: u64) -> Result<Option<StoredRun>>;

    /// Puts other bytes in the place of stored runs.
    ///
    /// When it returns, nothing in the store leads to the old bytes; whether
    /// they are gone from the disk, too, each store says for itself.
    ///
    /// # Errors
    /// [`StoreError`].
    fn rewrite(&self, rewrites: &Rewrites) -> Result<Outcome>;

    /// Erases a patient chain, or spaces of it, for good, and keeps who is gone, with the
    /// receipt: nothing can be founded, claimed or appended under those names again.
    ///
    /// As [`Store::rewrite`]: when it returns, nothing in the store leads to what was erased.
    /// [`Outcome::Moved`]: a guard failed, or a space is not here.
    ///
    /// # Errors
    /// [`StoreError`]. [`StoreError::Busy`]: it may be done; see [`Store::departed`].
    fn leave(&self, leaving: &Leaving<'_>) -> Result<Outcome>;

    /// What is left of a patient chain or a space that was erased.
    ///
    /// # Errors
    /// [`StoreError`].
    fn departed(&self, chain: ChainId) -> Result<Option<Departed>>;

    /// The seed of the key that receipts are signed with: the one that is kept; where none is,
    /// this one, from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    fn receipt_seed(&self, fresh: &[u8; 32]) -> Result<[u8; 32]>;

    /// Runs of a space beyond the heads that `have` names: log by log, each in
    /// order of its heads.
    ///
    /// # Errors
    /// [`StoreError`].
    fn pull(&self, space: SpaceId, have: &BTreeMap<LogId, u64>, limit: PageLimit) -> Result<Page>;

    /// What changed since a position; 0: from the beginning. A page names at
    /// least `limit` things, if so many changed.
    ///
    /// A hint: it names again what changed in the [`REPEATED`] time before
    /// `since`, and may name what did not change. A reader whose position is
    /// older than a clock that was set back may miss something, so it compares
    /// everything now and then.
    ///
    /// # Errors
    /// [`StoreError`].
    fn changes(&self, scope: Scope, since: u64, limit: usize) -> Result<Changes>;

    /// From now on tells `sink` soon after anything changed, by this process or
    /// another on the same database. It may be told of what did not change.
    ///
    /// # Errors
    /// [`StoreError`].
    fn listen(&self, sink: Sink) -> Result<()>;
}
