//! The patients whom a workstation follows.

use clinic_api::id::ChainId;
use clinic_api::space::SpaceKind;

use super::error::SyncError;
use super::machine::Machine;
use super::request::Request;
use super::spaces::staff_spaces;
use super::task::{Chain, Task, space_tasks};
use crate::front;
use crate::vault::{SpaceEntry, Vault};

impl Machine {
    /// Follows the patients that *front* names: all, or those alone who have no epoch here yet.
    pub(super) fn follow_patients(
        &mut self,
        vault: &mut Vault,
        roster: ChainId,
        all: bool,
    ) -> Result<Option<Request>, SyncError> {
        let me = vault.device()?.id();
        vault.load_roster(roster)?;
        let role = vault
            .chains()
            .roster(roster)
            .and_then(|r| r.workstation_role(me, r.tip().number));
        for chain in front::patient_chains(vault)? {
            let entries: Vec<SpaceEntry> = staff_spaces(chain, roster, role).collect();
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
