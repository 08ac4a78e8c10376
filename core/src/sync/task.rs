//! What a round is made of: what is to be done, and what is waited for.

use std::collections::BTreeSet;

use clinic_api::chain::Signed;
use clinic_api::events::Changed;
use clinic_api::id::ChainId;
use clinic_api::log::FrameName;

use super::pull::Pulling;
use crate::space::epoch::EpochKey;
use crate::vault::{RunOut, SpaceEntry};

/// Something to do in a round.
#[derive(Debug)]
pub(super) enum Task {
    Chain(Chain),
    /// Look whether this device can seal there; write the next epoch where it must.
    Stand(SpaceEntry, u8),
    Pull(SpaceEntry, Pulling),
    Push(SpaceEntry),
    /// What a patient erased, once everybody can be told so.
    Erase(SpaceEntry),
    /// Whoever admitted a patient: their devices wait for the care team's word. After the
    /// pull, so that it is said once.
    Welcome(SpaceEntry),
    /// A workstation follows the clinic's own spaces that its person's role reads by now.
    FollowClinic(ChainId),
    /// A workstation follows every patient that *front* names.
    FollowPatients(ChainId),
    /// And those of them alone whom it doesn't follow yet, or who have no epoch here.
    FollowNew(ChainId),
    /// Ask the feed what changed.
    Feed,
    /// What the clinic says to all.
    Bulletins(ChainId),
    /// Do what these make necessary.
    Changes(BTreeSet<Changed>),
    /// Push and erase where there is something to.
    Send(SpaceEntry),
    /// See whether a chain or space that is said to be gone went at its own people's word.
    Departed(ChainId),
    /// Seal anew, in another log, what stands under an epoch that is outdated by now.
    Reseal(SpaceEntry),
}

/// A chain to be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chain {
    Patient(ChainId),
    Roster(ChainId),
    Epochs(SpaceEntry, Parties),
}

/// Whether the chains that an epoch cites were pulled right before it; if not, one that doesn't
/// verify may cite what came to be since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parties {
    Earlier,
    JustNow,
}

/// What the machine waits for.
#[derive(Debug)]
pub(super) enum Waiting {
    /// With the number of the first statement that was asked for.
    Chain(Chain, u64),
    Epoch(SpaceEntry, Box<Signed>, EpochKey, u8),
    Pull(SpaceEntry, Pulling),
    Push(SpaceEntry, Vec<RunOut>, u64),
    Erase(SpaceEntry, Vec<FrameName>),
    /// With the number of the first that was asked for.
    Bulletins(ChainId, u64),
    Departed(ChainId),
    Feed,
}

impl Task {
    /// The patient whom it is about, if it is about one alone.
    pub(super) fn patient(&self) -> Option<ChainId> {
        match self {
            Self::Chain(chain) => chain.patient(),
            Self::Stand(entry, _)
            | Self::Pull(entry, _)
            | Self::Push(entry)
            | Self::Erase(entry)
            | Self::Reseal(entry)
            | Self::Send(entry)
            | Self::Welcome(entry) => entry.patient,
            Self::FollowClinic(_)
            | Self::FollowPatients(_)
            | Self::FollowNew(_)
            | Self::Bulletins(_)
            | Self::Feed
            | Self::Departed(_)
            | Self::Changes(_) => None,
        }
    }
}

impl Waiting {
    /// The patient whom it is about, if it is about one alone.
    pub(super) fn patient(&self) -> Option<ChainId> {
        match self {
            Self::Chain(chain, _) => chain.patient(),
            Self::Epoch(entry, ..)
            | Self::Pull(entry, _)
            | Self::Push(entry, ..)
            | Self::Erase(entry, _) => entry.patient,
            Self::Bulletins(..) | Self::Feed | Self::Departed(_) => None,
        }
    }

    /// The chain or space of a patient that it is about.
    pub(super) fn name(&self) -> Option<ChainId> {
        match self {
            Self::Chain(Chain::Roster(_), _)
            | Self::Bulletins(..)
            | Self::Feed
            | Self::Departed(_) => None,
            Self::Chain(chain, _) => chain.patient().map(|_| chain.id()),
            Self::Epoch(entry, ..)
            | Self::Pull(entry, _)
            | Self::Push(entry, ..)
            | Self::Erase(entry, _) => entry.patient.map(|_| entry.space.into()),
        }
    }
}

impl Chain {
    /// The patient whom it is about, if it is about one alone.
    pub(super) fn patient(&self) -> Option<ChainId> {
        match self {
            Self::Patient(id) => Some(*id),
            Self::Roster(_) => None,
            Self::Epochs(entry, _) => entry.patient,
        }
    }

    /// Its name.
    pub(super) fn id(&self) -> ChainId {
        match self {
            Self::Patient(id) | Self::Roster(id) => *id,
            Self::Epochs(entry, _) => entry.space.into(),
        }
    }
}

/// All that a round over everything does in one space.
pub(super) fn space_tasks(entry: SpaceEntry) -> [Task; 5] {
    [
        Task::Chain(Chain::Epochs(entry, Parties::Earlier)),
        // Before an epoch is written: it closes the logs of who left with the heads seen here.
        Task::Pull(entry, Pulling::default()),
        Task::Stand(entry, 0),
        Task::Push(entry),
        Task::Erase(entry),
    ]
}
