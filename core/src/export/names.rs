//! Names of kinds, authors and spaces in the format.

use clinic_api::space::SpaceKind;
use serde::{Deserialize, Serialize};

use crate::event::Kind;
use crate::space::authority::Author;

/// What stands where a kind has no name in this version.
pub(crate) const UNKNOWN: &str = "unknown";

/// The name of a kind.
pub(crate) fn of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::MoodRecorded => "mood-recorded",
        Kind::EntryUnshared => "entry-unshared",
        Kind::EntryErased => "entry-erased",
        Kind::EntryReviewed => "entry-reviewed",
        Kind::EntriesRead => "entries-read",
        Kind::PatientWelcomed => "patient-welcomed",
        Kind::PatientAdmitted => "patient-admitted",
        Kind::DeviceNamed => "device-named",
        Kind::KitChecked => "kit-checked",
    }
}

/// A space of a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SpaceName {
    Private,
    Care,
    Desk,
}

impl SpaceName {
    pub(crate) fn of(kind: SpaceKind) -> Option<Self> {
        match kind {
            SpaceKind::Private => Some(Self::Private),
            SpaceKind::Care => Some(Self::Care),
            SpaceKind::Desk => Some(Self::Desk),
            SpaceKind::Front | SpaceKind::Clinic => None,
        }
    }

    pub(crate) fn kind(self) -> SpaceKind {
        match self {
            Self::Private => SpaceKind::Private,
            Self::Care => SpaceKind::Care,
            Self::Desk => SpaceKind::Desk,
        }
    }
}

/// In what quality an event was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AuthorName {
    Patient,
    Administrator,
    Clinician,
    FrontDesk,
}

impl From<Author> for AuthorName {
    fn from(author: Author) -> Self {
        match author {
            Author::Patient => Self::Patient,
            Author::Administrator => Self::Administrator,
            Author::Clinician => Self::Clinician,
            Author::FrontDesk => Self::FrontDesk,
        }
    }
}
