//! What each command does.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clinic_api::http::authority::{Authority, Scheme};
use clinic_server::app::{App, Config};
use clinic_server::backup::{self, BackupError};
use clinic_server::check::{self, CheckError};
use clinic_server::clock::Clock;
use clinic_server::exposition::expose;
use clinic_server::leaving::{self, Erased};
use clinic_server::limit::Rate;
use clinic_server::proxy::{AddressHeader, Proxies};
use clinic_server::store::{Store, StoreError};
use clinic_server::tls::{Certificates, TlsError};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::options::{Backup, Check, Erase, ProxyHeader, Restore, Serve};

/// How long threads that still write may take at the very end.
const LAST_WRITES: Duration = Duration::from_secs(5);
/// How often the certificate's files are looked at.
const CERTIFICATE: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("cannot open the store: {0}")]
    Store(#[from] StoreError),
    #[error("cannot listen: {0}")]
    Listen(#[source] std::io::Error),
    #[error("listening on all addresses needs a name: give --authority")]
    NoName,
    #[error(
        "{0} can be reached from other machines, and this would be plain text: \
         give --tls-cert and --tls-key, or --behind-proxy with the proxy's address"
    )]
    Plain(SocketAddr),
    #[error("metrics are for this machine alone: give a loopback address")]
    Metrics,
    #[error("cannot start: {0}")]
    Start(#[source] std::io::Error),
    #[error("there is no patient under that request number: nothing was erased")]
    NoChain,
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Check(#[from] CheckError),
}

type Result<T> = std::result::Result<T, Failure>;

/// Serves until the system asks to stop.
pub fn serve(options: Serve) -> Result<()> {
    let (plain, address) = (options.tls_cert.is_none(), options.listen);
    if plain && options.behind_proxy.is_empty() && !address.ip().is_loopback() {
        return Err(Failure::Plain(address));
    }
    if options.metrics.is_some_and(|m| !m.ip().is_loopback()) {
        return Err(Failure::Metrics);
    }
    let certificates = options.tls_cert.as_deref().zip(options.tls_key.as_deref());
    let certificates = certificates.map(|(cert, key)| Certificates::load(cert, key));
    let certificates = certificates.transpose()?.map(Arc::new);
    let store = options.place.open()?;
    // Closed last, outside the runtime: closing blocks, too.
    let closed_last = Arc::clone(&store);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Start)?;
    let finished = runtime.block_on(listen(options, certificates, store));
    runtime.shutdown_timeout(LAST_WRITES);
    drop(closed_last);
    if !finished? {
        tracing::warn!("stopped while callers were still sending or reading");
    }
    Ok(())
}

async fn listen(
    options: Serve,
    certificates: Option<Arc<Certificates>>,
    store: Arc<dyn Store>,
) -> Result<bool> {
    // Before anybody is told the address: a signal must never find us unready.
    let stop = stop_signal().map_err(Failure::Start)?;
    let mut again = signal(SignalKind::hangup()).map_err(Failure::Start)?;
    let listener = TcpListener::bind(options.listen).await;
    let listener = listener.map_err(Failure::Listen)?;
    let address = listener.local_addr().map_err(Failure::Listen)?;
    let scheme = match certificates {
        Some(_) => Scheme::Https,
        None => Scheme::Http,
    };
    let prefix = match scheme {
        Scheme::Https => "https",
        Scheme::Http => "http",
    };
    let mut out = format!("listening on {prefix}://{address}\n");
    let metrics = match options.metrics {
        Some(address) => Some(TcpListener::bind(address).await.map_err(Failure::Listen)?),
        None => None,
    };
    if let Some(listener) = &metrics {
        let address = listener.local_addr().map_err(Failure::Listen)?;
        out.push_str(&format!("metrics on http://{address}/metrics\n"));
    }
    let config = config(options, scheme, address, certificates.clone())?;
    // A store blocks, also where it begins to listen.
    let clock = Arc::new(SystemClock::start());
    let app = tokio::task::spawn_blocking(move || App::new(store, clock, config))
        .await
        .map_err(|error| Failure::Start(error.into()))?;
    if let Some(listener) = metrics {
        tokio::spawn(expose(listener, app.clone()));
    }
    let reloading = app.clone();
    tokio::spawn(async move {
        let mut looks = tokio::time::interval(CERTIFICATE);
        // The first at once would be for what was just read.
        looks.reset();
        loop {
            tokio::select! {
                _ = again.recv() => {}
                _ = looks.tick() => {}
            }
            if let Some(certificates) = &certificates {
                reload(&reloading, certificates);
            }
        }
    });
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(out.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(Failure::Start)?;
    drop(stdout);
    Ok(clinic_server::serve::serve(listener, app, stop).await)
}

fn config(
    options: Serve,
    scheme: Scheme,
    address: SocketAddr,
    certificates: Option<Arc<Certificates>>,
) -> Result<Config> {
    let mut authorities = options.authorities;
    if certificates.is_some() {
        // Who ends TLS itself is asked by https, however its name was written.
        for (given, name) in &mut authorities {
            *given = Scheme::Https;
            *name = Authority::parse(scheme, name.as_str()).map_err(|_| Failure::NoName)?;
        }
    }
    if authorities.is_empty() {
        if address.ip().is_unspecified() {
            return Err(Failure::NoName);
        }
        let name = Authority::parse(scheme, &address.to_string());
        authorities.push((scheme, name.map_err(|_| Failure::NoName)?));
    }
    let header = match options.proxy_header {
        ProxyHeader::XForwardedFor => AddressHeader::XForwardedFor,
        ProxyHeader::Forwarded => AddressHeader::Forwarded,
    };
    let rate = |per_second: f64, times: f64| Rate {
        burst: (per_second * times).max(1.0),
        per_second,
    };
    let proxied = !options.behind_proxy.is_empty();
    Ok(Config {
        peer_rate: rate(options.peer_rate, 30.0),
        all_rate: rate(options.all_rate, 10.0),
        device_rate: rate(options.device_rate, 50.0),
        patient_bytes: u64::from(options.patient_storage).saturating_mul(1024 * 1024),
        backup_days: options.backup_days,
        receipt_seed: Some(random().map_err(Failure::Start)?),
        proxies: proxied.then(|| Proxies::new(options.behind_proxy, header)),
        certificates,
        log_addresses: options.log_addresses,
        ..Config::new(authorities, options.clinics)
    })
}

fn reload(app: &App, certificates: &Certificates) {
    match certificates.reload() {
        Ok(false) => {}
        Ok(true) => {
            app.metrics().reloaded("taken");
            tracing::info!("took the certificate anew");
        }
        Err(error) => {
            app.metrics().reloaded("failed");
            tracing::error!(%error, "keeping the certificate as it was");
        }
    }
}

/// Erases what a store keeps of one patient. Opens none of it.
pub fn erase(options: &Erase) -> Result<()> {
    let store = options.place.open()?;
    let chain = options.chain;
    let seed = random().map_err(Failure::Start)?;
    let at = SystemClock::start().now();
    let erased = leaving::by_operator(&*store, chain, &seed, at, options.backup_days, options.yes)?;
    say(&match erased {
        Erased::Nothing => return Err(Failure::NoChain),
        Erased::Before(receipt) => format!("erased before: {receipt}"),
        Erased::Would(swept) => format!(
            "would erase {} runs, {} bytes, and the chain: add --yes. It can't be undone",
            swept.runs, swept.bytes
        ),
        Erased::Now(receipt) => format!("erased: {receipt}"),
    })
}

/// The system's randomness: here, and nowhere else in the server.
#[expect(
    clippy::disallowed_methods,
    reason = "randomness enters the server here"
)]
fn random() -> std::io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    let source = ring::rand::SystemRandom::new();
    ring::rand::SecureRandom::fill(&source, &mut seed)
        .map_err(|_| std::io::Error::other("the system gives no random numbers"))?;
    Ok(seed)
}

/// Copies the store, and lets old copies go.
pub fn backup(options: &Backup) -> Result<()> {
    let made = backup::backup(&options.dir, &options.to, SystemClock::start().now())?;
    say(&format!("backup {}", made.display()))?;
    for old in backup::expire(&options.to, &made, options.keep)? {
        say(&format!("deleted {}", old.display()))?;
    }
    Ok(())
}

/// Makes a store from a backup.
pub fn restore(options: &Restore) -> Result<()> {
    backup::restore(&options.from, &options.dir)?;
    let found = check::check(&options.dir)?;
    say(&format!("restored and verified: {found}"))
}

/// Verifies a store.
pub fn check(options: &Check) -> Result<()> {
    let found = check::check(&options.dir)?;
    say(&format!("verified: {found}"))
}

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").map_err(Failure::Start)
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
