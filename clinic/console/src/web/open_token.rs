//! The one-time token in the address that the console prints when it starts.
//!
//! Other programs and other people on this machine can reach the port, too; the
//! token tells the one who sees the console's window from all of them.

use std::fmt;
use std::sync::Arc;

use companion_core::env::Env;
use jiff::{SignedDuration, Timestamp};

use super::app::App;
use super::secret::Secret;
use super::session;

/// A token that was not used within this time opens nothing.
const VALID: SignedDuration = SignedDuration::from_mins(10);

pub(crate) struct Pending {
    token: Secret,
    made: Timestamp,
}

impl Pending {
    fn new(env: &Env) -> Self {
        Self {
            token: Secret::new(env),
            made: env.now(),
        }
    }

    fn fits(&self, given: &str, now: Timestamp) -> bool {
        // A clock that was set back must not give more time.
        let age = now.duration_since(self.made).abs();
        self.token.fits(given) && age < VALID
    }
}

/// Takes the token out of use if `given` is it.
pub(crate) fn redeem(app: &App, given: &str) -> bool {
    let mut pending = app.pending();
    let fits = pending
        .as_ref()
        .is_some_and(|pending| pending.fits(given, app.env.now()));
    if fits {
        *pending = None;
    }
    fits
}

/// Gives the addresses that open a running console. Prints nothing of them in `Debug`.
pub struct OpenToken {
    app: Arc<App>,
}

impl OpenToken {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// A fresh address that opens the console once, within ten minutes.
    ///
    /// The one given before opens nothing any more. A session that is open
    /// stays open until the new address is used, and ends then.
    pub fn address(&self) -> String {
        let pending = Pending::new(&self.app.env);
        let address = format!(
            "{}{}/open?token={}",
            self.app.config.origin(),
            self.app.place.as_str(),
            pending.token.as_str()
        );
        *self.app.pending() = Some(pending);
        address
    }

    /// Locks the vault if nobody has asked for a page for as long as the configuration says.
    ///
    /// Every request checks this, too; call it now and then so that the keys
    /// are forgotten even if no request comes. [`super::serve`] does.
    pub async fn lock_if_idle(&self) {
        session::lock_if_idle(&self.app).await;
    }

    /// Locks the vault and ends the session.
    pub async fn lock(&self) {
        session::end(&self.app).await;
    }
}

impl fmt::Debug for OpenToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenToken")
    }
}
