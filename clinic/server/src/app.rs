//! The service: what it is made of, and what the operator decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::problem::Code;
use clinic_api::id::MemberId;
use clinic_api::limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Access;
use crate::body::{HELD, UNIT};
use crate::clock::Clock;
use crate::limit::{DeviceLimiter, Limiter, Patience, Rate};
use crate::measured::Measured;
use crate::metrics::{Counted, Metrics};
use crate::proxy::Proxies;
use crate::record::Numbers;
use crate::refusal::Result;
pub use crate::routes::router;
use crate::store::Store;
use crate::store::grouped::Grouped;
use crate::streams::Streams;
use crate::tls::Certificates;
use crate::verified::Chains;

/// How many requests use the store or verify at once.
const WORKERS: usize = 16;
/// How many event streams are open at once: each has a connection of its own over HTTP/1.1, and
/// some must be left.
const STREAMS: usize = 768;

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// The names of this server, each by the scheme that clients use.
    pub authorities: Vec<(Scheme, Authority)>,
    /// Fingerprints of the roots whose clinics it serves.
    pub clinics: Vec<MemberId>,
    /// How often one peer may ask unsigned.
    pub peer_rate: Rate,
    /// How often all peers together may ask unsigned.
    pub all_rate: Rate,
    /// How often one device may ask.
    pub device_rate: Rate,
    /// How many bytes a patient's devices may store once staff have admitted them.
    pub patient_bytes: u64,
    /// How many days the operator keeps backups: until then what was erased may be in one.
    pub backup_days: u32,
    /// What the key for receipts is made of where the store has none: random, and used once.
    /// Without, and with none in the store, nobody can leave.
    pub receipt_seed: Option<[u8; 32]>,
    /// The proxies before it, which say who asks.
    pub proxies: Option<Proxies>,
    /// Its certificate, if it speaks TLS itself.
    pub certificates: Option<Arc<Certificates>>,
    /// Whether addresses are logged.
    pub log_addresses: bool,
    /// How long it waits for others.
    pub patience: Patience,
    /// Bytes of statements whose verified chains are kept in memory.
    pub chain_bytes: usize,
    /// How many event streams are open at once.
    pub streams: usize,
    /// How often an event stream says that it is still there.
    pub keep_alive: Duration,
}

impl Config {
    /// With these names and clinics, and the usual limits.
    pub fn new(authorities: Vec<(Scheme, Authority)>, clinics: Vec<MemberId>) -> Self {
        Self {
            authorities,
            clinics,
            peer_rate: Rate {
                burst: 30.0,
                per_second: 1.0,
            },
            all_rate: Rate {
                burst: 300.0,
                per_second: 30.0,
            },
            device_rate: Rate {
                burst: 5000.0,
                per_second: 100.0,
            },
            patient_bytes: 1024 * 1024 * 1024,
            backup_days: 35,
            receipt_seed: None,
            proxies: None,
            certificates: None,
            log_addresses: false,
            patience: Patience::default(),
            chain_bytes: 64 * 1024 * 1024,
            streams: STREAMS,
            keep_alive: Duration::from_secs(limits::EVENTS_ALIVE_SECONDS),
        }
    }
}

/// The running service. Clones are one and the same.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    store: Arc<dyn Store>,
    chains: Chains,
    clock: Arc<dyn Clock>,
    config: Config,
    limiter: Limiter,
    devices: DeviceLimiter,
    metrics: Arc<Metrics>,
    numbers: Numbers,
    streams: Arc<Streams>,
    workers: Semaphore,
    places: Arc<Semaphore>,
    stopping: AtomicBool,
}

impl App {
    /// One over this store; pushes that come in at once share a transaction.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, config: Config) -> Self {
        let metrics = Arc::new(Metrics::new());
        // Within: what is measured is the transactions.
        let measured = Measured::new(store, Arc::clone(&clock), Arc::clone(&metrics));
        let store: Arc<dyn Store> = Arc::new(Grouped::new(Arc::new(measured)));
        let streams = Arc::new(Streams::new(config.streams));
        let ears = Arc::clone(&streams);
        if let Err(error) = store.listen(Arc::new(move |signal| ears.signal(signal))) {
            // No stream is better than one that stays silent: readers ask the feed instead.
            tracing::error!(%error, "the store tells of no changes: no event streams");
            streams.close();
        }
        Self(Arc::new(Parts {
            chains: Chains::new(Arc::clone(&store), config.chain_bytes),
            limiter: Limiter::new(config.peer_rate, config.all_rate),
            devices: DeviceLimiter::new(config.device_rate),
            metrics,
            numbers: Numbers::new(clock.now()),
            streams,
            workers: Semaphore::new(WORKERS),
            places: Arc::new(Semaphore::new(HELD)),
            stopping: AtomicBool::new(false),
            store,
            clock,
            config,
        }))
    }

    /// From now on it says that it is not ready; event streams end.
    pub fn stop(&self) {
        self.0.streams.close();
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    pub(crate) fn chains(&self) -> &Chains {
        &self.0.chains
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    pub(crate) fn devices(&self) -> &DeviceLimiter {
        &self.0.devices
    }

    /// What it counts.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What it counts, as Prometheus reads it.
    pub fn metrics_text(&self) -> String {
        let free = self.0.places.available_permits();
        let held = HELD.saturating_sub(free).saturating_mul(UNIT);
        self.metrics().held.set(held as u64);
        self.metrics().text()
    }

    pub(crate) fn numbers(&self) -> &Numbers {
        &self.0.numbers
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn streams(&self) -> &Arc<Streams> {
        &self.0.streams
    }

    pub(crate) fn keep_alive(&self) -> Duration {
        self.0.config.keep_alive
    }

    pub(crate) fn patience(&self) -> Patience {
        self.0.config.patience
    }

    pub(crate) fn access(&self) -> Access<'_> {
        Access {
            store: self.store(),
            chains: self.chains(),
            patient_bytes: self.0.config.patient_bytes,
        }
    }

    /// Whether the operator serves the clinic of that root.
    pub(crate) fn serves(&self, root: MemberId) -> bool {
        self.0.config.clinics.contains(&root)
    }

    /// The configured name that this text is.
    pub(crate) fn authority(&self, text: &str) -> Option<&Authority> {
        self.0
            .config
            .authorities
            .iter()
            .find(|(scheme, name)| Authority::parse(*scheme, text).as_ref() == Ok(name))
            .map(|(_, name)| name)
    }

    /// Places for a body.
    pub(crate) async fn places(&self, units: u32) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.0.places)
            .acquire_many_owned(units)
            .await
            .map_err(|_| Code::Unavailable.into())
    }

    /// Runs what blocks or takes long on a thread for that. Once begun it ends,
    /// also if the caller has gone.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let waiting = Counted::new(&self.metrics().waiting);
        let turn = self.0.workers.acquire().await;
        let _turn = turn.map_err(|_| Code::Unavailable)?;
        drop(waiting);
        let app = self.clone();
        let span = tracing::Span::current();
        let work = move || {
            let _working = Counted::new(&app.metrics().working);
            span.in_scope(|| work(&app))
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
            tracing::error!("a request failed within the server");
            Err(Code::Internal.into())
        })
    }
}
