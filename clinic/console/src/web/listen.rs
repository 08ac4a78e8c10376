//! Listening, and the clock that locks a console that was left alone.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use companion_core::problem::{Kind, Problem};
use tokio::net::TcpListener;

use super::OpenToken;
use super::config::loopback;

/// How often an unattended console is looked for.
const LOOK: Duration = Duration::from_secs(15);

/// Opens the port. Port 0 takes any that is free.
///
/// # Errors
/// `Input` (`not-loopback`) for any address but 127.0.0.1 and ::1;
/// `Conflict` (`cannot-listen`) where the port is taken: choose another.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Problem> {
    TcpListener::bind(loopback(address)?).await.map_err(|_| {
        Problem::new(
            Kind::Conflict,
            "cannot-listen",
            format!("Port {} cannot be used; another program may have it. Leave --listen out to take a free one.", address.port()),
        )
    })
}

/// Serves the console until `stop` is done; then lets running requests finish and locks the vault.
///
/// # Errors
/// `Internal` where the operating system ends the listening.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    token: &OpenToken,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Problem> {
    let server = async {
        axum::serve(listener, router)
            .with_graceful_shutdown(stop)
            .await
    };
    let watch = async {
        let mut beat = tokio::time::interval(LOOK);
        loop {
            beat.tick().await;
            token.lock_if_idle().await;
        }
    };
    let ended = tokio::select! {
        ended = server => ended,
        () = watch => Ok(()),
    };
    token.lock().await;
    ended.map_err(|_| {
        Problem::new(
            Kind::Internal,
            "listening-ended",
            "The console stopped listening. Start it again.",
        )
    })
}
