//! The bodies of the care team's events.

use minicbor::{Decode, Encode};

use crate::event::{Body, EntryId, EventId, Kind};

/// How far the care team is with an entry; before the first it is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum ReviewState {
    /// Somebody looked at it with care.
    #[n(1)]
    Reviewed,
    /// It was taken into the clinic's own record.
    #[n(2)]
    Incorporated,
}

/// The version of an entry that was reviewed: an edit afterwards is a new one to review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ReviewedVersion {
    /// The entry.
    #[n(0)]
    pub entry: EntryId,
    /// Its version.
    #[n(1)]
    pub version: EventId,
}

/// A clinician reviewed entries.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EntryReviewed {
    /// Which.
    #[n(0)]
    pub versions: Vec<ReviewedVersion>,
    /// How far they are.
    #[n(1)]
    pub state: ReviewState,
}

impl Body for EntryReviewed {
    const KIND: Kind = Kind::EntryReviewed;
}

/// A console showed entries to the person at its workstation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EntriesRead {
    /// Which.
    #[n(0)]
    pub entries: Vec<EntryId>,
}

impl Body for EntriesRead {
    const KIND: Kind = Kind::EntriesRead;
}

/// The clinic admitted the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PatientWelcomed {}

impl Body for PatientWelcomed {
    const KIND: Kind = Kind::PatientWelcomed;
}
