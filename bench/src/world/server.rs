//! The clinic API, in this process and on threads of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::id::MemberId;
use clinic_server::app::{App, Config};
use clinic_server::limit::Rate;
use clinic_server::serve::serve;
use clinic_server::store::Store;
use clinic_server::store::postgres::{Address, PostgresStore};
use clinic_server::store::sqlite::SqliteStore;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::cpu;
use crate::Result;
use crate::clock::ServerClock;

/// How the server's threads are named; at most 15 characters tell.
pub const THREADS: &str = "bench-server";
/// How often anybody may ask: what is measured is not the limiter.
const NO_LIMIT: Rate = Rate {
    burst: 1e9,
    per_second: 1e9,
};

/// A runtime whose threads stay and are counted as the server's.
///
/// # Errors
/// What the system says.
pub fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name(THREADS)
        .thread_keep_alive(Duration::from_secs(3600))
        .build()?)
}

/// A running clinic API. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: String,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<bool>>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Serves one clinic from the SQLite store in a folder. `name`: what clients call it, where
    /// that is not the address.
    ///
    /// # Errors
    /// What the store or the socket says.
    pub fn sqlite(dir: &Path, root: MemberId, name: Option<&str>) -> Result<Self> {
        Self::on(Arc::new(SqliteStore::open(dir)?), root, name)
    }

    /// Serves one clinic from a PostgreSQL database.
    ///
    /// # Errors
    /// What the store or the socket says.
    pub fn postgres(address: &str, root: MemberId) -> Result<Self> {
        let store = PostgresStore::open(Address::new(address, None)?)?;
        Self::on(Arc::new(store), root, None)
    }

    /// Serves one clinic from a store.
    ///
    /// # Errors
    /// What the socket says.
    pub fn on(store: Arc<dyn Store>, root: MemberId, name: Option<&str>) -> Result<Self> {
        let runtime = runtime()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?.to_string();
        let name = name.unwrap_or(&address);
        let name = Authority::parse(Scheme::Http, name).map_err(|e| e.to_string())?;
        let mut config = Config::new(vec![(Scheme::Http, name)], vec![root]);
        config.peer_rate = NO_LIMIT;
        config.all_rate = NO_LIMIT;
        config.device_rate = NO_LIMIT;
        let app = App::new(store, Arc::new(ServerClock::start()), config);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = runtime.spawn(serve(listener, app, async {
            let _ = stopped.await;
        }));
        Ok(Self {
            address,
            stop: Some(stop),
            serving: Some(serving),
            runtime: Some(runtime),
        })
    }

    /// Where it listens: host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Processor time of its threads so far, with those of every other such server.
    pub fn cpu() -> Duration {
        cpu::of_threads(THREADS)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let (Some(runtime), Some(serving)) = (self.runtime.take(), self.serving.take()) {
            let _ = runtime
                .block_on(async { tokio::time::timeout(Duration::from_secs(2), serving).await });
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}
