//! What people write, and how the reference takes it down.

use clinic_api::space::SpaceKind;
use companion_core::care::{ReviewState, ReviewedVersion};
use companion_core::event::{EntryId, Moment};
use companion_core::journal::{Mood, Valence};

use crate::exceptions;
use crate::model::{Place, What};
use crate::settled::{CONSOLE, START};
use crate::steps::Act;
use crate::world::{Checked, Violation, World, hold};

/// What an entry that can't be changed any more says.
const NOT_FOUND: &str = "there is no such entry";

impl World<'_> {
    /// Entries that a device has, as the reference counts them.
    pub fn entries_of(&self, who: usize, patient: usize) -> Vec<usize> {
        let has = &self.devices[who].mind.has;
        (0..self.model.entries.len())
            .filter(|e| self.model.entries[*e].patient == patient)
            .filter(|e| !self.model.versions(*e, None, has).is_empty())
            .collect()
    }

    /// What a patient does; says whether anything was written.
    pub fn write(&mut self, who: usize, act: Act, b: u8, c: u8) -> Result<bool, Violation> {
        let wrote = self.try_write(who, act, b, c)?;
        match wrote {
            Ok(did) => Ok(did),
            // The entry was erased in one of its two spaces, where this would have to stand.
            Err(error) if self.rightly_refused(who, c, &error) => {
                let times = self.model.excused.entry(exceptions::ERASED_IN_ONE_SPACE);
                *times.or_default() += 1;
                Ok(false)
            }
            Err(error) => Err(Violation(format!("{act:?} failed: {error}"))),
        }
    }

    /// Whether a device rightly refused to change an entry.
    pub fn rightly_refused(&self, who: usize, c: u8, error: &str) -> bool {
        self.half_erased(who, c) && error == NOT_FOUND
    }

    /// Whether a device knows of an erasure of the entry that was meant.
    fn half_erased(&self, who: usize, c: u8) -> bool {
        let patient = self.devices[who].patient.unwrap_or_default();
        let entries = self.entries_of(who, patient);
        let entry = entries.get(usize::from(c) % entries.len().max(1));
        let has = &self.devices[who].mind.has;
        entry.is_some_and(|e| self.model.erased(*e, has).next().is_some())
    }

    /// The inner error is the device's own: nothing may have been written then.
    pub fn try_write(
        &mut self,
        who: usize,
        act: Act,
        b: u8,
        c: u8,
    ) -> Result<Result<bool, String>, Violation> {
        let patient = self.devices[who].patient.expect("a patient's device");
        let entries = self.entries_of(who, patient);
        // Few entries with many versions come to more than many with few.
        let act = match act {
            Act::Write if entries.len() >= 12 => Act::Edit,
            other => other,
        };
        let before = self.last_event(who);
        let journal = self.devices[who].companion().journal();
        let share = b % 2 == 1;
        if act == Act::Write {
            let token = self.next_token();
            match journal.record(&noted(token), Some(share)) {
                Err(error) => return Ok(Err(error.to_string())),
                Ok(id) => {
                    let entry = self.model.entry(patient, id.0);
                    self.note_own(who, before, entry, Some(token))?;
                    let place = if share { Place::Care } else { Place::Private };
                    self.stands_in(who, place)?;
                    return Ok(Ok(true));
                }
            }
        }
        if entries.is_empty() {
            return Ok(Ok(false));
        }
        let entry = entries[usize::from(c) % entries.len()];
        let id = EntryId(self.model.entries[entry].id);
        let shown = journal.entry(id);
        let Ok(Some(shown)) = shown else {
            return Err(Violation("an entry that is there is not found".into()));
        };
        let token_shown = self.token_of(shown.version.0)?;
        let (done, token) = match act {
            Act::Edit => {
                let token = self.next_token();
                (journal.edit(id, &noted(token)), Some(token))
            }
            Act::Share => (journal.share(id), Some(token_shown)),
            Act::Unshare => (journal.unshare(id), Some(token_shown)),
            Act::Erase => (journal.erase(id), None),
            _ => return Ok(Ok(false)),
        };
        if let Err(error) = done {
            return Ok(Err(error.to_string()));
        }
        let wrote = self.note_own(who, before, entry, token)?;
        if act == Act::Edit {
            let place = if shown.shared {
                Place::Care
            } else {
                Place::Private
            };
            self.stands_in(who, place)?;
        }
        Ok(Ok(wrote))
    }

    /// Whether the version that was written last stands where the person wanted it.
    pub fn stands_in(&self, who: usize, place: Place) -> Checked {
        let last = self.devices[who].mind.own.last();
        let is = last.is_some_and(
            |op| matches!(self.model.ops[*op].what, What::Version(p, _) if p == place),
        );
        hold!(is, "what was written stands in another space");
        Ok(())
    }

    pub fn token_of(&self, version: [u8; 16]) -> Result<u32, Violation> {
        match self
            .model
            .by_event
            .get(&version)
            .map(|op| self.model.ops[*op].what)
        {
            Some(What::Version(_, token)) => Ok(token),
            _ => Err(Violation("a version that nobody wrote is shown".into())),
        }
    }

    pub fn next_token(&mut self) -> u32 {
        self.token += 1;
        self.token
    }

    pub fn by_the_clinic(&mut self, act: Act, b: u8, c: u8) -> Result<bool, Violation> {
        let patient = usize::from(b) % 2;
        let chain = self.settled.chains[patient];
        let care = self.devices[CONSOLE].companion().care();
        let Ok(entries) = care.entries(chain, i64::MIN, i64::MAX, 1_000) else {
            return Err(Violation("the console can't read".into()));
        };
        if entries.is_empty() {
            return Ok(false);
        }
        let shown = &entries[usize::from(c) % entries.len()];
        let Some(entry) = self.model.by_entry.get(&shown.id.0).copied() else {
            return Err(Violation("an entry that nobody wrote is shown".into()));
        };
        let Some(version) = self.model.by_event.get(&shown.version.0).copied() else {
            return Err(Violation("a version that nobody wrote is shown".into()));
        };
        let before = self.last_event(CONSOLE);
        let done = if act == Act::Read {
            care.note_reading(chain, &[shown.id])
        } else {
            let seen = ReviewedVersion {
                entry: shown.id,
                version: shown.version,
            };
            care.review(chain, &[seen], ReviewState::Reviewed)
        };
        hold!(done.is_ok(), "{act:?} failed");
        let wrote = self.note_own(CONSOLE, before, entry, None)?;
        if wrote && act == Act::Review {
            let last = self.model.ops.len() - 1;
            self.model.ops[last].what = What::Reviewed(version);
        }
        Ok(wrote)
    }

    /// The end of a device's event log.
    pub fn last_event(&self, who: usize) -> i64 {
        self.devices[who].with(|v| {
            let mut query = v
                .reader()
                .prepare_cached("SELECT coalesce(max(seq), 0) FROM event")
                .unwrap();
            query.query_row([], |row| row.get(0)).unwrap()
        })
    }

    /// Takes down what a device wrote since: it was acknowledged.
    pub fn note_own(
        &mut self,
        who: usize,
        since: i64,
        entry: usize,
        token: Option<u32>,
    ) -> Result<bool, Violation> {
        type Row = ([u8; 16], [u8; 32], u32, i64, u32);
        let rows: Vec<Row> = self.devices[who].with(|v| {
            let sql = "SELECT event, space, kind, hlc_ms, hlc_counter FROM event
                       WHERE seq > ?1 ORDER BY seq";
            let mut query = v.reader().prepare_cached(sql).unwrap();
            let rows = query.query_map([since], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            });
            rows.unwrap().map(Result::unwrap).collect()
        });
        let patient = self.model.entries[entry].patient;
        let has = self.devices[who].mind.has.clone();
        for (event, space, kind, ms, counter) in &rows {
            let place = [
                (SpaceKind::Private, Place::Private),
                (SpaceKind::Care, Place::Care),
            ]
            .into_iter()
            .find(|(k, _)| self.settled.space(patient, *k).0 == *space);
            let Some((_, place)) = place else {
                return Err(Violation(
                    "something was written into a space of another".into(),
                ));
            };
            let what = match (kind, token) {
                (100, Some(token)) => What::Version(place, token),
                (101, _) => What::Unshared,
                (102, _) => What::Erased(place),
                _ => What::Other,
            };
            let op = self.model.write(*event, entry, what, (*ms, *counter), &has);
            let mind = &mut self.devices[who].mind;
            mind.has.add(op);
            mind.own.push(op);
        }
        Ok(!rows.is_empty())
    }
}

/// A mood whose note says which writing it is.
pub fn noted(token: u32) -> Mood {
    let felt = Moment {
        ms: START + i64::from(token),
        offset: 0,
        zone: "UTC".to_owned(),
    };
    let mut mood = Mood::new(Valence::new(0.25).unwrap(), felt);
    mood.note = Some(format!("n{token}"));
    mood
}

/// The number in a note.
pub fn token_in(mood: &Mood) -> Option<u32> {
    mood.note.as_deref()?.strip_prefix('n')?.parse().ok()
}
