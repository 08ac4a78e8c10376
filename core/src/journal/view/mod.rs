//! The journal's tables: entries by space, with all their versions.
//!
//! The current version of an entry is, among those that no other replaces, the
//! greatest by hybrid clock, then log, then name: the same wherever and in
//! whatever order the events arrived.

mod apply;
mod read;
mod search;

pub(crate) use read::{count, shared_entry, shared_in, versions};
pub(super) use read::{
    day, entry, erased_in, events_of, ever_there, is_erased, page, search_page, versions_in,
};

use clinic_api::id::{DeviceId, SpaceId};
use rusqlite::Transaction;

use apply::Known;

use super::body::{EntryErased, EntryUnshared, MoodRecorded};
use super::mood::Mood;
use crate::event::{EntryId, EventId, Kind};
use crate::vault::{Applied, Erasure, Outcome, VaultError, View};

/// An entry in its current version.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// The space that this version is in.
    pub space: SpaceId,
    /// The version.
    pub version: EventId,
    /// What was recorded.
    pub mood: Mood,
    /// When this version was written, in milliseconds since 1970.
    pub written_ms: i64,
    /// Whether there are earlier versions.
    pub edited: bool,
    /// Whether the care team may read it.
    pub shared: bool,
}

/// One version of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its name.
    pub id: EventId,
    /// The device that wrote it.
    pub device: DeviceId,
    /// When it was written, in milliseconds since 1970.
    pub written_ms: i64,
    /// What was recorded.
    pub mood: Mood,
}

impl Entry {
    /// Whether it was written on another day than it was felt, where it was felt.
    pub fn backdated(&self) -> bool {
        let felt = self.mood.felt.local().date();
        let mut written = self.mood.felt.clone();
        written.ms = self.written_ms;
        felt < written.local().date()
    }
}

/// A place in a list of entries, newest first: after this one the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When the last entry of the page was felt, in milliseconds since 1970.
    pub felt_ms: i64,
    /// The last entry of the page.
    pub entry: EntryId,
}

/// Some entries of a longer list, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where the next page begins; none where this is the last.
    pub next: Option<Cursor>,
}

/// The journal's part of the vault's views.
#[derive(Debug)]
pub struct JournalView;

impl View for JournalView {
    fn name(&self) -> &'static str {
        "journal"
    }

    fn version(&self) -> u32 {
        4
    }

    fn create(&self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        // Each page that a saved entry changes is encrypted and written anew, so what can be done
        // without is: the version of an entry that has but one, and of which nothing else is
        // known, is in view_entry alone. What was recorded stands in the log of events alone, and in the search table as words.
        tx.execute_batch(
            "CREATE TABLE view_entry_version (
                 space BLOB NOT NULL, entry BLOB NOT NULL, event BLOB NOT NULL, log BLOB NOT NULL,
                 hlc_ms INTEGER NOT NULL, hlc_counter INTEGER NOT NULL,
                 written_ms INTEGER NOT NULL,
                 PRIMARY KEY (entry, space, event, log)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_entry_replaced (
                 space BLOB NOT NULL, entry BLOB NOT NULL, event BLOB NOT NULL,
                 PRIMARY KEY (entry, space, event)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_entry_unshared (
                 space BLOB NOT NULL, entry BLOB NOT NULL,
                 hlc_ms INTEGER NOT NULL, hlc_counter INTEGER NOT NULL, log BLOB NOT NULL,
                 PRIMARY KEY (entry, space)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_entry_taken_back (
                 space BLOB NOT NULL, entry BLOB NOT NULL, event BLOB NOT NULL,
                 PRIMARY KEY (entry, space, event)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_entry_erased (
                 space BLOB NOT NULL, entry BLOB NOT NULL,
                 PRIMARY KEY (space, entry)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_entry (
                 id INTEGER PRIMARY KEY,
                 space BLOB NOT NULL, entry BLOB NOT NULL, event BLOB NOT NULL,
                 hlc_ms INTEGER NOT NULL, hlc_counter INTEGER NOT NULL, log BLOB NOT NULL,
                 written_ms INTEGER NOT NULL, felt_ms INTEGER NOT NULL, day TEXT NOT NULL,
                 versions INTEGER NOT NULL, unshared INTEGER NOT NULL,
                 UNIQUE (entry, space)
             ) STRICT;
             CREATE INDEX view_entry_felt ON view_entry (space, felt_ms, entry);",
        )?;
        search::create(tx)
    }

    fn forget(&self, tx: &Transaction<'_>, space: SpaceId) -> Result<(), VaultError> {
        search::forget(tx, space)
    }

    fn apply(&self, tx: &Transaction<'_>, event: &Applied<'_>) -> Result<Outcome, VaultError> {
        match event.kind {
            Kind::MoodRecorded => {
                let Ok(body) = event.envelope.body::<MoodRecorded>() else {
                    return Ok(Outcome::Malformed);
                };
                if body.mood.check().is_err() {
                    return Ok(Outcome::Malformed);
                }
                match apply::known(tx, event.space, body.entry)? {
                    Known::Erased => return Ok(Outcome::Gone(body.entry)),
                    Known::Never => {
                        apply::insert_replaced(tx, event, &body)?;
                        apply::put_first(tx, event, &body)?;
                    }
                    Known::Something => {
                        apply::spell_out(tx, event.space, body.entry)?;
                        apply::insert_version(tx, event, body.entry)?;
                        apply::insert_replaced(tx, event, &body)?;
                        apply::recompute(tx, event, body.entry, Some(&body))?;
                    }
                }
            }
            Kind::EntryUnshared => {
                let Ok(body) = event.envelope.body::<EntryUnshared>() else {
                    return Ok(Outcome::Malformed);
                };
                if apply::known(tx, event.space, body.entry)? == Known::Erased {
                    return Ok(Outcome::Done);
                }
                apply::spell_out(tx, event.space, body.entry)?;
                apply::unshare(tx, event, &body)?;
                apply::recompute(tx, event, body.entry, None)?;
            }
            Kind::EntryErased => {
                let Ok(body) = event.envelope.body::<EntryErased>() else {
                    return Ok(Outcome::Malformed);
                };
                let events = apply::erase(tx, event.space, &body)?;
                return Ok(Outcome::Erases(Erasure {
                    entry: body.entry,
                    events,
                    frames: body.frames,
                }));
            }
            Kind::EntryReviewed
            | Kind::EntriesRead
            | Kind::PatientWelcomed
            | Kind::PatientAdmitted
            | Kind::DeviceNamed
            | Kind::KitChecked => {}
        }
        Ok(Outcome::Done)
    }
}
