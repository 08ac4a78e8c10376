//! Why a single record was left out.

use super::NOTE_CHARACTERS;
use crate::journal::{WORD_CHARACTERS, WORDS};

/// A record that was not placed. It holds nothing of the record's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The line on which the record starts, as an editor counts: the first is 1.
    pub line: u64,
    /// Why it was left out.
    pub reason: Reason,
}

/// Why a record was left out. Its text completes "line 12 was left out: …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// All of its fields are empty.
    #[error("it is empty")]
    Blank,
    /// The file ends inside of it.
    #[error("the file ends in the middle of it")]
    CutOff,
    /// It has fewer fields than there are columns.
    #[error("it has {found} fields of {expected}")]
    TooFewFields {
        /// Fields in this record.
        found: usize,
        /// Columns named by the first line.
        expected: usize,
    },
    /// It has more fields than there are columns.
    #[error("it has {found} fields instead of {expected}")]
    TooManyFields {
        /// Fields in this record.
        found: usize,
        /// Columns named by the first line.
        expected: usize,
    },
    /// The date is not written in a way that is known here.
    #[error("its date cannot be read")]
    UnreadableDate,
    /// The month's name is of a language that is not known here.
    #[error("the name of its month is not known")]
    UnknownMonth,
    /// There is no such day in the calendar.
    #[error("there is no such day as its date")]
    ImpossibleDate,
    /// The year is before 1900 or after 2100.
    #[error("its year is not between 1900 and 2100")]
    YearOutOfRange,
    /// The time is not written in a way that is known here.
    #[error("its time cannot be read")]
    UnreadableTime,
    /// There is no such time on a clock.
    #[error("there is no such time as its time")]
    ImpossibleTime,
    /// It names no mood.
    #[error("it has no mood")]
    NoMood,
    /// Its note is longer than an entry holds. Cutting it would lose words, so
    /// the person divides or shortens it and imports again.
    #[error("its note has {characters} characters; an entry holds {NOTE_CHARACTERS}")]
    NoteTooLong {
        /// Unicode characters of the note, with its title.
        characters: usize,
    },
    /// It has more activities than an entry holds.
    #[error("it has {found} activities; an entry holds {WORDS}")]
    TooManyActivities {
        /// How many different ones.
        found: usize,
    },
    /// The name of its mood or of an activity is longer than an entry holds.
    #[error("a name in it has more than {WORD_CHARACTERS} characters")]
    NameTooLong,
}

impl Reason {
    /// A stable name for machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::CutOff => "cut-off",
            Self::TooFewFields { .. } => "too-few-fields",
            Self::TooManyFields { .. } => "too-many-fields",
            Self::UnreadableDate => "unreadable-date",
            Self::UnknownMonth => "unknown-month",
            Self::ImpossibleDate => "impossible-date",
            Self::YearOutOfRange => "year-out-of-range",
            Self::UnreadableTime => "unreadable-time",
            Self::ImpossibleTime => "impossible-time",
            Self::NoMood => "no-mood",
            Self::NoteTooLong { .. } => "note-too-long",
            Self::TooManyActivities { .. } => "too-many-activities",
            Self::NameTooLong => "name-too-long",
        }
    }
}
