//! Sync: a state machine without IO, and the thin driver that runs it.
//!
//! [`Machine`] turns what came in into what to send; [`Sync`] carries it over
//! HTTPS. Cancelling at any await loses nothing: whatever is sent was saved
//! before, and every request can be sent again.

mod address;
mod backoff;
mod driver;
mod epochs;
mod erase;
mod error;
mod join;
mod machine;
mod office;
mod pull;
mod push;
mod report;
mod request;
mod spaces;

pub use address::Server;
pub use backoff::Backoff;
pub use error::SyncError;
pub use join::Joining;
pub use machine::{Machine, Next};
pub use office::{AdmitError, Invitation, InviteView, Office};
pub use report::{Alarm, Report};
pub use request::{Reply, Request};

use tokio::sync::watch;

use crate::companion::SharedVault;
use crate::space::keys::DeviceSecrets;
use crate::vault::Vault;
use driver::Driver;

const SERVER: &str = "sync.server";

/// Stops a call that is waiting for the network. Nothing is lost by it.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Sender<bool>);

impl Cancel {
    /// Not cancelled yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Cancels, now and for good.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    async fn cancelled(&self) {
        let mut changed = self.0.subscribe();
        // The sender lives in `self`, so waiting ends by the value alone.
        let _ = changed.wait_for(|cancelled| *cancelled).await;
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

/// Joining a clinic and syncing with its API. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sync {
    vault: SharedVault,
}

impl Sync {
    pub(crate) fn new(vault: SharedVault) -> Self {
        Self { vault }
    }

    /// The clinic API's address; none before a clinic was joined.
    ///
    /// # Errors
    /// [`SyncError::Vault`].
    pub fn server(&self) -> Result<Option<Server>, SyncError> {
        server(&self.vault.lock())
    }

    /// Takes another address for the clinic API, which moved.
    ///
    /// # Errors
    /// [`SyncError::Address`].
    pub fn set_server(&self, address: &str) -> Result<(), SyncError> {
        let address = Server::parse(address)?;
        Ok(self
            .vault
            .lock()
            .set_setting(SERVER, address.to_string().as_bytes())?)
    }

    /// One round: pulls what is new and pushes what is not sent.
    ///
    /// # Errors
    /// [`SyncError::Unreachable`] and those that pass: try later (see [`Backoff`]).
    /// Whatever the error, everything that was saved stays saved.
    pub async fn round(&self) -> Result<Report, SyncError> {
        let (mut link, mut machine) = {
            let mut vault = self.vault.lock();
            let server = server(&vault)?.ok_or(SyncError::NoServer)?;
            (Link::new(&mut vault, server)?, Machine::new(&vault)?)
        };
        loop {
            let next = machine.next(&mut self.vault.lock())?;
            match next {
                Next::Done => {
                    let report = machine.report().clone();
                    self.vault.lock().settle(report.alarms.is_empty())?;
                    return Ok(report);
                }
                Next::Send(request) => {
                    let reply = link.send(&request).await?;
                    machine.receive(&mut self.vault.lock(), reply)?;
                }
            }
        }
    }

    /// As [`Sync::round`], for callers without an async runtime; ends early when cancelled.
    ///
    /// # Errors
    /// As [`Sync::round`]; none of its own when cancelled: then there is no report.
    pub fn round_blocking(&self, cancel: &Cancel) -> Result<Option<Report>, SyncError> {
        block_on(cancel, self.round())
    }
}

/// A connection with the device's keys, for as long as a call lasts.
struct Link {
    env: crate::env::Env,
    device: DeviceSecrets,
    driver: Driver,
}

impl Link {
    fn new(vault: &mut Vault, server: Server) -> Result<Self, SyncError> {
        let device = vault.device()?;
        Ok(Self {
            env: vault.env().clone(),
            device,
            driver: Driver::new(server)?,
        })
    }

    async fn send(&mut self, request: &Request) -> Result<Reply, SyncError> {
        self.driver.send(&self.env, &self.device, request).await
    }

    async fn expect(&mut self, request: &Request) -> Result<Vec<u8>, SyncError> {
        match self.send(request).await? {
            Reply::Ok(body) => Ok(body),
            other @ (Reply::Problem(_) | Reply::Unreachable) => Err(machine::failure(&other)),
        }
    }
}

fn server(vault: &Vault) -> Result<Option<Server>, SyncError> {
    let Some(kept) = vault.setting(SERVER)? else {
        return Ok(None);
    };
    let text = String::from_utf8(kept).map_err(|_| SyncError::Address)?;
    Server::parse(&text).map(Some)
}

/// Runs a future on a runtime of its own, until it ends or is cancelled.
fn block_on<T>(
    cancel: &Cancel,
    work: impl Future<Output = Result<T, SyncError>>,
) -> Result<Option<T>, SyncError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|_| SyncError::Internal)?;
    let ended = runtime.block_on(async {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(None),
            result = work => result.map(Some),
        }
    });
    // A name that is being looked up can't be stopped, and takes up to half a minute where the
    // network is bad: dropping the runtime would wait for it.
    runtime.shutdown_background();
    ended
}
