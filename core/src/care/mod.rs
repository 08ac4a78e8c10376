//! What the care team does with what patients share: reviews, and the trace that reading leaves.

mod body;
mod view;

pub use body::{EntriesRead, EntryReviewed, PatientWelcomed, ReviewState, ReviewedVersion};
pub use clinic_api::member::Role;
pub(crate) use view::taken_in;
pub use view::{CareView, Reading, Review, TakenIn};

use std::collections::{BTreeMap, HashSet};

use clinic_api::id::{ChainId, PersonId};
use clinic_api::space::SpaceKind;

use crate::companion::SharedVault;
use crate::event::{EntryId, Moment};
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
    /// Since when, in milliseconds since 1970: since they joined the clinic, or since
    /// the patient was admitted, whichever came later.
    pub since_ms: i64,
}

/// Where the care team stands with a patient's entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Entries that are shared and not reviewed in their present version.
    pub unreviewed: u64,
    /// When the latest shared entry was felt.
    pub latest: Option<Moment>,
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

    /// Marks versions of entries as reviewed, or as taken into the clinic's record.
    ///
    /// A version that is not the present one any more is marked all the same: it
    /// is what the person saw, and the new one stays pending. Entries that are
    /// not shared now are left out. Returns how many were marked.
    ///
    /// # Errors
    /// [`VaultError::NotAllowed`] where this is no clinician's workstation.
    pub fn review(
        &self,
        patient: ChainId,
        seen: &[ReviewedVersion],
        state: ReviewState,
    ) -> Result<u64, VaultError> {
        let mut vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        if vault.care_is_gone(patient)? {
            return Ok(0);
        }
        let mut versions = Vec::new();
        for version in seen {
            if journal_view::shared_entry(&vault, &care, version.entry)?.is_some() {
                versions.push(*version);
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

    /// How many entries a patient shares now that nobody has reviewed in their
    /// present version, and when the latest was felt.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where this vault doesn't follow that patient.
    pub fn standing(&self, patient: ChainId) -> Result<Standing, VaultError> {
        let vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        let unreviewed = view::unreviewed(&vault, care.space)?;
        let latest = journal_view::shared_in(&vault, &care, i64::MIN, i64::MAX, 1)?;
        Ok(Standing {
            unreviewed,
            latest: latest.into_iter().next().map(|e| e.mood.felt),
        })
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
        if vault.care_is_gone(patient)? {
            // Nobody is left whom a trace would reach.
            return Ok(0);
        }
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

    /// When this device learned that a patient left, in milliseconds since 1970; none while they
    /// haven't. What is listed of them from then on is what the clinic took into its record.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn left_ms(&self, patient: ChainId) -> Result<Option<i64>, VaultError> {
        let vault = self.vault.lock();
        let gone = vault.departure(SpaceKind::Care.id(patient).into())?;
        Ok(gone.map(|departure| departure.at_ms))
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
        let welcomed = view::welcomed_ms(&vault, care.space)?.unwrap_or(0);
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
                    since_ms: roster.stated_ms(p.since()).unwrap_or(0).max(welcomed),
                })
            })
            .collect())
    }

    /// The person at a workstation and their name, by the roster as it is known here.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn person_at(
        &self,
        patient: ChainId,
        device: clinic_api::id::DeviceId,
    ) -> Result<Option<(PersonId, String)>, VaultError> {
        let mut vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        vault.load_space(&care)?;
        let roster = care.roster.and_then(|id| vault.chains().roster(id));
        Ok(roster.and_then(|r| {
            let workstation = r.workstation(device)?;
            r.person(workstation.person).map(|p| (p.id, p.name.clone()))
        }))
    }

    /// When anything was last heard of each person of the care team, in milliseconds since 1970, by
    /// their workstations' clocks. Who is not in it was never heard.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where this vault doesn't follow that patient.
    pub fn heard(&self, patient: ChainId) -> Result<BTreeMap<PersonId, i64>, VaultError> {
        let mut vault = self.vault.lock();
        let care = care_space(&vault, patient)?;
        vault.load_space(&care)?;
        let logs = vault.logs(care.space)?;
        let roster = care.roster.and_then(|id| vault.chains().roster(id));
        let mut heard = BTreeMap::new();
        for log in logs.iter().filter(|log| log.tip.is_some()) {
            if let Some(workstation) = roster.and_then(|r| r.workstation(log.device)) {
                let last = heard.entry(workstation.person).or_insert(log.heard_ms);
                *last = log.heard_ms.max(*last);
            }
        }
        Ok(heard)
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

pub(crate) fn care_space(vault: &Vault, patient: ChainId) -> Result<SpaceEntry, VaultError> {
    vault
        .spaces()?
        .into_iter()
        .find(|s| s.kind == SpaceKind::Care && s.patient == Some(patient))
        .ok_or(VaultError::NotSetUp)
}

/// Tells a patient that the clinic has admitted them, if nobody did yet.
pub(crate) fn welcome(vault: &mut Vault, patient: ChainId) -> Result<(), VaultError> {
    let care = care_space(vault, patient)?;
    if view::welcomed_ms(vault, care.space)?.is_none() {
        let draft = Draft::new(care, &PatientWelcomed {});
        vault.append(Author::Clinician, vec![vec![draft]])?;
    }
    Ok(())
}

/// Whether the clinic has said that it admitted this patient.
pub(crate) fn welcomed(vault: &Vault, patient: ChainId) -> Result<bool, VaultError> {
    Ok(view::welcomed_ms(vault, care_space(vault, patient)?.space)?.is_some())
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
