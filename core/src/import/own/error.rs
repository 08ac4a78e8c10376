//! What can be wrong with a file.

use super::{EVENT_BYTES, FILE_EVENTS, Odd};
use crate::problem::{Kind, Problem};
use crate::vault::VaultError;

/// Why a file can't be read back. Nothing that it says is in it.
///
/// Events and lines are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// It is not an export of this software.
    #[error("the file is not an export of this software")]
    NotOurs,
    /// A newer version wrote it.
    #[error("the file is of version {found} of the format, which is newer than this software")]
    Newer {
        /// The version that it names.
        found: u32,
    },
    /// It is no JSON from there on.
    #[error("the file is not JSON at line {line}, in or after event {event}")]
    Malformed {
        /// The event; 0 before the first.
        event: u64,
        /// The line.
        line: u64,
    },
    /// It is no UTF-8 text from there on.
    #[error("the file is not UTF-8 text in or after event {event}")]
    NotUtf8 {
        /// The event; 0 before the first.
        event: u64,
    },
    /// It ends too early.
    #[error("the file ends in the middle, in or after event {event}")]
    CutOff {
        /// The last event that begins; 0 before the first.
        event: u64,
    },
    /// An event takes more than [`EVENT_BYTES`].
    #[error("event {event} is longer than {} MiB", EVENT_BYTES / (1024 * 1024))]
    TooLarge {
        /// The event.
        event: u64,
    },
    /// It has more than [`FILE_EVENTS`] events.
    #[error("the file has more than {FILE_EVENTS} events")]
    TooMany,
    /// An event is none.
    #[error("event {event} can't be read: {odd}")]
    Event {
        /// The event.
        event: u64,
        /// What is odd about it.
        odd: Odd,
    },
    /// The file could not be read to its end.
    #[error("the file can't be read")]
    Unreadable,
    /// There is no clinic to share with yet.
    #[error("no clinic was joined yet")]
    NoClinic,
    /// The vault failed; what was saved before stays, and importing again goes on from there.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        let (code, what_to_do) = match error {
            ArchiveError::NotOurs => (
                "export-not-ours",
                "Choose the file that `companion export` wrote.",
            ),
            ArchiveError::Newer { .. } => {
                let advice = format!("Nothing was imported: {error}. Update, then try again.");
                return Self::new(Kind::Version, "export-newer", advice);
            }
            ArchiveError::Malformed { .. } => (
                "export-malformed",
                "It may have been changed by another program. Try another copy of it.",
            ),
            ArchiveError::NotUtf8 { .. } => (
                "export-not-utf8",
                "Another program may have saved it differently. Try another copy of it.",
            ),
            ArchiveError::CutOff { .. } => (
                "export-cut-off",
                "It may not have been copied to its end. Try another copy of it.",
            ),
            ArchiveError::TooLarge { .. } => (
                "export-event-too-large",
                "Was it the right file? Try another copy of it.",
            ),
            ArchiveError::TooMany => ("export-too-many-events", "Was it the right file?"),
            ArchiveError::Event { .. } => (
                "export-event",
                "It may have been changed by another program. Try another copy of it.",
            ),
            ArchiveError::Unreadable => ("file-unreadable", "Check that it is still there."),
            ArchiveError::NoClinic => {
                return Self::new(
                    Kind::Refused,
                    "no-clinic",
                    "You haven't joined a clinic yet, so there is nobody to share with. \
                     Nothing was imported.",
                );
            }
            ArchiveError::Vault(error) => return error.into(),
        };
        let advice = format!("Nothing was imported: {error}. {what_to_do}");
        Self::new(Kind::Input, code, advice)
    }
}
