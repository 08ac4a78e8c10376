//! Light rounds: what changed alone, by the feed's word or a stream's, and what is unsent.
//!
//! Both are hints from a server that nobody trusts. They decide what is looked
//! at and when, never what is believed: whatever comes is verified as in a full
//! round. A server that leaves something out delays it until the next full
//! round, at the latest after a day; that one compares everything.
//!
//! A device seals only by chains that it knows to be fresh. Here that rests on
//! the hint that they are unchanged, together with the server's refusal of runs
//! under an outdated epoch ([`Code::EpochOutdated`]). A server that lies about
//! one could as well serve old chains.
//!
//! [`Code::EpochOutdated`]: clinic_api::http::problem::Code::EpochOutdated

use std::collections::{BTreeSet, VecDeque};

use clinic_api::events::Changed;
use clinic_api::http::problem::Code;
use clinic_api::limits;
use clinic_api::message::{ChangeOf, Feed};
use clinic_api::wire;
use minicbor::{Decode, Encode};

use super::error::SyncError;
use super::machine::{Machine, failure};
use super::report::{Alarm, Report};
use super::request::{Reply, Request};
use super::task::Task;
use crate::vault::{Vault, VaultError};

/// Everything is compared once a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// So many pages of one feed are followed; whoever sends more is not believed to send an end.
const PAGES: u32 = 256;

/// Where this device stands in the feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct State {
    /// From where to ask next.
    #[n(0)]
    position: u64,
    /// What the last answers named and was dealt with: the next one repeats some of it.
    #[n(1)]
    seen: Vec<ChangeOf>,
    /// When everything was last compared and nothing looked odd, by this device's clock;
    /// 0: it is to be compared next.
    #[n(2)]
    full_ms: i64,
}

fn load(vault: &Vault) -> Result<Option<State>, SyncError> {
    let kept = vault.feed()?;
    let read = |bytes: Vec<u8>| wire::decode(&bytes).map_err(|_| VaultError::Damaged);
    Ok(kept.map(read).transpose()?)
}

/// After something odd: the next round compares everything.
pub(super) fn doubt(vault: &mut Vault) -> Result<(), SyncError> {
    match load(vault)? {
        Some(state) if state.full_ms != 0 => {
            let state = State {
                full_ms: 0,
                ..state
            };
            Ok(vault.keep_feed(&wire::encode(&state))?)
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether an error says nothing but that the server can't be used just now.
pub(super) fn passes(error: &SyncError) -> bool {
    matches!(
        error,
        SyncError::Unreachable
            | SyncError::Refused(Code::Unavailable | Code::RateLimited | Code::RequestTimeout)
    )
}

/// Alarms that something was withheld, forged or changed; the next round looks at everything.
pub(super) fn is_serious(alarm: &Alarm) -> bool {
    !matches!(alarm, Alarm::OwnLogLonger(_))
}

/// The feed as it is read at the beginning of a round.
#[derive(Debug)]
pub(super) struct Reading {
    /// Whether the round looks at everything, whatever the feed says.
    full: bool,
    before: State,
    position: u64,
    named: VecDeque<ChangeOf>,
    fresh: BTreeSet<Changed>,
    pages: u32,
    /// Whether the server has such a feed.
    usable: bool,
}

impl Reading {
    fn new(state: Option<State>, now_ms: i64) -> Self {
        let since_full = state.as_ref().map(|s| now_ms.checked_sub(s.full_ms));
        let full = !matches!(since_full, Some(Some(0..DAY_MS)));
        let before = state.unwrap_or_default();
        Self {
            full,
            // A full round starts from the beginning: a position that a server made up must
            // not last.
            position: if full { 0 } else { before.position },
            before,
            named: VecDeque::new(),
            fresh: BTreeSet::new(),
            pages: 0,
            usable: true,
        }
    }

    fn page(&mut self, feed: Feed) -> bool {
        let stuck = feed.position <= self.position;
        // A server whose clock was set back, or which lies.
        self.full |= feed.position < self.position;
        self.position = feed.position;
        self.pages = self.pages.saturating_add(1);
        for change in feed.changes {
            if !self.full && !self.before.seen.contains(&change) {
                self.fresh.insert(Changed {
                    kind: change.kind,
                    id: change.id,
                });
            }
            self.named.push_back(change);
            if self.named.len() > limits::FEED_PAGE {
                self.named.pop_front();
            }
        }
        if feed.more && (stuck || self.pages >= PAGES) {
            self.full = true;
            return false;
        }
        feed.more
    }
}

impl Machine {
    /// A round that asks the feed what changed, does that alone, and sends what is unsent;
    /// where it is due, one that compares everything: at first, a day after the last, and
    /// after one in which something looked odd.
    ///
    /// # Errors
    /// As [`Machine::new`].
    pub fn light(vault: &Vault) -> Result<Self, SyncError> {
        let mut machine = Self::empty(vault)?;
        let now = vault.env().now().as_millisecond();
        machine.reading = Some(Reading::new(load(vault)?, now));
        machine.tasks.push_back(Task::Feed);
        Ok(machine)
    }

    /// A round that asks the feed where it stands, and compares everything.
    ///
    /// # Errors
    /// As [`Machine::new`].
    pub fn full(vault: &Vault) -> Result<Self, SyncError> {
        let mut machine = Self::empty(vault)?;
        machine.reading = Some(Reading::new(None, 0));
        machine.tasks.push_back(Task::Feed);
        Ok(machine)
    }

    /// Whether this round asks the feed.
    pub(super) fn asks_feed(&self) -> bool {
        self.reading.is_some()
    }

    /// A round over what a stream named, and what is unsent. It asks the feed nothing.
    ///
    /// Only while that stream is open and a round by [`Machine::light`] followed its opening.
    ///
    /// # Errors
    /// As [`Machine::new`].
    pub fn named(vault: &Vault, named: &BTreeSet<Changed>) -> Result<Self, SyncError> {
        let mut machine = Self::empty(vault)?;
        machine.tasks.push_back(Task::Changes(named.clone()));
        Ok(machine)
    }

    /// Tells, in this round, what was seen of others' logs, also where nothing is to be sent.
    #[must_use]
    pub fn telling(mut self) -> Self {
        self.tells = true;
        self
    }

    pub(super) fn ask_feed(&self) -> Result<Request, SyncError> {
        let reading = self.reading.as_ref().ok_or(SyncError::Internal)?;
        let since = reading.position;
        Ok(Request::get("/v1/feed".to_owned()).query(format!("since={since}")))
    }

    pub(super) fn received_feed(
        &mut self,
        vault: &mut Vault,
        reply: &Reply,
    ) -> Result<(), SyncError> {
        let reading = self.reading.as_mut().ok_or(SyncError::Internal)?;
        match reply {
            Reply::Ok(body) => {
                if reading.page(wire::decode(body)?) {
                    self.tasks.push_front(Task::Feed);
                    return Ok(());
                }
            }
            Reply::Problem(p)
                if matches!(
                    p.code,
                    Code::NotFound | Code::MethodNotAllowed | Code::Unrecognised
                ) =>
            {
                reading.usable = false;
                reading.full = true;
            }
            Reply::Problem(_) | Reply::Unreachable => return Err(failure(reply)),
        }
        if reading.full {
            self.compare_all(vault)?;
        } else {
            let fresh = std::mem::take(&mut reading.fresh);
            self.plan(vault, &fresh, true)?;
        }
        Ok(())
    }

    pub(super) fn compare_all(&mut self, vault: &Vault) -> Result<(), SyncError> {
        self.tasks.extend(Self::everything(vault)?);
        self.whole = true;
        Ok(())
    }

    /// At the end of a round: where the next one goes on.
    pub(super) fn conclude(&mut self, vault: &mut Vault) -> Result<(), SyncError> {
        let odd = self.held || self.report.alarms.iter().any(is_serious);
        let Some(reading) = self.reading.take().filter(|r| r.usable) else {
            return if odd { doubt(vault) } else { Ok(()) };
        };
        let full_ms = match (odd, self.whole) {
            (true, _) => 0,
            (false, true) => vault.env().now().as_millisecond(),
            (false, false) => reading.before.full_ms,
        };
        let state = State {
            position: reading.position,
            seen: reading.named.into(),
            full_ms,
        };
        // Where nothing changed, asking again from the old position is as good.
        let same = (&state.seen, state.full_ms) == (&reading.before.seen, reading.before.full_ms);
        if same && state.position >= reading.before.position {
            return Ok(());
        }
        Ok(vault.keep_feed(&wire::encode(&state))?)
    }
}

/// Merges the alarms of rounds into one list.
pub(super) fn merge(report: &mut Report, alarms: &[Alarm]) {
    for alarm in alarms {
        report.alarm(*alarm);
    }
}
