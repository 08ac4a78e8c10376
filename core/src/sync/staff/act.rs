//! One change of the roster, without IO: look at the roster, plan, keep, send statement by
//! statement. Dropped at any point it goes on with [`RosterAct::unfinished`].

use std::collections::VecDeque;

use clinic_api::chain::roster::RosterStep;
use clinic_api::chain::{ChainKind, Signed};
use clinic_api::http::problem::Code;
use clinic_api::id::ChainId;

use super::super::error::SyncError;
use super::super::machine::{self, Machine, Next};
use super::super::report::{Alarm, Report};
use super::super::request::{Reply, Request};
use super::change::{Kept, RosterChange};
use super::error::StaffError;
use super::plan::{Holder, plan};
use crate::vault::{Me, Vault, VaultError};

/// How often the change is planned anew against another holder of the root who states something at the same time.
const TRIES: u8 = 8;

/// A change of the roster on its way. Every request can be sent again.
#[derive(Debug)]
pub struct RosterAct {
    roster: ChainId,
    change: RosterChange,
    stage: Stage,
    tries: u8,
}

#[derive(Debug)]
enum Stage {
    /// The roster is looked at as the server has it.
    Looking(Box<Machine>),
    /// What is kept is sent; the first is on its way.
    Sending(VecDeque<Signed>),
    Done,
}

impl RosterAct {
    /// Begins a change. Nothing is kept or sent before the roster was looked at.
    ///
    /// # Errors
    /// [`StaffError::NoRoot`]; [`StaffError::Unfinished`]: see [`RosterAct::unfinished`].
    pub fn new(vault: &mut Vault, change: RosterChange) -> Result<Self, StaffError> {
        if Kept::load(vault)?.is_some() {
            return Err(StaffError::Unfinished);
        }
        Self::begin(vault, change)
    }

    /// The change that was begun before and has not been finished; none where there is none.
    ///
    /// # Errors
    /// [`StaffError`].
    pub fn unfinished(vault: &mut Vault) -> Result<Option<Self>, StaffError> {
        let kept = Kept::load(vault)?;
        kept.map(|kept| Self::begin(vault, kept.change)).transpose()
    }

    fn begin(vault: &mut Vault, change: RosterChange) -> Result<Self, StaffError> {
        let roster = own_roster(vault)?;
        vault.root()?.ok_or(StaffError::NoRoot)?;
        vault.load_roster(roster)?;
        let stage = Stage::Looking(Box::new(Machine::roster(vault, roster)?));
        Ok(Self {
            roster,
            change,
            stage,
            tries: 0,
        })
    }

    /// The next thing to send, or that the change is made.
    ///
    /// # Errors
    /// [`StaffError`]: of what can't be, nothing is kept.
    pub fn next(&mut self, vault: &mut Vault) -> Result<Next, StaffError> {
        loop {
            match &mut self.stage {
                Stage::Looking(machine) => match machine.next(vault)? {
                    Next::Send(request) => return Ok(Next::Send(request)),
                    Next::Done if !odd(machine.report(), self.roster) => {
                        self.stage = Stage::Sending(self.planned(vault)?);
                    }
                    Next::Done => return Err(StaffError::Forked),
                },
                Stage::Sending(statements) => {
                    let chain = vault.chains().roster(self.roster);
                    let chain = chain.ok_or(SyncError::Internal)?;
                    while let Some(first) = statements.front() {
                        if chain.number_of(first.hash()).is_none() {
                            let path = format!("/v1/chains/{}", self.roster);
                            return Ok(Next::Send(Request::post(path, first.to_bytes())));
                        }
                        statements.pop_front();
                    }
                    Kept::forget(vault)?;
                    self.stage = Stage::Done;
                }
                Stage::Done => return Ok(Next::Done),
            }
        }
    }

    /// Takes the reply to what was sent last.
    ///
    /// # Errors
    /// [`StaffError`]: the change goes on with [`RosterAct::unfinished`].
    pub fn receive(&mut self, vault: &mut Vault, reply: Reply) -> Result<(), StaffError> {
        match &mut self.stage {
            Stage::Looking(machine) => Ok(machine.receive(vault, reply)?),
            Stage::Sending(statements) => match reply {
                Reply::Ok(_) => {
                    let sent = statements.pop_front().ok_or(SyncError::Internal)?;
                    let known = vault.chains().roster(self.roster);
                    if known.is_some_and(|r| r.number_of(sent.hash()).is_some()) {
                        return Ok(());
                    }
                    vault
                        .extend_roster(self.roster, &sent)?
                        .map_err(|_| StaffError::Forked)
                }
                Reply::Problem(p) if p.code == Code::ChainConflict && self.tries < TRIES => {
                    // Another holder of the root was first: look at theirs.
                    self.tries = self.tries.saturating_add(1);
                    let machine = Machine::roster(vault, self.roster)?;
                    self.stage = Stage::Looking(Box::new(machine));
                    Ok(())
                }
                other @ (Reply::Problem(_) | Reply::Unreachable) => {
                    Err(machine::failure(&other).into())
                }
            },
            Stage::Done => Err(SyncError::Internal.into()),
        }
    }

    /// What was kept, where it still follows; else a new plan, kept before any of it is sent.
    fn planned(&self, vault: &mut Vault) -> Result<VecDeque<Signed>, StaffError> {
        let roster = vault
            .chains()
            .roster(self.roster)
            .ok_or(SyncError::Internal)?
            .clone();
        if let Some(kept) = Kept::load(vault)? {
            let mut left: VecDeque<Signed> = kept.statements()?.into();
            while left
                .front()
                .is_some_and(|s| roster.number_of(s.hash()).is_some())
            {
                left.pop_front();
            }
            let follows = |next: &Signed| {
                let body = next.body_after::<RosterStep>(ChainKind::Roster, Some(roster.tip()));
                body.is_ok()
            };
            if left.front().is_some_and(follows) {
                return Ok(left);
            }
        }
        let env = vault.env().clone();
        let root = vault.root()?.ok_or(StaffError::NoRoot)?;
        let device = vault.device()?;
        let holder = Holder {
            env: &env,
            root: &root,
            device: &device,
        };
        match plan(&holder, &roster, &self.change) {
            Ok(statements) => {
                Kept::new(self.change.clone(), &statements).keep(vault)?;
                Ok(statements.into())
            }
            Err(error) => {
                Kept::forget(vault)?;
                Err(error)
            }
        }
    }
}

/// The roster of the clinic whose workstation this is.
pub(super) fn own_roster(vault: &Vault) -> Result<ChainId, VaultError> {
    match vault.me()? {
        Some(Me::Staff { roster, .. }) => Ok(roster),
        Some(Me::Patient { .. }) | None => Err(VaultError::NotSetUp),
    }
}

/// Whether the roster itself looked odd. What looks odd elsewhere, such as what one patient wrote,
/// must not keep a clinic from putting somebody out.
fn odd(report: &Report, roster: ChainId) -> bool {
    report.alarms.iter().any(|alarm| {
        let of = [Alarm::ChainForked(roster), Alarm::ChainInvalid(roster)];
        of.contains(alarm)
    })
}
