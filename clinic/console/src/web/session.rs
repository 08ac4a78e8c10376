//! The session: which browser opened the one-time address, and whether it unlocked the vault.
//!
//! There is one session at most. Its id is in a cookie that only this browser
//! sends, only for the console's own pages, and that no script can read. The id
//! and the form token change whenever the vault is unlocked or locked, so one
//! that somebody knew before is worth nothing after.
//!
//! The cookie's name carries the port because browsers share cookies among all
//! ports of a host. For the same reason it is for a path that nobody can guess
//! (see [`super::place`]): no other server on this machine receives it. It has no
//! `__Host-` prefix: that demands TLS, which not every browser waives for loopback.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use companion_core::env::Env;
use jiff::{SignedDuration, Timestamp};

use super::app::App;
use super::refusal::Refusal;
use super::secret::Secret;
use crate::service::{Invitation, State as ClinicState};

/// Where a page asks whether the console is still unlocked.
pub(crate) const STANDING: &str = "/standing";

/// Nobody stays signed in for longer, however busy.
const LONGEST: SignedDuration = SignedDuration::from_hours(12);

pub(crate) struct Session {
    id: Secret,
    csrf: Secret,
    /// Stays the same when the id changes.
    lineage: [u8; 16],
    began: Timestamp,
    seen: Timestamp,
    unlocked: bool,
    pub(crate) memory: Memory,
}

/// Why somebody who was at work is asked for the passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Nobody used the console for too long.
    Idle,
    /// A form arrived after the console was locked: what it asked for was not done.
    NotDone,
}

/// What is carried from one page to the next, in this process alone; forgotten when the vault is locked.
///
/// Searched names are here rather than in an address, which the browser would
/// write into its history.
#[derive(Default)]
pub(crate) struct Memory {
    /// Said once, on the next page.
    pub(crate) notice: Option<String>,
    /// Said on the page that asks for the passphrase: why it does.
    pub(crate) why: Option<Why>,
    /// What the list of patients is searched for.
    pub(crate) search: String,
    /// The page that was asked for while the vault was locked.
    pub(crate) wanted: Option<String>,
    /// The fingerprint of a clinic that was just created.
    pub(crate) founded: Option<String>,
    /// The invite whose code is being shown, and the form that made it.
    pub(crate) invitation: Option<(String, Invitation)>,
}

impl Session {
    fn begin(env: &Env) -> Self {
        let now = env.now();
        Self {
            id: Secret::new(env),
            csrf: Secret::new(env),
            lineage: env.random(),
            began: now,
            seen: now,
            unlocked: false,
            memory: Memory::default(),
        }
    }

    fn rotate(&mut self, env: &Env) {
        self.id = Secret::new(env);
        self.csrf = Secret::new(env);
    }

    fn lock(&mut self) {
        self.unlocked = false;
        self.memory = Memory::default();
    }
}

/// A request that came with the session's cookie.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) csrf: Secret,
    pub(crate) unlocked: bool,
    lineage: [u8; 16],
}

/// Puts the [`Visit`] into the request, where there is one.
pub(crate) async fn attach(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    lock_if_idle(&app).await;
    // A page that asks whether it may stay on view is no sign of a person.
    let looking_only = request.uri().path() == STANDING;
    if let Some(visit) = recognise(&app, request.headers(), looking_only) {
        request.extensions_mut().insert(visit);
    }
    next.run(request).await
}

fn recognise(app: &App, headers: &HeaderMap, looking_only: bool) -> Option<Visit> {
    let name = cookie_name(app);
    let mut current = app.session();
    let session = current.as_mut()?;
    let given = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .any(|(key, value)| key == name && session.id.fits(value));
    if !given {
        return None;
    }
    if !looking_only {
        session.seen = app.env.now();
    }
    Some(Visit {
        csrf: session.csrf.clone(),
        unlocked: session.unlocked,
        lineage: session.lineage,
    })
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Refusal> {
        parts.extensions.get().cloned().ok_or_else(|| {
            // A page elsewhere linked here: the browser holds the cookie back
            // on this one request, and the next will carry it.
            let site = parts.headers.get("sec-fetch-site");
            Refusal::NoSession {
                linked: site.is_some_and(|site| site == "cross-site" || site == "same-site"),
            }
        })
    }
}

/// Ends whatever session there was, locks the vault and begins a new session.
pub(crate) async fn begin(app: &App) -> Result<HeaderValue, Refusal> {
    end(app).await;
    let session = Session::begin(&app.env);
    let cookie = cookie(app, &session);
    *app.session() = Some(session);
    cookie
}

/// Marks the session as unlocked under a new id. The vault must be open by now.
///
/// Where the session has ended meanwhile, the vault is locked again.
pub(crate) async fn unlocked(app: &App, visit: &Visit) -> Result<HeaderValue, Refusal> {
    let cookie = change(app, visit, |session| {
        session.rotate(&app.env);
        session.unlocked = true;
        cookie(app, session)
    });
    match cookie {
        Some(cookie) => cookie,
        None => {
            app.ask(|service| service.lock()).await?;
            Err(Refusal::NoSession { linked: false })
        }
    }
}

/// Locks the vault; the session goes on, locked, under a new id.
pub(crate) async fn locked(app: &App, visit: &Visit) -> Result<HeaderValue, Refusal> {
    app.ask(|service| service.lock()).await?;
    change(app, visit, |session| {
        session.lock();
        session.rotate(&app.env);
        cookie(app, session)
    })
    .unwrap_or(Err(Refusal::NoSession { linked: false }))
}

/// Changes the session that the visit belongs to, if it still is the current one.
pub(crate) fn change<T>(
    app: &App,
    visit: &Visit,
    change: impl FnOnce(&mut Session) -> T,
) -> Option<T> {
    let mut current = app.session();
    let session = current
        .as_mut()
        .filter(|session| session.lineage == visit.lineage)?;
    Some(change(session))
}

/// Locks a session that was idle for too long, ends one that lasted too long.
///
/// A clock that was set back by as much counts like one that went on.
pub(crate) async fn lock_if_idle(app: &App) {
    let now = app.env.now();
    let due = {
        let mut current = app.session();
        let Some(session) = current.as_mut() else {
            return;
        };
        if now.duration_since(session.began).abs() >= LONGEST {
            *current = None;
            true
        } else if now.duration_since(session.seen).abs() >= app.config.idle {
            if session.unlocked {
                session.lock();
                session.memory.why = Some(Why::Idle);
            }
            true
        } else {
            false
        }
    };
    if due {
        let _ = app.ask(lock_open_vault).await;
    }
}

/// Locks the vault and ends the session.
pub(crate) async fn end(app: &App) {
    *app.session() = None;
    let _ = app.ask(lock_open_vault).await;
}

fn lock_open_vault(service: &dyn crate::service::Service) {
    if matches!(service.state(), ClinicState::Open { .. }) {
        service.lock();
    }
}

fn cookie_name(app: &App) -> String {
    format!("clinic-console-{}", app.config.listen().port())
}

fn cookie(app: &App, session: &Session) -> Result<HeaderValue, Refusal> {
    let text = format!(
        "{}={}; Path={}; HttpOnly; SameSite=Strict",
        cookie_name(app),
        session.id.as_str(),
        app.place.as_str()
    );
    HeaderValue::try_from(text).map_err(|_| Refusal::fault())
}
