//! The pages, a file per resource.

mod admit;
mod applicant;
mod entry;
mod invites;
mod open;
mod patient;
mod patients;
mod start;
mod sync;
mod trend;
mod unlock;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use super::app::App;
use super::refusal::Refusal;
use super::session::{STANDING, Visit};
use super::shell::Page;
use crate::service::State as ClinicState;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(first))
        .route("/open", get(open::open))
        .route("/start", get(start::show).post(start::create))
        .route("/start/done", get(start::done))
        .route("/unlock", get(unlock::show).post(unlock::unlock))
        .route("/lock", post(unlock::lock))
        .route(STANDING, get(unlock::standing))
        .route("/sync", post(sync::now))
        .route("/patients", get(patients::list).post(patients::search))
        .route("/patients/{id}", get(patient::show))
        .route("/patients/{id}/reviewed", post(patient::reviewed))
        .route("/invites", get(invites::list).post(invites::create))
        .route(
            "/invites/{id}/code",
            get(invites::code).post(invites::hide_code),
        )
        .route("/invites/{id}/withdraw", post(invites::withdraw))
        .route("/invites/{id}/admit", get(admit::show).post(admit::admit))
        .fallback(async || Refusal::NotFound)
        .method_not_allowed_fallback(async || Refusal::WrongMethod)
}

/// The first page is whichever the person can use now.
async fn first(State(app): State<Arc<App>>, visit: Visit) -> Page {
    let state = app.ask(|service| service.state()).await?;
    Ok(Redirect::to(match state {
        ClinicState::NoClinic => "/start",
        ClinicState::Open { .. } if visit.unlocked => "/patients",
        ClinicState::Locked | ClinicState::Open { .. } => "/unlock",
    })
    .into_response())
}

/// Goes on at `path` with a new session cookie.
fn go_with_cookie(path: &str, cookie: HeaderValue) -> Response {
    ([(header::SET_COOKIE, cookie)], Redirect::to(path)).into_response()
}

/// A name as it stands in an address.
fn in_path(id: &str) -> String {
    match askama::filters::urlencode_strict(id) {
        Ok(encoded) => encoded.to_string(),
        Err(never) => match never {},
    }
}
