//! The clinic API as a program.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::id::MemberId;
use clinic_server::app::{App, Config};
use clinic_server::clock::Clock;
use clinic_server::serve::serve;
use clinic_server::store::StoreError;
use clinic_server::store::sqlite::SqliteStore;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How long threads that still write may take at the very end.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Keeps sealed entries for clinics and their patients, and can read none of them.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the clinic API.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Directory of the store; made if it is not there.
    #[arg(long, value_name = "DIR", env = "CLINIC_SERVER_DIR")]
    dir: PathBuf,
    /// Address and port to listen on; port 0 takes any free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Fingerprint of the root of a clinic that may found its roster here.
    #[arg(long = "clinic", value_name = "FINGERPRINT")]
    clinics: Vec<MemberId>,
    /// Name that clients reach this server by: HOST[:PORT], or https://HOST[:PORT]
    /// behind a proxy that ends TLS. Without any, the address listened on.
    #[arg(long = "authority", value_name = "NAME", value_parser = authority)]
    authorities: Vec<(Scheme, Authority)>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot open the store: {0}")]
    Store(#[from] StoreError),
    #[error("cannot listen: {0}")]
    Listen(#[source] std::io::Error),
    #[error("listening on all addresses needs a name: give --authority")]
    NoName,
    #[error("cannot start: {0}")]
    Start(#[source] std::io::Error),
}

fn authority(text: &str) -> Result<(Scheme, Authority), String> {
    let (scheme, name) = match text.strip_prefix("https://") {
        Some(name) => (Scheme::Https, name),
        None => (Scheme::Http, text.strip_prefix("http://").unwrap_or(text)),
    };
    let name = Authority::parse(scheme, name).map_err(|error| error.to_string())?;
    Ok((scheme, name))
}

fn main() -> ExitCode {
    let Command::Serve(options) = Cli::parse().command;
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
    match run(options) {
        Ok(finished) => {
            if !finished {
                tracing::warn!("stopped while callers were still sending or reading");
            }
            ExitCode::SUCCESS
        }
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Serve) -> Result<bool, Failure> {
    let store = Arc::new(SqliteStore::open(&options.dir)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Start)?;
    let finished = runtime.block_on(listen(options, store));
    runtime.shutdown_timeout(LAST_WRITES);
    finished
}

async fn listen(options: Serve, store: Arc<SqliteStore>) -> Result<bool, Failure> {
    // Before anybody is told the address: a signal must never find us unready.
    let stop = stop_signal().map_err(Failure::Start)?;
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(Failure::Listen)?;
    let address = listener.local_addr().map_err(Failure::Listen)?;
    let mut authorities = options.authorities;
    if authorities.is_empty() {
        if address.ip().is_unspecified() {
            return Err(Failure::NoName);
        }
        let name = Authority::parse(Scheme::Http, &address.to_string());
        authorities.push((Scheme::Http, name.map_err(|_| Failure::NoName)?));
    }
    let clock = Arc::new(SystemClock::start());
    let config = Config::new(authorities, options.clinics);
    let app = App::new(store, clock, config);
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")
        .and_then(|()| out.flush())
        .map_err(Failure::Start)?;
    drop(out);
    Ok(serve(listener, app, stop).await)
}

/// Done when the system asks to stop.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The machine's clock: here, and nowhere else in the server.
struct SystemClock(Instant);

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "time enters the server here")]
    fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        self.millis() / 1000
    }

    #[expect(clippy::disallowed_methods, reason = "time enters the server here")]
    fn millis(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since.map_or(0, |d| d.as_millis());
        i64::try_from(millis).unwrap_or(i64::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
