//! Whether the server is there, whether it can work, and what time it has.

use axum::extract::State;
use axum::response::Response;
use clinic_api::http::problem::Code;
use clinic_api::message::ServerTime;

use crate::app::App;
use crate::body::cbor;
use crate::refusal::Result;

/// `GET /healthz`: the process answers.
pub async fn healthz() -> &'static str {
    "ok"
}

/// `GET /readyz`: the store answers, and the server is not stopping.
pub async fn readyz(State(app): State<App>) -> Result<&'static str> {
    if app.stopping() {
        return Err(Code::Unavailable.into());
    }
    app.blocking(|app| app.store().check().map_err(Into::into))
        .await
        .map_err(|_| Code::Unavailable)?;
    Ok("ok")
}

/// `GET /v1/time`.
pub async fn time(State(app): State<App>) -> Response {
    let now = app.clock().now();
    cbor(&ServerTime { now })
}
