//! What is kept of the network between calls: connections, and what runs them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::{self, Handle, Runtime};

use super::Cancel;
use super::address::Server;
use super::driver::Driver;
use super::error::SyncError;

/// So many runtimes, and clients of runtimes, are kept.
const KEPT: usize = 3;

/// The connections of one vault's handles. Clones are one and the same.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<Kept>);

#[derive(Default)]
struct Kept {
    /// Clients that keep connections, by the runtime that these live in: nobody else may use
    /// them, for a runtime that rests answers nothing.
    drivers: Mutex<Vec<(Option<runtime::Id>, Driver)>>,
    /// Runtimes of callers without one, which rest until the next call.
    resting: Mutex<Vec<Rest>>,
    /// One round at a time: two would answer each other's questions.
    round: tokio::sync::Mutex<()>,
}

/// A runtime that can be dropped anywhere.
struct Rest(Option<Runtime>);

impl Drop for Rest {
    fn drop(&mut self) {
        // A name that is being looked up can't be stopped, and takes up to half a minute where
        // the network is bad: dropping the runtime would wait for it.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    /// The client of this server in the present runtime, with the connections that it has.
    pub(super) fn driver(&self, server: Server) -> Result<Driver, SyncError> {
        let here = Handle::try_current().ok().map(|handle| handle.id());
        let mut drivers = lock(&self.0.drivers);
        let kept = drivers
            .iter()
            .find(|(at, driver)| *at == here && *driver.server() == server);
        if let Some((_, driver)) = kept {
            return Ok(driver.clone());
        }
        let driver = Driver::new(server)?;
        drivers.retain(|(at, _)| *at != here);
        drivers.push((here, driver.clone()));
        if drivers.len() > KEPT {
            drivers.remove(0);
        }
        Ok(driver)
    }

    /// Waits for the other rounds over this vault.
    pub(super) async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.round.lock().await
    }

    /// Runs a future for a caller without a runtime, until it ends or is cancelled.
    pub(super) fn block_on<T>(
        &self,
        cancel: &Cancel,
        work: impl Future<Output = Result<T, SyncError>>,
    ) -> Result<Option<T>, SyncError> {
        let rested = lock(&self.0.resting).pop();
        let rest = match rested {
            Some(rest) => rest,
            None => {
                let mut builder = runtime::Builder::new_current_thread();
                let runtime = builder.enable_all().build();
                Rest(Some(runtime.map_err(|_| SyncError::Internal)?))
            }
        };
        let runtime = rest.0.as_ref().ok_or(SyncError::Internal)?;
        let ended = runtime.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => None,
                result = work => Some(result),
            }
        });
        // A call that was cut short leaves connections behind that end with their runtime.
        let Some(result) = ended else {
            let id = runtime.handle().id();
            lock(&self.0.drivers).retain(|(at, _)| *at != Some(id));
            return Ok(None);
        };
        let mut resting = lock(&self.0.resting);
        if resting.len() < KEPT {
            resting.push(rest);
        }
        result.map(Some)
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}
