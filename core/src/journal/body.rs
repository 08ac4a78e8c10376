//! The bodies of the journal's events.

use minicbor::{Decode, Encode};

use super::Mood;
use crate::event::{Body, EntryId, EventId, Kind};

/// A mood entry, or a new version of one.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct MoodRecorded {
    /// The entry.
    #[n(0)]
    pub entry: EntryId,
    /// The versions that this one replaces: those that its writer saw.
    #[n(1)]
    pub replaces: Vec<EventId>,
    /// What was recorded.
    #[n(2)]
    pub mood: Mood,
}

impl Body for MoodRecorded {
    const KIND: Kind = Kind::MoodRecorded;
}

/// An entry is no longer shared with the care team.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EntryUnshared {
    /// The entry.
    #[n(0)]
    pub entry: EntryId,
    /// The versions that it takes back: those that its writer saw. By name, because the clock
    /// of whoever wrote one may have been ahead.
    #[n(1)]
    pub versions: Vec<EventId>,
}

impl Body for EntryUnshared {
    const KIND: Kind = Kind::EntryUnshared;
}
