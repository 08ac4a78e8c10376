//! What changed: for readers that would rather ask once than of everything.
//!
//! Every [`Thing`] has one row, stamped at each change with the time and, once
//! and for all, with whose it is. So a question costs what changed, not what
//! is stored. Stamps are no order: a change may become visible after a later
//! one. So a reader is told again what changed shortly before it last asked,
//! and no sequence is trusted.

use std::sync::{Arc, Mutex, PoisonError};

use clinic_api::chain::ChainKind;
use clinic_api::id::{ChainId, SpaceId};

use super::{NewChain, Result, StoreError};

/// How long before a reader's position things are named again, in
/// milliseconds: longer than any transaction may take.
pub const REPEATED: u64 = 120_000;

/// Something of which a reader may want to know that it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// The statements or the standing of a patient chain or a roster.
    Chain(ChainId),
    /// The epochs of a space.
    Epochs(SpaceId),
    /// The logs of a space; also that a stored run was rewritten.
    Space(SpaceId),
    /// The invites of that roster.
    Invites(ChainId),
}

impl Thing {
    /// Its kind, as stored, and its name.
    pub(super) fn parts(self) -> (i64, [u8; 32]) {
        match self {
            Self::Chain(chain) => (0, chain.0),
            Self::Epochs(space) => (1, space.0),
            Self::Space(space) => (2, space.0),
            Self::Invites(roster) => (3, roster.0),
        }
    }

    /// What [`Self::parts`] gave.
    pub(super) fn of(kind: i64, id: [u8; 32]) -> Result<Self> {
        match kind {
            0 => Ok(Self::Chain(ChainId(id))),
            1 => Ok(Self::Epochs(SpaceId(id))),
            2 => Ok(Self::Space(SpaceId(id))),
            3 => Ok(Self::Invites(ChainId(id))),
            _ => Err(StoreError::Damaged("an unknown kind of thing")),
        }
    }
}

/// The things of a new chain, and whose they are.
pub(super) struct Founded {
    pub patient: Option<ChainId>,
    pub clinic: Option<ChainId>,
    pub things: Vec<Thing>,
}

impl Founded {
    pub(super) fn by(new: &NewChain) -> Self {
        let (patient, clinic) = match new.kind {
            ChainKind::Patient => (Some(new.id), None),
            ChainKind::Roster | ChainKind::Epoch => (None, Some(new.id)),
        };
        let spaces = new.spaces.iter().map(|(space, _)| *space);
        let invites = (new.kind == ChainKind::Roster).then_some(Thing::Invites(new.id));
        let things = spaces
            .flat_map(|space| [Thing::Epochs(space), Thing::Space(space)])
            .chain(invites)
            .chain([Thing::Chain(new.id)]);
        Self {
            patient,
            clinic,
            things: things.collect(),
        }
    }
}

/// That a thing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The thing.
    pub thing: Thing,
    /// Goes up with every change of that thing, from 1 on. It is the feed's
    /// own: [`super::ChainInfo::revision`] counts otherwise.
    pub revision: u64,
}

/// Whose changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A patient chain: its statements, its three spaces with their epochs,
    /// and the roster of the clinic whose invite it claimed.
    Patient(ChainId),
    /// A roster: its statements, its two spaces with their epochs, its invites,
    /// and everything of the patients whose chain claimed one of them. A chain
    /// that claimed another clinic's invite since is that clinic's.
    Clinic(ChainId),
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The changed things, each once.
    pub changes: Vec<Change>,
    /// Where the reader stands now: `since` of its next question.
    pub position: u64,
    /// Whether to ask again at once; there may turn out to be nothing more.
    pub more: bool,
}

/// That a thing changed, as told to who listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// Whose it is, if it is a patient's.
    pub patient: Option<ChainId>,
    /// Of which clinic. A roster's own chain concerns its patients, too.
    pub clinic: Option<ChainId>,
    /// The thing.
    pub thing: Thing,
}

/// Who is told; none: anything may have changed. It must return quickly.
pub type Sink = Arc<dyn Fn(Option<Signal>) + Send + Sync>;

/// The sinks of one store.
#[derive(Default)]
pub(super) struct Sinks(Mutex<Vec<Sink>>);

impl Sinks {
    pub(super) fn add(&self, sink: Sink) {
        let mut sinks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sinks.push(sink);
    }

    /// Tells all; to be called only once the change can be read.
    pub(super) fn tell(&self, signals: &[Signal]) {
        for signal in signals {
            self.call(Some(*signal));
        }
    }

    /// Tells all that anything may have changed.
    pub(super) fn tell_lost(&self) {
        self.call(None);
    }

    fn call(&self, signal: Option<Signal>) {
        // A copy, so that a sink may add another.
        let sinks = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for sink in sinks {
            sink(signal);
        }
    }
}

impl std::fmt::Debug for Sinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sinks")
    }
}

/// From when to when things are read for one page of changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The first stamp.
    pub from: i64,
    /// The last stamp.
    pub to: i64,
    /// Where the reader stands afterwards.
    pub position: u64,
    /// Whether there may be more behind.
    pub more: bool,
}

impl Window {
    /// The page for a reader at `since`, at the time `now`. `nth` gives the
    /// stamp of the n-th thing, counted from 0, that changed after a stamp.
    ///
    /// A clock that was set back leaves readers ahead of it; they are taken to
    /// be at `now`, and what was stamped ahead is named each time.
    pub(super) fn new<E>(
        since: u64,
        limit: usize,
        now: i64,
        nth: impl FnOnce(i64, i64) -> std::result::Result<Option<i64>, E>,
    ) -> std::result::Result<Self, E> {
        let since = i64::try_from(since).unwrap_or(i64::MAX).min(now);
        let from = since.saturating_sub(REPEATED.cast_signed());
        let last = i64::try_from(limit.saturating_sub(1)).unwrap_or(i64::MAX);
        // Things of one stamp stay together, so a page always gets on.
        let full = nth(since, last)?.filter(|stamp| *stamp <= now);
        Ok(Self {
            from,
            to: full.unwrap_or(i64::MAX),
            position: full.unwrap_or(now).max(0).cast_unsigned(),
            more: full.is_some(),
        })
    }
}

/// Finds the run that holds frame `number` of a log whose last head is `beat`.
///
/// `frames` gives the first and last frame of the run that ends in a head; a
/// run without frames starts behind its last one.
pub(super) fn beat_with<E: From<StoreError>>(
    number: u64,
    beat: u64,
    mut frames: impl FnMut(u64) -> std::result::Result<Option<(u64, u64)>, E>,
) -> std::result::Result<Option<u64>, E> {
    // The first head at or behind the frame, by halving: numbers never go down.
    let (mut low, mut high) = (1, beat);
    let mut found = None;
    while low <= high {
        let middle = low.midpoint(high);
        let (first, last) = frames(middle)?.ok_or(StoreError::Damaged("a run is missing"))?;
        if last >= number {
            found = (first <= number).then_some(middle);
            high = middle.saturating_sub(1);
        } else {
            low = middle.saturating_add(1);
        }
    }
    Ok(found)
}
