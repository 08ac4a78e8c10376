//! Reading a whole file before anything of it is saved.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::ops::ControlFlow;

use clinic_api::space::SpaceKind;

use super::{ArchiveError, Odd, reader};
use crate::device::{DeviceNamed, is_name};
use crate::event::{EntryId, Envelope, EventId, Hlc, Kind};
use crate::export::{EventJson, UNKNOWN, of_kind};
use crate::journal::{EntryErased, EntryUnshared, MoodRecorded};
use crate::kit::KitChecked;
use crate::space::authority::{Author, may_write};
use crate::vault::Vault;

/// What a file holds. It was read to its end, and every event in it is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Events in all.
    pub events: u64,
    /// Events of the patient that can come back.
    pub own: u64,
    /// Those of them that were shared with the care team.
    pub shared: u64,
    /// Events that others wrote, by kind: they stay in the file.
    pub of_others: BTreeMap<&'static str, u64>,
    /// Events of kinds that only a newer version knows: they stay in the file.
    pub newer: u64,
    /// Events that were kept and never understood: they stay in the file.
    pub unread: u64,
    erased: HashSet<EntryId>,
    taken_back: HashSet<EventId>,
    /// When each entry was last taken back: what was shared of it before is, too.
    unshared: HashMap<EntryId, Hlc>,
}

/// What an event of a file is, for reading it back.
pub(super) enum What {
    /// The patient's: it can come back.
    Own(Envelope, Kind, SpaceKind),
    /// Somebody else's.
    OfOthers(Option<Kind>),
    /// Of a kind that only a newer version knows.
    Newer,
    /// Kept, and never understood or never allowed.
    Unread,
}

impl Checked {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`ArchiveError`], with the number of the event: nothing of the file should be saved.
    pub fn read(from: impl Read) -> Result<Self, ArchiveError> {
        let mut checked = Self::default();
        reader::read(from, &mut |number, event| {
            let what = what(number, &event)?;
            checked.add(what);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(checked)
    }

    /// Whether the file says that an entry was erased.
    pub(super) fn is_erased(&self, entry: EntryId) -> bool {
        self.erased.contains(&entry)
    }

    /// Whether the file says that a shared version was taken back from the care team.
    pub(super) fn is_taken_back(&self, entry: EntryId, version: &Envelope) -> bool {
        let last = self.unshared.get(&entry);
        self.taken_back.contains(&version.id) || last.is_some_and(|last| version.hlc < *last)
    }

    fn add(&mut self, what: What) {
        let one_more = |count: &mut u64| *count = count.saturating_add(1);
        one_more(&mut self.events);
        match what {
            What::Newer => one_more(&mut self.newer),
            What::Unread => one_more(&mut self.unread),
            What::OfOthers(kind) => {
                let name = kind.map_or(UNKNOWN, of_kind);
                one_more(self.of_others.entry(name).or_default());
            }
            What::Own(envelope, kind, space) => {
                one_more(&mut self.own);
                if space == SpaceKind::Care && kind == Kind::MoodRecorded {
                    one_more(&mut self.shared);
                }
                if let Ok(body) = envelope.body::<EntryUnshared>() {
                    self.taken_back.extend(body.versions);
                    let last = self.unshared.entry(body.entry).or_default();
                    *last = envelope.hlc.max(*last);
                }
                if let Ok(body) = envelope.body::<EntryErased>() {
                    self.erased.insert(body.entry);
                }
            }
        }
    }
}

/// Judges an event.
///
/// # Errors
/// [`ArchiveError::Event`] for what no export of this software holds.
pub(super) fn what(number: u64, event: &EventJson) -> Result<What, ArchiveError> {
    let odd = |odd| ArchiveError::Event { event: number, odd };
    let envelope = event.envelope().map_err(odd)?;
    let Some(kind) = event.known_kind() else {
        return Ok(if event.of_patient() {
            What::Newer
        } else {
            What::OfOthers(None)
        });
    };
    if !event.of_patient() {
        return Ok(What::OfOthers(Some(kind)));
    }
    let space = event.space().kind();
    if !may_write(kind, space, Author::Patient) {
        return Ok(What::Unread);
    }
    if let Err(why) = is_whole(kind, &envelope) {
        // An export says in words only what can be: then somebody changed it.
        return if event.is_readable() {
            Err(odd(why))
        } else {
            Ok(What::Unread)
        };
    }
    Ok(What::Own(envelope, kind, space))
}

fn is_whole(kind: Kind, envelope: &Envelope) -> Result<(), Odd> {
    match kind {
        Kind::MoodRecorded => {
            let body: MoodRecorded = envelope.body().map_err(|_| Odd::Body)?;
            body.mood.check().map_err(|_| Odd::Value)?;
        }
        Kind::EntryUnshared => {
            let _: EntryUnshared = envelope.body().map_err(|_| Odd::Body)?;
        }
        Kind::EntryErased => {
            let _: EntryErased = envelope.body().map_err(|_| Odd::Body)?;
        }
        Kind::DeviceNamed => {
            let body: DeviceNamed = envelope.body().map_err(|_| Odd::Body)?;
            if !is_name(&body.name) {
                return Err(Odd::Value);
            }
        }
        Kind::KitChecked => {
            let _: KitChecked = envelope.body().map_err(|_| Odd::Body)?;
        }
        Kind::EntryReviewed | Kind::EntriesRead | Kind::PatientWelcomed | Kind::PatientAdmitted => {
            return Err(Odd::Body);
        }
    }
    if !Vault::fits_a_frame(envelope) {
        return Err(Odd::TooLong);
    }
    Ok(())
}
