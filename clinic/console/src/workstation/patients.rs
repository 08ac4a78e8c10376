//! Patients: the list, one page, and marking as reviewed.

use std::collections::BTreeMap;

use clinic_api::id::ChainId;
use clinic_api::member::Role;
use companion_core::care::{Reading, Review, ReviewState as State, ReviewedVersion};
use companion_core::companion::Companion;
use companion_core::event::{self, EntryId};
use companion_core::front::Patient;
use companion_core::journal::Entry;
use companion_core::leave::request_number;
use companion_core::problem::{Kind, Problem};
use companion_core::vault::VaultError;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::service::{
    Answer, EntryView, PatientPage, PatientRow, Range, ReadTrace, ReaderView, ReviewState,
    ReviewView, TracedEntry, TrendPoint,
};
use crate::words::Moment;

/// More than a person writes in years; a page of more would not help anybody.
const MOST: u32 = 5_000;

fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn moment(felt: &event::Moment) -> Moment {
    Moment::new(felt.timestamp(), felt.offset).unwrap_or(Moment {
        at: felt.timestamp(),
        offset: jiff::tz::Offset::UTC,
    })
}

/// An entry's name on a page says which version was seen: that one is reviewed, not a later one.
fn entry_id(entry: &Entry) -> String {
    format!("{}.{}", entry.id, entry.version)
}

fn seen_version(id: &str) -> Answer<ReviewedVersion> {
    let parse = || {
        let (entry, version) = id.split_once('.')?;
        Some(ReviewedVersion {
            entry: entry.parse().ok()?,
            version: version.parse().ok()?,
        })
    };
    parse().ok_or_else(|| {
        Problem::new(
            Kind::Input,
            "unknown-entry",
            "That entry isn't shared any more.",
        )
    })
}

pub(super) fn all(companion: &Companion) -> Answer<Vec<PatientRow>> {
    let patients = companion.front().patients()?;
    patients
        .iter()
        .map(|patient| row(companion, patient))
        .collect()
}

fn row(companion: &Companion, patient: &Patient) -> Answer<PatientRow> {
    let care = companion.care();
    // Before the next sync the spaces of a patient whom another workstation admitted are unknown.
    let (standing, heard) = match care.standing(patient.chain) {
        Ok(standing) => (Some(standing), care.last_heard_ms(patient.chain)?),
        Err(VaultError::NotSetUp) => (None, None),
        Err(error) => return Err(error.into()),
    };
    let unreviewed = standing.as_ref().map_or(0, |s| s.unreviewed);
    Ok(PatientRow {
        id: patient.chain.to_string(),
        name: patient.name.clone(),
        birth_date: patient.birth_date.parse().unwrap_or(Date::MIN),
        last_entry: standing.and_then(|s| s.latest).as_ref().map(moment),
        unreviewed: u32::try_from(unreviewed).unwrap_or(u32::MAX),
        last_heard: heard.map(instant),
        left: care.left_ms(patient.chain)?.map(instant),
        request_number: request_number(patient.chain),
    })
}

pub(super) fn one(companion: &Companion, id: &str, range: &Range) -> Answer<Option<PatientPage>> {
    let Ok(chain) = id.parse::<ChainId>() else {
        return Ok(None);
    };
    let patients = companion.front().patients()?;
    let Some(patient) = patients.iter().find(|p| p.chain == chain) else {
        return Ok(None);
    };
    let care = companion.care();
    let row = row(companion, patient)?;
    let from = range.from.map_or(i64::MIN, Timestamp::as_millisecond);
    let entries = match care.entries(chain, from, i64::MAX, MOST) {
        Err(VaultError::NotSetUp) => Vec::new(),
        other => other?,
    };
    let shown: Vec<EntryId> = entries.iter().map(|e| e.id).collect();
    if !shown.is_empty() {
        care.note_reading(chain, &shown)?;
    }
    let trend = entries
        .iter()
        .rev()
        .filter(|e| e.mood.felt.timestamp() < range.to)
        .map(|e| TrendPoint {
            felt: moment(&e.mood.felt),
            valence: e.mood.valence.value(),
        })
        .collect();
    let (reviews, readings, readers) = if row.last_heard.is_none() && entries.is_empty() {
        (Vec::new(), Vec::new(), Vec::new())
    } else {
        (
            care.reviews(chain)?,
            care.readings(chain)?,
            care.readers(chain)?,
        )
    };
    let mut names = Names {
        companion,
        chain,
        known: BTreeMap::new(),
    };
    let mut views = Vec::with_capacity(entries.len());
    for entry in &entries {
        views.push(view(entry, &reviews, &mut names)?);
    }
    let readers = readers
        .into_iter()
        .map(|reader| {
            let mut last_read = None;
            for reading in &readings {
                if names.of(reading.device)?.0 == Some(reader.person) {
                    last_read = last_read.max(Some(reading.at_ms));
                }
            }
            Ok(ReaderView {
                who: reader.name,
                role: role(reader.role).to_owned(),
                since: instant(reader.since_ms),
                last_read: last_read.map(instant),
            })
        })
        .collect::<Answer<_>>()?;
    let trail = trail(&readings, &entries, &mut names)?;
    Ok(Some(PatientPage {
        row,
        trend,
        infusions: Vec::new(),
        entries: views,
        readers,
        trail,
    }))
}

pub(super) fn mark_reviewed(
    companion: &Companion,
    patient: &str,
    entries: &[String],
) -> Answer<()> {
    let chain: ChainId = patient
        .parse()
        .map_err(|_| Problem::new(Kind::Input, "unknown-patient", "There is no such patient."))?;
    let seen: Vec<ReviewedVersion> = entries
        .iter()
        .map(|id| seen_version(id))
        .collect::<Answer<_>>()?;
    companion.care().review(chain, &seen, State::Reviewed)?;
    Ok(())
}

fn view(entry: &Entry, reviews: &[Review], names: &mut Names<'_>) -> Answer<EntryView> {
    let mood = &entry.mood;
    // Latest first; one of the present version tells more than a later one of an old version.
    let of_entry = || reviews.iter().filter(|r| r.entry == entry.id);
    let review = of_entry()
        .find(|r| r.version == entry.version)
        .or_else(|| of_entry().next());
    let review = match review {
        Some(review) => Some(ReviewView {
            by: names.of(review.device)?.1,
            at: instant(review.at_ms),
            state: match review.state {
                State::Reviewed => ReviewState::Reviewed,
                State::Incorporated => ReviewState::Incorporated,
            },
            outdated: review.version != entry.version,
        }),
        None => None,
    };
    let spoken = |listed: &[String], own: &[String]| {
        listed
            .iter()
            .map(|w| in_words(w))
            .chain(own.iter().cloned())
            .collect()
    };
    Ok(EntryView {
        id: entry_id(entry),
        felt: moment(&mood.felt),
        valence: mood.valence.value(),
        energy: mood.energy.map(f64::from),
        anxiety: mood.anxiety.map(f64::from),
        sleep_hours: mood.sleep.and_then(|s| s.hours),
        sleep_quality: mood.sleep.and_then(|s| s.quality).map(f64::from),
        labels: spoken(&mood.feelings, &mood.words),
        associations: spoken(&mood.associations, &mood.circumstances),
        note: mood.note.clone(),
        edited: entry.edited,
        backdated: entry.backdated(),
        review,
    })
}

/// `currentEvents` → `current events`: a code of the vocabulary, for people.
fn in_words(code: &str) -> String {
    let mut words = String::with_capacity(code.len() + 1);
    for c in code.chars() {
        if c.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Clinician => "care team",
        Role::FrontDesk => "front desk",
    }
}

/// Entries that one workstation showed at one moment are one occasion of reading.
fn trail(readings: &[Reading], entries: &[Entry], names: &mut Names<'_>) -> Answer<Vec<ReadTrace>> {
    let mut occasions: BTreeMap<(std::cmp::Reverse<i64>, String), Vec<TracedEntry>> =
        BTreeMap::new();
    for reading in readings {
        let who = names.of(reading.device)?.1;
        let Some(entry) = entries.iter().find(|e| e.id == reading.entry) else {
            continue;
        };
        occasions
            .entry((std::cmp::Reverse(reading.at_ms), who))
            .or_default()
            .push(TracedEntry {
                id: entry_id(entry),
                felt: moment(&entry.mood.felt),
            });
    }
    Ok(occasions
        .into_iter()
        .map(|((at, who), mut entries)| {
            entries.sort_by_key(|e| e.felt.at);
            ReadTrace {
                who,
                at: instant(at.0),
                entries,
            }
        })
        .collect())
}

/// People by workstation, looked up once a page.
struct Names<'a> {
    companion: &'a Companion,
    chain: ChainId,
    known: BTreeMap<clinic_api::id::DeviceId, (Option<clinic_api::id::PersonId>, String)>,
}

impl Names<'_> {
    fn of(
        &mut self,
        device: clinic_api::id::DeviceId,
    ) -> Answer<(Option<clinic_api::id::PersonId>, String)> {
        if let Some(known) = self.known.get(&device) {
            return Ok(known.clone());
        }
        let found = self.companion.care().person_at(self.chain, device)?;
        let person = match found {
            Some((id, name)) => (Some(id), name),
            None => (None, "somebody no longer on the roster".to_owned()),
        };
        self.known.insert(device, person.clone());
        Ok(person)
    }
}
