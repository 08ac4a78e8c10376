//! The few files that pages refer to, compiled in. They hold nothing secret.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

use super::app::App;

const STYLE: &str = include_str!("../../assets/console.css");
const STANDING: &str = include_str!("../../assets/standing.js");
const ICON: &str = include_str!("../../assets/icon.svg");

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/assets/console.css",
            get(|| file("text/css; charset=utf-8", STYLE)),
        )
        .route(
            "/assets/standing.js",
            get(|| file("text/javascript; charset=utf-8", STANDING)),
        )
        .route("/assets/icon.svg", get(|| file("image/svg+xml", ICON)))
}

async fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind)], text)
}
