//! What is kept of a request: a line in the log, and a count.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use clinic_api::http::problem::Code;
use tracing::Instrument;

use crate::app::App;
use crate::limit::Peer;
use crate::metrics::Answered;

/// Numbers requests: unlike in all processes that log to one place, and
/// nothing that anybody sent.
#[derive(Debug)]
pub struct Numbers {
    process: String,
    next: AtomicU64,
}

impl Numbers {
    /// From 1 on, for a process that started then, in seconds since 1970.
    pub fn new(started: i64) -> Self {
        Self {
            process: format!("{started:x}-{:x}", std::process::id()),
            next: AtomicU64::new(1),
        }
    }

    fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number}", self.process)
    }
}

/// Logs and counts each request: which route, how it went, how long it took.
/// Nothing of who asked for what: paths hold names of spaces, so only the
/// template shows; the address only where the operator asks for it.
///
/// The request's number is on every line that is logged on the way.
pub async fn record(State(app): State<App>, request: Request, next: Next) -> Response {
    let span = tracing::info_span!("request", id = app.numbers().next());
    answer(app, request, next).instrument(span).await
}

async fn answer(app: App, request: Request, next: Next) -> Response {
    let start = app.clock().elapsed();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    let peer = request.extensions().get::<Peer>().map(|p| p.0);
    let peer = peer.filter(|_| app.config().log_addresses);
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let took = app.clock().elapsed().saturating_sub(start);
    let status = response.status().as_u16();
    let code = response.extensions().get::<Code>();
    tracing::info!(
        method,
        route,
        status,
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        code = code.map_or("-", |c| c.as_str()),
        peer = peer.map(tracing::field::display),
        "request"
    );
    let answered = Answered {
        method,
        route: route.to_owned(),
        status,
    };
    app.metrics().answered(answered, took);
    response
}

/// A method may be any word, so only those that are ours are named.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}
