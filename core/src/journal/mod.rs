//! Mood entries: recording, reading, editing, and sharing with the care team.

mod body;
mod error;
mod mood;
pub(crate) mod view;
mod vocabulary;

pub use body::{EntryErased, EntryUnshared, MoodRecorded};
pub use error::JournalError;
pub use mood::{Mood, NOTE_CHARACTERS, Sleep, Valence, WORD_CHARACTERS, WORDS};
pub use view::{Cursor, Entry, JournalView, Page, Version};
pub use vocabulary::{ASSOCIATIONS, FEELINGS, is_association, is_feeling};

use std::collections::HashSet;

use clinic_api::crypto;
use clinic_api::space::SpaceKind;
use jiff::civil::Date;

use crate::companion::SharedVault;
use crate::event::{EntryId, Moment};
use crate::import::daylio::ImportedEntry;
use crate::space::authority::Author;
use crate::vault::{Draft, SpaceEntry, Vault, VaultError};

const SHARE_BY_DEFAULT: &str = "journal.share_by_default";
/// So many imported entries are saved in one transaction: what was saved stays if the rest is cut short.
const IMPORT_CHUNK: usize = 200;

/// The journal of a patient, on one of their devices. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    vault: SharedVault,
}

/// What an import came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Entries that were added.
    pub added: u64,
    /// Entries that were there from an earlier import, or erased since.
    pub already: u64,
}

impl Journal {
    pub(crate) fn new(vault: SharedVault) -> Self {
        Self { vault }
    }

    /// Saves a new entry; when this returns, it is on the disk.
    ///
    /// `share` says whether the care team may read it; none takes the default
    /// (see [`Journal::share_by_default`]).
    ///
    /// # Errors
    /// [`JournalError`]: nothing was saved; correct the input or free some room.
    pub fn record(&self, mood: &Mood, share: Option<bool>) -> Result<EntryId, JournalError> {
        mood.check()?;
        let mut vault = self.vault.lock();
        let share = match share {
            Some(share) => share,
            None => share_by_default(&vault)?,
        };
        let entry = EntryId(vault.env().random());
        let space = space(&vault, share)?;
        let body = MoodRecorded {
            entry,
            replaces: Vec::new(),
            mood: mood.clone(),
        };
        vault.append(Author::Patient, vec![vec![Draft::new(space, &body)]])?;
        Ok(entry)
    }

    /// Saves a new version of an entry; earlier ones are kept and can be read.
    ///
    /// # Errors
    /// [`JournalError::NotFound`] where there is no such entry; else as [`Journal::record`].
    pub fn edit(&self, entry: EntryId, mood: &Mood) -> Result<(), JournalError> {
        mood.check()?;
        let mut vault = self.vault.lock();
        let now = standing(&vault, entry)?;
        let space = space(&vault, now.shared)?;
        let replaces = view::versions_in(&vault, space.space, entry)?;
        let body = MoodRecorded {
            entry,
            replaces,
            mood: mood.clone(),
        };
        vault.append(Author::Patient, vec![vec![Draft::new(space, &body)]])?;
        Ok(())
    }

    /// Lets the care team read an entry from now on: its current version is copied to them.
    ///
    /// # Errors
    /// [`JournalError::NotFound`]; [`JournalError::NoClinic`] before a clinic was joined.
    pub fn share(&self, entry: EntryId) -> Result<(), JournalError> {
        let mut vault = self.vault.lock();
        let now = standing(&vault, entry)?;
        if now.shared {
            return Ok(());
        }
        let care = space(&vault, true)?;
        let replaces = view::versions_in(&vault, care.space, entry)?;
        let body = MoodRecorded {
            entry,
            replaces,
            mood: now.mood,
        };
        vault.append(Author::Patient, vec![vec![Draft::new(care, &body)]])?;
        Ok(())
    }

    /// Takes an entry back from the care team: it is no longer shown to them.
    ///
    /// What was read stays read, and what the clinic took into its record stays there.
    ///
    /// # Errors
    /// [`JournalError::NotFound`].
    pub fn unshare(&self, entry: EntryId) -> Result<(), JournalError> {
        let mut vault = self.vault.lock();
        let now = standing(&vault, entry)?;
        if !now.shared {
            return Ok(());
        }
        let (private, care) = (space(&vault, false)?, space(&vault, true)?);
        let replaces = view::versions_in(&vault, private.space, entry)?;
        let copy = MoodRecorded {
            entry,
            replaces,
            mood: now.mood,
        };
        let versions = view::versions_in(&vault, care.space, entry)?;
        let drafts = vec![
            Draft::new(care, &EntryUnshared { entry, versions }),
            Draft::new(private, &copy),
        ];
        vault.append(Author::Patient, vec![drafts])?;
        Ok(())
    }

    /// Whether new entries are shared with the care team unless said otherwise.
    ///
    /// Without a clinic nothing is; with one, the default is no until the person says yes.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn share_by_default(&self) -> Result<bool, JournalError> {
        Ok(share_by_default(&self.vault.lock())?)
    }

    /// Sets whether new entries are shared unless said otherwise.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn set_share_by_default(&self, share: bool) -> Result<(), JournalError> {
        let mut vault = self.vault.lock();
        Ok(vault.set_setting(SHARE_BY_DEFAULT, &[u8::from(share)])?)
    }

    /// Erases an entry with all its versions, wherever it is. It can't be brought back.
    ///
    /// When this returns, it is gone from this device: rows, search index and journal files. At
    /// the next sync the other members' devices are told to forget it and the clinic API to erase
    /// its frames. It does not reach what people remember, printed or took into the clinic's
    /// record, nor a server's backups before they expire.
    ///
    /// # Errors
    /// [`JournalError::NotFound`] where there is no such entry, or it was erased before.
    pub fn erase(&self, entry: EntryId) -> Result<(), JournalError> {
        let mut vault = self.vault.lock();
        let mut drafts = Vec::new();
        for space in both(&vault)? {
            let events = view::events_of(&vault, space.space, entry)?;
            if events.is_empty() {
                continue;
            }
            let frames = vault.frames_of(space.space, &events)?;
            drafts.push(Draft::new(space, &EntryErased { entry, frames }));
        }
        if drafts.is_empty() {
            return Err(JournalError::NotFound);
        }
        vault.append(Author::Patient, vec![drafts])?;
        Ok(())
    }

    /// Entries felt in `from_ms..to_ms` (milliseconds since 1970), newest first, at most `most`.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn list(&self, from_ms: i64, to_ms: i64, most: u32) -> Result<Vec<Entry>, JournalError> {
        Ok(self.page(from_ms, to_ms, None, most)?.entries)
    }

    /// As [`Journal::list`], a page at a time: `after` is where the page before ended.
    ///
    /// Takes equally long however many entries there are. What is written meanwhile neither
    /// repeats an entry nor leaves one out that was there all along.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn page(
        &self,
        from_ms: i64,
        to_ms: i64,
        after: Option<Cursor>,
        most: u32,
    ) -> Result<Page, JournalError> {
        let vault = self.vault.lock();
        let both = both(&vault)?;
        let page = view::page(&vault, &both, from_ms, to_ms, after, most)?;
        Ok(as_it_stands(&vault, page)?)
    }

    /// Entries in which every one of these words occurs, newest first, a page at a time.
    ///
    /// Looks at the present version: feelings, words, circumstances and the note. A word is
    /// found by its beginning, whatever its case and accents; no word, no entries. Nothing of
    /// the search is kept.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn search(
        &self,
        words: &str,
        after: Option<Cursor>,
        most: u32,
    ) -> Result<Page, JournalError> {
        let vault = self.vault.lock();
        let both = both(&vault)?;
        let page = view::search_page(&vault, &both, words, after, most)?;
        Ok(as_it_stands(&vault, page)?)
    }

    /// The entries of a day, as the clocks where they were felt showed it; newest first.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn day(&self, day: Date) -> Result<Vec<Entry>, JournalError> {
        let vault = self.vault.lock();
        let entries = view::day(&vault, &both(&vault)?, day)?;
        let page = Page {
            entries,
            next: None,
        };
        Ok(as_it_stands(&vault, page)?.entries)
    }

    /// An entry, in its current version.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn entry(&self, entry: EntryId) -> Result<Option<Entry>, JournalError> {
        let vault = self.vault.lock();
        let found = view::entry(&vault, &both(&vault)?, entry)?;
        let gone = care_is_gone(&vault)?;
        Ok(found.map(|entry| Entry {
            shared: entry.shared && !gone,
            ..entry
        }))
    }

    /// Every version of an entry, newest first.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn versions(&self, entry: EntryId) -> Result<Vec<Version>, JournalError> {
        let vault = self.vault.lock();
        Ok(view::versions(&vault, &both(&vault)?, entry)?)
    }

    /// Whether there was such an entry and it was erased.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn is_erased(&self, entry: EntryId) -> Result<bool, JournalError> {
        let vault = self.vault.lock();
        Ok(view::is_erased(&vault, &both(&vault)?, entry)?)
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn count(&self) -> Result<u64, JournalError> {
        let vault = self.vault.lock();
        Ok(view::count(&vault, &both(&vault)?)?)
    }

    /// What [`Journal::import`] would come to; nothing is saved.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn try_import(&self, entries: &[ImportedEntry]) -> Result<Imported, JournalError> {
        let vault = self.vault.lock();
        let both = both(&vault)?;
        let mut result = Imported::default();
        let mut of_file = HashSet::new();
        for imported in entries {
            let entry = imported_id(&imported.source_id);
            let before = view::ever_there(&vault, &both, entry)?;
            if !of_file.insert(entry) || before {
                result.already += 1;
            } else {
                result.added += 1;
            }
        }
        Ok(result)
    }

    /// Saves entries of another app; those that were imported before are left alone.
    ///
    /// # Errors
    /// [`JournalError`]: what was saved so far stays, and importing again goes on from there.
    pub fn import(&self, entries: &[ImportedEntry], share: bool) -> Result<Imported, JournalError> {
        let mut result = Imported::default();
        for chunk in entries.chunks(IMPORT_CHUNK) {
            let mut vault = self.vault.lock();
            let both = both(&vault)?;
            let space = space(&vault, share)?;
            let mut groups = Vec::new();
            let mut of_chunk = HashSet::new();
            for imported in chunk {
                let entry = imported_id(&imported.source_id);
                let before = view::ever_there(&vault, &both, entry)?;
                if !of_chunk.insert(entry) || before {
                    result.already += 1;
                    continue;
                }
                let mood = from_import(imported);
                mood.check()?;
                let body = MoodRecorded {
                    entry,
                    replaces: Vec::new(),
                    mood,
                };
                groups.push(vec![Draft::new(space, &body)]);
            }
            result.added += groups.len() as u64;
            vault.append(Author::Patient, groups)?;
        }
        Ok(result)
    }
}

/// States what follows from an erasure, by devices that had not heard of it: versions that came
/// in after it, and a copy that was made in the other space meanwhile.
pub(crate) fn erase_late(vault: &mut Vault, space: &SpaceEntry) -> Result<(), VaultError> {
    let mut erasures = vault.late_frames(space.space)?;
    for other in both(vault)? {
        for entry in view::erased_in(vault, other.space, space.space)? {
            let events = view::events_of(vault, space.space, entry)?;
            erasures.push((entry, vault.frames_of(space.space, &events)?));
        }
    }
    let drafts: Vec<_> = erasures
        .into_iter()
        .map(|(entry, frames)| vec![Draft::new(*space, &EntryErased { entry, frames })])
        .collect();
    if !drafts.is_empty() {
        vault.append(Author::Patient, drafts)?;
    }
    Ok(())
}

fn imported_id(source: &[u8; 16]) -> EntryId {
    let full = crypto::hash("imported entry", &[source]);
    let mut id = [0; 16];
    id.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    EntryId(id)
}

fn from_import(imported: &ImportedEntry) -> Mood {
    let felt = Moment {
        ms: imported.felt_at.as_millisecond(),
        offset: imported.offset_seconds,
        zone: imported.zone.clone(),
    };
    Mood {
        words: vec![imported.mood_name.clone()],
        circumstances: imported.activities.clone(),
        note: imported.note.clone(),
        ..Mood::new(Valence::clamped(imported.valence), felt)
    }
}

/// An entry that can be changed. One that was erased in either space can't be: what stands of it
/// in the other goes at the next sync.
fn standing(vault: &Vault, entry: EntryId) -> Result<Entry, JournalError> {
    let both = both(vault)?;
    let found = view::entry(vault, &both, entry)?;
    match found {
        Some(found) if !view::is_erased(vault, &both, entry)? => Ok(Entry {
            shared: found.shared && !care_is_gone(vault)?,
            ..found
        }),
        Some(_) | None => Err(JournalError::NotFound),
    }
}

fn share_by_default(vault: &Vault) -> Result<bool, VaultError> {
    let clinic = both(vault)?.iter().any(|s| s.kind == SpaceKind::Care);
    Ok(clinic
        && !care_is_gone(vault)?
        && vault.setting(SHARE_BY_DEFAULT)?.is_some_and(|v| v == [1]))
}

fn both(vault: &Vault) -> Result<Vec<SpaceEntry>, VaultError> {
    let all = vault.spaces()?;
    Ok(all
        .into_iter()
        .filter(|s| matches!(s.kind, SpaceKind::Private | SpaceKind::Care))
        .collect())
}

/// Whether there is nobody any more with whom this journal was shared: its person left.
fn care_is_gone(vault: &Vault) -> Result<bool, VaultError> {
    let care = both(vault)?.into_iter().find(|s| s.kind == SpaceKind::Care);
    care.map_or(Ok(false), |care| vault.is_departed(care.space.into()))
}

/// What was shared with a clinic that the person left is theirs alone.
fn as_it_stands(vault: &Vault, mut page: Page) -> Result<Page, VaultError> {
    if care_is_gone(vault)? {
        for entry in &mut page.entries {
            entry.shared = false;
        }
    }
    Ok(page)
}

fn space(vault: &Vault, shared: bool) -> Result<SpaceEntry, JournalError> {
    if shared && care_is_gone(vault)? {
        return Err(JournalError::NoClinic);
    }
    let kind = if shared {
        SpaceKind::Care
    } else {
        SpaceKind::Private
    };
    let missing = if shared {
        JournalError::NoClinic
    } else {
        VaultError::NotSetUp.into()
    };
    both(vault)?
        .into_iter()
        .find(|s| s.kind == kind)
        .ok_or(missing)
}
