//! The web layer: who may come in, and what each page shows.
//!
//! A request passes, in this order: the headers that every answer carries, the
//! checks of Host, Origin and Fetch Metadata ([`guard`]), a limit on its size,
//! the place that only the printed address tells ([`place`]), the session
//! ([`session`]), and for every change a token in the form ([`form`]). Only then
//! a page sees it.

mod app;
mod assets;
mod config;
mod form;
mod guard;
mod headers;
mod listen;
mod open_token;
mod pages;
mod place;
mod refusal;
mod secret;
mod session;
mod shell;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use companion_core::env::Env;

use crate::service::Service;
use app::App;
use refusal::Refusal;

pub use config::Config;
pub use listen::{bind, serve};
pub use open_token::OpenToken;

/// A passphrase has at least this many characters.
///
/// It guards everything that patients shared, against somebody who took the
/// computer and has all the time in the world.
pub const MIN_PASSPHRASE: usize = 12;

/// Names have at most this many characters.
pub const MAX_NAME: usize = 200;

/// No request is larger, in bytes: room for the ids of some thousands of entries.
pub const MAX_BODY: usize = 256 * 1024;

/// The console's pages over a service, and the token that opens them.
///
/// Nothing can be read through the router until somebody has opened the
/// address that the [`OpenToken`] gives and then the vault.
pub fn router(service: Arc<dyn Service>, env: Env, config: Config) -> (Router, OpenToken) {
    let app = Arc::new(App::new(service, env, config));
    let pages = pages::routes()
        .merge(assets::routes())
        .layer(middleware::from_fn_with_state(app.clone(), session::attach))
        .layer(middleware::from_fn_with_state(app.clone(), place::put))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(app.clone());
    let router = Router::new()
        .nest_service(app.place.as_str(), pages)
        .fallback(async || Refusal::NoSession { linked: false })
        .layer(middleware::from_fn_with_state(app.clone(), guard::check))
        // Not behind the guard: a page that explains a refusal needs its style sheet.
        .merge(assets::routes())
        .layer(middleware::from_fn(headers::add))
        .with_state(app.clone());
    (router, OpenToken::new(app))
}
