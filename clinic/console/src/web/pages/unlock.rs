//! Unlocking the vault with the passphrase, and locking it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use companion_core::problem::Kind;
use zeroize::Zeroizing;

use super::go_with_cookie;
use crate::service::State as ClinicState;
use crate::web::app::App;
use crate::web::form::Form;
use crate::web::refusal::Refusal;
use crate::web::session::{self, Visit};
use crate::web::shell::{Page, own_path, render, render_with};
use crate::words::count;

#[derive(Template)]
#[template(path = "unlock.html")]
struct UnlockPage {
    csrf: String,
    wrong: Option<String>,
    idle: String,
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
            let wanted = session::change(&app, &visit, |session| session.memory.wanted.take());
            let path = wanted.flatten().unwrap_or_default();
            let cookie = session::unlocked(&app, &visit).await?;
            Ok(go_with_cookie(own_path(&path), cookie))
        }
        Err(problem) if problem.kind == Kind::Locked => {
            let page = UnlockPage {
                csrf: visit.csrf.as_str().into(),
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
