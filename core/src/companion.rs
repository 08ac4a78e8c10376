//! Opens a vault and hands out one handle per capability; owns no rule of its own.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::bulletin::{self, Bulletins};
use crate::care::{Care, CareView};
use crate::device::{DeviceView, Devices};
use crate::env::Env;
use crate::export::Export;
use crate::front::{Front, FrontView};
use crate::import::own::Restore;
use crate::journal::{Journal, JournalView};
use crate::kit::KitView;
use crate::members::Members;
use crate::sync::{Kit, Leaving, Line, Office, Staff, Sync};
use crate::vault::{KeyStore, Mended, Vault, VaultError, View};

/// Every room's part of the vault's views.
pub const VIEWS: &[&dyn View] = &[&JournalView, &CareView, &FrontView, &DeviceView, &KitView];

/// A vault that several handles share; one of them at a time uses it.
#[derive(Debug, Clone)]
pub struct SharedVault(Arc<Mutex<Vault>>);

impl SharedVault {
    /// Works on the vault itself, below the capabilities: for whoever drives a
    /// [`crate::sync::Machine`] by other means than [`Sync`].
    ///
    /// Every handle waits until `work` returns; calling a handle inside of it
    /// waits forever.
    pub fn with<T>(&self, work: impl FnOnce(&mut Vault) -> T) -> T {
        work(&mut self.lock())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Vault> {
        // A panic elsewhere can't leave a vault half written: transactions see to that.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open companion: a patient's device, or a clinician's workstation.
#[derive(Debug, Clone)]
pub struct Companion {
    vault: SharedVault,
    line: Line,
}

impl Companion {
    /// Opens the vault in `dir`, or makes a new one where there is none.
    ///
    /// # Errors
    /// As [`Vault::open`] and [`Vault::create`].
    pub fn open_or_create(dir: &Path, keys: &dyn KeyStore, env: Env) -> Result<Self, VaultError> {
        let vault = if Vault::exists(dir) {
            Vault::open(dir, keys, env, VIEWS)?
        } else {
            Vault::create(dir, keys, env, VIEWS)?
        };
        Ok(Self::of(vault))
    }

    /// As [`Companion::open_or_create`]; a vault that is damaged is mended at once.
    ///
    /// Look at [`Companion::mended`] after each opening, and tell the person.
    ///
    /// # Errors
    /// As [`Companion::mend`].
    pub fn open_or_mend(dir: &Path, keys: &dyn KeyStore, env: Env) -> Result<Self, VaultError> {
        match Self::open_or_create(dir, keys, env.clone()) {
            Err(VaultError::Damaged) => Self::mend(dir, keys, env),
            result => result,
        }
    }

    /// Mends a vault of which damage showed only in reading ([`VaultError::Damaged`]): let go of
    /// all that was handed out by it before. See [`Vault::mend`].
    ///
    /// # Errors
    /// As [`Vault::mend`]. Nothing was deleted; call it again.
    pub fn mend(dir: &Path, keys: &dyn KeyStore, env: Env) -> Result<Self, VaultError> {
        Ok(Self::of(Vault::mend(dir, keys, env, VIEWS)?))
    }

    /// Opens the vault in `dir`.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn open(dir: &Path, keys: &dyn KeyStore, env: Env) -> Result<Self, VaultError> {
        Ok(Self::of(Vault::open(dir, keys, env, VIEWS)?))
    }

    fn of(mut vault: Vault) -> Self {
        bulletin::keep_at_opening(&mut vault);
        Self {
            vault: SharedVault(Arc::new(Mutex::new(vault))),
            line: Line::default(),
        }
    }

    /// What came of damage to this vault, for the person to be told; none where there was none,
    /// and when all is settled (see [`Vault::mended`]).
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn mended(&self) -> Result<Option<Mended>, VaultError> {
        self.vault.lock().mended()
    }

    /// Notes that the person was told.
    ///
    /// # Errors
    /// [`VaultError`]; then they are told again.
    pub fn mended_told(&self) -> Result<(), VaultError> {
        self.vault.lock().mended_told()
    }

    /// Opens a vault for the simulator: see [`Vault::open_simulated`].
    ///
    /// # Errors
    /// As [`Vault::open`].
    #[cfg(feature = "simulation")]
    pub fn open_simulated(dir: &Path, env: Env) -> Result<Self, VaultError> {
        Ok(Self::of(Vault::open_simulated(dir, env, VIEWS)?))
    }

    /// The vault that all handles share.
    pub fn vault(&self) -> SharedVault {
        self.vault.clone()
    }

    /// The patient's journal.
    pub fn journal(&self) -> Journal {
        Journal::new(self.vault.clone())
    }

    /// Writing all that is the patient's to a file.
    pub fn export(&self) -> Export {
        Export::new(self.vault.clone())
    }

    /// Reading such a file back.
    pub fn restore(&self) -> Restore {
        Restore::new(self.vault.clone())
    }

    /// What is shared, reviewed and read.
    pub fn care(&self) -> Care {
        Care::new(self.vault.clone())
    }

    /// The patient's devices.
    pub fn devices(&self) -> Devices {
        Devices::new(self.vault.clone(), self.sync())
    }

    /// The clinic's list of patients.
    pub fn front(&self) -> Front {
        Front::new(self.vault.clone())
    }

    /// Joining and syncing.
    pub fn sync(&self) -> Sync {
        Sync::new(self.vault.clone(), self.line.clone())
    }

    /// The recovery kit.
    pub fn kit(&self) -> Kit {
        Kit::new(self.sync())
    }

    /// What the clinic says to all.
    pub fn bulletins(&self) -> Bulletins {
        Bulletins::new(self.vault.clone(), self.sync())
    }

    /// Leaving the clinic.
    pub fn leaving(&self) -> Leaving {
        Leaving::new(self.sync())
    }

    /// A clinic's office: founding, inviting, admitting.
    pub fn office(&self) -> Office {
        Office::new(self.vault.clone(), self.line.clone())
    }

    /// The clinic's people and workstations, and its root key.
    pub fn staff(&self) -> Staff {
        Staff::new(self.vault.clone(), self.line.clone())
    }

    /// Who came in and who went out, in words.
    pub fn members(&self) -> Members {
        Members::new(self.vault.clone())
    }
}
