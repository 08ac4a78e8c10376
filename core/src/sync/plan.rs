//! From what changed to what is to be done.

use std::collections::BTreeSet;

use clinic_api::events::Changed;
use clinic_api::id::{ChainId, SpaceId};
use clinic_api::message::ChangeKind;
use clinic_api::space::SpaceKind;

use super::error::SyncError;
use super::machine::Machine;
use super::pull::Pulling;
use super::task::{Chain, Parties, Task};
use crate::vault::{Me, SpaceEntry, Vault, VaultError};

impl Machine {
    /// The tasks that changes make, and those of what is unsent.
    ///
    /// `thorough`: also looks for patients whom an earlier round left half followed.
    pub(super) fn plan(
        &mut self,
        vault: &mut Vault,
        changes: &BTreeSet<Changed>,
        thorough: bool,
    ) -> Result<(), SyncError> {
        let me = vault.me()?.ok_or(SyncError::NoServer)?;
        let mut plan = Plan::default();
        for changed in changes {
            let (chain, space) = (ChainId(changed.id), SpaceId(changed.id));
            match (changed.kind, &me) {
                (ChangeKind::Chain, Me::Staff { roster, .. }) if *roster == chain => {
                    // Roles may have changed, and with them what is followed at all.
                    return self.compare_all(vault);
                }
                (ChangeKind::Chain, Me::Staff { .. }) => plan.patient(vault, chain)?,
                (ChangeKind::Chain, Me::Patient { chain: own }) => {
                    let roster = vault.spaces()?.iter().find_map(|s| s.roster);
                    if roster == Some(chain) {
                        plan.rosters.push(chain);
                        plan.spaces_of(vault, *own)?;
                    } else if *own == chain {
                        plan.patient(vault, chain)?;
                    }
                }
                (ChangeKind::Epochs, _) => plan.wants(vault, space, |want| want.epochs = true)?,
                (ChangeKind::Space, _) => plan.wants(vault, space, |want| want.pull = true)?,
                (ChangeKind::Invites, _) => {}
            }
        }
        let mut sends = vault.spaces_to_send()?;
        if self.tells {
            sends.extend(vault.spaces_to_tell()?);
        }
        for space in sends {
            plan.wants(vault, space, |want| want.push = true)?;
        }
        if matches!(me, Me::Patient { .. }) {
            for space in vault.spaces_to_erase()? {
                plan.wants(vault, space, |_| {})?;
            }
        }
        if let Me::Staff { roster, .. } = me {
            let front = SpaceKind::Front.id(roster);
            plan.begins |= plan.wants.iter().any(|w| w.entry.space == front);
            plan.begins |= thorough && !vault.patients_to_begin()?.is_empty();
            plan.roster = Some(roster);
        }
        self.tasks.extend(plan.tasks());
        Ok(())
    }
}

/// What is to be done in one space.
#[derive(Debug)]
struct Want {
    entry: SpaceEntry,
    epochs: bool,
    pull: bool,
    push: bool,
}

/// What a light round does.
#[derive(Debug, Default)]
struct Plan {
    rosters: Vec<ChainId>,
    patients: Vec<ChainId>,
    wants: Vec<Want>,
    /// Whether some patient is to be followed anew.
    begins: bool,
    roster: Option<ChainId>,
}

impl Plan {
    /// Marks something in a space, where this vault follows it.
    fn wants(
        &mut self,
        vault: &Vault,
        space: SpaceId,
        mark: impl FnOnce(&mut Want),
    ) -> Result<(), SyncError> {
        if let Some(want) = self.wants.iter_mut().find(|w| w.entry.space == space) {
            mark(want);
            return Ok(());
        }
        if vault.is_departed(space.into())? {
            return Ok(());
        }
        let entry = match vault.space(space) {
            Ok(entry) => entry,
            // Others' spaces, made up or not for this device's role.
            Err(VaultError::NotSetUp) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut want = Want {
            entry,
            epochs: false,
            pull: false,
            push: false,
        };
        mark(&mut want);
        self.wants.push(want);
        Ok(())
    }

    /// A patient chain that changed; nothing where this vault doesn't follow that patient.
    fn patient(&mut self, vault: &Vault, chain: ChainId) -> Result<(), SyncError> {
        if vault.statement_count(chain)? == 0 || vault.is_departed(chain)? {
            return Ok(());
        }
        self.patients.push(chain);
        self.spaces_of(vault, chain)
    }

    /// Members may have changed: it is to be seen in each space whether its epoch still fits.
    fn spaces_of(&mut self, vault: &Vault, patient: ChainId) -> Result<(), SyncError> {
        for kind in SpaceKind::OF_PATIENT {
            self.wants(vault, kind.id(patient), |_| {})?;
        }
        Ok(())
    }

    /// Parties before epochs, epochs before runs, others' before the own.
    fn tasks(mut self) -> Vec<Task> {
        // What somebody waits for goes before what is kept for oneself.
        self.wants
            .sort_by_key(|want| want.entry.kind.team().is_none());
        let mut tasks = Vec::new();
        let chain = |chain| Task::Chain(chain);
        for roster in self.rosters {
            tasks.push(Task::Chain(Chain::Roster(roster)));
            tasks.push(Task::Bulletins(roster));
        }
        tasks.extend(self.patients.into_iter().map(Chain::Patient).map(chain));
        for want in &self.wants {
            if want.epochs {
                tasks.push(Task::Chain(Chain::Epochs(want.entry, Parties::Earlier)));
            }
            if want.pull {
                tasks.push(Task::Pull(want.entry, Pulling::default()));
            }
        }
        for want in &self.wants {
            tasks.push(Task::Stand(want.entry, 0));
            if want.push {
                tasks.push(Task::Push(want.entry));
            }
            tasks.push(Task::Send(want.entry));
        }
        if let Some(roster) = self.roster.filter(|_| self.begins) {
            tasks.push(Task::FollowNew(roster));
        }
        tasks
    }
}
