//! Where a time axis gets its dates.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// A date on the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The instant at which the day begins in the axis's zone.
    pub at: Timestamp,
    /// `2 Mar`, or `Mar 2026` where months are counted.
    pub label: String,
}

/// More would run into each other on a usual screen.
const MOST: usize = 7;

enum Step {
    Days(i32),
    /// Weeks begin on Monday.
    Weeks(i32),
    Months(i32),
}

/// The dates between `from` and `to`, seven at most, evenly spaced by days, weeks or months.
///
/// Days begin where the zone says so; a day of 23 or 25 hours is as long as it is.
pub fn ticks(from: Timestamp, to: Timestamp, zone: &TimeZone) -> Vec<Tick> {
    let steps = [
        Step::Days(1),
        Step::Days(2),
        Step::Weeks(1),
        Step::Weeks(2),
        Step::Months(1),
        Step::Months(2),
        Step::Months(3),
        Step::Months(6),
        Step::Months(12),
        Step::Months(24),
        Step::Months(60),
    ];
    steps
        .iter()
        .map(|step| place(step, from, to, zone))
        .find(|ticks| ticks.len() <= MOST)
        .unwrap_or_default()
}

fn place(step: &Step, from: Timestamp, to: Timestamp, zone: &TimeZone) -> Vec<Tick> {
    let day = zone.to_datetime(from).date();
    let (first, step, format) = match step {
        Step::Days(n) => (Some(day), n.days(), "%-d %b"),
        Step::Weeks(n) => (monday(day), (n * 7).days(), "%-d %b"),
        Step::Months(n) => (Date::new(day.year(), 1, 1).ok(), n.months(), "%b %Y"),
    };
    let Some(first) = first else {
        return Vec::new();
    };
    dates(first, step)
        .filter_map(|date| {
            Some(Tick {
                at: zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?,
                label: date.strftime(format).to_string(),
            })
        })
        .skip_while(|tick| tick.at < from)
        .take_while(|tick| tick.at <= to)
        .take(MOST + 1)
        .collect()
}

fn monday(day: Date) -> Option<Date> {
    let past = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(past.days()).ok()
}

/// Counts from `first` each time: adding a month to 31 January again and again would drift.
fn dates(first: Date, step: Span) -> impl Iterator<Item = Date> {
    (0..).map_while(move |n: i64| first.checked_add(step.checked_mul(n).ok()?).ok())
}
