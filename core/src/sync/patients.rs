//! The patients whom a workstation follows.

use clinic_api::id::ChainId;
use clinic_api::member::Role;
use clinic_api::space::SpaceKind;

use super::error::SyncError;
use super::leave::still_here;
use super::machine::Machine;
use super::request::Request;
use super::spaces::staff_spaces;
use super::task::{Chain, Task, space_tasks};
use crate::front;
use crate::vault::{SpaceEntry, Vault};

impl Machine {
    /// Follows the clinic's own spaces that this person's role reads by the roster as it is now:
    /// a role may have changed since this vault was set up.
    pub(super) fn follow_clinic(
        &mut self,
        vault: &mut Vault,
        roster: ChainId,
    ) -> Result<(), SyncError> {
        let role = own_role(vault, roster)?;
        let reads = |entry: &SpaceEntry| match role {
            Some(role) => entry.kind.team().is_some_and(|team| team.includes(role)),
            // Removed: the server says so.
            None => true,
        };
        let mut tasks = Vec::new();
        for entry in clinic_spaces(roster) {
            if role.is_some() && reads(&entry) {
                vault.follow_space(&entry)?;
            }
            let follows = vault.spaces()?.contains(&entry);
            if follows && reads(&entry) {
                tasks.extend(space_tasks(entry));
            }
        }
        for task in tasks.into_iter().rev() {
            self.tasks.push_front(task);
        }
        Ok(())
    }

    /// Follows the patients that *front* names: all, or those alone who have no epoch here yet.
    pub(super) fn follow_patients(
        &mut self,
        vault: &mut Vault,
        roster: ChainId,
        all: bool,
    ) -> Result<Option<Request>, SyncError> {
        let role = own_role(vault, roster)?;
        for chain in front::patient_chains(vault)? {
            if vault.is_departed(chain)? {
                continue;
            }
            let entries = staff_spaces(chain, roster, role).collect();
            let entries: Vec<SpaceEntry> = still_here(vault, entries)?;
            let mut begun = !all;
            for entry in &entries {
                begun = begun && vault.statement_count(entry.space.into())? > 0;
            }
            if begun {
                continue;
            }
            self.tasks.push_back(Task::Chain(Chain::Patient(chain)));
            for entry in entries {
                vault.follow_space(&entry)?;
                let [chain, pull, stand, push, _] = space_tasks(entry);
                self.tasks.extend([chain, pull, stand]);
                if entry.kind == SpaceKind::Care {
                    self.tasks.push_back(Task::Welcome(entry));
                }
                self.tasks.push_back(push);
            }
        }
        Ok(None)
    }
}

/// A clinic's own spaces.
pub(super) fn clinic_spaces(roster: ChainId) -> impl Iterator<Item = SpaceEntry> {
    SpaceKind::OF_CLINIC
        .into_iter()
        .map(move |kind| SpaceEntry {
            space: kind.id(roster),
            kind,
            patient: None,
            roster: Some(roster),
        })
}

/// What the person at this workstation does, by the roster as it is known here.
pub(super) fn own_role(vault: &mut Vault, roster: ChainId) -> Result<Option<Role>, SyncError> {
    let me = vault.device()?.id();
    vault.load_roster(roster)?;
    let chain = vault.chains().roster(roster);
    Ok(chain.and_then(|r| r.workstation_role(me, r.tip().number)))
}
