//! Which column is where: the variants of the export are told apart by names.

use csv::StringRecord;

use super::ImportError;
use super::table::Content;

/// Tried in this order; the one under which most columns are known is taken.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

const KNOWN: [&str; 9] = [
    "full_date",
    "year",
    "date",
    "weekday",
    "time",
    "mood",
    "activities",
    "note_title",
    "note",
];

/// Where a record's date stands.
pub(super) enum DateColumns {
    /// `full_date`.
    Full(usize),
    /// `year`, and `date` with day and month.
    Parts { year: usize, date: usize },
}

/// Where a record's fields stand.
pub(super) struct Columns {
    pub(super) delimiter: u8,
    pub(super) width: usize,
    pub(super) date: DateColumns,
    pub(super) time: usize,
    pub(super) mood: usize,
    pub(super) activities: usize,
    pub(super) title: Option<usize>,
    pub(super) note: usize,
    /// Columns that are not known here, by position and name.
    pub(super) unknown: Vec<(usize, String)>,
}

impl Columns {
    pub(super) fn detect(content: &Content<'_>) -> Result<Self, ImportError> {
        let mut best = (0, b',', Vec::new());
        for delimiter in DELIMITERS {
            let names = match content.records(delimiter).next()? {
                Some(record) => names(record.fields),
                None => Vec::new(),
            };
            let known = names.iter().filter(|n| KNOWN.contains(&n.as_str())).count();
            if known > best.0 {
                best = (known, delimiter, names);
            }
        }
        let (_, delimiter, names) = best;
        Self::find(delimiter, &names)
    }

    fn find(delimiter: u8, names: &[String]) -> Result<Self, ImportError> {
        for name in KNOWN {
            if names.iter().filter(|n| *n == name).count() > 1 {
                return Err(ImportError::RepeatedColumn { name });
            }
        }
        let position = |name: &str| names.iter().position(|n| n == name);
        let mut missing = Vec::new();
        let mut required = |name: &'static str| {
            position(name).unwrap_or_else(|| {
                missing.push(name);
                0
            })
        };
        let date = match (position("full_date"), position("year"), position("date")) {
            (None, Some(year), Some(date)) => DateColumns::Parts { year, date },
            (None, Some(year), None) => {
                let date = required("date");
                DateColumns::Parts { year, date }
            }
            (Some(full), _, _) => DateColumns::Full(full),
            (None, None, _) => DateColumns::Full(required("full_date")),
        };
        // All variants have all of these. A file without one may hold it under
        // another name, and reading on would lose it in silence.
        let columns = Self {
            delimiter,
            width: names.len(),
            date,
            time: required("time"),
            mood: required("mood"),
            activities: required("activities"),
            title: position("note_title"),
            note: required("note"),
            unknown: names
                .iter()
                .enumerate()
                .filter(|(_, name)| !KNOWN.contains(&name.as_str()))
                .map(|(at, name)| (at, name.clone()))
                .collect(),
        };
        if missing.is_empty() {
            Ok(columns)
        } else {
            Err(ImportError::NotDaylio { missing })
        }
    }
}

fn names(header: &StringRecord) -> Vec<String> {
    header.iter().map(|n| n.trim().to_lowercase()).collect()
}
