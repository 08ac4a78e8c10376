//! Joining a clinic, and syncing with its API.

mod records;

pub use records::{Alarm, Joining, SyncReport};

use std::sync::Arc;

use companion_core::sync as core;

use crate::fault::guarded;
use crate::{ChainId, Problem};

/// Ends a call that waits for the network. Make a new one for each call.
///
/// A platform's own cancelling of tasks doesn't reach the core: call `cancel` where
/// the task is cancelled.
#[derive(uniffi::Object)]
pub struct Cancellation {
    core: core::Cancel,
}

#[uniffi::export]
impl Cancellation {
    /// Not cancelled yet.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            core: core::Cancel::new(),
        })
    }

    /// Cancels, now and for good, from any thread. Nothing that was saved is lost.
    pub fn cancel(&self) {
        self.core.cancel();
    }
}

/// Joining a clinic and syncing. Free to hand around between threads.
#[derive(uniffi::Object)]
pub struct ClinicSync {
    core: core::Sync,
}

impl ClinicSync {
    pub(crate) fn new(core: core::Sync) -> Self {
        Self { core }
    }
}

#[uniffi::export]
impl ClinicSync {
    /// Joins a clinic by what was typed or scanned: enrolment. None where it was cancelled.
    ///
    /// `server` is the clinic API's address, needed where the invite was typed. Show
    /// the digits that come back: staff compare them before they admit the person.
    /// Can be called again with the same invite after any failure.
    ///
    /// # Errors
    /// `Input`: type it again. `Locked`: ask the clinic for a new invite. `Tampered`:
    /// stop and ask the clinic. `Offline`: try later.
    pub fn join(
        &self,
        invite: String,
        server: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Option<Joining>, Problem> {
        guarded(|| {
            self.core
                .join_blocking(&invite, server.as_deref(), &cancellation.core)
                .map(|joining| joining.map(Into::into))
        })
    }

    /// The joining that was begun last, with its digits; none before.
    ///
    /// # Errors
    /// `Storage`.
    pub fn joining(&self) -> Result<Option<Joining>, Problem> {
        guarded(|| self.core.joining().map(|joining| joining.map(Into::into)))
    }

    /// One round: pulls what is new and pushes what isn't sent. None where it was cancelled.
    ///
    /// # Errors
    /// `retry` tells whether to try later by itself. Whatever the problem, everything
    /// that was saved stays saved.
    pub fn round(&self, cancellation: Arc<Cancellation>) -> Result<Option<SyncReport>, Problem> {
        guarded(|| {
            self.core
                .round_blocking(&cancellation.core)
                .map(|report| report.map(Into::into))
        })
    }

    /// How many events of this device the clinic API doesn't have yet.
    ///
    /// # Errors
    /// `Storage`.
    pub fn unsent(&self) -> Result<u64, Problem> {
        guarded(|| self.core.unsent())
    }

    /// The clinic API's address; none before a clinic was joined.
    ///
    /// # Errors
    /// `Storage`.
    pub fn server(&self) -> Result<Option<String>, Problem> {
        guarded(|| {
            self.core
                .server()
                .map(|server| server.map(|s| s.to_string()))
        })
    }

    /// The patient whose device this is, as the clinic knows them.
    ///
    /// # Errors
    /// `Storage`.
    pub fn patient(&self) -> Result<ChainId, Problem> {
        guarded(|| self.core.patient())
    }
}
