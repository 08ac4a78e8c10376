//! An accessible line chart as SVG, themed by the page's style sheet alone.
//!
//! Positions are percentages of the picture, so it fills whatever width it is
//! given while its text keeps the reader's size: it reflows to a narrow window
//! and to large text, where a scaled picture would shrink its labels. There are
//! classes and no colours in it; no inline style, so a strict content security
//! policy holds. To a screen reader it is one picture with a title, described
//! by an element of the page (a summary in words); the numbers belong in a
//! table beside it.
//!
//! The line is broken where nothing was recorded for longer than
//! [`Spec::longest_gap`]: a line across a silence would show what nobody said.

mod axis;
pub use axis::{Tick, ticks};

use askama::Template;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::words::{Moment, number};

/// The vertical scale: its ends, and the values that get a line and a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The value at the bottom.
    pub bottom: f64,
    /// The value at the top; greater than `bottom`.
    pub top: f64,
    /// Where lines are drawn across, each with its number.
    pub lines: &'static [f64],
}

/// Mood as people see it: 0 (very unpleasant) to 10 (very pleasant).
pub const MOOD: Scale = Scale {
    bottom: 0.0,
    top: 10.0,
    lines: &[0.0, 5.0, 10.0],
};

/// A measured value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When.
    pub when: Moment,
    /// On the chart's [`Scale`]; what lies outside is drawn at the nearer end.
    pub value: f64,
}

/// Something that happened and is drawn as a line from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What, in words: shown when pointed at.
    pub label: String,
}

/// What to draw.
pub struct Spec<'a> {
    /// Unlike any other id on the page.
    pub id: &'a str,
    /// The picture's title: what it shows, over which time, on which scale.
    pub title: &'a str,
    /// The id of the element that describes the picture in words.
    pub described_by: &'a str,
    /// The vertical scale.
    pub scale: Scale,
    /// The instant at the left edge.
    pub from: Timestamp,
    /// The instant at the right edge; after `from`.
    pub to: Timestamp,
    /// In which zone days begin on the time axis.
    pub zone: &'a TimeZone,
    /// The values, in any order; those outside `from..=to` and those that are no number are left out.
    pub points: &'a [Point],
    /// Events, in any order; those outside are left out.
    pub marks: &'a [Mark],
    /// After a longer time without a value the line is broken.
    pub longest_gap: SignedDuration,
}

/// A chart that is ready to be put into a page: its `Display` is safe SVG.
#[derive(Template)]
#[template(path = "chart.svg")]
pub struct Chart {
    id: String,
    title: String,
    described_by: String,
    dense: bool,
    lines: Vec<Line>,
    ticks: Vec<PlacedTick>,
    marks: Vec<PlacedMark>,
    runs: Vec<String>,
    dots: Vec<Dot>,
}

// The template escapes every value that it is given.
impl askama::filters::HtmlSafe for Chart {}

struct Line {
    y: f64,
    label: String,
}

struct PlacedTick {
    x: f64,
    label: String,
    /// Every second one gives way where there is little room.
    spare: bool,
}

struct PlacedMark {
    x: f64,
    label: String,
}

struct Dot {
    x: f64,
    y: f64,
    label: String,
}

/// Above this many values the dots are drawn small.
const DENSE: usize = 120;

/// Draws the values as a line with a dot each.
pub fn line_chart(spec: &Spec<'_>) -> Chart {
    let across = |at: Timestamp| {
        // An empty span of time must not become a division by nothing.
        let whole = spec.to.duration_since(spec.from).as_secs_f64().max(1.0);
        percent(at.duration_since(spec.from).as_secs_f64() / whole)
    };
    let up = |value: f64| {
        let Scale { bottom, top, .. } = spec.scale;
        percent((top - value.clamp(bottom, top)) / (top - bottom))
    };
    let inside = |at: Timestamp| spec.from <= at && at <= spec.to;

    let mut points: Vec<&Point> = spec
        .points
        .iter()
        .filter(|point| inside(point.when.at) && !point.value.is_nan())
        .collect();
    points.sort_by_key(|point| point.when.at);

    Chart {
        id: spec.id.into(),
        title: spec.title.into(),
        described_by: spec.described_by.into(),
        dense: points.len() > DENSE,
        lines: spec
            .scale
            .lines
            .iter()
            .map(|value| Line {
                y: up(*value),
                label: number(*value),
            })
            .collect(),
        ticks: ticks(spec.from, spec.to, spec.zone)
            .into_iter()
            .enumerate()
            .map(|(i, tick)| PlacedTick {
                x: across(tick.at),
                label: tick.label,
                spare: i % 2 == 1,
            })
            .collect(),
        marks: spec
            .marks
            .iter()
            .filter(|mark| inside(mark.at))
            .map(|mark| PlacedMark {
                x: across(mark.at),
                label: mark.label.clone(),
            })
            .collect(),
        runs: points
            .chunk_by(|a, b| b.when.at.duration_since(a.when.at) <= spec.longest_gap)
            .filter(|run| run.len() > 1)
            .map(|run| {
                let corners: Vec<String> = run
                    .iter()
                    .map(|point| format!("{},{}", across(point.when.at), up(point.value)))
                    .collect();
                corners.join(" ")
            })
            .collect(),
        dots: points
            .iter()
            .map(|point| Dot {
                x: across(point.when.at),
                y: up(point.value),
                label: format!(
                    "{}: {}",
                    point.when.day_and_time_seen_from(spec.zone),
                    number(point.value)
                ),
            })
            .collect(),
    }
}

/// A fraction as percent with two decimals, which is a tenth of a pixel on a wide screen.
fn percent(fraction: f64) -> f64 {
    (fraction * 10_000.0).round() / 100.0 + 0.0
}
