//! What the journal takes and gives.

use companion_core::event;
use companion_core::journal as core;

use crate::redacted::redacted;
use crate::{DeviceId, EntryId, EventId, Timestamp};

/// An instant, with what the clocks showed where it happened.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Moment {
    /// The instant.
    pub at: Timestamp,
    /// Seconds east of UTC, by the device's zone at that instant.
    pub offset_seconds: i32,
    /// The IANA name of the device's zone; "UTC" where none is known.
    pub zone: String,
}

/// How a night was.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Sleep {
    /// Hours slept, 0 to 24.
    #[uniffi(default = None)]
    pub hours: Option<f64>,
    /// How good it was, 0 (very bad) to 10 (very good).
    #[uniffi(default = None)]
    pub quality: Option<u8>,
}

/// A mood entry. Nothing but the mood itself and its moment is ever required.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Mood {
    /// How pleasant it felt, −1 (very unpleasant) to 1 (very pleasant), as the FHIR PHR
    /// State-of-Mind profile has it. People see 0 to 10 (see `valence_of_scale`).
    pub valence: f64,
    /// When and where it was felt, between the years 1900 and 2100.
    pub felt: Moment,
    /// Energy, 0 to 10.
    #[uniffi(default = None)]
    pub energy: Option<u8>,
    /// Anxiety, 0 to 10.
    #[uniffi(default = None)]
    pub anxiety: Option<u8>,
    /// The night before.
    #[uniffi(default = None)]
    pub sleep: Option<Sleep>,
    /// Feelings, of the vocabulary (see `feelings`).
    #[uniffi(default = [])]
    pub feelings: Vec<String>,
    /// What it has to do with, of the vocabulary (see `associations`).
    #[uniffi(default = [])]
    pub associations: Vec<String>,
    /// Feelings in the person's own words: at most 50, each of at most 100 characters.
    #[uniffi(default = [])]
    pub words: Vec<String>,
    /// What it has to do with, in the person's own words: at most 50, each of at most 100 characters.
    #[uniffi(default = [])]
    pub circumstances: Vec<String>,
    /// A note, at most 20,000 characters.
    #[uniffi(default = None)]
    pub note: Option<String>,
}

/// An entry in its current version.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Entry {
    /// Its name, the same through all versions.
    pub id: EntryId,
    /// The current version.
    pub version: EventId,
    /// What was recorded.
    pub mood: Mood,
    /// When this version was written, by the writing device's clock.
    pub written: Timestamp,
    /// Whether there are earlier versions.
    pub edited: bool,
    /// Whether it was written on a later day than it was felt, where it was felt.
    pub backdated: bool,
    /// Whether the care team may read it.
    pub shared: bool,
}

/// A place in a list of entries: after it the next page begins.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Cursor {
    /// When the last entry of the page was felt.
    pub felt: Timestamp,
    /// The last entry of the page.
    pub entry: EntryId,
}

/// Some entries of a longer list, newest first.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where the next page begins; none where this is the last.
    pub next: Option<Cursor>,
}

/// One version of an entry.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Version {
    /// Its name.
    pub id: EventId,
    /// The device that wrote it.
    pub device: DeviceId,
    /// When it was written, by that device's clock.
    pub written: Timestamp,
    /// What was recorded.
    pub mood: Mood,
}

redacted!(Moment, Sleep, Mood, Entry, Page, Version);

impl Mood {
    /// As the core knows it.
    ///
    /// # Errors
    /// Where the valence is out of range; the core checks all else.
    pub(super) fn into_core(self) -> Result<core::Mood, core::JournalError> {
        Ok(core::Mood {
            valence: core::Valence::new(self.valence)?,
            felt: event::Moment {
                ms: self.felt.at.as_millisecond(),
                offset: self.felt.offset_seconds,
                zone: self.felt.zone,
            },
            energy: self.energy,
            anxiety: self.anxiety,
            sleep: self.sleep.map(|s| core::Sleep {
                hours: s.hours,
                quality: s.quality,
            }),
            feelings: self.feelings,
            associations: self.associations,
            words: self.words,
            circumstances: self.circumstances,
            note: self.note,
        })
    }
}

impl From<core::Mood> for Mood {
    fn from(mood: core::Mood) -> Self {
        Self {
            valence: mood.valence.value(),
            felt: Moment {
                at: mood.felt.timestamp(),
                offset_seconds: mood.felt.offset,
                zone: mood.felt.zone,
            },
            energy: mood.energy,
            anxiety: mood.anxiety,
            sleep: mood.sleep.map(|s| Sleep {
                hours: s.hours,
                quality: s.quality,
            }),
            feelings: mood.feelings,
            associations: mood.associations,
            words: mood.words,
            circumstances: mood.circumstances,
            note: mood.note,
        }
    }
}

/// An instant out of the calendar's range was never written by us: shown as 1970.
pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl From<core::Entry> for Entry {
    fn from(entry: core::Entry) -> Self {
        Self {
            backdated: entry.backdated(),
            id: entry.id,
            version: entry.version,
            mood: entry.mood.into(),
            written: at(entry.written_ms),
            edited: entry.edited,
            shared: entry.shared,
        }
    }
}

impl From<core::Version> for Version {
    fn from(version: core::Version) -> Self {
        Self {
            id: version.id,
            device: version.device,
            written: at(version.written_ms),
            mood: version.mood.into(),
        }
    }
}

impl From<Cursor> for core::Cursor {
    fn from(cursor: Cursor) -> Self {
        Self {
            felt_ms: cursor.felt.as_millisecond(),
            entry: cursor.entry,
        }
    }
}

impl From<core::Page> for Page {
    fn from(page: core::Page) -> Self {
        Self {
            entries: page.entries.into_iter().map(Into::into).collect(),
            next: page.next.map(|next| Cursor {
                felt: at(next.felt_ms),
                entry: next.entry,
            }),
        }
    }
}
