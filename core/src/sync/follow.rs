//! Staying in sync: light rounds as soon as something happens here or at the server.
//!
//! The event stream and this device's own writing wake it; nothing is asked for
//! in between. Without a stream it asks the feed from time to time. What wakes
//! it is a hint (see [`super::light`]); all that matters is in the vault, so it
//! may be dropped at any moment.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use clinic_api::events::Changed;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::address::Server;
use super::backoff::Backoff;
use super::error::SyncError;
use super::events::{Ended, Events};
use super::light::{is_serious, merge};
use super::machine::Machine;
use super::report::{Alarm, Report};
use super::request::Reply;
use super::{Cancel, Link, Sync, server};
use crate::env::Env;

/// So often the feed is asked while there is no stream, about.
const POLL: Duration = Duration::from_secs(30);
/// So often it is asked while there is one: a signal may have been lost.
const CHECK: Duration = Duration::from_secs(15 * 60);
/// What was seen of others' logs is told after so long, unless something is sent before. The
/// promise is a quarter of an hour.
const TELL: Duration = Duration::from_secs(2 * 60);
/// After a failure, something that is written is tried after so long.
const RETRY_WRITTEN: Duration = Duration::from_secs(5);
/// A stream that lived so long was no failure.
const LIVED: Duration = Duration::from_secs(60);

/// What following came to, step by step.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Followed {
    /// The event stream is open: what is new arrives at once.
    Live,
    /// The event stream ended or can't be had: what is new is asked for from time to time.
    Polling,
    /// A round is done. Alarms stand in each report until a round over everything is clean.
    Round(Report),
    /// A round failed; the next one comes by itself.
    Failed(SyncError),
}

impl Sync {
    /// Keeps this vault in sync until cancelled.
    ///
    /// Sends what is written here at once, and takes in what others wrote as soon as the server
    /// has it. It begins with a round over everything. `on_event` is called between the rounds,
    /// and may cancel; it must not wait for another round.
    ///
    /// # Errors
    /// [`SyncError::NoServer`] before a clinic was joined or founded, and [`SyncError::Vault`].
    /// All other failures are told as [`Followed::Failed`], and tried again.
    pub async fn follow(
        &self,
        cancel: &Cancel,
        on_event: impl FnMut(&Followed),
    ) -> Result<(), SyncError> {
        self.finish_pairing().await?;
        let mut following = {
            let mut vault = self.vault.lock();
            let server = server(&vault)?.ok_or(SyncError::NoServer)?;
            let _known: Machine = Machine::empty(&vault)?;
            let link = Link::new(&self.line, &mut vault, server.clone())?;
            Following::new(self, server, link, vault.written(), on_event)
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(()),
            result = following.run() => result,
        }
    }

    /// As [`Sync::follow`], for callers without an async runtime: blocks until cancelled.
    ///
    /// # Errors
    /// As [`Sync::follow`].
    pub fn follow_blocking(
        &self,
        cancel: &Cancel,
        on_event: impl FnMut(&Followed),
    ) -> Result<(), SyncError> {
        let followed = self.line.block_on(cancel, self.follow(cancel, on_event));
        followed.map(Option::unwrap_or_default)
    }
}

type Opening = Pin<Box<dyn Future<Output = Result<Result<Events, Reply>, SyncError>> + Send>>;

struct Following<'a, F> {
    sync: &'a Sync,
    on_event: F,
    env: Env,
    server: Server,
    link: Link,
    written: watch::Receiver<u64>,
    stream: Stream,
    /// What the stream named since the last round.
    named: BTreeSet<Changed>,
    /// Whether the feed is to be asked: a stream opened, something was missed, time went by.
    asks: bool,
    /// Whether something was written here since the last round.
    unsent: bool,
    /// Whether the stream was open when the feed was last asked: what it doesn't name since has
    /// not changed.
    trusted: bool,
    ask_at: Instant,
    tell_at: Option<Instant>,
    /// After a failure: no round before.
    not_before: Option<Instant>,
    failures: Backoff,
    standing: Vec<Alarm>,
}

enum Stream {
    Closed { open_at: Instant },
    Opening(Opening),
    Open(Box<Events>, Instant),
}

/// What ended the waiting.
enum Woken {
    Said(Result<Option<Changed>, Ended>),
    Opened(Box<Result<Result<Events, Reply>, SyncError>>),
    Written,
    Time,
}

/// What the next round is.
enum Due {
    Ask,
    Named(BTreeSet<Changed>),
    Tell,
}

impl<'a, F: FnMut(&Followed)> Following<'a, F> {
    fn new(
        sync: &'a Sync,
        server: Server,
        link: Link,
        written: watch::Receiver<u64>,
        on_event: F,
    ) -> Self {
        let now = Instant::now();
        Self {
            sync,
            on_event,
            env: link.env.clone(),
            server,
            link,
            written,
            stream: Stream::Closed { open_at: now },
            named: BTreeSet::new(),
            asks: true,
            unsent: false,
            trusted: false,
            ask_at: now,
            tell_at: None,
            not_before: None,
            failures: Backoff::default(),
            standing: Vec::new(),
        }
    }

    async fn run(&mut self) -> Result<(), SyncError> {
        let mut streams = Backoff::default();
        self.round(Machine::full).await?;
        loop {
            self.follow_address()?;
            if let Stream::Closed { open_at } = &self.stream
                && *open_at <= Instant::now()
            {
                self.open();
            }
            while let Some(due) = self.due() {
                match due {
                    Due::Ask => self.round(Machine::light).await?,
                    Due::Named(named) => {
                        self.round(|vault| Machine::named(vault, &named)).await?;
                    }
                    Due::Tell => {
                        let none = BTreeSet::new();
                        self.round(|vault| Ok(Machine::named(vault, &none)?.telling()))
                            .await?;
                    }
                }
            }
            match self.woken().await {
                Woken::Said(said) => self.said(said, &mut streams),
                Woken::Opened(opened) => self.opened((*opened)?, &mut streams),
                Woken::Written => {
                    self.unsent = true;
                    let soon = Instant::now() + RETRY_WRITTEN;
                    self.not_before = self.not_before.map(|at| at.min(soon));
                }
                Woken::Time => {}
            }
        }
    }

    /// The clinic API may have moved.
    fn follow_address(&mut self) -> Result<(), SyncError> {
        let mut vault = self.sync.vault.lock();
        let now = server(&vault)?.ok_or(SyncError::NoServer)?;
        if now != self.server {
            self.link = Link::new(&self.sync.line, &mut vault, now.clone())?;
            self.server = now;
            self.stream = Stream::Closed {
                open_at: Instant::now(),
            };
            self.trusted = false;
        }
        Ok(())
    }

    fn open(&mut self) {
        let (driver, env) = (self.link.driver.clone(), self.env.clone());
        let who = self.link.who.clone();
        self.stream = Stream::Opening(Box::pin(async move { driver.events(&env, &who).await }));
    }

    /// Whether a round is due now, and which.
    fn due(&mut self) -> Option<Due> {
        let now = Instant::now();
        if self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        self.not_before = None;
        if self.asks || now >= self.ask_at || (self.unsent && !self.trusted) {
            return Some(Due::Ask);
        }
        if self.unsent || !self.named.is_empty() {
            self.unsent = false;
            return Some(Due::Named(std::mem::take(&mut self.named)));
        }
        self.tell_at.filter(|at| *at <= now).map(|_| Due::Tell)
    }

    async fn round(
        &mut self,
        begin: impl FnOnce(&crate::vault::Vault) -> Result<Machine, SyncError>,
    ) -> Result<(), SyncError> {
        let streaming = matches!(self.stream, Stream::Open(..));
        let mut asked = false;
        let tells = self.tell_at.is_some_and(|at| at <= Instant::now());
        let begin = |vault: &crate::vault::Vault| {
            let machine = begin(vault)?;
            asked = machine.asks_feed();
            Ok(if tells { machine.telling() } else { machine })
        };
        // What is written from here on makes a round of its own.
        self.written.mark_unchanged();
        self.unsent = false;
        let result = self.sync.run(&mut self.link, begin).await;
        match result {
            Ok((report, whole)) => self.done(report, whole, asked, streaming),
            Err(error @ (SyncError::Vault(_) | SyncError::NoServer | SyncError::Left)) => {
                return Err(error);
            }
            Err(error) => {
                // What the stream had named is asked for anew.
                self.named.clear();
                self.asks = true;
                let at = self.failures.failed(&self.env, self.link.asked.take());
                self.not_before = Some(later(&self.env, at));
                (self.on_event)(&Followed::Failed(error));
                return Ok(());
            }
        }
        self.tell_at = match self.tell_at {
            _ if self.sync.vault.lock().spaces_to_tell()?.is_empty() => None,
            // What could not be told now is told with what can be sent there later.
            Some(_) if tells => Some(Instant::now() + CHECK),
            Some(at) => Some(at),
            None => Some(Instant::now() + TELL),
        };
        Ok(())
    }

    fn done(&mut self, mut report: Report, whole: bool, asked: bool, streaming: bool) {
        if whole {
            self.standing.clear();
        }
        let new = report.alarms.iter().filter(|alarm| is_serious(alarm));
        let odd = new.clone().next().is_some();
        let new: Vec<Alarm> = new.copied().collect();
        merge(&mut report, &self.standing);
        self.standing.extend(new);
        if asked {
            self.asks = false;
            self.trusted = streaming;
            let pause = if streaming {
                CHECK
            } else {
                jittered(&self.env, POLL)
            };
            self.ask_at = Instant::now() + pause;
        }
        if odd {
            // Everything is compared again, but not with every change that comes.
            let at = self.failures.failed(&self.env, None);
            self.ask_at = later(&self.env, at);
        } else if whole || self.standing.is_empty() {
            self.failures.succeeded();
        }
        if report.requests > 0 {
            (self.on_event)(&Followed::Round(report));
        }
    }

    /// Waits until there is something to do.
    async fn woken(&mut self) -> Woken {
        let mut until = self.ask_at;
        if let Some(at) = self.tell_at {
            until = until.min(at);
        }
        if self.asks || self.unsent || !self.named.is_empty() {
            until = Instant::now();
        }
        if let Some(at) = self.not_before {
            until = until.max(at);
        }
        if let Stream::Closed { open_at } = &self.stream {
            until = until.min(*open_at);
        }
        let stream = async {
            match &mut self.stream {
                Stream::Open(events, _) => Woken::Said(events.next().await),
                Stream::Opening(opening) => Woken::Opened(Box::new(opening.await)),
                Stream::Closed { .. } => std::future::pending().await,
            }
        };
        tokio::select! {
            woken = stream => woken,
            changed = self.written.changed() => match changed {
                Ok(()) => Woken::Written,
                // The vault lives as long as its handle here.
                Err(_) => Woken::Time,
            },
            () = sleep_until(until) => Woken::Time,
        }
    }

    fn said(&mut self, mut said: Result<Option<Changed>, Ended>, streams: &mut Backoff) {
        loop {
            match said {
                Ok(Some(changed)) => {
                    self.named.insert(changed);
                }
                Ok(None) => self.asks = true,
                Err(Ended) => return self.ended(streams),
            }
            let Stream::Open(events, _) = &mut self.stream else {
                return;
            };
            match events.ready() {
                Some(more) => said = Ok(more),
                None => return,
            }
        }
    }

    fn ended(&mut self, streams: &mut Backoff) {
        if let Stream::Open(_, since) = &self.stream
            && since.elapsed() >= LIVED
        {
            streams.succeeded();
        }
        let at = streams.failed(&self.env, None);
        let open_at = later(&self.env, at);
        self.stream = Stream::Closed { open_at };
        self.trusted = false;
        self.ask_at = self.ask_at.min(Instant::now() + jittered(&self.env, POLL));
        (self.on_event)(&Followed::Polling);
    }

    fn opened(&mut self, opened: Result<Events, Reply>, streams: &mut Backoff) {
        match opened {
            Ok(events) => {
                self.stream = Stream::Open(Box::new(events), Instant::now());
                // What changed before it was open.
                self.asks = true;
                self.not_before = None;
                (self.on_event)(&Followed::Live);
            }
            Err(reply) => {
                let asked = match reply {
                    Reply::Problem(problem) => problem.retry_after,
                    Reply::Ok(_) | Reply::Unreachable => None,
                };
                let at = streams.failed(&self.env, asked);
                let open_at = later(&self.env, at);
                self.stream = Stream::Closed { open_at };
            }
        }
    }
}

/// An instant of the environment's clock as one of the timer's.
fn later(env: &Env, at: jiff::Timestamp) -> Instant {
    let wait = at.duration_since(env.now());
    Instant::now() + Duration::try_from(wait).unwrap_or_default()
}

/// A pause of that length, more or less: many devices must not ask at one time.
fn jittered(env: &Env, pause: Duration) -> Duration {
    let chance = u32::from(u16::from_le_bytes(env.random()));
    pause / 4 * 3 + pause / 2 * chance / u32::from(u16::MAX)
}
