//! Which space is which person: the clinic's list of patients.

mod body;
mod view;

pub use body::PatientAdmitted;
pub use view::{FrontView, Patient};

use clinic_api::id::ChainId;
use clinic_api::space::SpaceKind;

use crate::companion::SharedVault;
use crate::event::Moment;
use crate::problem::{Kind as ProblemKind, Problem};
use crate::space::authority::Author;
use crate::vault::{Draft, SpaceEntry, Vault, VaultError};

/// Why a person can't be admitted as entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontError {
    /// No name, or one of more than 200 characters.
    #[error("a name has 1 to 200 characters")]
    Name,
    /// Not a birth date.
    #[error("not a date of birth")]
    BirthDate,
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<FrontError> for Problem {
    fn from(error: FrontError) -> Self {
        match error {
            FrontError::Name => Self::new(
                ProblemKind::Input,
                "patient-name",
                "Enter the patient's name, at most 200 characters.",
            ),
            FrontError::BirthDate => Self::new(
                ProblemKind::Input,
                "birth-date",
                "Enter the date of birth as year-month-day, between 1900 and today.",
            ),
            FrontError::Vault(error) => error.into(),
        }
    }
}

/// The clinic's list of patients. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Front {
    vault: SharedVault,
}

impl Front {
    pub(crate) fn new(vault: SharedVault) -> Self {
        Self { vault }
    }

    /// Signs person and chain into *front*: from here on this workstation's team follows their spaces.
    ///
    /// Only after digits were compared (see [`crate::space::invite::digits`]).
    ///
    /// # Errors
    /// [`FrontError`]: nothing was written.
    pub fn admit(
        &self,
        author: Author,
        patient: ChainId,
        name: &str,
        birth_date: &str,
    ) -> Result<(), FrontError> {
        let name = name.trim();
        if !body::is_name(name) {
            return Err(FrontError::Name);
        }
        let mut vault = self.vault.lock();
        let today = Moment::of(vault.env().now(), &vault.env().zone())
            .local()
            .date();
        let birth = body::birth_date(birth_date.trim()).ok_or(FrontError::BirthDate)?;
        if birth > today {
            return Err(FrontError::BirthDate);
        }
        let body = PatientAdmitted {
            patient,
            name: name.to_owned(),
            birth_date: birth.to_string(),
        };
        let front = front_space(&vault)?;
        vault.append(author, vec![vec![Draft::new(front, &body)]])?;
        Ok(())
    }

    /// Every patient, by name.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where this is no workstation of a clinic.
    pub fn patients(&self) -> Result<Vec<Patient>, VaultError> {
        let vault = self.vault.lock();
        view::patients(&vault, front_space(&vault)?.space)
    }
}

/// The clinic's *front* space, where this vault follows one.
pub(crate) fn front_space(vault: &Vault) -> Result<SpaceEntry, VaultError> {
    vault
        .spaces()?
        .into_iter()
        .find(|s| s.kind == SpaceKind::Front)
        .ok_or(VaultError::NotSetUp)
}

/// The chains of every patient that *front* names.
pub(crate) fn patient_chains(vault: &Vault) -> Result<Vec<ChainId>, VaultError> {
    let front = front_space(vault)?.space;
    Ok(view::patients(vault, front)?
        .into_iter()
        .map(|p| p.chain)
        .collect())
}
