//! The one-time address: becomes a session, and leaves the address bar at once.

use std::sync::Arc;

use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, Method};

use super::go_with_cookie;
use crate::web::app::App;
use crate::web::open_token::redeem;
use crate::web::refusal::Refusal;
use crate::web::session::{self, Visit};
use crate::web::shell::Page;

pub(crate) async fn open(
    State(app): State<Arc<App>>,
    visit: Option<Extension<Visit>>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Page {
    // Neither a look ahead nor a browser that fetches in advance may use the token up.
    if method != Method::GET || headers.contains_key("sec-purpose") {
        return Err(Refusal::WrongMethod);
    }
    let given = query
        .as_deref()
        .and_then(|query| query.strip_prefix("token="))
        .unwrap_or_default();
    if redeem(&app, given) {
        let cookie = session::begin(&app).await?;
        Ok(go_with_cookie("/", cookie))
    } else if visit.is_some() {
        Err(Refusal::GoTo("/".into()))
    } else {
        Err(Refusal::TokenSpent)
    }
}
