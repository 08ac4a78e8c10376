//! A file that was read: rows that can be placed, and records that cannot.

use std::collections::HashMap;
use std::fmt;

use csv::StringRecord;
use jiff::civil::DateTime;

use super::columns::{Columns, DateColumns};
use super::table::{Content, Record};
use super::{
    FILE_RECORDS, ImportError, LeftOut, MoodName, NOTE_CHARACTERS, Reason, date, mood, text, time,
};
use crate::journal::{WORD_CHARACTERS, WORDS};

/// A record that can be placed once its mood has a value.
pub(super) struct Row {
    pub(super) line: u64,
    /// Local date and time; the zone is not in the file.
    pub(super) at: DateTime,
    pub(super) mood: String,
    pub(super) activities: Vec<String>,
    pub(super) note: Option<String>,
}

/// A Daylio export that was read, and not yet placed.
///
/// Its debug text shows counts alone.
pub struct Reading {
    pub(super) rows: Vec<Row>,
    pub(super) left_out: Vec<LeftOut>,
    unread_columns: Vec<String>,
}

impl Reading {
    /// Reads the bytes of an export. A file of column names alone is a reading
    /// without records.
    ///
    /// # Errors
    /// [`ImportError`] if the file as a whole is not a Daylio export; choose or
    /// export another. A single bad record is no error: see [`Self::plan`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ImportError> {
        let content = Content::decode(bytes)?;
        let columns = Columns::detect(&content)?;
        let mut records = content.records(columns.delimiter);
        records.next()?;

        let mut reading = Self {
            rows: Vec::new(),
            left_out: Vec::new(),
            unread_columns: Vec::new(),
        };
        let mut unread = columns.unknown.clone();
        while let Some(record) = records.next()? {
            if reading.records() >= FILE_RECORDS {
                return Err(ImportError::TooManyRecords);
            }
            if record.fields.len() == columns.width {
                unread.retain(|(at, name)| {
                    let empty = cell(record.fields, *at).trim().is_empty();
                    if !empty {
                        reading.unread_columns.push(name.clone());
                    }
                    empty
                });
            }
            match row(&columns, &record) {
                Ok(row) => reading.rows.push(row),
                Err(reason) => reading.left_out.push(LeftOut {
                    line: record.line,
                    reason,
                }),
            }
        }
        Ok(reading)
    }

    /// How many records the file has, placeable or not; the line of column names
    /// and empty lines are none.
    pub fn records(&self) -> u64 {
        let count = self.rows.len().saturating_add(self.left_out.len());
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// The names of moods that placeable records use, in order of first use.
    /// Ask for a value for each that is not `known`.
    pub fn mood_names(&self) -> Vec<MoodName> {
        let mut names: Vec<MoodName> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for row in &self.rows {
            let key = mood::key(&row.mood);
            let known = mood::default_value(&key);
            let place = *places.entry(key).or_insert(names.len());
            match names.get_mut(place) {
                Some(name) => name.count = name.count.saturating_add(1),
                None => names.push(MoodName {
                    name: row.mood.clone(),
                    count: 1,
                    known,
                }),
            }
        }
        names
    }

    /// Names, in lower case, of columns that hold something and are not
    /// imported, such as `scales`: to be told to the person.
    pub fn unread_columns(&self) -> &[String] {
        &self.unread_columns
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("rows", &self.rows.len())
            .field("left_out", &self.left_out.len())
            .finish_non_exhaustive()
    }
}

fn row(columns: &Columns, record: &Record<'_>) -> Result<Row, Reason> {
    let fields = record.fields;
    if record.cut_off {
        return Err(Reason::CutOff);
    }
    if fields.iter().all(|field| field.trim().is_empty()) {
        return Err(Reason::Blank);
    }
    let (found, expected) = (fields.len(), columns.width);
    if found < expected {
        return Err(Reason::TooFewFields { found, expected });
    }
    if found > expected {
        return Err(Reason::TooManyFields { found, expected });
    }
    let date = match columns.date {
        DateColumns::Full(full) => date::full(cell(fields, full))?,
        DateColumns::Parts { year, date } => date::parts(cell(fields, year), cell(fields, date))?,
    };
    let time = time::read(cell(fields, columns.time))?;
    let mood = cell(fields, columns.mood).trim();
    if mood.is_empty() {
        return Err(Reason::NoMood);
    }
    let title = columns.title.map_or("", |at| cell(fields, at));
    let note = text::note(title, cell(fields, columns.note));
    let characters = note.as_ref().map_or(0, |note| note.chars().count());
    if characters > NOTE_CHARACTERS {
        return Err(Reason::NoteTooLong { characters });
    }
    let activities = text::activities(cell(fields, columns.activities));
    if activities.len() > WORDS {
        let found = activities.len();
        return Err(Reason::TooManyActivities { found });
    }
    let long = |name: &str| name.chars().count() > WORD_CHARACTERS;
    if long(mood) || activities.iter().any(|name| long(name)) {
        return Err(Reason::NameTooLong);
    }
    Ok(Row {
        line: record.line,
        at: DateTime::from_parts(date, time),
        mood: mood.to_owned(),
        activities,
        note,
    })
}

fn cell(fields: &StringRecord, at: usize) -> &str {
    fields.get(at).unwrap_or_default()
}
