//! The first run: creating the clinic.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect};
use zeroize::Zeroizing;

use super::go_with_cookie;
use crate::service::{NewClinic, State as ClinicState};
use crate::web::app::App;
use crate::web::form::Form;
use crate::web::refusal::Refusal;
use crate::web::session::{self, Visit};
use crate::web::shell::{Page, render, render_with};
use crate::web::{MAX_NAME, MIN_PASSPHRASE};

#[derive(Template, Default)]
#[template(path = "start.html")]
struct StartPage {
    csrf: String,
    clinic: String,
    person: String,
    server: String,
    least: usize,
    clinic_wrong: Option<&'static str>,
    person_wrong: Option<&'static str>,
    server_wrong: Option<&'static str>,
    passphrase_wrong: Option<&'static str>,
    repeat_wrong: Option<&'static str>,
}

impl StartPage {
    fn wrong(&self) -> bool {
        [
            self.clinic_wrong,
            self.person_wrong,
            self.server_wrong,
            self.passphrase_wrong,
            self.repeat_wrong,
        ]
        .iter()
        .any(Option::is_some)
    }
}

#[derive(Template)]
#[template(path = "founded.html")]
struct FoundedPage {
    fingerprint: String,
}

pub(crate) async fn show(State(app): State<Arc<App>>, visit: Visit) -> Page {
    match app.ask(|service| service.state()).await? {
        ClinicState::NoClinic => Ok(render(&StartPage {
            csrf: visit.csrf.as_str().into(),
            server: app.config.server.clone().unwrap_or_default(),
            least: MIN_PASSPHRASE,
            ..StartPage::default()
        })),
        ClinicState::Locked | ClinicState::Open { .. } => Err(Refusal::GoTo("/".into())),
    }
}

pub(crate) async fn create(State(app): State<Arc<App>>, visit: Visit, form: Form) -> Page {
    let page = check(&visit, &form);
    if page.wrong() {
        return Ok(render_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let new = NewClinic {
        clinic_name: page.clinic,
        person_name: page.person,
        passphrase: Zeroizing::new(form.exactly("passphrase").to_owned()),
        server_url: page.server,
    };
    let _turn = app.turn.lock().await;
    let fingerprint = match app.ask(|service| service.state()).await? {
        ClinicState::NoClinic => {
            let founded = app.try_ask(move |service| service.found(&new)).await?;
            Some(founded.root_fingerprint)
        }
        // The same form a second time: the first one has just been answered.
        ClinicState::Locked | ClinicState::Open { .. } => {
            app.try_ask(move |service| service.unlock(&new.passphrase))
                .await?;
            None
        }
    };
    if fingerprint.is_some() {
        session::change(&app, &visit, |session| session.memory.founded = fingerprint);
    }
    let cookie = session::unlocked(&app, &visit).await?;
    Ok(go_with_cookie("/start/done", cookie))
}

fn check(visit: &Visit, form: &Form) -> StartPage {
    let name = |text: &str| match text.chars().count() {
        0 => Some("Please fill this in."),
        1..=MAX_NAME => None,
        _ => Some("Please use a shorter name, of at most 200 characters."),
    };
    let passphrase = form.exactly("passphrase");
    let short = passphrase.chars().count() < MIN_PASSPHRASE;
    StartPage {
        csrf: visit.csrf.as_str().into(),
        clinic: form.text("clinic").into(),
        person: form.text("person").into(),
        server: form.text("server").into(),
        least: MIN_PASSPHRASE,
        clinic_wrong: name(form.text("clinic")),
        person_wrong: name(form.text("person")),
        server_wrong: (!is_server(form.text("server"))).then_some(
            "Please give an address that starts with https://. \
             Plain http:// is accepted only for a server on this computer.",
        ),
        passphrase_wrong: short.then_some(
            "This one is a little short. It has to hold against somebody who took this computer \
             and has time to guess, so please take at least 12 characters: \
             four or five unrelated words are easy to keep in mind.",
        ),
        repeat_wrong: (!short && passphrase != form.exactly("repeat"))
            .then_some("The two differ. Please type the same passphrase in both fields."),
    }
}

fn is_server(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let here = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let plain_authority = uri
        .authority()
        .is_some_and(|authority| !authority.as_str().contains('@'));
    let https = uri.scheme_str() == Some("https");
    let http_here = uri.scheme_str() == Some("http") && here;
    plain_authority && uri.query().is_none() && (https || http_here)
}

pub(crate) async fn done(State(app): State<Arc<App>>, visit: Visit) -> Page {
    let fingerprint =
        session::change(&app, &visit, |session| session.memory.founded.clone()).flatten();
    Ok(match fingerprint {
        Some(fingerprint) if visit.unlocked => render(&FoundedPage { fingerprint }),
        Some(_) | None => Redirect::to("/").into_response(),
    })
}
