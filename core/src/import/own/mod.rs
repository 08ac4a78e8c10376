//! This software's own export, read back event for event.
//!
//! A file is read twice: [`Checked::read`] reads all of it and finds what is wrong before
//! anything is saved; [`Restore::run`] reads it again and saves, some events at a time. Memory
//! stays flat however long the file is.
//!
//! What comes back are the patient's own events, with the names, clock readings, moments and
//! bodies that they had. What others wrote (reviews, traces of reading) is theirs to say: it
//! stays in the file. So does what a newer version wrote, until this one is updated. What was
//! erased, here or in the file, doesn't come back.
//!
//! Nothing is published by an import alone: what was shared is saved as private unless sharing
//! is confirmed. What the patient had taken back from the care team is saved as private always.

mod checked;
mod error;
mod limited;
mod reader;
mod restore;

pub use crate::export::Odd;
pub use checked::Checked;
pub use error::ArchiveError;
pub use restore::{Options, Restore, Restored};

/// The longest event that is read, in bytes of JSON: four times what an entry can take with
/// every character escaped.
pub const EVENT_BYTES: u64 = 2 * 1024 * 1024;
/// The most events that are read from one file.
pub const FILE_EVENTS: u64 = 10_000_000;
