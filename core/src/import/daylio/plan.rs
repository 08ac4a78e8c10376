//! What an import would write.

use std::collections::HashSet;
use std::fmt;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::source_id::SourceIds;
use super::{ImportError, LeftOut, MoodMap, Reading, Reason, mood};
use crate::event::Moment;

/// What an import would write, and what it would leave out. Every record of the
/// file is in exactly one of both.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// In the order of the file, which is usually newest first.
    pub entries: Vec<ImportedEntry>,
    /// In the order of the file.
    pub left_out: Vec<LeftOut>,
}

/// An entry to be recorded in the journal.
///
/// Its debug text shows its line alone.
#[derive(Clone, PartialEq)]
pub struct ImportedEntry {
    /// The same each time that this record is imported; record an id once.
    pub source_id: [u8; 16],
    /// The line of the file on which the record starts; the first is 1.
    pub line: u64,
    /// When it was felt.
    pub felt_at: Timestamp,
    /// Seconds that local time was ahead of UTC then.
    pub offset_seconds: i32,
    /// The IANA name of the zone that was chosen for the import.
    pub zone: String,
    /// −1 (lowest) to 1 (highest).
    pub valence: f64,
    /// The person's own word for the mood.
    pub mood_name: String,
    /// The person's own words, each once.
    pub activities: Vec<String>,
    /// Title and note; at most [`super::NOTE_CHARACTERS`] characters.
    pub note: Option<String>,
}

impl fmt::Debug for ImportedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportedEntry")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

impl Reading {
    /// Places the rows of this file, with the values of moods and in the zone given.
    ///
    /// # Errors
    /// - [`ImportError::UnmappedMoods`] until every mood name that a placeable
    ///   record uses has a value: ask for those, and call again.
    /// - [`ImportError::UnnamedZone`] for a zone without an IANA name: ask for one.
    pub fn plan(&self, moods: &MoodMap, zone: &TimeZone) -> Result<Plan, ImportError> {
        let zone_name = zone.iana_name().ok_or(ImportError::UnnamedZone)?;
        let mut entries = Vec::with_capacity(self.rows.len());
        let mut left_out = self.left_out.clone();
        let mut unmapped = Unmapped::default();
        let mut ids = SourceIds::default();
        for row in &self.rows {
            let Some(valence) = moods.value(&row.mood) else {
                unmapped.add(&row.mood);
                continue;
            };
            let Some((felt_at, offset_seconds)) = instant(row.at, zone) else {
                left_out.push(LeftOut {
                    line: row.line,
                    reason: Reason::YearOutOfRange,
                });
                continue;
            };
            entries.push(ImportedEntry {
                source_id: ids.next(row),
                line: row.line,
                felt_at,
                offset_seconds,
                zone: zone_name.to_owned(),
                valence,
                mood_name: row.mood.clone(),
                activities: row.activities.clone(),
                note: row.note.clone(),
            });
        }
        if !unmapped.names.is_empty() {
            let names = unmapped.names;
            return Err(ImportError::UnmappedMoods { names });
        }
        left_out.sort_by_key(|record| record.line);
        Ok(Plan { entries, left_out })
    }
}

/// In a gap the later time, of two equal times the first: see the module's page.
///
/// None where the journal takes no such moment: the zone can carry the first and the last days
/// over the edge.
fn instant(at: DateTime, zone: &TimeZone) -> Option<(Timestamp, i32)> {
    let instant = zone.to_ambiguous_timestamp(at).compatible().ok()?;
    let moment = Moment::of(instant, zone);
    moment.check().ok()?;
    Some((instant, moment.offset))
}

#[derive(Default)]
struct Unmapped {
    names: Vec<String>,
    keys: HashSet<String>,
}

impl Unmapped {
    fn add(&mut self, name: &str) {
        if self.keys.insert(mood::key(name)) {
            self.names.push(name.to_owned());
        }
    }
}
