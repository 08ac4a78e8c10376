//! The clinic's bulletins: pulled by every member, never rolled back.
//!
//! Whoever saw a later one says so in its heads. Being served fewer than were
//! kept here, or than a witness saw, is an alarm that passes once they are
//! served; another one in the place of one that was kept is an alarm for good.

use std::collections::BTreeSet;

use clinic_api::bulletin::{Bulletin, BulletinPage, Seen};
use clinic_api::http::problem::Code;
use clinic_api::id::ChainId;
use clinic_api::wire;

use super::error::SyncError;
use super::machine::{Machine, failure};
use super::report::{Alarm, Report};
use super::request::{Reply, Request};
use super::task::{Chain, Task, Waiting};
use super::{Link, Sync, server};
use crate::bulletin;
use crate::vault::{SpaceEntry, Vault};

/// What a round knows of the bulletins.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Whether roster and bulletins were asked for once more, after something didn't fit.
    again: bool,
    /// The clinics of which something stays odd.
    stuck: BTreeSet<ChainId>,
}

/// What this device's heads in a space say that it saw.
pub(super) fn seen(vault: &Vault, entry: &SpaceEntry) -> Result<Option<Seen>, SyncError> {
    let Some(roster) = entry.kind.team().and(entry.roster) else {
        return Ok(None);
    };
    let last = vault.last_bulletin(roster)?;
    Ok(last.map(|last| Seen {
        number: last.number,
        hash: last.hash,
    }))
}

impl Machine {
    /// A round over the clinic's roster and bulletins alone.
    ///
    /// # Errors
    /// As [`Machine::new`].
    pub fn bulletins(vault: &Vault) -> Result<Self, SyncError> {
        let mut machine = Self::empty(vault)?;
        let roster = vault.bulletin_roster()?.ok_or(SyncError::NoServer)?;
        machine.tasks.push_back(Task::Chain(Chain::Roster(roster)));
        machine.tasks.push_back(Task::Bulletins(roster));
        Ok(machine)
    }

    pub(super) fn ask_bulletins(
        &mut self,
        vault: &Vault,
        roster: ChainId,
    ) -> Result<Request, SyncError> {
        // The last one again, so that a server that shows another history shows itself.
        let from = vault.last_bulletin(roster)?.map_or(1, |last| last.number);
        self.waiting = Some(Waiting::Bulletins(roster, from));
        let path = format!("/v1/bulletins/{roster}");
        Ok(Request::get(path).query(format!("from={from}")))
    }

    pub(super) fn received_bulletins(
        &mut self,
        vault: &mut Vault,
        roster: ChainId,
        from: u64,
        reply: Reply,
    ) -> Result<(), SyncError> {
        let body = match reply {
            Reply::Ok(body) => body,
            // A server that knows of none, or of no such thing.
            Reply::Problem(p)
                if matches!(
                    p.code,
                    Code::NotFound
                        | Code::MethodNotAllowed
                        | Code::Unrecognised
                        | Code::UnknownChain
                ) =>
            {
                if vault.last_bulletin(roster)?.is_some() {
                    self.odd(roster, Alarm::BulletinsWithheld(roster));
                }
                return Ok(());
            }
            other @ (Reply::Problem(_) | Reply::Unreachable) => return Err(failure(&other)),
        };
        let page: BulletinPage = wire::decode(&body)?;
        if page.bulletins.is_empty() && vault.last_bulletin(roster)?.is_some() {
            self.odd(roster, Alarm::BulletinsWithheld(roster));
            return Ok(());
        }
        let mut grown = false;
        for (number, bytes) in (from..).zip(&page.bulletins) {
            let Ok(next) = Bulletin::from_bytes(bytes) else {
                // Nothing else of the round waits for it.
                self.odd(roster, Alarm::BulletinInvalid(roster));
                break;
            };
            match vault.bulletin_hash(roster, number)? {
                Some(kept) if kept == next.hash() => continue,
                Some(_) => {
                    self.odd(roster, Alarm::BulletinsForked(roster));
                    break;
                }
                None => {}
            }
            if vault.extend_bulletins(roster, &next)?.is_err() {
                // It may cite what the roster says since it was pulled.
                if !self.look_again(roster) {
                    self.odd(roster, Alarm::BulletinInvalid(roster));
                }
                break;
            }
            grown = true;
        }
        if grown {
            bulletin::keep_for_help(vault, roster)?;
            if page.more {
                self.tasks.push_front(Task::Bulletins(roster));
            }
        }
        Ok(())
    }

    /// Asks for roster and bulletins once more; false where that was done in this round.
    fn look_again(&mut self, roster: ChainId) -> bool {
        if std::mem::replace(&mut self.asked.again, true) {
            return false;
        }
        self.tasks.push_front(Task::Bulletins(roster));
        self.tasks.push_front(Task::Chain(Chain::Roster(roster)));
        true
    }

    fn odd(&mut self, roster: ChainId, alarm: Alarm) {
        self.asked.stuck.insert(roster);
        self.report.alarm(alarm);
    }

    /// When nothing else is to be done: whether somebody saw bulletins that were not served
    /// here. They are asked for once more; then it is said.
    pub(super) fn bulletins_behind(&mut self, vault: &Vault) -> Result<bool, SyncError> {
        let Some(roster) = vault.bulletin_roster()? else {
            return Ok(false);
        };
        let witnessed = vault.bulletins_witnessed(roster)?;
        if witnessed.is_empty() || self.asked.stuck.contains(&roster) {
            return Ok(false);
        }
        let last = vault.last_bulletin(roster)?.map_or(0, |last| last.number);
        if witnessed.iter().any(|(_, seen)| seen.number <= last) {
            self.report.alarm(Alarm::BulletinsForked(roster));
        }
        if witnessed.iter().all(|(_, seen)| seen.number <= last) {
            return Ok(false);
        }
        if self.look_again(roster) {
            return Ok(true);
        }
        self.report.alarm(Alarm::BulletinsWithheld(roster));
        Ok(false)
    }
}

impl Sync {
    /// Pulls the clinic's roster and bulletins alone: before one is written.
    ///
    /// # Errors
    /// As [`Sync::round`].
    pub async fn pull_bulletins(&self) -> Result<Report, SyncError> {
        self.once(Machine::bulletins).await
    }

    /// Sends a signed bulletin and keeps it.
    ///
    /// # Errors
    /// [`SyncError::Refused`] with [`Code::ChainConflict`] where another was published since:
    /// pull, write and sign anew.
    pub async fn publish(&self, bulletin: &Bulletin) -> Result<(), SyncError> {
        let (mut link, roster) = {
            let mut vault = self.vault.lock();
            let server = server(&vault)?.ok_or(SyncError::NoServer)?;
            let roster = vault.bulletin_roster()?.ok_or(SyncError::NoServer)?;
            (Link::new(&self.line, &mut vault, server)?, roster)
        };
        let path = format!("/v1/bulletins/{roster}");
        link.expect(&Request::post(path, bulletin.to_bytes()))
            .await?;
        let mut vault = self.vault.lock();
        let number = bulletin.claimed().map_or(0, |body| body.number);
        if vault.bulletin_hash(roster, number)? != Some(bulletin.hash()) {
            vault.extend_bulletins(roster, bulletin)??;
        }
        Ok(bulletin::keep_for_help(&mut vault, roster)?)
    }
}
