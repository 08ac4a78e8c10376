//! The words that stand beside the chart. Every number here was calculated by hand.
#![allow(clippy::unwrap_used, reason = "tests")]

use clinic_console::service::{Range, TrendPoint};
use clinic_console::summary::describe;
use clinic_console::words::Moment;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A Sunday, 13:00 in Berlin.
const NOW: &str = "2026-03-15T12:00:00Z";

fn moment(text: &str, hours: i32) -> Moment {
    Moment::new(text.parse().unwrap(), hours * 3600).unwrap()
}

/// `(date, mood 0 to 10)`, felt at noon in Berlin in winter.
fn noon(list: &[(&str, f64)]) -> Vec<TrendPoint> {
    list.iter()
        .map(|(date, mood)| TrendPoint {
            felt: moment(&format!("{date}T11:00:00Z"), 1),
            valence: mood / 5.0 - 1.0,
        })
        .collect()
}

fn last_days(days: i64) -> Range {
    let to: Timestamp = NOW.parse().unwrap();
    Range {
        from: Some(to - SignedDuration::from_hours(days * 24)),
        to,
    }
}

fn told(trend: &[TrendPoint], infusions: &[Moment], range: &Range) -> Vec<String> {
    describe(
        trend,
        infusions,
        range,
        &TimeZone::get("Europe/Berlin").unwrap(),
    )
}

#[test]
fn nothing_is_said_to_be_nothing() {
    assert_eq!(
        told(&[], &[], &last_days(30)),
        [
            "No mood entries in this period.",
            "That alone says nothing about how the person is.",
        ]
    );
}

#[test]
fn one_or_two_entries_are_too_few() {
    assert_eq!(
        told(&noon(&[("2026-03-14", 6.5)]), &[], &last_days(30)),
        [
            "Only 1 mood entry in this period, too few to describe a trend: 6.5 on Sat 14 March, on the scale from 0 (very unpleasant) to 10 (very pleasant)."
        ]
    );
    assert_eq!(
        told(
            &noon(&[("2026-03-06", 2.0), ("2026-03-02", 3.0)]),
            &[],
            &last_days(30)
        ),
        [
            "Only 2 mood entries in this period, too few to describe a trend: 3 on Mon 2 March and 2 on Fri 6 March, on the scale from 0 (very unpleasant) to 10 (very pleasant).",
            "The latest entry is 9 days old.",
        ]
    );
}

/// (2+3+4+5+6+7+8)/7 = 5; before 8 March 12:00 UTC (2+3+4)/3 = 3, after (5+6+7+8)/4 = 6.5.
/// From 6 to 9 March there are 72 hours, which is not yet a silence.
#[test]
fn a_rise_around_an_infusion() {
    let trend = noon(&[
        ("2026-03-02", 2.0),
        ("2026-03-04", 3.0),
        ("2026-03-06", 4.0),
        ("2026-03-09", 5.0),
        ("2026-03-11", 6.0),
        ("2026-03-13", 7.0),
        ("2026-03-14", 8.0),
    ]);
    let infusions = [
        moment("2026-03-08T09:00:00Z", 1),
        moment("2026-02-20T09:00:00Z", 1),
    ];
    assert_eq!(
        told(&trend, &infusions, &last_days(30)),
        [
            "7 mood entries on 7 different days, from 2 to 14 March 2026.",
            "On the scale from 0 (very unpleasant) to 10 (very pleasant), the average was 5; the lowest was 2, on Mon 2 March; the highest 8, on Sat 14 March.",
            "In the last 7 days the average was 6.5 (4 entries); in the 7 days before, 3 (3 entries): 3.5 higher.",
            "Latest infusion on Sun 8 March: in the 7 days before it the average was 3 (3 entries); in the 7 days after, 6.5 (4 entries): 3.5 higher.",
        ]
    );
}

/// 12 February 11:00 to 1 March 11:00 is 17 days; 1 March 11:00 to now is 14 days and an hour.
#[test]
fn silence_is_named_and_not_interpreted() {
    let trend = noon(&[
        ("2026-02-10", 5.0),
        ("2026-02-11", 5.0),
        ("2026-02-12", 5.0),
        ("2026-03-01", 5.0),
    ]);
    assert_eq!(
        told(&trend, &[], &last_days(90)),
        [
            "4 mood entries on 4 different days, from 10 February to 1 March 2026.",
            "On the scale from 0 (very unpleasant) to 10 (very pleasant), every entry was 5.",
            "The last 7 days have 0 entries and the 7 days before 0 entries: too few to compare.",
            "The longest time without an entry was 17 days, from 12 February to 1 March 2026.",
            "The latest entry is 14 days old.",
        ]
    );
}

/// Averages 3.13/3 = 1.043… and 5/3 = 1.666…, which differ by 0.623…; shown are 1 and 1.7, which differ by 0.7.
/// All together 8.13/6 = 1.355. Before the infusion on 14 March lie the last seven days' entries, after it none.
#[test]
fn compares_what_is_shown_and_says_when_it_cannot() {
    let trend = noon(&[
        ("2026-03-03", 2.0),
        ("2026-03-04", 1.9),
        ("2026-03-05", 1.1),
        ("2026-03-11", 1.0),
        ("2026-03-12", 1.0),
        ("2026-03-13", 1.13),
    ]);
    let infusion = moment("2026-03-14T10:00:00Z", 1);
    assert_eq!(
        told(&trend, &[infusion], &last_days(14))[1..],
        [
            "On the scale from 0 (very unpleasant) to 10 (very pleasant), the average was 1.4; the lowest was 1, 2 times, last on Thu 12 March; the highest 2, on Tue 3 March.",
            "In the last 7 days the average was 1 (3 entries); in the 7 days before, 1.7 (3 entries): 0.7 lower.",
            "Latest infusion on Sat 14 March: 3 entries in the 7 days before it and 0 entries since then, too few to compare.",
            "The longest time without an entry was 6 days, from 5 to 11 March 2026.",
        ]
    );
}

/// Three days after an infusion (2+3+4)/3 = 3 before and (6+7+8)/3 = 7 since.
#[test]
fn a_recent_infusion_is_told_up_to_now() {
    let trend = noon(&[
        ("2026-03-07", 2.0),
        ("2026-03-09", 3.0),
        ("2026-03-11", 4.0),
        ("2026-03-13", 6.0),
        ("2026-03-14", 7.0),
        ("2026-03-15", 8.0),
    ]);
    let infusion = moment("2026-03-12T12:00:00Z", 1);
    let got = told(&trend, &[infusion], &last_days(30));
    assert_eq!(
        got[3],
        "Latest infusion on Thu 12 March: in the 7 days before it the average was 3 (3 entries); since then, 7 (3 entries): 4 higher."
    );
}

#[test]
fn several_on_one_day_are_told_as_one_day() {
    let trend: Vec<TrendPoint> = ["06:00", "12:00", "18:00"]
        .iter()
        .map(|time| TrendPoint {
            felt: moment(&format!("2026-03-14T{time}:00Z"), 1),
            valence: 0.0,
        })
        .collect();
    assert_eq!(
        told(&trend, &[], &last_days(30))[0],
        "3 mood entries, all on 14 March 2026."
    );
}

/// 20:00 UTC on Friday was Saturday morning in Tokyo, where it was felt.
#[test]
fn days_are_those_of_the_place_where_it_was_felt() {
    let trend = [TrendPoint {
        felt: moment("2026-03-13T20:00:00Z", 9),
        valence: 0.0,
    }];
    assert!(told(&trend, &[], &last_days(30))[0].contains("5 on Sat 14 March"));
}

#[test]
fn a_day_of_another_year_is_told_with_its_year() {
    let trend = noon(&[
        ("2025-12-24", 1.0),
        ("2026-01-10", 4.0),
        ("2026-03-14", 9.0),
    ]);
    let got = told(&trend, &[], &last_days(365));
    assert_eq!(
        got[0],
        "3 mood entries on 3 different days, from 24 December 2025 to 14 March 2026."
    );
    assert!(
        got[1].contains("the lowest was 1, on 24 December 2025; the highest 9, on Sat 14 March.")
    );
}

#[test]
fn what_lies_outside_the_period_or_is_no_number_is_left_out() {
    let mut trend = noon(&[
        ("2026-01-01", 1.0),
        ("2026-03-14", 6.0),
        ("2026-03-16", 9.0),
    ]);
    trend.push(TrendPoint {
        felt: moment("2026-03-13T11:00:00Z", 1),
        valence: f64::NAN,
    });
    let got = told(&trend, &[moment("2026-03-20T11:00:00Z", 1)], &last_days(30));
    assert_eq!(got.len(), 1);
    assert!(got[0].starts_with("Only 1 mood entry in this period"));
}
