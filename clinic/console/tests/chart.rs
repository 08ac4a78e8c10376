//! Where things stand in the chart, calculated by hand, and where its axis puts its dates.
#![allow(clippy::unwrap_used, reason = "tests")]

use clinic_console::chart::{MOOD, Mark, Point, Spec, line_chart, ticks};
use clinic_console::words::Moment;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn point(when: &str, value: f64) -> Point {
    let when = Moment::new(at(when), 0).unwrap();
    Point { when, value }
}

fn draw(points: &[Point], marks: &[Mark]) -> String {
    line_chart(&Spec {
        id: "mood",
        title: "Mood <in> March",
        described_by: "words",
        scale: MOOD,
        from: at("2026-03-01T00:00Z"),
        to: at("2026-03-11T00:00Z"),
        zone: &TimeZone::UTC,
        points,
        marks,
        longest_gap: SignedDuration::from_hours(72),
    })
    .to_string()
}

/// Ten days across: a day is 10 %. Ten up: a step is 10 %. Between 3 and 8 March
/// there is nothing for five days, so the line is broken and the last dot stands alone.
#[test]
fn stands_where_it_was_calculated() {
    let points = [
        point("2026-03-08T00:00Z", 2.5),
        point("2026-03-01T00:00Z", 0.0),
        point("2026-03-03T00:00Z", 10.0),
        point("2026-03-02T12:00Z", 5.0),
    ];
    let marks = [Mark {
        at: at("2026-03-06T00:00Z"),
        label: "Infusion & rest".into(),
    }];
    assert_eq!(
        draw(&points, &marks),
        include_str!("golden/chart.svg").trim_end()
    );
}

#[test]
fn leaves_out_what_is_outside_or_no_number_and_keeps_the_rest_on_the_scale() {
    let svg = draw(
        &[
            point("2026-02-28T23:59Z", 5.0),
            point("2026-03-11T00:01Z", 5.0),
            point("2026-03-05T00:00Z", f64::NAN),
            point("2026-03-04T00:00Z", 25.0),
            point("2026-03-04T12:00Z", -3.0),
        ],
        &[Mark {
            at: at("2026-02-01T00:00Z"),
            label: "Before".into(),
        }],
    );
    assert_eq!(svg.matches("<circle").count(), 2);
    assert!(svg.contains(r#"<circle cx="30%" cy="0%">"#));
    assert!(svg.contains(r#"<circle cx="35%" cy="100%">"#));
    assert!(!svg.contains("Before") && !svg.contains("NaN"));
}

#[test]
fn joins_over_three_days_and_not_longer() {
    let joined = [
        point("2026-03-02T00:00Z", 5.0),
        point("2026-03-05T00:00Z", 5.0),
    ];
    assert!(draw(&joined, &[]).contains(r#"<polyline points="10,50 40,50"/>"#));
    let apart = [
        point("2026-03-02T00:00Z", 5.0),
        point("2026-03-05T00:00:01Z", 5.0),
    ];
    assert!(!draw(&apart, &[]).contains("<polyline"));
}

#[test]
fn draws_many_values_small() {
    let hourly: Vec<Point> = (0..121)
        .map(|hour| Point {
            when: Moment::new(
                at("2026-03-01T00:00Z") + SignedDuration::from_hours(hour),
                0,
            )
            .unwrap(),
            value: 5.0,
        })
        .collect();
    assert!(draw(&hourly, &[]).contains(r#"class="chart-picture chart-dense""#));
    assert!(!draw(&hourly[1..], &[]).contains("chart-dense"));
}

#[test]
fn holds_no_style_and_no_script() {
    let svg = draw(&[point("2026-03-04T00:00Z", 5.0)], &[]);
    for banned in ["style", "fill=", "stroke=", "<script", "onload", "href"] {
        assert!(!svg.contains(banned), "{banned}");
    }
}

fn labels(from: &str, to: &str, zone: &str) -> Vec<(String, String)> {
    let zone = TimeZone::get(zone).unwrap();
    ticks(at(from), at(to), &zone)
        .into_iter()
        .map(|tick| (tick.at.to_string(), tick.label))
        .collect()
}

fn expected(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(at, label)| ((*at).into(), (*label).into()))
        .collect()
}

/// Berlin put its clocks forward on 29 March 2026: that day has 23 hours.
#[test]
fn days_begin_where_the_zone_says() {
    assert_eq!(
        labels("2026-03-27T23:00Z", "2026-03-30T22:00Z", "Europe/Berlin"),
        expected(&[
            ("2026-03-27T23:00:00Z", "28 Mar"),
            ("2026-03-28T23:00:00Z", "29 Mar"),
            ("2026-03-29T22:00:00Z", "30 Mar"),
            ("2026-03-30T22:00:00Z", "31 Mar"),
        ])
    );
}

/// Beirut put its clocks forward at midnight: 29 March 2026 began at 01:00.
#[test]
fn a_day_without_a_midnight_begins_when_it_begins() {
    assert_eq!(
        labels("2026-03-28T00:00Z", "2026-03-29T12:00Z", "Asia/Beirut"),
        expected(&[("2026-03-28T22:00:00Z", "29 Mar")])
    );
}

#[test]
fn thirty_days_are_told_in_weeks_from_monday() {
    assert_eq!(
        labels("2026-02-13T12:00Z", "2026-03-15T12:00Z", "Europe/Berlin"),
        expected(&[
            ("2026-02-15T23:00:00Z", "16 Feb"),
            ("2026-02-22T23:00:00Z", "23 Feb"),
            ("2026-03-01T23:00:00Z", "2 Mar"),
            ("2026-03-08T23:00:00Z", "9 Mar"),
        ])
    );
}

#[test]
fn a_year_is_told_in_months() {
    let got = labels("2025-03-15T12:00Z", "2026-03-15T12:00Z", "UTC");
    let names: Vec<&str> = got.iter().map(|(_, label)| label.as_str()).collect();
    assert_eq!(
        names,
        [
            "May 2025", "Jul 2025", "Sep 2025", "Nov 2025", "Jan 2026", "Mar 2026"
        ]
    );
}

#[test]
fn there_are_never_too_many_dates_nor_none() {
    let to = at("2026-03-15T12:00Z");
    for days in 2..9_000 {
        let from = to - SignedDuration::from_hours(days * 24);
        let n = ticks(from, to, &TimeZone::UTC).len();
        assert!((1..=7).contains(&n), "{n} over {days} days");
    }
}
