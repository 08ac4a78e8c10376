//! Opens the companion, and hands out one object per capability.

use std::path::Path;
use std::sync::Arc;

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem;
use companion_core::vault::Vault;

use crate::fault::guarded;
use crate::keys::Platform;
use crate::{Care, ClinicSync, Journal, KeyStore, Problem};

/// How the companion is opened.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Config {
    /// A folder of the app's own that no backup takes: the vault lives in it. Made where missing.
    pub dir: String,
}

/// A patient's open companion. Open one per folder and keep it as long as the app runs.
///
/// The vault closes, and another process can open it, when this object and all
/// that were handed out by it are freed.
///
/// (Its name is not `Companion`: in Kotlin that is the name of every class's own
/// companion object.)
#[derive(uniffi::Object)]
pub struct PatientCompanion {
    core: Companion,
}

#[uniffi::export]
impl PatientCompanion {
    /// Opens the vault, or makes one where there is none. From here on entries can be saved; nothing
    /// leaves the device before a clinic is joined.
    ///
    /// # Errors
    /// `Locked`: the key store's key is another vault's. `Storage`: see the code;
    /// after `vault-damaged` call `set_vault_aside` and open again. `Version`: update
    /// the app. `Conflict`: another process has it open.
    #[uniffi::constructor]
    pub fn open(config: Config, keys: Arc<dyn KeyStore>) -> Result<Arc<Self>, Problem> {
        guarded(|| {
            let dir = Path::new(&config.dir);
            let core = Companion::open_or_create(dir, &Platform(keys), Env::system())?;
            core.sync().set_up_patient()?;
            Ok::<_, problem::Problem>(Arc::new(Self { core }))
        })
    }

    /// The journal.
    pub fn journal(&self) -> Arc<Journal> {
        Arc::new(Journal::new(self.core.journal()))
    }

    /// What the care team can read, has read and has reviewed.
    pub fn care(&self) -> Arc<Care> {
        Arc::new(Care::new(self.core.care(), self.core.sync()))
    }

    /// Joining a clinic and syncing.
    pub fn sync(&self) -> Arc<ClinicSync> {
        Arc::new(ClinicSync::new(self.core.sync()))
    }
}

/// Moves a damaged vault out of the way, never deleting it; returns the folder it is in now.
///
/// Only after `vault-damaged`, and only when the person agreed: the next opening
/// begins an empty journal.
///
/// # Errors
/// `Storage` or `Conflict`: nothing was moved, or part of it; call it again.
#[uniffi::export]
pub fn set_vault_aside(config: Config) -> Result<String, Problem> {
    guarded(|| {
        Vault::set_aside(Path::new(&config.dir), &Env::system())
            .map(|aside| aside.to_string_lossy().into_owned())
    })
}
