//! Refuses what does not come from the console's own pages in a browser on this machine.
//!
//! - *Host*: a page elsewhere can make its own name point to 127.0.0.1 (DNS
//!   rebinding) and would then be of the console's origin. Only exact names pass.
//! - *Origin and Fetch Metadata*: any page can send a form here. Only the
//!   console's own may change anything. With `Referrer-Policy: no-referrer`
//!   browsers send `Origin: null` with the console's own forms, so `null` passes
//!   where `Sec-Fetch-Site`, which no page can set, says that it is the same origin.
//! - *Fetch Metadata of reads*: others may link here, but not embed or fetch.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::config::Config;
use super::refusal::Refusal;

pub(crate) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match examine(
        &app.config,
        request.method(),
        request.uri(),
        request.headers(),
    ) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn examine(
    config: &Config,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let host = host(config, uri, headers)?;
    let site = single(headers, "sec-fetch-site").map_err(|()| Refusal::Elsewhere)?;
    if matches!(*method, Method::GET | Method::HEAD) {
        reading(site, headers)
    } else {
        changing(site, host, headers)
    }
}

/// The name under which the console was asked, if it is one of its own.
fn host<'a>(config: &Config, uri: &'a Uri, headers: &'a HeaderMap) -> Result<&'a str, Refusal> {
    let named = single(headers, HOST.as_str());
    let in_uri = uri.authority().map(|authority| authority.as_str());
    let asked = match (named, in_uri) {
        (Ok(Some(host)), None) => Some(host),
        (Ok(Some(host)), Some(authority)) if host == authority => Some(host),
        (Ok(None), Some(authority)) => Some(authority),
        (Ok(_) | Err(()), _) => None,
    };
    match asked {
        Some(asked) if config.hosts().iter().any(|own| own == asked) => Ok(asked),
        _ => Err(Refusal::Host {
            asked: asked.map(|name| name.chars().take(100).collect()),
            origin: config.origin(),
        }),
    }
}

fn reading(site: Option<&str>, headers: &HeaderMap) -> Result<(), Refusal> {
    match site {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => {
            let mode = single(headers, "sec-fetch-mode");
            let destination = single(headers, "sec-fetch-dest");
            if mode == Ok(Some("navigate")) && destination == Ok(Some("document")) {
                Ok(())
            } else {
                Err(Refusal::Elsewhere)
            }
        }
    }
}

fn changing(site: Option<&str>, host: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let origin = single(headers, ORIGIN.as_str()).map_err(|()| Refusal::Elsewhere)?;
    let own = |origin: &str| origin.strip_prefix("http://") == Some(host);
    let fine = match (site, origin) {
        (Some("same-origin"), None | Some("null")) => true,
        (Some("same-origin") | None, Some(origin)) => own(origin),
        (Some(_), _) | (None, None) => false,
    };
    fine.then_some(()).ok_or(Refusal::Elsewhere)
}

/// A header that may be there once or not at all.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}
