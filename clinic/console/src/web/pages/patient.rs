//! One patient: trend, entries, who can read and who did.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use jiff::{SignedDuration, Timestamp};

use super::entry::Card;
use super::in_path;
use super::patients::heard;
use super::trend::Trend;
use crate::service::{PatientPage, Range};
use crate::web::app::App;
use crate::web::form::Form;
use crate::web::refusal::Refusal;
use crate::web::shell::{Page, Shell, Unlocked, render};
use crate::words::{Moment, age, ago, count, full_date, name};

/// The spans of time that can be chosen: as in the address, in days, in words.
const SPANS: [(&str, Option<i64>, &str); 5] = [
    ("14", Some(14), "2 weeks"),
    ("30", Some(30), "30 days"),
    ("90", Some(90), "3 months"),
    ("365", Some(365), "1 year"),
    ("all", None, "All"),
];
const USUAL: (&str, Option<i64>) = ("30", Some(30));

#[derive(Template)]
#[template(path = "patient.html")]
struct View {
    shell: Shell,
    path: String,
    name: String,
    born: String,
    age: Option<String>,
    heard: String,
    left: bool,
    request_number: String,
    span: &'static str,
    spans: Vec<SpanLink>,
    trend: Trend,
    cards: Vec<Card>,
    awaiting: usize,
    /// Entries that await review but lie outside the chosen span.
    elsewhere: Option<String>,
    readers: Vec<Reader>,
    trail: Vec<Trace>,
}

struct SpanLink {
    path: String,
    name: &'static str,
    here: bool,
}

struct Reader {
    who: String,
    role: String,
    since: String,
    last_read: String,
}

struct Trace {
    who: String,
    at: String,
    what: String,
    /// When each was felt; with the card's id where it is on this page.
    entries: Vec<(String, Option<String>)>,
}

fn span(chosen: &str) -> (&'static str, Option<i64>) {
    SPANS
        .iter()
        .find(|(key, ..)| *key == chosen)
        .map_or(USUAL, |(key, days, _)| (*key, *days))
}

fn range(days: Option<i64>, now: Timestamp) -> Range {
    let from = days.and_then(|days| now.checked_sub(SignedDuration::from_hours(days * 24)).ok());
    Range { from, to: now }
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    who: Unlocked,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Page {
    let chosen = query
        .as_deref()
        .and_then(|query| query.strip_prefix("days="));
    let (span, days) = span(chosen.unwrap_or_default());
    let range = range(days, who.now);
    let page = {
        let id = id.clone();
        app.try_ask(move |service| service.patient(&id, &range))
            .await?
            .ok_or(Refusal::NotFound)?
    };
    let path = format!("/patients/{}", in_path(&id));
    let cards: Vec<Card> = page
        .entries
        .iter()
        .map(|entry| Card::new(entry, &who))
        .collect();
    let awaiting = cards.iter().filter(|card| card.awaits).count();
    Ok(render(&View {
        shell: who.shell(&app),
        name: name(&page.row.name),
        born: full_date(page.row.birth_date),
        age: age(page.row.birth_date, who.today()).map(|years| count(years.into(), "year")),
        heard: heard(who.now, &page.row),
        left: page.row.left.is_some(),
        request_number: page.row.request_number.clone(),
        span,
        spans: SPANS
            .iter()
            .map(|(key, _, name)| SpanLink {
                path: format!("{path}?days={key}"),
                name,
                here: *key == span,
            })
            .collect(),
        path,
        trend: Trend::new(&page, &range, &who.zone),
        elsewhere: elsewhere(page.row.unreviewed, awaiting),
        awaiting,
        readers: readers(&page, &who),
        trail: trail(&page, &who, &cards),
        cards,
    }))
}

fn elsewhere(unreviewed: u32, shown: usize) -> Option<String> {
    let more = usize::try_from(unreviewed)
        .unwrap_or(usize::MAX)
        .saturating_sub(shown);
    match more {
        0 => None,
        1 => Some("1 more entry, outside this period, is to be reviewed.".into()),
        n => Some(format!(
            "{n} more entries, outside this period, are to be reviewed."
        )),
    }
}

fn readers(page: &PatientPage, who: &Unlocked) -> Vec<Reader> {
    page.readers
        .iter()
        .map(|reader| Reader {
            who: name(&reader.who),
            role: reader.role.clone(),
            since: full_date(Moment::in_zone(reader.since, &who.zone).date()),
            last_read: match reader.last_read {
                Some(at) => format!("last read {}", ago(who.now, at)),
                None => "has not read yet".into(),
            },
        })
        .collect()
}

fn trail(page: &PatientPage, who: &Unlocked, cards: &[Card]) -> Vec<Trace> {
    page.trail
        .iter()
        .map(|trace| Trace {
            who: name(&trace.who),
            at: who.date(trace.at),
            what: match trace.entries.len() {
                1 => "1 entry".into(),
                n => format!("{n} entries"),
            },
            entries: trace
                .entries
                .iter()
                .map(|entry| {
                    let here = cards.iter().any(|card| card.id == entry.id);
                    let felt = entry.felt.day_and_time_seen_from(&who.zone);
                    (felt, here.then(|| in_path(&entry.id)))
                })
                .collect(),
        })
        .collect()
}

pub(crate) async fn reviewed(
    State(app): State<Arc<App>>,
    who: Unlocked,
    Path(id): Path<String>,
    form: Form,
) -> Page {
    let entries = form.all("entry");
    let back = {
        let (span, _) = span(form.text("days"));
        let place = match entries.as_slice() {
            [one] => format!("entry-{}", in_path(one)),
            _ => "entries".into(),
        };
        format!("/patients/{}?days={span}#{place}", in_path(&id))
    };
    if entries.is_empty() {
        return Ok(Redirect::to(&back).into_response());
    }
    let said = match entries.len() {
        1 => "Marked 1 entry as reviewed.".into(),
        n => format!("Marked {n} entries as reviewed."),
    };
    app.try_ask(move |service| service.mark_reviewed(&id, &entries))
        .await?;
    who.say(&app, said);
    Ok(Redirect::to(&back).into_response())
}
