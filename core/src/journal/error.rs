//! Why an entry can't be saved or found.

use crate::event::MomentError;
use crate::problem::{Kind, Problem};
use crate::vault::VaultError;

/// Why an entry can't be saved or found. Nothing of the entry is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A number outside its range; named with the range.
    #[error("{what} lies between {least} and {most}")]
    OutOfRange {
        /// Which one.
        what: &'static str,
        /// The least that is allowed.
        least: i32,
        /// The most that is allowed.
        most: i32,
    },
    /// A note of more than 20,000 characters.
    #[error("a note has at most 20,000 characters")]
    NoteTooLong,
    /// More words, or longer ones, than an entry may have.
    #[error("at most 50 words, each of at most 100 characters")]
    TooManyWords,
    /// A feeling or association that is not in the vocabulary.
    #[error("not a word of the list; one's own words go elsewhere")]
    NotInVocabulary,
    /// A moment that can't be.
    #[error(transparent)]
    Moment(#[from] MomentError),
    /// There is no such entry.
    #[error("there is no such entry")]
    NotFound,
    /// There is no clinic to share with yet.
    #[error("no clinic was joined yet")]
    NoClinic,
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        let input = |code, advice: String| Self::new(Kind::Input, code, advice);
        match error {
            JournalError::OutOfRange { what, least, most } => input(
                "out-of-range",
                format!("{what} needs a number from {least} to {most}."),
            ),
            JournalError::NoteTooLong => input(
                "note-too-long",
                "A note can hold 20,000 characters. Shorten it, or split it in two.".into(),
            ),
            JournalError::TooManyWords => input(
                "too-many-words",
                "An entry can hold 50 words of your own, each up to 100 characters.".into(),
            ),
            JournalError::NotInVocabulary => input(
                "not-in-vocabulary",
                "That isn't one of the listed feelings. You can add it as a word of your own."
                    .into(),
            ),
            JournalError::Moment(_) => input(
                "impossible-date",
                "That date or time can't be. A date between 1900 and 2100 is needed.".into(),
            ),
            JournalError::NotFound => input("entry-not-found", "There is no such entry.".into()),
            JournalError::NoClinic => Self::new(
                Kind::Refused,
                "no-clinic",
                "You haven't joined a clinic yet, so there is nobody to share with.",
            ),
            JournalError::Vault(error) => error.into(),
        }
    }
}
