//! What the care team can read, has read and has reviewed: the patient's side of it.

use std::collections::{BTreeMap, BTreeSet};

use clinic_api::member;
use companion_core::care as core;
use companion_core::problem;
use companion_core::sync::Sync as CoreSync;
use companion_core::vault::VaultError;

use crate::fault::guarded;
use crate::journal::at;
use crate::{ChainId, DeviceId, EntryId, EventId, PersonId, Problem, Timestamp};

/// What somebody does at a clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Role {
    /// Manages the roster; reads nothing clinical.
    Administrator,
    /// Belongs to the care team.
    Clinician,
    /// Appointments and who the person is; nothing clinical.
    FrontDesk,
}

impl From<member::Role> for Role {
    fn from(role: member::Role) -> Self {
        match role {
            member::Role::Administrator => Self::Administrator,
            member::Role::Clinician => Self::Clinician,
            member::Role::FrontDesk => Self::FrontDesk,
        }
    }
}

/// Somebody at a clinic.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StaffMember {
    /// The person.
    pub id: PersonId,
    /// Their name, as the clinic's roster has it.
    pub name: String,
}

/// Somebody who can read what the patient shares.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CareReader {
    /// Who.
    pub person: StaffMember,
    /// What they do.
    pub role: Role,
    /// Since when: since they joined the clinic, or since the patient was admitted, whichever
    /// came later.
    pub since: Timestamp,
}

/// The first time that a workstation showed an entry.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Reading {
    /// The entry.
    pub entry: EntryId,
    /// Whose workstation it is; none where the roster as it is known here doesn't tell.
    pub reader: Option<StaffMember>,
    /// The workstation.
    pub device: DeviceId,
    /// When, by the workstation's clock.
    pub at: Timestamp,
}

/// How far the care team is with an entry; before the first it is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ReviewState {
    /// Somebody looked at it with care.
    Reviewed,
    /// It was taken into the clinic's own record.
    Incorporated,
}

/// A review of one version of an entry.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Review {
    /// The entry.
    pub entry: EntryId,
    /// The version that was reviewed: a later one is a new one to review.
    pub version: EventId,
    /// How far the care team is.
    pub state: ReviewState,
    /// Whose workstation it is; none where the roster as it is known here doesn't tell.
    pub reviewer: Option<StaffMember>,
    /// The workstation.
    pub device: DeviceId,
    /// When, by the workstation's clock.
    pub at: Timestamp,
}

/// The patient's view of the care team. Before a clinic was joined, nobody reads and nothing was read.
#[derive(uniffi::Object)]
pub struct Care {
    core: core::Care,
    sync: CoreSync,
}

impl Care {
    pub(crate) fn new(core: core::Care, sync: CoreSync) -> Self {
        Self { core, sync }
    }

    /// Asks for something of the patient's own; what is empty where no clinic was joined yet.
    fn ask<T: Default>(
        &self,
        question: impl FnOnce(ChainId) -> Result<T, VaultError>,
    ) -> Result<T, Problem> {
        guarded(|| {
            let patient = self.sync.patient()?;
            match question(patient) {
                Err(VaultError::NotSetUp) => Ok(T::default()),
                Err(other) => Err(problem::Problem::from(other)),
                Ok(answer) => Ok(answer),
            }
        })
    }

    fn people(
        &self,
        patient: ChainId,
        devices: impl Iterator<Item = DeviceId>,
    ) -> Result<BTreeMap<DeviceId, StaffMember>, VaultError> {
        let mut people = BTreeMap::new();
        for device in devices.collect::<BTreeSet<_>>() {
            if let Some((id, name)) = self.core.person_at(patient, device)? {
                people.insert(device, StaffMember { id, name });
            }
        }
        Ok(people)
    }
}

#[uniffi::export]
impl Care {
    /// Everybody at the clinic who can read what is shared, by the roster as this device knows it.
    ///
    /// # Errors
    /// `Storage`.
    pub fn readers(&self) -> Result<Vec<CareReader>, Problem> {
        self.ask(|patient| {
            let readers = self.core.readers(patient)?;
            Ok(readers
                .into_iter()
                .map(|r| CareReader {
                    person: StaffMember {
                        id: r.person,
                        name: r.name,
                    },
                    role: r.role.into(),
                    since: at(r.since_ms),
                })
                .collect())
        })
    }

    /// Who was shown which entry first when, latest first, as far as it was synced.
    ///
    /// # Errors
    /// `Storage`.
    pub fn readings(&self) -> Result<Vec<Reading>, Problem> {
        self.ask(|patient| {
            let readings = self.core.readings(patient)?;
            let people = self.people(patient, readings.iter().map(|r| r.device))?;
            Ok(readings
                .into_iter()
                .map(|r| Reading {
                    entry: r.entry,
                    reader: people.get(&r.device).cloned(),
                    device: r.device,
                    at: at(r.at_ms),
                })
                .collect())
        })
    }

    /// The care team's reviews, latest first, as far as they were synced.
    ///
    /// # Errors
    /// `Storage`.
    pub fn reviews(&self) -> Result<Vec<Review>, Problem> {
        self.ask(|patient| {
            let reviews = self.core.reviews(patient)?;
            let people = self.people(patient, reviews.iter().map(|r| r.device))?;
            Ok(reviews
                .into_iter()
                .map(|r| Review {
                    entry: r.entry,
                    version: r.version,
                    state: match r.state {
                        core::ReviewState::Reviewed => ReviewState::Reviewed,
                        core::ReviewState::Incorporated => ReviewState::Incorporated,
                    },
                    reviewer: people.get(&r.device).cloned(),
                    device: r.device,
                    at: at(r.at_ms),
                })
                .collect())
        })
    }

    /// When the clinic admitted the patient; none before.
    ///
    /// # Errors
    /// `Storage`.
    pub fn welcomed(&self) -> Result<Option<Timestamp>, Problem> {
        self.ask(|patient| Ok(self.core.welcomed_ms(patient)?.map(at)))
    }
}
