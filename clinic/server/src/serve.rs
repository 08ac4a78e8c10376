//! The socket: accepting, giving up on the slow, and stopping without dropping what was begun.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{interval, sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use crate::answer::Outgoing;
use crate::app::{App, router};
use crate::limit::Peer;
use crate::metrics::Counted;

/// Connections at once.
const CONNECTIONS: usize = 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 32;
/// Bytes of a request's head.
const HEAD_BYTES: usize = 16 * 1024;
/// How long to wait when the system has no connection to give.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until `stop` is done; then accepts nothing more and finishes what it
/// has begun, as long as its patience lasts.
///
/// True: all of it was finished.
pub async fn serve(listener: TcpListener, app: App, stop: impl Future<Output = ()>) -> bool {
    let patience = app.patience();
    let router = router(app.clone());
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let (stopping, watching) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let serving = Serving {
                    app: app.clone(),
                    router: router.clone(),
                    stopping: watching.clone(),
                };
                let connection = connection(stream, peer, serving);
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                sleep(PAUSE).await;
            }
        }
    }
    app.stop();
    drop(listener);
    drop(watching);
    tracing::info!("stopping");
    stopping.send_replace(true);
    // Each connection holds a receiver until it is done.
    timeout(patience.grace, stopping.closed()).await.is_ok()
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned();
    let place = place.await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// What a connection is served with.
struct Serving {
    app: App,
    router: Router,
    stopping: watch::Receiver<bool>,
}

/// A connection, from its first byte on.
async fn connection(stream: TcpStream, peer: SocketAddr, serving: Serving) {
    let patience = serving.app.patience();
    let _open = Counted::new(&serving.app.metrics().connections);
    // Small answers at once: a client waits for each before it goes on.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience.piece));
    let stream = Box::pin(stream);
    let Some(certificates) = &serving.app.config().certificates else {
        return requests(stream, peer, serving).await;
    };
    let acceptor = TlsAcceptor::from(certificates.config());
    match timeout(patience.head, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => requests(stream, peer, serving).await,
        Ok(Err(_)) => serving.app.metrics().dropped("handshake-failed"),
        Err(_) => serving.app.metrics().dropped("handshake-late"),
    }
}

/// The requests of a connection.
async fn requests<S>(stream: S, peer: SocketAddr, serving: Serving)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Serving {
        app,
        router,
        mut stopping,
    } = serving;
    let patience = app.patience();
    let begun = Arc::new(AtomicBool::new(false));
    let outgoing = Outgoing::new();
    let asked = Entrance {
        app: app.clone(),
        begun: Arc::clone(&begun),
        outgoing: outgoing.clone(),
        peer,
    };
    let service = router.layer(from_fn_with_state(asked, enter));
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience.head)
        .keep_alive_timeout(patience.head)
        .max_header_list_size(HEAD_BYTES as u32)
        .max_concurrent_streams(STREAMS);
    let serving = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut serving = pin!(serving);
    let mut told = false;
    // The protocol is guessed before any of its own timeouts run.
    let mut first = pin!(sleep(patience.head));
    let mut waiting = true;
    let mut looks = interval(patience.body / 8);
    loop {
        tokio::select! {
            // How a connection ends is for the peer to know.
            _ = serving.as_mut() => return,
            _ = stopping.wait_for(|stop| *stop), if !told => {
                told = true;
                serving.as_mut().graceful_shutdown();
            }
            () = first.as_mut(), if waiting => {
                waiting = false;
                if !begun.load(Ordering::Relaxed) {
                    return;
                }
            }
            _ = looks.tick() => {
                if outgoing.late(patience.body) {
                    app.metrics().dropped("answer-late");
                    return;
                }
                // HTTP/2 has no end of its own where pings are answered.
                if outgoing.idle(patience.body * 2) {
                    return;
                }
                if outgoing.idle(patience.body) && !told {
                    told = true;
                    serving.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// What every request of a connection passes.
#[derive(Clone)]
struct Entrance {
    app: App,
    begun: Arc<AtomicBool>,
    outgoing: Outgoing,
    peer: SocketAddr,
}

async fn enter(State(entrance): State<Entrance>, mut request: Request, next: Next) -> Response {
    entrance.begun.store(true, Ordering::Relaxed);
    let asked = entrance.outgoing.asked();
    let peer = entrance.peer.ip();
    let proxies = entrance.app.config().proxies.as_ref();
    let caller = proxies.map_or(peer, |p| p.caller(peer, request.headers()));
    request.extensions_mut().insert(Peer(caller));
    asked.answered(next.run(request).await)
}
