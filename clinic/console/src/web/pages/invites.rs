//! Invites: making one, showing its code once, the list, withdrawing.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use companion_core::problem::{Kind, Problem};
use jiff::civil::Date;

use super::applicant::ApplicantFields;
use super::in_path;
use crate::qr::{self, Qr};
use crate::service::{InviteState, InviteView};
use crate::web::app::App;
use crate::web::form::Form;
use crate::web::secret::Secret;
use crate::web::session;
use crate::web::shell::{Page, Shell, Unlocked, render, render_with};
use crate::words::{full_date, name};

#[derive(Template)]
#[template(path = "invites.html")]
struct InvitesPage {
    shell: Shell,
    applicant: ApplicantFields,
    today: Date,
    /// Makes a form that is sent twice one invite.
    once: String,
    invites: Vec<Row>,
    /// Why the list is not there, or the invite was not made; with its code.
    trouble: Option<(String, &'static str)>,
}

struct Row {
    path: String,
    name: String,
    born: Option<String>,
    state: &'static str,
    claimed: bool,
    waiting: bool,
    times: String,
}

impl Row {
    fn new(invite: InviteView, who: &Unlocked) -> Self {
        let created = who.date(invite.created);
        let expires = who.date(invite.expires);
        let (state, times) = match invite.state {
            InviteState::Waiting => (
                "Not used yet",
                format!("Made {created}. Can be used until {expires}."),
            ),
            InviteState::Claimed { .. } => (
                "Waits to be admitted",
                format!("Made {created}. Can be admitted until {expires}."),
            ),
            InviteState::Admitted => ("Admitted", format!("Made {created}.")),
            InviteState::Expired => ("No longer valid", format!("Made {created}.")),
        };
        Self {
            path: format!("/invites/{}", in_path(&invite.id)),
            name: match &invite.applicant {
                Some(applicant) => name(&applicant.name),
                None => "Invite made on another workstation".into(),
            },
            born: invite
                .applicant
                .map(|applicant| full_date(applicant.birth_date)),
            state,
            claimed: matches!(invite.state, InviteState::Claimed { .. }),
            waiting: invite.state == InviteState::Waiting,
            times,
        }
    }
}

async fn page(
    app: &App,
    who: &Unlocked,
    applicant: ApplicantFields,
) -> Result<InvitesPage, super::Refusal> {
    // The server keeps the invites. Without it there is no list, but all else goes on.
    let (invites, trouble) = match app.try_ask(|service| service.invites()).await {
        Ok(invites) => (invites, None),
        Err(problem) if from_server(&problem) => (Vec::new(), Some(problem)),
        Err(problem) => return Err(problem.into()),
    };
    Ok(InvitesPage {
        trouble: trouble.map(|problem| (unlisted(&problem), problem.code)),
        shell: who.shell(app),
        applicant,
        today: who.today(),
        once: Secret::new(&app.env).as_str().into(),
        invites: invites
            .into_iter()
            .map(|invite| Row::new(invite, who))
            .collect(),
    })
}

fn from_server(problem: &Problem) -> bool {
    matches!(problem.kind, Kind::Offline | Kind::Tampered)
}

fn unlisted(problem: &Problem) -> String {
    if problem.kind == Kind::Offline {
        "The clinic’s server does not answer just now, so the list of invites cannot be shown."
            .into()
    } else {
        problem.advice.clone()
    }
}

pub(crate) async fn list(State(app): State<Arc<App>>, who: Unlocked) -> Page {
    Ok(render(&page(&app, &who, ApplicantFields::default()).await?))
}

pub(crate) async fn create(State(app): State<Arc<App>>, who: Unlocked, form: Form) -> Page {
    let applicant = match ApplicantFields::read(&form, who.today()) {
        Ok(applicant) => applicant,
        Err(fields) => {
            let mut page = page(&app, &who, fields).await?;
            page.shell.here = "/invites".into();
            return Ok(render_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let once = form.text("once").to_owned();
    let _turn = app.turn.lock().await;
    let before = session::change(&app, &who.visit, |session| {
        session.memory.invitation.clone()
    });
    let id = match before.flatten() {
        Some((by, invitation)) if !once.is_empty() && by == once => invitation.id,
        _ => {
            let fields = ApplicantFields::from(&applicant);
            let invitation = match app.try_ask(move |service| service.invite(&applicant)).await {
                Ok(invitation) => invitation,
                Err(problem) if from_server(&problem) => {
                    return not_made(&app, &who, fields, problem).await;
                }
                Err(problem) => return Err(problem.into()),
            };
            let id = invitation.id.clone();
            session::change(&app, &who.visit, |session| {
                session.memory.invitation = Some((once, invitation));
            });
            id
        }
    };
    Ok(Redirect::to(&format!("/invites/{}/code", in_path(&id))).into_response())
}

/// The form again with what was typed: the server did not take the invite.
async fn not_made(app: &App, who: &Unlocked, fields: ApplicantFields, problem: Problem) -> Page {
    let mut page = page(app, who, fields).await?;
    page.shell.here = "/invites".into();
    let why = if problem.kind == Kind::Offline {
        "The clinic’s server cannot be reached, or has no room, just now. \
         What you typed is still here: try again in a while."
    } else {
        problem.advice.as_str()
    };
    page.trouble = Some((format!("No invite was made. {why}"), problem.code));
    Ok(render_with(StatusCode::SERVICE_UNAVAILABLE, &page))
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    shell: Shell,
    path: String,
    groups: Vec<String>,
    qr: Option<Qr>,
    expires: String,
}

pub(crate) async fn code(
    State(app): State<Arc<App>>,
    who: Unlocked,
    Path(id): Path<String>,
) -> Page {
    let shown = session::change(&app, &who.visit, |session| {
        session.memory.invitation.clone()
    });
    let Some((_, invitation)) = shown
        .flatten()
        .filter(|(_, invitation)| invitation.id == id)
    else {
        who.say(
            &app,
            "That code was shown once and is not kept. If nobody has written it down, withdraw the invite and make another.",
        );
        return Ok(Redirect::to("/invites").into_response());
    };
    let letters: Vec<char> = invitation.code_text.chars().collect();
    Ok(render(&CodePage {
        shell: who.shell(&app),
        path: format!("/invites/{}", in_path(&id)),
        groups: letters
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect(),
        qr: qr::draw(
            &invitation.qr_payload,
            "QR code of this invite, to be scanned with the patient’s app",
        ),
        expires: who.date(invitation.expires),
    }))
}

/// The person has the code: forget it here.
pub(crate) async fn hide_code(
    State(app): State<Arc<App>>,
    who: Unlocked,
    Path(_): Path<String>,
    _: Form,
) -> Page {
    session::change(&app, &who.visit, |session| session.memory.invitation = None);
    Ok(Redirect::to("/invites").into_response())
}

pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    who: Unlocked,
    Path(id): Path<String>,
    _: Form,
) -> Page {
    app.try_ask(move |service| service.withdraw(&id)).await?;
    session::change(&app, &who.visit, |session| session.memory.invitation = None);
    who.say(
        &app,
        "The invite was withdrawn. Its code opens nothing any more.",
    );
    Ok(Redirect::to("/invites").into_response())
}
