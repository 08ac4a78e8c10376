//! The mood trend of a patient's page: chart, summary in words, table.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::chart::{self, Chart, Mark, Point, Spec, line_chart};
use crate::service::{PatientPage, Range};
use crate::summary::{LONGEST_GAP, describe};
use crate::words::{Moment, date_span, mood, number};

pub(super) struct Trend {
    pub(super) sentences: Vec<String>,
    /// `None` where there is nothing to draw.
    pub(super) chart: Option<Chart>,
    pub(super) infusions: Vec<String>,
    /// When and how, the newest first.
    pub(super) table: Vec<(String, String)>,
}

impl Trend {
    pub(super) fn new(page: &PatientPage, range: &Range, zone: &TimeZone) -> Self {
        let points: Vec<Point> = page
            .trend
            .iter()
            .filter_map(|point| {
                Some(Point {
                    when: point.felt,
                    value: mood(point.valence)?,
                })
            })
            .collect();
        let mut table: Vec<&Point> = points.iter().collect();
        table.sort_by_key(|point| std::cmp::Reverse(point.when.at));
        Self {
            sentences: describe(&page.trend, &page.infusions, range, zone),
            chart: (!points.is_empty()).then(|| draw(&points, &page.infusions, range, zone)),
            infusions: page.infusions.iter().map(Moment::day_and_time).collect(),
            table: table
                .into_iter()
                .map(|point| (point.when.day_and_time_seen_from(zone), number(point.value)))
                .collect(),
        }
    }
}

fn draw(points: &[Point], infusions: &[Moment], range: &Range, zone: &TimeZone) -> Chart {
    let from = range
        .from
        .unwrap_or_else(|| earliest(points, infusions, range.to));
    let day = |at| Moment::in_zone(at, zone).date();
    let marks: Vec<Mark> = infusions
        .iter()
        .map(|infusion| Mark {
            at: infusion.at,
            label: format!("Infusion, {}", infusion.day_and_time_seen_from(zone)),
        })
        .collect();
    line_chart(&Spec {
        id: "mood",
        title: &format!(
            "Mood from {}, from 0, very unpleasant, to 10, very pleasant",
            date_span(day(from), day(range.to))
        ),
        described_by: "mood-summary",
        scale: chart::MOOD,
        from,
        to: range.to,
        zone,
        points,
        marks: &marks,
        longest_gap: LONGEST_GAP,
    })
}

/// Where a chart of everything begins: at the first thing there is, with at least a week to the end.
fn earliest(points: &[Point], infusions: &[Moment], to: Timestamp) -> Timestamp {
    let week_before = to
        .checked_sub(SignedDuration::from_hours(7 * 24))
        .unwrap_or(Timestamp::MIN);
    points
        .iter()
        .map(|point| point.when.at)
        .chain(infusions.iter().map(|infusion| infusion.at))
        .fold(week_before, Timestamp::min)
}
