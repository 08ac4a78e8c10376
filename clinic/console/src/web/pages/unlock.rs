//! Unlocking the vault with the passphrase, and locking it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use companion_core::problem::Kind;
use zeroize::Zeroizing;

use super::go_with_cookie;
use crate::service::State as ClinicState;
use crate::web::app::App;
use crate::web::form::Form;
use crate::web::refusal::Refusal;
use crate::web::session::{self, Visit, Why};
use crate::web::shell::{Page, own_path, render, render_with};
use crate::words::count;

#[derive(Template)]
#[template(path = "unlock.html")]
struct UnlockPage {
    csrf: String,
    why: Option<String>,
    wrong: Option<String>,
    idle: String,
}

/// Why somebody who was at work has to unlock again; said once.
fn why(app: &App, visit: &Visit) -> Option<String> {
    let why = session::change(app, visit, |session| session.memory.why.take());
    Some(match why.flatten()? {
        Why::Idle => format!(
            "The console locked itself because nobody used it for {}. All that was saved is here.",
            idle(app)
        ),
        Why::NotDone => "The console was locked before that arrived, so it was not done. \
             All that was saved is here: unlock, and do it once more."
            .into(),
    })
}

/// After some passphrases that did not fit, each further answer takes longer. Nobody
/// is shut out: whoever knows the passphrase waits for half a minute at most.
fn pause(misses: u32) -> Duration {
    const FREE: u32 = 3;
    const LONGEST: u64 = 30;
    match misses.checked_sub(FREE) {
        None | Some(0) => Duration::ZERO,
        Some(more) => Duration::from_secs(LONGEST.min(1 << more.min(5))),
    }
}

fn idle(app: &App) -> String {
    count(app.config.idle.as_mins(), "minute")
}

pub(crate) async fn show(State(app): State<Arc<App>>, visit: Visit) -> Page {
    match app.ask(|service| service.state()).await? {
        ClinicState::NoClinic => Err(Refusal::GoTo("/start".into())),
        ClinicState::Open { .. } if visit.unlocked => Err(Refusal::GoTo("/patients".into())),
        ClinicState::Locked | ClinicState::Open { .. } => Ok(render(&UnlockPage {
            csrf: visit.csrf.as_str().into(),
            why: why(&app, &visit),
            wrong: None,
            idle: idle(&app),
        })),
    }
}

pub(crate) async fn unlock(State(app): State<Arc<App>>, visit: Visit, form: Form) -> Page {
    let passphrase = Zeroizing::new(form.exactly("passphrase").to_owned());
    let _turn = app.turn.lock().await;
    match app
        .try_ask(move |service| service.unlock(&passphrase))
        .await
    {
        Ok(()) => {
            app.misses.store(0, Ordering::Relaxed);
            let wanted = session::change(&app, &visit, |session| session.memory.wanted.take());
            let path = wanted.flatten().unwrap_or_default();
            let cookie = session::unlocked(&app, &visit).await?;
            Ok(go_with_cookie(own_path(&path), cookie))
        }
        Err(problem) if problem.kind == Kind::Locked => {
            // The turn is kept meanwhile: several forms at once wait for one another.
            let misses = app.misses.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            tokio::time::sleep(pause(misses)).await;
            let page = UnlockPage {
                csrf: visit.csrf.as_str().into(),
                why: None,
                wrong: Some(problem.advice),
                idle: idle(&app),
            };
            Ok(render_with(StatusCode::FORBIDDEN, &page))
        }
        Err(problem) => Err(problem.into()),
    }
}

pub(crate) async fn lock(State(app): State<Arc<App>>, visit: Visit, _: Form) -> Page {
    let cookie = session::locked(&app, &visit).await?;
    Ok(go_with_cookie("/unlock", cookie))
}

/// Whether what is on view may stay: a page of an open vault asks while it is shown.
pub(crate) async fn standing(State(app): State<Arc<App>>, visit: Visit) -> Page {
    let state = app.ask(|service| service.state()).await?;
    let open = visit.unlocked && matches!(state, ClinicState::Open { .. });
    Ok(if open { "open" } else { "locked" }.into_response())
}
