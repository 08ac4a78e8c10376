//! The day of an entry, as the variants of the export write it.

use std::ops::RangeInclusive;

use jiff::civil::Date;

use super::{Reason, month};

/// Years that are taken; others are slips of a clock or a keyboard.
const YEARS: RangeInclusive<u32> = 1900..=2100;

/// Words between a day and its month, and endings of ordinal numbers.
const FILLERS: [&str; 15] = [
    "de", "del", "di", "den", "of", "the", "st", "nd", "rd", "th", "er", "º", "ª", "г", "года",
];

/// Reads `2023-06-04`, and `04.06.2023`, which spreadsheets make of it.
pub(super) fn full(cell: &str) -> Result<Date, Reason> {
    let cell = cell.trim();
    let parts = |separator: char| -> Option<[&str; 3]> {
        let parts: Vec<&str> = cell.split(separator).collect();
        parts.try_into().ok()
    };
    if let Some([year, month, day]) = parts('-') {
        date(year, number(month)?, day)
    } else if let Some([day, month, year]) = parts('.') {
        date(year, number(month)?, day)
    } else {
        Err(Reason::UnreadableDate)
    }
}

/// Reads `18 May`, `May 18`, `18. Mai` or `18 de mayo`, with the year of its own column.
pub(super) fn parts(year: &str, cell: &str) -> Result<Date, Reason> {
    let year = year.trim();
    let (mut day, mut month) = (None, None);
    let mut unknown_word = false;
    for token in tokens(cell) {
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            if token != year && day.replace(token).is_some() {
                return Err(Reason::UnreadableDate);
            }
        } else if let Some(number) = month::number(&token.to_lowercase(), cell.contains('.')) {
            if month.replace(number).is_some() {
                return Err(Reason::UnreadableDate);
            }
        } else if !FILLERS.contains(&token.to_lowercase().as_str()) {
            unknown_word = true;
        }
    }
    match (day, month) {
        (Some(_), _) if unknown_word => Err(Reason::UnknownMonth),
        (Some(day), Some(month)) => date(year, month, day),
        (_, _) => Err(Reason::UnreadableDate),
    }
}

/// Runs of digits and runs of letters.
fn tokens(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(|c: char| !c.is_alphanumeric())
        .flat_map(|run| {
            let letters = run.find(|c: char| !c.is_ascii_digit()).unwrap_or(run.len());
            let (digits, letters) = run.split_at_checked(letters).unwrap_or((run, ""));
            [digits, letters]
        })
        .filter(|token| !token.is_empty())
}

fn date(year: &str, month: i8, day: &str) -> Result<Date, Reason> {
    let (year, day) = (number(year)?, number(day)?);
    if !YEARS.contains(&year) {
        return Err(Reason::YearOutOfRange);
    }
    let year = i16::try_from(year).map_err(|_| Reason::YearOutOfRange)?;
    Date::new(year, month, day).map_err(|_| Reason::ImpossibleDate)
}

/// Digits alone, no sign. What is too large for `T` is no part of any date.
fn number<T: TryFrom<u32>>(digits: &str) -> Result<T, Reason> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::UnreadableDate);
    }
    let number: u32 = digits.parse().map_err(|_| Reason::UnreadableDate)?;
    T::try_from(number).map_err(|_| Reason::ImpossibleDate)
}
