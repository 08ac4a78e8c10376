//! A patient as the clinician may see them: what they shared, and who read it.
//!
//! None of these types has a `Debug`: they hold names and what patients wrote.

use jiff::{Timestamp, civil::Date};

use crate::words::Moment;

/// A line of the list of patients.
#[derive(Clone)]
pub struct PatientRow {
    /// Opaque.
    pub id: String,
    /// The person's name.
    pub name: String,
    /// The day of birth.
    pub birth_date: Date,
    /// When the latest shared entry was felt.
    pub last_entry: Option<Moment>,
    /// How many shared entries nobody has reviewed in their present version.
    pub unreviewed: u32,
    /// When any of the person's devices was last heard of. Says nothing about how they are.
    pub last_heard: Option<Timestamp>,
    /// When this workstation learned that they left; what is listed from then on is the clinic's
    /// own copy of what it had taken into its record.
    pub left: Option<Timestamp>,
    /// What the server's operator needs to erase what is kept of them without reading it.
    pub request_number: String,
}

/// A span of time: `from <= t < to`; without `from`, everything before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first instant that counts.
    pub from: Option<Timestamp>,
    /// The first instant that no longer counts.
    pub to: Timestamp,
}

/// One patient's page.
#[derive(Clone)]
pub struct PatientPage {
    /// The same line as in the list.
    pub row: PatientRow,
    /// Mood over the range, the oldest first.
    pub trend: Vec<TrendPoint>,
    /// Infusions that took place within the range, the oldest first.
    pub infusions: Vec<Moment>,
    /// Shared entries that were felt within the range, the newest first. Those
    /// that say they were felt later than its end come from a wrong clock; they
    /// belong here all the same, so that nothing is hidden.
    pub entries: Vec<EntryView>,
    /// Who can read what this person shares.
    pub readers: Vec<ReaderView>,
    /// Who read what, the newest first.
    pub trail: Vec<ReadTrace>,
}

/// One point of the mood trend.
#[derive(Clone, Copy, PartialEq)]
pub struct TrendPoint {
    /// When it was felt.
    pub felt: Moment,
    /// −1 (very unpleasant) to 1 (very pleasant).
    pub valence: f64,
}

/// An entry that was shared with the care team, in its present version.
#[derive(Clone)]
pub struct EntryView {
    /// Opaque.
    pub id: String,
    /// When it was felt.
    pub felt: Moment,
    /// −1 (very unpleasant) to 1 (very pleasant).
    pub valence: f64,
    /// 0 (none) to 10 (most), as the patient saw it.
    pub energy: Option<f64>,
    /// 0 (none) to 10 (most), as the patient saw it.
    pub anxiety: Option<f64>,
    /// Hours slept, 0 to 24.
    pub sleep_hours: Option<f64>,
    /// 0 (very unpleasant) to 10 (very pleasant), as the patient saw it.
    pub sleep_quality: Option<f64>,
    /// Feelings, in words for people.
    pub labels: Vec<String>,
    /// What they had to do with, in words for people.
    pub associations: Vec<String>,
    /// What the patient wrote; at most 20,000 characters.
    pub note: Option<String>,
    /// Whether an earlier version exists.
    pub edited: bool,
    /// Whether it was written down later than it was felt.
    pub backdated: bool,
    /// The latest review; `None` while nobody has reviewed it.
    pub review: Option<ReviewView>,
}

impl EntryView {
    /// Whether somebody has yet to review it as it stands now.
    pub fn awaits_review(&self) -> bool {
        match &self.review {
            None => true,
            Some(review) => review.outdated || review.state == ReviewState::Pending,
        }
    }
}

/// How far the clinic has come with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    /// Received, and open.
    Pending,
    /// Somebody has read it and says so.
    Reviewed,
    /// It was taken into the clinic's own record.
    Incorporated,
}

/// A review of one entry.
#[derive(Clone)]
pub struct ReviewView {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub state: ReviewState,
    /// Whether the entry was changed after this review, so that it awaits another.
    pub outdated: bool,
}

/// Somebody who can read what a patient shares.
#[derive(Clone)]
pub struct ReaderView {
    /// The person's name.
    pub who: String,
    /// The role that gives the right, in words for people.
    pub role: String,
    /// Since when.
    pub since: Timestamp,
    /// When they last read; `None` if never.
    pub last_read: Option<Timestamp>,
}

/// One occasion of reading.
#[derive(Clone)]
pub struct ReadTrace {
    /// Who read.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// What, the oldest first.
    pub entries: Vec<TracedEntry>,
}

/// An entry that somebody read.
#[derive(Clone)]
pub struct TracedEntry {
    /// The entry's id, opaque.
    pub id: String,
    /// When it was felt.
    pub felt: Moment,
}
