//! A mood trend in plain sentences, to be read beside its chart.
//!
//! Short descriptions in words help clinicians to interpret a graph
//! (m-Path, doi 10.3389/fdgth.2023.1182175). These sentences count and compare
//! what was shared; they name no cause, no diagnosis and no threshold, and they
//! never turn silence into wellness. Every number can be recounted from the
//! table under the chart: each entry counts once, and a mean of fewer than
//! [`FEWEST`] entries is not given.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::service::{Range, TrendPoint};
use crate::words::{Moment, count, date_span, full_date, mood, number, one_decimal, weekday};

/// Fewer entries than this are listed rather than averaged.
pub const FEWEST: usize = 3;

/// A silence longer than this is named: the same that breaks the line of the chart.
pub const LONGEST_GAP: SignedDuration = SignedDuration::from_hours(72);

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Clone, Copy)]
struct Felt {
    when: Moment,
    mood: f64,
}

/// The sentences, in the order in which they are to be read; never empty.
///
/// `trend` and `infusions` may come in any order; what lies outside `range` is
/// left out. `zone` is the zone of the reader, in which infusions are dated.
pub fn describe(
    trend: &[TrendPoint],
    infusions: &[Moment],
    range: &Range,
    zone: &TimeZone,
) -> Vec<String> {
    let entries = within(trend, range);
    let year = Moment::in_zone(range.to, zone).date().year();
    let (Some(first), Some(latest)) = (entries.first(), entries.last()) else {
        return vec![
            "No mood entries in this period.".into(),
            "That alone says nothing about how the person is.".into(),
        ];
    };
    if entries.len() < FEWEST {
        return vec![few(&entries, year), latest_is_old(latest, range.to)]
            .into_iter()
            .flatten()
            .collect();
    }
    let infusion = infusions
        .iter()
        .map(|infusion| infusion.at)
        .filter(|at| *at < range.to && range.from.is_none_or(|from| from <= *at))
        .max();
    [
        Some(extent(&entries, first, latest)),
        Some(level(&entries, year)),
        last_week(&entries, range.to),
        infusion.map(|at| around(&entries, at, range.to, zone)),
        longest_gap(&entries),
        latest_is_old(latest, range.to),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn within(trend: &[TrendPoint], range: &Range) -> Vec<Felt> {
    let mut entries: Vec<Felt> = trend
        .iter()
        .filter(|point| {
            point.felt.at < range.to && range.from.is_none_or(|from| from <= point.felt.at)
        })
        .filter_map(|point| {
            Some(Felt {
                when: point.felt,
                mood: mood(point.valence)?,
            })
        })
        .collect();
    entries.sort_by_key(|entry| entry.when.at);
    entries
}

/// With the year where it is not the reader's.
fn day(date: Date, year: i16) -> String {
    if date.year() == year {
        weekday(date)
    } else {
        full_date(date)
    }
}

fn entries(n: usize) -> String {
    if n == 1 {
        "1 entry".into()
    } else {
        format!("{n} entries")
    }
}

fn few(list: &[Felt], year: i16) -> Option<String> {
    let values: Vec<String> = list
        .iter()
        .map(|entry| format!("{} on {}", number(entry.mood), day(entry.when.date(), year)))
        .collect();
    Some(format!(
        "Only {} in this period, too few to describe a trend: {}, on the scale from 0 (very unpleasant) to 10 (very pleasant).",
        if list.len() == 1 {
            "1 mood entry".into()
        } else {
            format!("{} mood entries", list.len())
        },
        values.join(" and "),
    ))
}

fn extent(list: &[Felt], first: &Felt, latest: &Felt) -> String {
    let days: BTreeSet<_> = list.iter().map(|entry| entry.when.date()).collect();
    let (from, to) = (first.when.date(), latest.when.date());
    // Travel east to west can put the later entry on the earlier day.
    let span = date_span(from.min(to), from.max(to));
    if days.len() == 1 {
        format!("{} mood entries, all on {span}.", list.len())
    } else {
        format!(
            "{} mood entries on {} different days, from {span}.",
            list.len(),
            days.len()
        )
    }
}

fn level(list: &[Felt], year: i16) -> String {
    let mean = average(list);
    let lowest = list.iter().map(|entry| entry.mood).fold(10.0, f64::min);
    let highest = list.iter().map(|entry| entry.mood).fold(0.0, f64::max);
    if lowest == highest {
        return format!(
            "On the scale from 0 (very unpleasant) to 10 (very pleasant), every entry was {}.",
            number(lowest)
        );
    }
    format!(
        "On the scale from 0 (very unpleasant) to 10 (very pleasant), the average was {}; the lowest was {}, {}; the highest {}, {}.",
        number(mean),
        number(lowest),
        when(list, lowest, year),
        number(highest),
        when(list, highest, year),
    )
}

fn when(list: &[Felt], value: f64, year: i16) -> String {
    let days: Vec<_> = list
        .iter()
        .filter(|entry| entry.mood == value)
        .map(|entry| entry.when.date())
        .collect();
    let latest = days.last().map(|date| day(*date, year)).unwrap_or_default();
    if days.len() > 1 {
        format!("{} times, last on {latest}", days.len())
    } else {
        format!("on {latest}")
    }
}

fn last_week(list: &[Felt], now: Timestamp) -> Option<String> {
    let recent = between(list, now.checked_sub(WEEK).ok()?, now);
    let before = between(
        list,
        now.checked_sub(WEEK + WEEK).ok()?,
        now.checked_sub(WEEK).ok()?,
    );
    Some(match (mean(&recent), mean(&before)) {
        (Some(now), Some(then)) => format!(
            "In the last 7 days the average was {} ({}); in the 7 days before, {} ({}): {}.",
            number(now),
            entries(recent.len()),
            number(then),
            entries(before.len()),
            difference(now, then),
        ),
        _ => format!(
            "The last 7 days have {} and the 7 days before {}: too few to compare.",
            entries(recent.len()),
            entries(before.len()),
        ),
    })
}

fn around(list: &[Felt], infusion: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let date = |at| Moment::in_zone(at, zone).date();
    let day = day(date(infusion), date(now).year());
    let start = infusion.checked_sub(WEEK).unwrap_or(Timestamp::MIN);
    let end = infusion.checked_add(WEEK).unwrap_or(Timestamp::MAX);
    let before = between(list, start, infusion);
    let after = between(list, infusion, end);
    let span = if now < end {
        "since then"
    } else {
        "in the 7 days after"
    };
    match (mean(&before), mean(&after)) {
        (Some(then), Some(now)) => format!(
            "Latest infusion on {day}: in the 7 days before it the average was {} ({}); {span}, {} ({}): {}.",
            number(then),
            entries(before.len()),
            number(now),
            entries(after.len()),
            difference(now, then),
        ),
        _ => format!(
            "Latest infusion on {day}: {} in the 7 days before it and {} {span}, too few to compare.",
            entries(before.len()),
            entries(after.len()),
        ),
    }
}

fn longest_gap(list: &[Felt]) -> Option<String> {
    let (length, from, to) = list
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] => Some((b.when.at.duration_since(a.when.at), a.when, b.when)),
            _ => None,
        })
        .max_by_key(|(length, ..)| *length)?;
    (length > LONGEST_GAP).then(|| {
        format!(
            "The longest time without an entry was {}, from {}.",
            count(length.as_hours() / 24, "day"),
            date_span(from.date(), to.date()),
        )
    })
}

fn latest_is_old(latest: &Felt, now: Timestamp) -> Option<String> {
    let age = now.duration_since(latest.when.at);
    (age > LONGEST_GAP).then(|| {
        format!(
            "The latest entry is {} old.",
            count(age.as_hours() / 24, "day")
        )
    })
}

fn between(list: &[Felt], from: Timestamp, to: Timestamp) -> Vec<Felt> {
    list.iter()
        .filter(|entry| from <= entry.when.at && entry.when.at < to)
        .copied()
        .collect()
}

fn mean(list: &[Felt]) -> Option<f64> {
    (list.len() >= FEWEST).then(|| average(list))
}

fn average(list: &[Felt]) -> f64 {
    let sum: f64 = list.iter().map(|entry| entry.mood).sum();
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 entries")]
    let n = list.len() as f64;
    sum / n
}

/// Compares what is shown, so that a reader who subtracts gets the same.
fn difference(now: f64, then: f64) -> String {
    let difference = one_decimal(one_decimal(now) - one_decimal(then));
    if difference > 0.0 {
        format!("{} higher", number(difference))
    } else if difference < 0.0 {
        format!("{} lower", number(-difference))
    } else {
        "the same".into()
    }
}
