//! "Sync now".
//!
//! A server that is slow, or stalls, must not keep the clinician: the page comes
//! back after a moment, and the sync goes on.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use tokio::time::timeout;

use crate::web::app::App;
use crate::web::form::Form;
use crate::web::shell::{Page, Unlocked, own_path};

/// So long the page waits for the sync.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn now(State(app): State<Arc<App>>, who: Unlocked, form: Form) -> Page {
    let syncing = match app.syncing.clone().try_lock_owned() {
        Ok(one) => {
            let app = app.clone();
            tokio::spawn(async move {
                // What went wrong stands on every page from now on.
                let _ = app.try_ask(|service| service.sync_now()).await;
                drop(one);
            })
        }
        // The one that goes on will do.
        Err(_) => {
            let one = app.syncing.clone().lock_owned();
            tokio::spawn(async move { drop(one.await) })
        }
    };
    if timeout(PATIENCE, syncing).await.is_err() {
        who.say(
            &app,
            "The clinic’s server is slow to answer. The console goes on trying. \
             You can work meanwhile; what you see is what has arrived so far.",
        );
    }
    Ok(Redirect::to(own_path(form.text("back"))).into_response())
}
