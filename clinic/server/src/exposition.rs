//! The address at which Prometheus reads, apart from the API's and on loopback alone.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::app::App;
use crate::metrics::MEDIA_TYPE;

/// Serves `/metrics` until it is dropped.
///
/// # Errors
/// What the system says of the socket.
pub async fn expose(listener: TcpListener, app: App) -> std::io::Result<()> {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .with_state(Arc::new(app));
    axum::serve(listener, router).await
}

async fn metrics(
    State(app): State<Arc<App>>,
) -> ([(axum::http::HeaderName, &'static str); 1], String) {
    ([(CONTENT_TYPE, MEDIA_TYPE)], app.metrics_text())
}
