//! Saving what a file holds.

use std::io::Read;
use std::ops::ControlFlow;

use clinic_api::space::SpaceKind;
use clinic_api::wire;

use super::checked::{Checked, What, what};
use super::{ArchiveError, reader};
use crate::companion::SharedVault;
use crate::event::{EntryId, Envelope, Kind};
use crate::export::{Progress, own_spaces};
use crate::journal::{EntryErased, Journal, JournalError, MoodRecorded};
use crate::vault::{Put, Restoring, SpaceEntry, VaultError};

/// So many events are saved in one transaction: what was saved stays if the rest is cut short.
const CHUNK: usize = 200;

/// How to read a file back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Whether the patient confirmed that what was shared is shared again.
    pub share: bool,
    /// Only say what would come of it.
    pub dry_run: bool,
}

/// What came of it, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Events that were added.
    pub added: u64,
    /// Those of them that are versions of entries and shared with the care team now.
    pub shared: u64,
    /// Those of them that are versions of entries, were shared in the file and are private here.
    pub made_private: u64,
    /// Events that were here.
    pub already: u64,
    /// Events of which one was here under the same name with other content, which stays.
    pub differing: u64,
    /// Events about entries that were erased, here or in the file: they don't come back.
    pub gone: u64,
    /// Entries that were here and that the file says were erased: they are erased here, too.
    pub erased: u64,
    /// Events that say of something private that it is no longer shared: nothing to do.
    pub moot: u64,
    /// Whether it was told to stop; importing again goes on from there.
    pub stopped: bool,
}

/// Reads exports back. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Restore {
    vault: SharedVault,
}

/// A file's events on their way in.
struct Work<'a> {
    vault: &'a SharedVault,
    journal: Journal,
    checked: &'a Checked,
    options: Options,
    private: SpaceEntry,
    care: Option<SpaceEntry>,
    chunk: Vec<Going>,
    came: Restored,
}

/// An event, and where it goes.
struct Going {
    envelope: Envelope,
    to: SpaceEntry,
    was_shared: bool,
    kind: Kind,
}

impl Restore {
    pub(crate) fn new(vault: SharedVault) -> Self {
        Self { vault }
    }

    /// Saves the patient's events of a file that was checked, 200 at a time; `watch` is asked
    /// after each time whether to go on.
    ///
    /// Importing the same file again adds nothing, and goes on where it was cut short.
    ///
    /// # Errors
    /// [`ArchiveError::NoClinic`] where it is to share and there is nobody to share with;
    /// else as [`Checked::read`] (the file changed meanwhile) and [`VaultError`]: what was
    /// saved before stays.
    pub fn run(
        &self,
        from: impl Read,
        checked: &Checked,
        options: Options,
        watch: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Restored, ArchiveError> {
        let spaces = own_spaces(&self.vault.lock())?;
        let of = |kind| spaces.iter().copied().find(|s| s.kind == kind);
        let care = of(SpaceKind::Care);
        if options.share && care.is_none() {
            return Err(ArchiveError::NoClinic);
        }
        let mut work = Work {
            vault: &self.vault,
            journal: Journal::new(self.vault.clone()),
            checked,
            options,
            private: of(SpaceKind::Private).ok_or(VaultError::NotSetUp)?,
            care,
            chunk: Vec::with_capacity(CHUNK),
            came: Restored::default(),
        };
        reader::read(from, &mut |number, event| {
            if let What::Own(envelope, kind, space) = what(number, &event)? {
                work.take(envelope, kind, space)?;
            }
            if work.chunk.len() < CHUNK {
                return Ok(ControlFlow::Continue(()));
            }
            work.save()?;
            let of = checked.events;
            if watch(Progress { done: number, of }) {
                Ok(ControlFlow::Continue(()))
            } else {
                work.came.stopped = true;
                Ok(ControlFlow::Break(()))
            }
        })?;
        work.save()?;
        Ok(work.came)
    }
}

impl Work<'_> {
    /// Finds out where an event goes.
    fn take(
        &mut self,
        mut envelope: Envelope,
        kind: Kind,
        space: SpaceKind,
    ) -> Result<(), ArchiveError> {
        let version_of = envelope.body::<MoodRecorded>().ok().map(|b| b.entry);
        if let Some(entry) = version_of
            && (self.checked.is_erased(entry)
                || self.journal.is_erased(entry).map_err(vault_error)?)
        {
            add(&mut self.came.gone);
            return Ok(());
        }
        if let Ok(body) = envelope.body::<EntryErased>() {
            self.erase(body.entry)?;
            // The frames that it names are another vault's.
            let frames = Vec::new();
            envelope.body = wire::encode(&EntryErased { frames, ..body }).into();
        }
        let was_shared = space == SpaceKind::Care;
        let to = match self.care.filter(|_| was_shared) {
            None => self.private,
            Some(care) => {
                // What is shared here stays so, whether or not this import may share.
                if let Some(put) = self.vault.lock().holds(&care, &envelope)? {
                    self.count(put, care, was_shared, kind);
                    return Ok(());
                }
                let taken_back =
                    version_of.is_some_and(|entry| self.checked.is_taken_back(entry, &envelope));
                if self.options.share && !taken_back {
                    care
                } else {
                    self.private
                }
            }
        };
        if kind == Kind::EntryUnshared && to == self.private {
            add(&mut self.came.moot);
            return Ok(());
        }
        self.chunk.push(Going {
            envelope,
            to,
            was_shared,
            kind,
        });
        Ok(())
    }

    /// Erases an entry wherever it is here: the patient had done so.
    fn erase(&mut self, entry: EntryId) -> Result<(), ArchiveError> {
        if self.journal.entry(entry).map_err(vault_error)?.is_none() {
            return Ok(());
        }
        if !self.options.dry_run {
            self.journal.erase(entry).map_err(vault_error)?;
        }
        add(&mut self.came.erased);
        Ok(())
    }

    fn save(&mut self) -> Result<(), ArchiveError> {
        let how = if self.options.dry_run {
            Restoring::Try
        } else {
            Restoring::Keep
        };
        let chunk = std::mem::take(&mut self.chunk);
        let where_to: Vec<_> = chunk.iter().map(|g| (g.to, g.was_shared, g.kind)).collect();
        let events: Vec<_> = chunk.into_iter().map(|g| (g.to, g.envelope)).collect();
        let came = self.vault.lock().restore(&events, how)?;
        for (put, (to, was_shared, kind)) in came.into_iter().zip(where_to) {
            self.count(put, to, was_shared, kind);
        }
        Ok(())
    }

    fn count(&mut self, put: Put, to: SpaceEntry, was_shared: bool, kind: Kind) {
        match put {
            Put::Here => add(&mut self.came.already),
            // It names other frames.
            Put::Differs if kind == Kind::EntryErased => add(&mut self.came.already),
            Put::Gone => add(&mut self.came.gone),
            Put::Differs => add(&mut self.came.differing),
            Put::Added => {
                add(&mut self.came.added);
                if kind != Kind::MoodRecorded {
                    return;
                }
                if to.kind == SpaceKind::Care {
                    add(&mut self.came.shared);
                } else if was_shared {
                    add(&mut self.came.made_private);
                }
            }
        }
    }
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}

fn vault_error(error: JournalError) -> ArchiveError {
    if let JournalError::Vault(error) = error {
        error.into()
    } else {
        // Nothing else can be wrong with an entry that is there.
        VaultError::Internal.into()
    }
}
