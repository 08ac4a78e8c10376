//! Admitting a person: they read out the digits on their phone, staff type them here.
//!
//! The console does not show its own digits, so that nobody can nod them through.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use jiff::civil::Date;

use super::applicant::ApplicantFields;
use super::in_path;
use crate::service::{Admission, InviteState, InviteView};
use crate::web::app::App;
use crate::web::form::Form;
use crate::web::refusal::Refusal;
use crate::web::shell::{Page, Shell, Unlocked, render, render_with};
use crate::words;

#[derive(Template)]
#[template(path = "admit.html")]
struct AdmitPage {
    shell: Shell,
    path: String,
    needed: u8,
    applicant: ApplicantFields,
    today: Date,
    digits_wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "differ.html")]
struct DifferPage {
    shell: Shell,
}

/// The invite and how many digits it asks for; elsewhere if it cannot be admitted now.
async fn claimed(app: &App, who: &Unlocked, id: &str) -> Result<(InviteView, u8), Refusal> {
    let invites = app.try_ask(|service| service.invites()).await?;
    let invite = invites
        .into_iter()
        .find(|invite| invite.id == id)
        .ok_or(Refusal::NotFound)?;
    let why = match invite.state {
        InviteState::Claimed { digits_needed } => return Ok((invite, digits_needed)),
        InviteState::Waiting => {
            "Nobody has used this invite yet. When the phone shows its digits, sync and try again."
        }
        InviteState::Admitted => "This person was admitted already.",
        InviteState::Expired => "This invite is no longer valid. Make another.",
    };
    who.say(app, why);
    Err(Refusal::GoTo("/invites".into()))
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    who: Unlocked,
    Path(id): Path<String>,
) -> Page {
    let (invite, needed) = claimed(&app, &who, &id).await?;
    Ok(render(&AdmitPage {
        shell: who.shell(&app),
        path: format!("/invites/{}/admit", in_path(&id)),
        needed,
        applicant: invite
            .applicant
            .as_ref()
            .map(ApplicantFields::from)
            .unwrap_or_default(),
        today: who.today(),
        digits_wrong: None,
    }))
}

pub(crate) async fn admit(
    State(app): State<Arc<App>>,
    who: Unlocked,
    Path(id): Path<String>,
    form: Form,
) -> Page {
    let _turn = app.turn.lock().await;
    let (_, needed) = claimed(&app, &who, &id).await?;
    let digits = digits(form.text("digits"), needed);
    let applicant = ApplicantFields::read(&form, who.today());
    let (digits, applicant) = match (digits, applicant) {
        (Some(digits), Ok(applicant)) => (digits, applicant),
        (digits, applicant) => {
            let fields = match applicant {
                Ok(applicant) => ApplicantFields::from(&applicant),
                Err(fields) => fields,
            };
            let page = AdmitPage {
                shell: who.shell(&app),
                path: format!("/invites/{}/admit", in_path(&id)),
                needed,
                applicant: fields,
                today: who.today(),
                digits_wrong: digits
                    .is_none()
                    .then(|| format!("Please type all {needed} digits. Nothing was compared yet.")),
            };
            return Ok(render_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let name = words::name(&applicant.name);
    match app
        .try_ask(move |service| service.admit(&id, &digits, &applicant))
        .await?
    {
        Admission::Admitted => {
            who.say(
                &app,
                format!("{name} is admitted. What they share appears here as it arrives."),
            );
            Ok(Redirect::to("/patients").into_response())
        }
        Admission::DigitsDiffer => {
            let mut shell = who.shell(&app);
            shell.here = "/invites".into();
            Ok(render_with(StatusCode::FORBIDDEN, &DifferPage { shell }))
        }
    }
}

/// The digits without the spaces and hyphens that people put between them.
fn digits(typed: &str, needed: u8) -> Option<String> {
    let digits: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–' | '.'))
        .collect();
    let whole = digits.len() == usize::from(needed) && digits.bytes().all(|b| b.is_ascii_digit());
    whole.then_some(digits)
}
