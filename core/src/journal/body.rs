//! The bodies of the journal's events.

use clinic_api::log::FrameName;
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

/// An entry was erased, with all its versions, for good.
///
/// Whoever learns of it takes the entry out of everything; a frame that it names may be served
/// without its body from then on. It wins over whatever was written at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EntryErased {
    /// The entry.
    #[n(0)]
    pub entry: EntryId,
    /// The frames of the space that held nothing but its versions.
    #[n(1)]
    pub frames: Vec<FrameName>,
}

impl Body for EntryErased {
    const KIND: Kind = Kind::EntryErased;
}
