//! A console's first contact: whether the persons that *front* names are patients of this clinic.

use clinic_api::id::ChainId;

use super::act::own_roster;
use super::error::StaffError;
use crate::front;
use crate::sync::SyncError;
use crate::vault::Vault;

/// What came of comparing *front* with the patient chains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrontCheck {
    /// Patients whose chain verified here and joined this clinic, under its root.
    pub agreeing: usize,
    /// Named in *front*, and the server has shown no chain of theirs.
    pub missing: Vec<ChainId>,
    /// Named in *front*, and their chain joined no clinic or another one.
    pub foreign: Vec<ChainId>,
}

impl FrontCheck {
    /// Whether everybody whom *front* names is a patient of this clinic.
    pub fn agrees(&self) -> bool {
        self.missing.is_empty() && self.foreign.is_empty()
    }
}

pub(super) fn check(vault: &mut Vault) -> Result<FrontCheck, StaffError> {
    let id = own_roster(vault)?;
    vault.load_roster(id)?;
    let root = vault.chains().roster(id).ok_or(SyncError::Internal)?;
    let ours = (id, root.root_id());
    let mut check = FrontCheck::default();
    for patient in front::patient_chains(vault)? {
        vault.load_patient(patient)?;
        match vault.chains().patient(patient) {
            None => check.missing.push(patient),
            Some(chain) => {
                let joined = chain.clinic_at(chain.tip().number);
                if joined.is_some_and(|c| (c.roster, c.root) == ours) {
                    check.agreeing = check.agreeing.saturating_add(1);
                } else {
                    check.foreign.push(patient);
                }
            }
        }
    }
    Ok(check)
}
