//! The kinds of event, by stable number.

/// What happened. Numbers are never reused; those of a room share its hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A mood entry, or a new version of one (journal).
    MoodRecorded,
    /// An entry is no longer shared with the care team (journal).
    EntryUnshared,
    /// An entry was erased, for good (journal).
    EntryErased,
    /// A clinician reviewed entries (care).
    EntryReviewed,
    /// A console showed entries to somebody (care).
    EntriesRead,
    /// The clinic admitted the patient (care).
    PatientWelcomed,
    /// Which space is which person (front).
    PatientAdmitted,
    /// What the person calls one of their devices (device).
    DeviceNamed,
    /// The words of a recovery kit were typed, and they were right (kit).
    KitChecked,
}

impl Kind {
    /// Every kind that this version knows.
    pub const ALL: [Self; 9] = [
        Self::MoodRecorded,
        Self::EntryUnshared,
        Self::EntryErased,
        Self::EntryReviewed,
        Self::EntriesRead,
        Self::PatientWelcomed,
        Self::PatientAdmitted,
        Self::DeviceNamed,
        Self::KitChecked,
    ];

    /// Its number in envelopes.
    pub fn code(self) -> u32 {
        match self {
            Self::MoodRecorded => 100,
            Self::EntryUnshared => 101,
            Self::EntryErased => 102,
            Self::EntryReviewed => 200,
            Self::EntriesRead => 201,
            Self::PatientWelcomed => 202,
            Self::PatientAdmitted => 300,
            Self::DeviceNamed => 400,
            Self::KitChecked => 410,
        }
    }

    /// The kind of that number; none where a newer version wrote it.
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == code)
    }

    /// Whether a reader that doesn't know this kind must not go on showing what it
    /// concerns as if nothing had happened.
    pub fn critical(self) -> bool {
        match self {
            Self::MoodRecorded
            | Self::EntryUnshared
            | Self::EntryErased
            | Self::PatientAdmitted => true,
            Self::EntryReviewed
            | Self::EntriesRead
            | Self::PatientWelcomed
            | Self::DeviceNamed
            | Self::KitChecked => false,
        }
    }

    /// Whether events of this kind erase what others hold.
    pub fn erases(self) -> bool {
        self == Self::EntryErased
    }
}
