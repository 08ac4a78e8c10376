//! Dates, spans and numbers as people read them.
#![allow(clippy::unwrap_used, reason = "tests")]

use clinic_console::words::{
    Moment, age, ago, count, date_span, full_date, hours, mood, name, number, weekday,
};
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn tells_how_long_ago() {
    let now = at("2026-03-15T12:00:00Z");
    for (then, expected) in [
        ("2026-03-15T12:01:00Z", "just now"),
        ("2026-03-15T12:00:00Z", "just now"),
        ("2026-03-15T11:59:01Z", "just now"),
        ("2026-03-15T11:59:00Z", "1 minute ago"),
        ("2026-03-15T11:00:01Z", "59 minutes ago"),
        ("2026-03-15T11:00:00Z", "1 hour ago"),
        ("2026-03-14T12:00:01Z", "23 hours ago"),
        ("2026-03-14T12:00:00Z", "1 day ago"),
        ("2026-03-06T11:00:00Z", "9 days ago"),
        ("2022-03-15T12:00:00Z", "1,461 days ago"),
        (
            "2026-03-15T12:01:01Z",
            "at a time that this computer’s clock has not reached",
        ),
    ] {
        assert_eq!(ago(now, at(then)), expected, "{then}");
    }
}

#[test]
fn tells_a_moment_where_it_was_and_names_the_offset_only_where_it_differs() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    for (instant, offset, expected) in [
        ("2026-03-05T13:10:00Z", 3600, "Thu 5 March 2026, 14:10"),
        ("2026-07-05T12:10:00Z", 7200, "Sun 5 July 2026, 14:10"),
        (
            "2026-03-05T20:10:00Z",
            32400,
            "Fri 6 March 2026, 05:10 (UTC+9)",
        ),
        ("2026-03-05T20:10:00Z", 0, "Thu 5 March 2026, 20:10 (UTC)"),
        (
            "2026-03-05T20:10:00Z",
            19800,
            "Fri 6 March 2026, 01:40 (UTC+5:30)",
        ),
        (
            "2026-03-05T20:10:00Z",
            -12600,
            "Thu 5 March 2026, 16:40 (UTC−3:30)",
        ),
    ] {
        let moment = Moment::new(at(instant), offset).unwrap();
        assert_eq!(moment.day_and_time_seen_from(&berlin), expected);
    }
    let moment = Moment::new(at("2026-03-05T20:10:00Z"), 32400).unwrap();
    assert_eq!(moment.rfc3339(), "2026-03-06T05:10:00+09:00");
    assert!(Moment::new(at("2026-03-05T20:10:00Z"), 64_801).is_none());
    assert!(Moment::new(at("2026-03-05T20:10:00Z"), i32::MIN).is_none());
}

#[test]
fn tells_dates_and_spans_of_dates() {
    assert_eq!(full_date(date(1984, 5, 4)), "4 May 1984");
    assert_eq!(weekday(date(2026, 3, 5)), "Thu 5 March");
    let day = date(2026, 3, 1);
    assert_eq!(date_span(day, day), "1 March 2026");
    assert_eq!(date_span(day, date(2026, 3, 30)), "1 to 30 March 2026");
    assert_eq!(date_span(day, date(2026, 4, 2)), "1 March to 2 April 2026");
    assert_eq!(
        date_span(date(2025, 12, 20), date(2026, 1, 5)),
        "20 December 2025 to 5 January 2026"
    );
}

#[test]
fn tells_age_in_completed_years() {
    let born = date(1984, 5, 4);
    assert_eq!(age(born, date(2026, 5, 3)), Some(41));
    assert_eq!(age(born, date(2026, 5, 4)), Some(42));
    assert_eq!(age(date(2004, 2, 29), date(2026, 2, 28)), Some(21));
    assert_eq!(age(date(2004, 2, 29), date(2026, 3, 1)), Some(22));
    assert_eq!(age(date(2027, 1, 1), date(2026, 3, 1)), None);
}

#[test]
fn tells_numbers_with_one_decimal_at_most() {
    for (value, expected) in [
        (7.0, "7"),
        (6.5, "6.5"),
        (6.25, "6.3"),
        (6.04, "6"),
        (0.0, "0"),
        (-0.01, "0"),
        (9.96, "10"),
    ] {
        assert_eq!(number(value), expected);
    }
    assert_eq!(hours(7.0), "7 h");
    assert_eq!(hours(6.5), "6 h 30 min");
    assert_eq!(hours(0.25), "0 h 15 min");
    assert_eq!(hours(7.999), "8 h");
    assert_eq!(count(1, "day"), "1 day");
    assert_eq!(count(1_234_567, "day"), "1,234,567 days");
}

#[test]
fn mood_goes_from_0_to_10() {
    for (valence, expected) in [
        (-1.0, 0.0),
        (0.0, 5.0),
        (1.0, 10.0),
        (0.5, 7.5),
        (3.0, 10.0),
        (-3.0, 0.0),
    ] {
        assert_eq!(mood(valence), Some(expected));
    }
    assert_eq!(mood(f64::NAN), None);
}

#[test]
fn a_name_is_one_line_that_disturbs_nothing_around_it() {
    for (given, shown) in [
        ("Zoë O’Neill", "Zoë O’Neill"),
        ("A\u{202e}lex\u{2066} Mor\u{2069}gan\u{202c}", "Alex Morgan"),
        ("\u{200b}A\u{ad}l\u{feff}ex\u{2060}", "Alex"),
        ("Al\nex\u{2028}\u{7}", "Alex"),
        // A joiner that Persian needs.
        ("می\u{200c}نا", "می\u{200c}نا"),
        ("", "(a name that cannot be shown)"),
        ("\u{200b}\u{3164}\u{202e} ", "(a name that cannot be shown)"),
    ] {
        assert_eq!(name(given), shown);
    }
}
