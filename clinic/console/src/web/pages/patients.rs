//! The list of patients.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};

use super::in_path;
use crate::service::PatientRow;
use crate::web::app::App;
use crate::web::form::Form;
use crate::web::session;
use crate::web::shell::{Page, Shell, Unlocked, render};
use crate::words::{ago, count, full_date, name};

#[derive(Template)]
#[template(path = "patients.html")]
struct PatientsPage {
    shell: Shell,
    search: String,
    rows: Vec<Row>,
    /// `12 patients`, `2 of 12 patients`.
    tally: String,
    none_at_all: bool,
}

struct Row {
    path: String,
    name: String,
    born: String,
    last_entry: String,
    heard: String,
    unreviewed: Option<String>,
}

pub(crate) async fn list(State(app): State<Arc<App>>, who: Unlocked) -> Page {
    let all = app.try_ask(|service| service.patients()).await?;
    let search = session::change(&app, &who.visit, |session| session.memory.search.clone())
        .unwrap_or_default();
    let rows: Vec<Row> = all
        .iter()
        .filter(|row| matches(row, &search))
        .map(|row| Row {
            path: format!("/patients/{}", in_path(&row.id)),
            name: name(&row.name),
            born: full_date(row.birth_date),
            last_entry: row
                .last_entry
                .map_or("none yet".into(), |entry| ago(who.now, entry.at)),
            heard: heard(who.now, row),
            unreviewed: (row.unreviewed > 0).then(|| row.unreviewed.to_string()),
        })
        .collect();
    let whole = count(i64::try_from(all.len()).unwrap_or(i64::MAX), "patient");
    let tally = if search.is_empty() {
        whole
    } else {
        format!("{} of {whole}", rows.len())
    };
    Ok(render(&PatientsPage {
        shell: who.shell(&app),
        none_at_all: all.is_empty(),
        search,
        rows,
        tally,
    }))
}

/// A search is kept in the session and not in the address: browsers write addresses into their history.
pub(crate) async fn search(State(app): State<Arc<App>>, who: Unlocked, form: Form) -> Page {
    let search = form.text("search").chars().take(200).collect();
    session::change(&app, &who.visit, |session| session.memory.search = search);
    Ok(Redirect::to("/patients").into_response())
}

/// Every word of the search has to be part of the name or of the date of birth.
fn matches(row: &PatientRow, search: &str) -> bool {
    let born = row.birth_date;
    let text = format!("{} {} {born}", row.name, full_date(born)).to_lowercase();
    search
        .to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

/// Silence in words. It never says how somebody is.
pub(super) fn heard(now: jiff::Timestamp, row: &PatientRow) -> String {
    if let Some(at) = row.left {
        return format!("Left {}", ago(now, at));
    }
    match row.last_heard {
        Some(at) => format!("Last heard {}", ago(now, at)),
        None => "Not heard from yet".into(),
    }
}
