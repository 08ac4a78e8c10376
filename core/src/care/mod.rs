//! What the care team does with what patients share: reviews, and the trace that reading leaves.

mod body;
mod view;

pub use body::{EntriesRead, EntryReviewed, PatientWelcomed, ReviewState, ReviewedVersion};
pub use view::{CareView, Reading, Review};

use std::collections::HashSet;

use clinic_api::id::{ChainId, PersonId};
use clinic_api::member::Role;
use clinic_api::space::SpaceKind;

use crate::companion::SharedVault;
use crate::event::EntryId;
use crate::journal::{Entry, view as journal_view};
use crate::space::authority::Author;
use crate::vault::{Draft, Me, SpaceEntry, Vault, VaultError};

/// So many entries are named by one event: a frame has a limit, and what doesn't fit into one
/// could never be sent.
const ENTRIES_PER_EVENT: usize = 1_000;

/// Somebody who can read what a patient shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareReader {
    /// The person.
    pub person: PersonId,
    /// Their name, as the roster has it.
    pub name: String,
    /// What they do.
    pub role: Role,
}

/// What the care team and the patient see of the sharing. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Care {
    vault: SharedVault,
}

impl Care {
    pub(crate) fn new(vault: SharedVault) -> Self {
        Self { vault }
    }

    /// The entries that a patient shares now, felt in `from_ms..to_ms`, newest first, at most `most`.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where this vault doesn't follow that patient.
    pub fn entries(
        &self,
        patient: ChainId,
        from_ms: i64,
        to_ms: i64,
        most: u32,
    ) -> Result<Vec<Entry>, VaultError> {
        let vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        journal_view::shared_in(&vault, &care, from_ms, to_ms, most)
    }

    /// Marks the current versions of entries as reviewed, or as taken into the clinic's record.
    ///
    /// # Errors
    /// [`VaultError::NotAllowed`] where this is no clinician's workstation.
    pub fn review(
        &self,
        patient: ChainId,
        entries: &[EntryId],
        state: ReviewState,
    ) -> Result<u64, VaultError> {
        let mut vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        let mut versions = Vec::new();
        for entry in entries {
            if let Some(now) = journal_view::shared_entry(&vault, &care, *entry)? {
                versions.push(ReviewedVersion {
                    entry: *entry,
                    version: now.version,
                });
            }
        }
        if versions.is_empty() {
            return Ok(0);
        }
        let groups = versions
            .chunks(ENTRIES_PER_EVENT)
            .map(|some| {
                let versions = some.to_vec();
                vec![Draft::new(care, &EntryReviewed { versions, state })]
            })
            .collect();
        vault.append(Author::Clinician, groups)?;
        Ok(versions.len() as u64)
    }

    /// Leaves the trace that entries were shown at this workstation; the patient sees it.
    ///
    /// Those that this workstation's device has shown before leave no second trace.
    ///
    /// # Errors
    /// [`VaultError::NotAllowed`] where this is no clinician's workstation.
    pub fn note_reading(&self, patient: ChainId, entries: &[EntryId]) -> Result<u64, VaultError> {
        let mut vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        let device = vault.device()?.id();
        let before = view::readings(&vault, care.space)?;
        let mut known: HashSet<EntryId> = before
            .iter()
            .filter(|r| r.device == device)
            .map(|r| r.entry)
            .collect();
        let new: Vec<EntryId> = entries
            .iter()
            .copied()
            .filter(|e| known.insert(*e))
            .collect();
        if new.is_empty() {
            return Ok(0);
        }
        let groups = new
            .chunks(ENTRIES_PER_EVENT)
            .map(|some| {
                let entries = some.to_vec();
                vec![Draft::new(care, &EntriesRead { entries })]
            })
            .collect();
        vault.append(Author::Clinician, groups)?;
        Ok(new.len() as u64)
    }

    /// Tells the patient that the clinic has admitted them.
    ///
    /// # Errors
    /// [`VaultError::NotAllowed`] where this is no clinician's workstation.
    pub fn welcome(&self, patient: ChainId) -> Result<(), VaultError> {
        let mut vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        if view::welcomed_ms(&vault, care.space)?.is_none() {
            vault.append(
                Author::Clinician,
                vec![vec![Draft::new(care, &PatientWelcomed {})]],
            )?;
        }
        Ok(())
    }

    /// The reviews of a patient's entries, latest first.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where this vault doesn't follow that patient.
    pub fn reviews(&self, patient: ChainId) -> Result<Vec<Review>, VaultError> {
        let vault = self.vault.lock();
        view::reviews(&vault, care_space(&vault, patient)?.space)
    }

    /// Who read which entries first when, latest first.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where this vault doesn't follow that patient.
    pub fn readings(&self, patient: ChainId) -> Result<Vec<Reading>, VaultError> {
        let vault = self.vault.lock();
        view::readings(&vault, care_space(&vault, patient)?.space)
    }

    /// When the clinic admitted the patient, in milliseconds since 1970; none before.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where no clinic was joined.
    pub fn welcomed_ms(&self, patient: ChainId) -> Result<Option<i64>, VaultError> {
        let vault = self.vault.lock();
        view::welcomed_ms(&vault, care_space(&vault, patient)?.space)
    }

    /// Everybody at the clinic who can read what the patient shares, by the roster as it is known here.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where no clinic was joined.
    pub fn readers(&self, patient: ChainId) -> Result<Vec<CareReader>, VaultError> {
        let mut vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        vault.load_space(&care)?;
        let roster = care.roster.and_then(|id| vault.chains().roster(id));
        let Some(roster) = roster else {
            return Ok(Vec::new());
        };
        let now = roster.tip().number;
        let team = SpaceKind::Care.team();
        Ok(roster
            .people()
            .iter()
            .filter_map(|p| {
                let role = p.role_at(now)?;
                team?.includes(role).then(|| CareReader {
                    person: p.id,
                    name: p.name.clone(),
                    role,
                })
            })
            .collect())
    }

    /// The name of the person at a workstation, by the roster as it is known here.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn person_at(
        &self,
        patient: ChainId,
        device: clinic_api::id::DeviceId,
    ) -> Result<Option<String>, VaultError> {
        let mut vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        vault.load_space(&care)?;
        let roster = care.roster.and_then(|id| vault.chains().roster(id));
        Ok(roster.and_then(|r| {
            let workstation = r.workstation(device)?;
            r.person(workstation.person).map(|p| p.name.clone())
        }))
    }

    /// When anything of the patient's own devices was last heard, in milliseconds since 1970.
    ///
    /// By those devices' own clocks; none where nothing was.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where this vault doesn't follow that patient.
    pub fn last_heard_ms(&self, patient: ChainId) -> Result<Option<i64>, VaultError> {
        let mut vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        vault.load_patient(patient)?;
        let logs = vault.logs(care.space)?;
        let chain = vault.chains().patient(patient);
        let of_patient = |device| chain.is_some_and(|c| c.device(device).is_some());
        Ok(logs
            .iter()
            .filter(|l| of_patient(l.device) && l.heard_ms > 0)
            .map(|l| l.heard_ms)
            .max())
    }
}

fn care_space(vault: &Vault, patient: ChainId) -> Result<SpaceEntry, VaultError> {
    vault
        .spaces()?
        .into_iter()
        .find(|s| s.kind == SpaceKind::Care && s.patient == Some(patient))
        .ok_or(VaultError::NotSetUp)
}

/// The patient whose device this is.
///
/// # Errors
/// [`VaultError::NotSetUp`] on a workstation, or before anything was set up.
pub(crate) fn own_chain(vault: &Vault) -> Result<ChainId, VaultError> {
    match vault.me()? {
        Some(Me::Patient { chain }) => Ok(chain),
        Some(Me::Staff { .. }) | None => Err(VaultError::NotSetUp),
    }
}
