//! Dates, spans and numbers in words for people.
//!
//! What a patient felt is told in the offset in which they felt it; what the
//! clinic did is told in the zone of this workstation.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// An instant together with the offset from UTC that held where it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The instant.
    pub at: Timestamp,
    /// The offset that held there and then.
    pub offset: Offset,
}

impl Moment {
    /// A moment from its parts; `None` where no place on earth has such an offset.
    pub fn new(at: Timestamp, offset_seconds: i32) -> Option<Self> {
        const FARTHEST: i32 = 18 * 3600;
        if !(-FARTHEST..=FARTHEST).contains(&offset_seconds) {
            return None;
        }
        let offset = Offset::from_seconds(offset_seconds).ok()?;
        Some(Self { at, offset })
    }

    /// An instant as it stands on the clocks of `zone`.
    pub fn in_zone(at: Timestamp, zone: &TimeZone) -> Self {
        Self {
            at,
            offset: zone.to_offset(at),
        }
    }

    /// What the clocks showed there and then.
    pub fn local(&self) -> DateTime {
        self.offset.to_datetime(self.at)
    }

    /// The day on which it happened, where it happened.
    pub fn date(&self) -> Date {
        self.local().date()
    }

    /// For machines: RFC 3339 with the offset.
    pub fn rfc3339(&self) -> String {
        self.at.display_with_offset(self.offset).to_string()
    }

    /// `Thu 5 March 2026, 14:10`.
    pub fn day_and_time(&self) -> String {
        self.local().strftime("%a %-d %B %Y, %H:%M").to_string()
    }

    /// The same, and ` (UTC+9)` where the clocks of `zone` showed another time.
    pub fn day_and_time_seen_from(&self, zone: &TimeZone) -> String {
        let mut text = self.day_and_time();
        if zone.to_offset(self.at) != self.offset {
            text.push_str(&format!(" ({})", offset_name(self.offset)));
        }
        text
    }
}

fn offset_name(offset: Offset) -> String {
    let seconds = offset.seconds();
    if seconds == 0 {
        return "UTC".into();
    }
    let sign = if seconds < 0 { '−' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() % 3600 / 60);
    if minutes == 0 {
        format!("UTC{sign}{hours}")
    } else {
        format!("UTC{sign}{hours}:{minutes:02}")
    }
}

/// `5 March 1984`.
pub fn full_date(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `Thu 5 March`.
pub fn weekday(date: Date) -> String {
    date.strftime("%a %-d %B").to_string()
}

/// `1 to 30 March 2026`, naming month and year once where they are the same.
pub fn date_span(first: Date, last: Date) -> String {
    if first == last {
        return full_date(first);
    }
    let start = if first.year() != last.year() {
        full_date(first)
    } else if first.month() != last.month() {
        first.strftime("%-d %B").to_string()
    } else {
        first.day().to_string()
    };
    format!("{start} to {}", full_date(last))
}

/// Completed years of life on `today`; `None` where the birth lies ahead.
pub fn age(birth: Date, today: Date) -> Option<i16> {
    let mut years = today.year() - birth.year();
    if (today.month(), today.day()) < (birth.month(), birth.day()) {
        years -= 1;
    }
    (years >= 0).then_some(years)
}

/// How long ago: `just now`, `5 minutes ago`, `3 hours ago`, `9 days ago`.
///
/// Counts whole units of elapsed time. What lies more than a minute ahead comes
/// from a clock that is wrong here or there, and is named so rather than guessed.
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    let elapsed = now.duration_since(then);
    if elapsed < SignedDuration::from_mins(-1) {
        return "at a time that this computer’s clock has not reached".into();
    }
    let minutes = elapsed.as_mins();
    match minutes {
        ..1 => "just now".into(),
        1..60 => format!("{} ago", count(minutes, "minute")),
        60..1440 => format!("{} ago", count(minutes / 60, "hour")),
        _ => format!("{} ago", count(minutes / 1440, "day")),
    }
}

/// A name as one line that shows and cannot disturb what stands around it.
///
/// Leaves out what turns the direction of the text that follows, and what has
/// no width; joiners stay, which some scripts need.
pub fn name(text: &str) -> String {
    let disturbs = |c: &char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let shown: String = text.chars().filter(|c| !disturbs(c)).collect();
    if legible(&shown) {
        shown.trim().to_owned()
    } else {
        "(a name that cannot be shown)".to_owned()
    }
}

/// Whether there is anything to read in a name.
pub fn legible(name: &str) -> bool {
    // The fillers of Hangul count as letters, and show nothing.
    name.chars().any(|c| {
        c.is_alphanumeric() && !matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
    })
}

/// `1 day`, `2 days`, `1,200 days`.
pub fn count(n: i64, one: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {one}{s}", grouped(n))
}

fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::from(if n < 0 { "−" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One decimal at most: `7`, `6.5`. Halves are rounded away from zero.
pub fn number(value: f64) -> String {
    let rounded = one_decimal(value);
    if rounded.fract() == 0.0 {
        format!("{rounded:.0}")
    } else {
        format!("{rounded:.1}")
    }
}

/// `value` rounded to one decimal; never a negative zero.
pub fn one_decimal(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

/// Hours of sleep: `7 h`, `6 h 30 min`.
pub fn hours(hours: f64) -> String {
    let minutes = (hours * 60.0).round();
    let (whole, rest) = ((minutes / 60.0).floor(), minutes % 60.0);
    if rest == 0.0 {
        format!("{whole:.0} h")
    } else {
        format!("{whole:.0} h {rest:.0} min")
    }
}

/// Mood as people see it: valence −1…1 becomes 0 (very unpleasant) to 10 (very pleasant).
///
/// What lies outside is taken to the nearer end; not a number is `None`.
pub fn mood(valence: f64) -> Option<f64> {
    (!valence.is_nan()).then(|| (valence.clamp(-1.0, 1.0) + 1.0) * 5.0)
}
