//! What can be wrong with a file or a mapping as a whole.

use std::fmt;

use super::{FILE_BYTES, FILE_RECORDS};
use crate::problem::{Kind, Problem};

/// Why a file cannot be imported as it is. Nothing was placed.
///
/// Neither its text nor its debug text holds anything that the person wrote.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file is larger than [`FILE_BYTES`].
    #[error("the file is larger than {} MiB", FILE_BYTES / (1024 * 1024))]
    TooLarge,
    /// The file has more than [`FILE_RECORDS`] records.
    #[error("the file has more than {FILE_RECORDS} entries")]
    TooManyRecords,
    /// The file is not UTF-8 text.
    #[error("the file is not UTF-8 text: byte {position} does not belong there")]
    NotUtf8 {
        /// Bytes before the first one that does not fit.
        position: usize,
    },
    /// There is nothing in the file, not even the line of column names.
    #[error("the file is empty")]
    Empty,
    /// The first line does not name the columns of a Daylio export.
    #[error("the first line does not name these columns of a Daylio export: {}", missing.join(", "))]
    NotDaylio {
        /// Names of the columns that were not found.
        missing: Vec<&'static str>,
    },
    /// The first line names a column twice, so it is unclear which one counts.
    #[error("the first line names the column {name} more than once")]
    RepeatedColumn {
        /// The name of that column.
        name: &'static str,
    },
    /// The records cannot be told apart.
    #[error("the file cannot be read as CSV")]
    Unreadable,
    /// Names of moods that neither the mapping nor the defaults know.
    #[error("mood names that have no value yet: {}", names.len())]
    UnmappedMoods {
        /// The person's own words, in order of first use: to be shown to that
        /// person alone, never logged.
        names: Vec<String>,
    },
    /// The time zone has no IANA name, so it could not be kept with the entries.
    #[error("the time zone has no name")]
    UnnamedZone,
}

impl fmt::Debug for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImportError({self})")
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let (code, what_to_do) = match error {
            ImportError::TooLarge => ("import-too-large", "Was it the right file?"),
            ImportError::TooManyRecords => ("import-too-many-records", "Was it the right file?"),
            ImportError::NotUtf8 { .. } => (
                "import-not-utf8",
                "Another program may have saved it differently; export it from Daylio again.",
            ),
            ImportError::Empty => ("import-empty", "Please export it from Daylio again."),
            ImportError::NotDaylio { .. } => (
                "import-not-daylio",
                "Please choose the CSV file that Daylio exports.",
            ),
            ImportError::RepeatedColumn { .. } => (
                "import-repeated-column",
                "Please export it from Daylio again.",
            ),
            ImportError::Unreadable => ("import-unreadable", "Please export it from Daylio again."),
            ImportError::UnmappedMoods { .. } => (
                "import-moods-unmapped",
                "Give each of them a value from -1 (very unpleasant) to 1 (very pleasant).",
            ),
            ImportError::UnnamedZone => (
                "import-zone-unnamed",
                "Name the zone that the entries were written in, like Europe/Berlin.",
            ),
        };
        let advice = format!("Nothing was imported: {error}. {what_to_do}");
        Problem::new(Kind::Input, code, advice)
    }
}

/// Why a mood's value was not taken. The mapping is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// There is no `=` between a name and a value.
    #[error("a mood's value is given as NAME=VALUE")]
    NoValue,
    /// There is no name before the `=`.
    #[error("there is no mood name before the =")]
    EmptyName,
    /// What follows the `=` is not a number.
    #[error("a mood's value is a number, like -0.5")]
    NotANumber,
    /// The number is below −1 or above 1.
    #[error("a mood's value is from -1 (very unpleasant) to 1 (very pleasant)")]
    OutOfRange,
}

impl From<MappingError> for Problem {
    fn from(error: MappingError) -> Self {
        let code = match error {
            MappingError::NoValue => "mood-value-missing",
            MappingError::EmptyName => "mood-name-empty",
            MappingError::NotANumber => "mood-value-not-a-number",
            MappingError::OutOfRange => "mood-value-out-of-range",
        };
        let advice = format!("This was not taken: {error}.");
        Problem::new(Kind::Input, code, advice)
    }
}
