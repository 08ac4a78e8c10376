//! Sync: a state machine without IO, and the thin driver that runs it.
//!
//! [`Machine`] turns what came in into what to send; [`Sync`] carries it over
//! HTTPS. Cancelling at any await loses nothing: whatever is sent was saved
//! before, and every request can be sent again.

mod address;
mod backoff;
mod bulletins;
mod chains;
mod devices;
mod driver;
mod epochs;
mod erase;
mod error;
mod events;
mod follow;
mod join;
mod kit;
mod leave;
mod light;
mod line;
mod machine;
mod office;

pub mod pairing;
mod patients;
mod plan;
mod pull;
mod push;
mod report;
mod request;
mod spaces;
mod staff;
mod task;

pub use address::Server;
pub use backoff::Backoff;
pub use devices::Adopted;
pub use error::SyncError;
pub use follow::Followed;
pub use join::Joining;
pub use kit::{Kit, KitError};
pub use leave::{LeaveError, Leaving};
pub use machine::{Machine, Next};
pub use office::{AdmitError, Invitation, InviteView, Office};
pub use report::{Alarm, Report};
pub use request::{Reply, Request};
pub use staff::{
    Colleague, FrontCheck, Joined, People, RootKit, RosterAct, RosterChange, Staff, StaffError,
    StaffWorkstation,
};

use tokio::sync::watch;

use crate::companion::SharedVault;
use crate::vault::Vault;
use driver::{Credentials, Driver};
pub(crate) use line::Line;

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
    line: Line,
}

impl Sync {
    pub(crate) fn new(vault: SharedVault, line: Line) -> Self {
        Self { vault, line }
    }

    /// The clinic API's address; none before a clinic was joined.
    ///
    /// # Errors
    /// [`SyncError::Vault`].
    pub fn server(&self) -> Result<Option<Server>, SyncError> {
        match server(&self.vault.lock()) {
            Err(SyncError::Left) => Ok(None),
            found => found,
        }
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

    /// One round over everything: pulls what is new, pushes what is not sent, and compares all.
    ///
    /// # Errors
    /// [`SyncError::Unreachable`] and those that pass: try later (see [`Backoff`]).
    /// Whatever the error, everything that was saved stays saved.
    pub async fn round(&self) -> Result<Report, SyncError> {
        self.once(Machine::new).await
    }

    /// One round that asks the server what changed, and does that alone: for whoever syncs often.
    ///
    /// It compares everything like [`Sync::round`] at first, once a day, and after something
    /// looked odd. Where nothing is new and nothing to send it makes one request.
    ///
    /// # Errors
    /// As [`Sync::round`].
    pub async fn poll(&self) -> Result<Report, SyncError> {
        self.once(|vault| Ok(Machine::light(vault)?.telling()))
            .await
    }

    async fn once(
        &self,
        begin: impl FnOnce(&Vault) -> Result<Machine, SyncError>,
    ) -> Result<Report, SyncError> {
        self.finish_pairing().await?;
        let mut link = self.link()?;
        let (report, _) = self.run(&mut link, begin).await?;
        Ok(report)
    }

    /// The connection to the clinic's server.
    fn link(&self) -> Result<Link, SyncError> {
        let mut vault = self.vault.lock();
        let server = server(&vault)?.ok_or(SyncError::NoServer)?;
        Link::new(&self.line, &mut vault, server)
    }

    /// Runs one of this handle's calls without an async runtime; none when cancelled.
    ///
    /// # Errors
    /// Those of the call.
    pub fn blocking<T>(
        &self,
        cancel: &Cancel,
        call: impl AsyncFnOnce(&Self) -> Result<T, SyncError>,
    ) -> Result<Option<T>, SyncError> {
        self.line.block_on(cancel, call(self))
    }

    /// Runs one machine to its end, while no other runs over this vault. Says, too, whether it
    /// looked at everything.
    async fn run(
        &self,
        link: &mut Link,
        begin: impl FnOnce(&Vault) -> Result<Machine, SyncError>,
    ) -> Result<(Report, bool), SyncError> {
        let _alone = self.line.alone().await;
        let mut machine = begin(&self.vault.lock())?;
        loop {
            let next = machine.next(&mut self.vault.lock())?;
            match next {
                Next::Done => {
                    let (report, whole) = (machine.report().clone(), machine.was_full());
                    let moved = report.frames_pushed > 0 || report.events_received > 0;
                    if whole || moved {
                        if whole && report.waiting.is_empty() {
                            kit::restored(&mut self.vault.lock())?;
                        }
                        let filled = whole && report.alarms.is_empty();
                        self.vault.lock().settle(filled)?;
                    }
                    return Ok((report, whole));
                }
                Next::Send(request) => {
                    let sealing = machine.ahead().map(|entry| {
                        let vault = self.vault.clone();
                        tokio::task::spawn_blocking(move || {
                            push::seal_ahead(&mut vault.lock(), &entry)
                        })
                    });
                    let reply = link.send(&request).await?;
                    if let Some(sealing) = sealing {
                        // What kept it from being sealed now shows itself when its turn comes.
                        let _ = sealing.await;
                    }
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
        self.line.block_on(cancel, self.round())
    }

    /// As [`Sync::poll`], for callers without an async runtime; ends early when cancelled.
    ///
    /// # Errors
    /// As [`Sync::round_blocking`].
    pub fn poll_blocking(&self, cancel: &Cancel) -> Result<Option<Report>, SyncError> {
        self.line.block_on(cancel, self.poll())
    }
}

/// The connection, with keys to sign by, for as long as a call lasts.
struct Link {
    env: crate::env::Env,
    who: Credentials,
    driver: Driver,
    /// After how many seconds the server asked to try again, in its last refusal.
    asked: Option<u32>,
}

impl Link {
    fn new(line: &Line, vault: &mut Vault, server: Server) -> Result<Self, SyncError> {
        let who = Credentials::from(&vault.device()?);
        Self::of(line, vault, server, who)
    }

    /// As somebody else than this device.
    fn of(line: &Line, vault: &Vault, server: Server, who: Credentials) -> Result<Self, SyncError> {
        Ok(Self {
            env: vault.env().clone(),
            who,
            driver: line.driver(server)?,
            asked: None,
        })
    }

    async fn send(&mut self, request: &Request) -> Result<Reply, SyncError> {
        let reply = self.driver.send(&self.env, &self.who, request).await?;
        if let Reply::Problem(problem) = &reply {
            self.asked = problem.retry_after;
        }
        Ok(reply)
    }

    async fn expect(&mut self, request: &Request) -> Result<Vec<u8>, SyncError> {
        match self.send(request).await? {
            Reply::Ok(body) => Ok(body),
            other @ (Reply::Problem(_) | Reply::Unreachable) => Err(machine::failure(&other)),
        }
    }
}

fn server(vault: &Vault) -> Result<Option<Server>, SyncError> {
    if leave::has_left(vault)? {
        return Err(SyncError::Left);
    }
    let Some(kept) = vault.setting(SERVER)? else {
        return Ok(None);
    };
    let text = String::from_utf8(kept).map_err(|_| SyncError::Address)?;
    Server::parse(&text).map(Some)
}
