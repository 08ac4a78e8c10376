//! "Sync now".

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};

use crate::web::app::App;
use crate::web::form::Form;
use crate::web::shell::{Page, Unlocked, own_path};

pub(crate) async fn now(State(app): State<Arc<App>>, _: Unlocked, form: Form) -> Page {
    let _turn = app.turn.lock().await;
    // What went wrong stands on every page from now on.
    let _ = app.try_ask(|service| service.sync_now()).await;
    Ok(Redirect::to(own_path(form.text("back"))).into_response())
}
