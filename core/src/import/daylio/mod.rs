//! Daylio's CSV export.
//!
//! ```
//! use companion_core::import::daylio::{MoodMap, Reading};
//!
//! let file = "\
//! full_date,date,weekday,time,mood,activities,note_title,note\n\
//! 2023-06-04,June 4,Sunday,10:21 pm,calm,\"walk | tea\",,\"By the river\"\n";
//! let reading = Reading::parse(file.as_bytes())?;
//!
//! // Names that have no value yet are asked for before anything is written.
//! let mut moods = MoodMap::new();
//! moods.insert("calm=0.4")?;
//!
//! let zone = jiff::tz::TimeZone::get("Europe/Berlin")?;
//! let plan = reading.plan(&moods, &zone)?;
//! assert_eq!(plan.entries.len(), 1);
//! assert!(plan.left_out.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is read
//!
//! - Columns by name, in any order: `full_date`, or `year` with `date` in the
//!   phone's language; `time`, `mood`, `activities`, `note` and, where there is
//!   one, `note_title`. Fields are separated by commas, or by semicolons or
//!   tabs where another program saved the file again.
//! - Local times, in one zone for the whole file: the export holds none. A time
//!   that a clock change skipped is moved forward by the gap, and of one that
//!   came twice the first is meant (as RFC 5545 has it).
//! - Notes as plain text: a title and its note are joined by a blank line,
//!   `<br>` is a line break, everything else stays as it was written.
//!
//! Every record of the file is either placed or named with its line and the
//! reason, including the one in which a cut-off file ends.
//!
//! # Importing again
//!
//! [`ImportedEntry::source_id`] is the same whenever date, time, mood name,
//! activities and note are the same. It does not change with the order of rows,
//! columns or activities, the way a time or a month is written, the zone that
//! was chosen, the mapping of moods, or the kind of white space in a note
//! (versions of the app write its line breaks differently). Equal rows of one
//! file are told apart by counting them. A row that was edited or whose mood or
//! activity was renamed in the app is a new one, as is a row whose title an
//! older version of the app did not export.

mod columns;
mod date;
mod error;
mod month;
mod mood;
mod plan;
mod reading;
mod reason;
mod source_id;
mod table;
mod text;
mod time;

pub use error::{ImportError, MappingError};
pub use mood::{MoodMap, MoodName};
pub use plan::{ImportedEntry, Plan};
pub use reading::Reading;
pub use reason::{LeftOut, Reason};

/// The largest file that is read, in bytes.
pub const FILE_BYTES: usize = 64 * 1024 * 1024;

/// The most records that are read from one file: 27 a day for a century.
pub const FILE_RECORDS: u64 = 1_000_000;

/// The longest note that an entry holds, in Unicode characters.
pub const NOTE_CHARACTERS: usize = 20_000;
