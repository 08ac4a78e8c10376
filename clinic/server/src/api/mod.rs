//! The routes, a file a resource. Handlers are async shells; what they decide is synchronous.

pub mod bulletins;
pub mod chains;
pub mod erasures;
pub mod events;
pub mod feed;
pub mod health;
pub mod invites;
pub mod leave;
pub mod pairings;
pub mod rosters;
pub mod runs;

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, FromRequestParts, Path};
use axum::http::request::Parts;
use clinic_api::http::problem::{Code, Problem};

use crate::app::App;
use crate::limit::Peer;
use crate::refusal::{Refusal, Result};
use crate::store::Outcome;

/// How often a decision is made anew when what it rested on has changed.
const ATTEMPTS: usize = 8;

/// The one name in a path; none if it is not of that kind, for which a caller
/// is refused only after it has said who it is.
pub struct Name<T>(pub Option<T>);

impl<T, S> FromRequestParts<S> for Name<T>
where
    T: std::str::FromStr,
    S: Send + Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> std::result::Result<Self, Self::Rejection> {
        let path: std::result::Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        Ok(Self(path.ok().and_then(|Path(text)| text.parse().ok())))
    }
}

/// The number in a query: `name=N`, else 0. Other fields are ignored.
fn number(query: &str, name: &str) -> Result<u64> {
    let fields = query.split('&').filter_map(|field| field.split_once('='));
    let mut values = fields.filter(|(n, _)| *n == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Ok(0),
        (Some(one), None) => one
            .parse()
            .map_err(|_| Refusal::because(Code::MalformedBody, "not a number in the query")),
        (Some(_), Some(_)) => Err(Refusal::because(
            Code::MalformedBody,
            "a field of the query is given more than once",
        )),
    }
}

/// Takes one request in that nobody known has signed, unless there were too many.
fn limited(app: &App, peer: Option<Extension<Peer>>) -> Result<()> {
    let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let peer = peer.map_or(unknown, |Extension(Peer(address))| address);
    app.limiter()
        .take(peer, app.clock().elapsed())
        .map_err(|seconds| Refusal::limited(app, "peer", seconds))
}

/// Decides and writes, again if what the decision rested on has changed meanwhile.
fn settle(mut attempt: impl FnMut() -> Result<Outcome>) -> Result<()> {
    for _ in 0..ATTEMPTS {
        match attempt()? {
            Outcome::Stored => return Ok(()),
            Outcome::Full => return Err(Code::StorageFull.into()),
            Outcome::Moved => {}
        }
    }
    Err(Refusal(Problem::new(Code::Unavailable).with_retry_after(1)))
}
