//! The place below which all pages stand: a path that nobody can guess.
//!
//! Browsers send a host's cookies to all of its ports, so a cookie for all of
//! 127.0.0.1 would go to any server that another user runs on this machine, as
//! soon as the clinician's browser opens it. The session's cookie is for this
//! path alone, and nobody who has not seen the console's address knows it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use companion_core::env::Env;

use super::app::App;
use super::refusal::Refusal;
use super::secret::Secret;

/// `/` and 256 random bits; another one each time that the console starts. Has no `Debug`.
pub(crate) struct Place(String);

impl Place {
    pub(crate) fn new(env: &Env) -> Self {
        Self(format!("/{}", Secret::new(env).as_str()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Puts the place before the paths in an answer to a request that knew it.
///
/// Pages write paths as if they stood at the root. What people wrote holds no
/// quote that would end an attribute: in a page it is `&#34;`.
pub(crate) async fn put(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let place = app.place.as_str();
    let mut response = next.run(request).await;
    if let Some(path) = path_of(&response, &header::LOCATION) {
        match HeaderValue::try_from(format!("{place}{path}")) {
            Ok(placed) => response.headers_mut().insert(header::LOCATION, placed),
            Err(_) => return Refusal::fault().into_response(),
        };
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(mut page) = String::from_utf8(bytes.into()) else {
        return Refusal::fault().into_response();
    };
    for attribute in ["href", "src", "action"] {
        let own = format!("{attribute}=\"/");
        page = page.replace(&own, &format!("{attribute}=\"{place}/"));
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(page))
}

fn path_of(response: &Response, name: &header::HeaderName) -> Option<String> {
    let text = response.headers().get(name)?.to_str().ok()?;
    text.starts_with('/').then(|| text.to_owned())
}
