//! The journal: recording, reading, editing, and sharing with the care team.

mod records;

pub(crate) use records::at;
pub use records::{Cursor, Entry, Moment, Mood, Page, Sleep, Version};

use companion_core::journal as core;

use crate::fault::guarded;
use crate::{Day, EntryId, Problem, Timestamp};

/// The patient's journal. Free to hand around between threads.
#[derive(uniffi::Object)]
pub struct Journal {
    core: core::Journal,
}

impl Journal {
    pub(crate) fn new(core: core::Journal) -> Self {
        Self { core }
    }
}

#[uniffi::export]
impl Journal {
    /// Saves a new entry; when this returns, it is on the disk.
    ///
    /// `share` says whether the care team may read it; none takes the default (see
    /// `share_by_default`).
    ///
    /// # Errors
    /// Nothing was saved. `Input`: correct it. `Storage`: see the code. `Refused`
    /// with `no-clinic`: it can't be shared before a clinic was joined.
    #[uniffi::method(default(share = None))]
    pub fn record(&self, mood: Mood, share: Option<bool>) -> Result<EntryId, Problem> {
        guarded(|| self.core.record(&mood.into_core()?, share))
    }

    /// Saves a new version of an entry; earlier ones are kept (see `versions`).
    ///
    /// # Errors
    /// As `record`; `entry-not-found` where there is no such entry.
    pub fn edit(&self, entry: EntryId, mood: Mood) -> Result<(), Problem> {
        guarded(|| self.core.edit(entry, &mood.into_core()?))
    }

    /// Lets the care team read an entry from now on: its current version, not the earlier ones.
    ///
    /// # Errors
    /// `entry-not-found`; `no-clinic` before a clinic was joined.
    pub fn share(&self, entry: EntryId) -> Result<(), Problem> {
        guarded(|| self.core.share(entry))
    }

    /// Takes an entry back from the care team: it is no longer shown to them.
    ///
    /// What was read stays read, and what the clinic took into its record stays there.
    ///
    /// # Errors
    /// `entry-not-found`.
    pub fn unshare(&self, entry: EntryId) -> Result<(), Problem> {
        guarded(|| self.core.unshare(entry))
    }

    /// Erases an entry with all its versions, wherever it is. It can't be brought back.
    ///
    /// It is gone from this device at once; from the clinic's devices and server after the next
    /// sync. It does not reach what people remember, printed or took into the clinic's record:
    /// say so before.
    ///
    /// # Errors
    /// `entry-not-found`.
    pub fn erase(&self, entry: EntryId) -> Result<(), Problem> {
        guarded(|| self.core.erase(entry))
    }

    /// Whether new entries are shared with the care team unless said otherwise: not before a clinic
    /// was joined, and no until the person says yes.
    ///
    /// # Errors
    /// `Storage`.
    pub fn share_by_default(&self) -> Result<bool, Problem> {
        guarded(|| self.core.share_by_default())
    }

    /// Sets whether new entries are shared unless said otherwise. Entries of before stay as they are.
    ///
    /// # Errors
    /// `Storage`.
    pub fn set_share_by_default(&self, share: bool) -> Result<(), Problem> {
        guarded(|| self.core.set_share_by_default(share))
    }

    /// The entries felt from `since` on and before `until`, newest first, at most `most`.
    ///
    /// # Errors
    /// `Storage`.
    pub fn entries(
        &self,
        since: Timestamp,
        until: Timestamp,
        most: u32,
    ) -> Result<Vec<Entry>, Problem> {
        guarded(|| {
            self.core
                .list(since.as_millisecond(), until.as_millisecond(), most)
                .map(|found| found.into_iter().map(Into::into).collect())
        })
    }

    /// As `entries`, a page at a time: `after` is where the page before ended.
    ///
    /// # Errors
    /// `Storage`.
    pub fn page(
        &self,
        since: Timestamp,
        until: Timestamp,
        after: Option<Cursor>,
        most: u32,
    ) -> Result<Page, Problem> {
        let (since, until) = (since.as_millisecond(), until.as_millisecond());
        guarded(|| {
            self.core
                .page(since, until, after.map(Into::into), most)
                .map(Into::into)
        })
    }

    /// The entries in which every one of these words occurs, newest first, a page at a time. A word
    /// is found by its beginning, whatever its case and accents.
    ///
    /// # Errors
    /// `Storage`.
    pub fn search(&self, words: String, after: Option<Cursor>, most: u32) -> Result<Page, Problem> {
        guarded(|| {
            self.core
                .search(&words, after.map(Into::into), most)
                .map(Into::into)
        })
    }

    /// The entries of a day, as the clocks where they were felt showed it; newest first.
    ///
    /// # Errors
    /// `Storage`.
    pub fn day(&self, day: Day) -> Result<Vec<Entry>, Problem> {
        guarded(|| {
            self.core
                .day(day)
                .map(|found| found.into_iter().map(Into::into).collect())
        })
    }

    /// An entry, in its current version; none where there is no such entry.
    ///
    /// # Errors
    /// `Storage`.
    pub fn entry(&self, entry: EntryId) -> Result<Option<Entry>, Problem> {
        guarded(|| self.core.entry(entry).map(|found| found.map(Into::into)))
    }

    /// Every version of an entry, newest first; empty where there is no such entry.
    ///
    /// # Errors
    /// `Storage`.
    pub fn versions(&self, entry: EntryId) -> Result<Vec<Version>, Problem> {
        guarded(|| {
            self.core
                .versions(entry)
                .map(|found| found.into_iter().map(Into::into).collect())
        })
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// `Storage`.
    pub fn count(&self) -> Result<u64, Problem> {
        guarded(|| self.core.count())
    }
}

/// The words for `Mood.feelings`, alphabetically: those of the FHIR PHR State-of-Mind profile.
#[uniffi::export]
pub fn feelings() -> Vec<String> {
    core::FEELINGS.map(str::to_owned).to_vec()
}

/// The words for `Mood.associations`, alphabetically: those of the FHIR PHR State-of-Mind profile.
#[uniffi::export]
pub fn associations() -> Vec<String> {
    core::ASSOCIATIONS.map(str::to_owned).to_vec()
}

/// The valence of a step on the scale that people see, 0 (very unpleasant) to 10 (very pleasant).
///
/// # Errors
/// `out-of-range`.
#[uniffi::export]
pub fn valence_of_scale(step: f64) -> Result<f64, Problem> {
    guarded(|| core::Valence::from_scale(step).map(core::Valence::value))
}

/// The step, 0 to 10, on the scale that people see.
///
/// # Errors
/// `out-of-range`, where the valence isn't from −1 to 1.
#[uniffi::export]
pub fn scale_of_valence(valence: f64) -> Result<f64, Problem> {
    guarded(|| core::Valence::new(valence).map(core::Valence::scale))
}
