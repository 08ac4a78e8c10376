//! The time of an entry, as phones write it.

use jiff::civil::Time;

use super::Reason;

const BEFORE_NOON: [&str; 3] = ["am", "vorm", "fm"];
const AFTER_NOON: [&str; 3] = ["pm", "nachm", "em"];

const SEPARATORS: [char; 3] = [':', '.', 'h'];

/// Reads `18:43`, `18.43`, `18 h 43`, `10:21 pm`, `8:05 AM` and `8:05 a. m.`, with
/// any kind of space, and with seconds where a spreadsheet put them.
pub(super) fn read(cell: &str) -> Result<Time, Reason> {
    let cell: String = cell
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_lowercase();
    let clock_ends = cell
        .find(|c: char| !c.is_ascii_digit() && !SEPARATORS.contains(&c))
        .unwrap_or(cell.len());
    let (clock, suffix) = cell
        .split_at_checked(clock_ends)
        .ok_or(Reason::UnreadableTime)?;
    let suffix = suffix.replace('.', "");

    let numbers = clock
        .split(SEPARATORS)
        .map(number)
        .collect::<Result<Vec<i8>, Reason>>()?;
    let (hour, minute, second) = match numbers.as_slice() {
        [hour, minute] => (*hour, *minute, 0),
        [hour, minute, second] => (*hour, *minute, *second),
        _ => return Err(Reason::UnreadableTime),
    };
    let hour = if suffix.is_empty() {
        hour
    } else {
        let noon = if BEFORE_NOON.contains(&suffix.as_str()) {
            0
        } else if AFTER_NOON.contains(&suffix.as_str()) {
            12
        } else {
            return Err(Reason::UnreadableTime);
        };
        match hour {
            12 => noon,
            1..=11 => hour.saturating_add(noon),
            _ => return Err(Reason::ImpossibleTime),
        }
    };
    Time::new(hour, minute, second, 0).map_err(|_| Reason::ImpossibleTime)
}

fn number(digits: &str) -> Result<i8, Reason> {
    match digits.len() {
        1 | 2 => digits.parse().map_err(|_| Reason::UnreadableTime),
        _ => Err(Reason::UnreadableTime),
    }
}
