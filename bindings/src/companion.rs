//! Opens the companion, mends it where it is damaged, and hands out one object per capability.

use std::path::Path;
use std::sync::Arc;

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem;
use companion_core::vault;

use crate::fault::guarded;
use crate::journal::at;
use crate::keys::Platform;
use crate::{Care, ClinicSync, Journal, KeyStore, Problem, Timestamp};

/// How the companion is opened.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Config {
    /// A folder of the app's own that no backup takes: the vault lives in it. Made where missing.
    pub dir: String,
}

/// What came of a vault that was damaged: tell the person, plainly and without blame.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Mended {
    /// The folder that the damaged files are in now; nobody deletes them.
    pub aside: String,
    /// When it was noticed.
    pub at: Timestamp,
    /// How many entries and changes could be read from the damaged file, and are back.
    pub salvaged: u64,
    /// Whether it is known whose vault it is. If so, a sync brings back what the clinic has; if
    /// not, this is a new patient, whom the clinic can invite again.
    pub identity: bool,
    /// Whether some of the file could not be read.
    pub unreadable: bool,
    /// When a sync has brought back what the clinic has; none before.
    pub filled: Option<Timestamp>,
    /// Whether the person was told: see `mended_told`.
    pub told: bool,
}

impl From<vault::Mended> for Mended {
    fn from(mended: vault::Mended) -> Self {
        Self {
            aside: mended.aside.to_string_lossy().into_owned(),
            at: at(mended.at_ms),
            salvaged: mended.salvaged,
            identity: mended.identity,
            unreadable: mended.unreadable,
            filled: mended.filled_ms.map(at),
            told: mended.told,
        }
    }
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
    /// A damaged vault is set aside, never deleted, and a fresh one is made of what is left of it:
    /// look at `mended` after each opening.
    ///
    /// # Errors
    /// `Locked`: the key store's key is another vault's. `Storage`: see the code.
    /// `Version`: update the app. `Conflict`: another process has it open.
    #[uniffi::constructor]
    pub fn open(config: Config, keys: Arc<dyn KeyStore>) -> Result<Arc<Self>, Problem> {
        guarded(|| {
            let dir = Path::new(&config.dir);
            Self::of(Companion::open_or_mend(
                dir,
                &Platform(keys),
                Env::system(),
            )?)
        })
    }

    /// As `open`, after any call failed with `vault-damaged`: reads all of the vault, and mends it.
    ///
    /// Free this object and all that were handed out by it before.
    ///
    /// # Errors
    /// As `open`; nothing was deleted, and it can be called again.
    #[uniffi::constructor]
    pub fn mend(config: Config, keys: Arc<dyn KeyStore>) -> Result<Arc<Self>, Problem> {
        guarded(|| {
            let dir = Path::new(&config.dir);
            Self::of(Companion::mend(dir, &Platform(keys), Env::system())?)
        })
    }

    /// What came of damage to this vault. None where there was none, and when all is settled: the
    /// person was told, a sync has filled it, and the damaged files were removed.
    ///
    /// # Errors
    /// `Storage`.
    pub fn mended(&self) -> Result<Option<Mended>, Problem> {
        guarded(|| self.core.mended().map(|mended| mended.map(Into::into)))
    }

    /// Notes that the person was told.
    ///
    /// # Errors
    /// `Storage`: tell them again.
    pub fn mended_told(&self) -> Result<(), Problem> {
        guarded(|| self.core.mended_told())
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

impl PatientCompanion {
    fn of(core: Companion) -> Result<Arc<Self>, problem::Problem> {
        core.sync().set_up_patient()?;
        Ok(Arc::new(Self { core }))
    }
}
