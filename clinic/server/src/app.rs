//! The service: what it is made of, its routes, and what is logged of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::problem::Code;
use clinic_api::id::MemberId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Access;
use crate::api::{chains, erasures, health, invites, rosters, runs};
use crate::body::HELD;
use crate::clock::Clock;
use crate::limit::{Limiter, Patience, Rate};
use crate::refusal::{Refusal, Result};
use crate::store::Store;
use crate::verified::Chains;

/// How many requests use the store or verify at once.
const WORKERS: usize = 16;

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
    /// How long it waits for others.
    pub patience: Patience,
    /// Bytes of statements whose verified chains are kept in memory.
    pub chain_bytes: usize,
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
            patience: Patience::default(),
            chain_bytes: 64 * 1024 * 1024,
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
    workers: Semaphore,
    places: Arc<Semaphore>,
    stopping: AtomicBool,
}

impl App {
    /// One over this store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, config: Config) -> Self {
        Self(Arc::new(Parts {
            chains: Chains::new(Arc::clone(&store), config.chain_bytes),
            limiter: Limiter::new(config.peer_rate, config.all_rate),
            workers: Semaphore::new(WORKERS),
            places: Arc::new(Semaphore::new(HELD)),
            stopping: AtomicBool::new(false),
            store,
            clock,
            config,
        }))
    }

    /// From now on it says that it is not ready.
    pub fn stop(&self) {
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

    pub(crate) fn patience(&self) -> Patience {
        self.0.config.patience
    }

    pub(crate) fn access(&self) -> Access<'_> {
        Access {
            store: self.store(),
            chains: self.chains(),
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
        let turn = self.0.workers.acquire().await;
        let _turn = turn.map_err(|_| Code::Unavailable)?;
        let app = self.clone();
        tokio::task::spawn_blocking(move || work(&app))
            .await
            .unwrap_or_else(|_| {
                tracing::error!("a request failed within the server");
                Err(Code::Internal.into())
            })
    }
}

/// The routes of the clinic API.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/v1/chains/{chain}", get(chains::read).post(chains::append))
        .route("/v1/rosters", post(rosters::found))
        .route("/v1/spaces/{space}/runs", post(runs::push))
        .route("/v1/spaces/{space}/pull", post(runs::pull))
        .route("/v1/spaces/{space}/erasures", post(erasures::erase))
        .route("/v1/invites", get(invites::list).post(invites::create))
        .route("/v1/invites/{lookup}", get(invites::offer))
        .route("/v1/invites/{lookup}/claim", post(invites::claim))
        .route("/v1/invites/{lookup}/admit", post(invites::admit))
        .route("/v1/invites/{lookup}/withdraw", post(invites::withdraw))
        .route("/v1/time", get(health::time))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(async || Refusal::from(Code::NotFound))
        .method_not_allowed_fallback(async || Refusal::from(Code::MethodNotAllowed))
        .layer(middleware::from_fn_with_state(app.clone(), record))
        .with_state(app)
}

/// Logs each request: which route, how it went, how long it took. Nothing of
/// who asked for what: paths hold names of spaces, so only the template shows.
async fn record(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = app.clock().elapsed();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let took = app.clock().elapsed().saturating_sub(start);
    tracing::info!(
        method,
        route = route.as_ref().map_or("-", MatchedPath::as_str),
        status = response.status().as_u16(),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        code = response
            .extensions()
            .get::<Code>()
            .map_or("-", |c| c.as_str()),
        "request"
    );
    response
}

/// A method may be any word, so only those that are ours are named.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}
