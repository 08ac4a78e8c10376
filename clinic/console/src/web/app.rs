//! What all requests share.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};

use super::config::Config;
use super::open_token::Pending;
use super::place::Place;
use super::session::Session;
use crate::service::{Answer, Service};

pub(crate) struct App {
    service: Arc<dyn Service>,
    pub(crate) env: Env,
    pub(crate) config: Config,
    pub(crate) place: Place,
    /// The token that may open a session, until it is used.
    pending: Mutex<Option<Pending>>,
    /// There is one session at most: one person, one browser.
    session: Mutex<Option<Session>>,
    /// Passphrases that did not fit, since the last one that did.
    pub(crate) misses: AtomicU32,
    /// Held while a sync that somebody asked for goes on.
    pub(crate) syncing: Arc<tokio::sync::Mutex<()>>,
    /// One at a time: whatever derives a key from a passphrase, and whatever must not be done twice.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl App {
    pub(crate) fn new(service: Arc<dyn Service>, env: Env, config: Config) -> Self {
        Self {
            place: Place::new(&env),
            service,
            env,
            config,
            pending: Mutex::new(None),
            session: Mutex::new(None),
            misses: AtomicU32::new(0),
            syncing: Arc::default(),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Asks the service on a thread that may block.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Service) -> T + Send + 'static,
    ) -> Answer<T> {
        let service = self.service.clone();
        tokio::task::spawn_blocking(move || question(service.as_ref()))
            .await
            .map_err(|_| {
                Problem::new(
                    Kind::Internal,
                    "console-fault",
                    "Something went wrong inside the console. Nothing that was saved is lost.",
                )
            })
    }

    /// The same for what can fail by itself.
    pub(crate) async fn try_ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Service) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        self.ask(question).await?
    }

    pub(crate) fn pending(&self) -> MutexGuard<'_, Option<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
