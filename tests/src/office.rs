//! A clinic's workstation, through the core's public interface.

use std::path::{Path, PathBuf};

use clinic_api::id::{ChainId, MemberId};
use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::journal::Entry;
use companion_core::sync::{AdmitError, Cancel, Invitation, Report, SyncError};
use companion_core::vault::{Cost, PassphraseFile};

/// The passphrase of every vault that the tests make.
pub const PASSPHRASE: &str = "correct horse battery staple";
/// The clinic's name.
pub const CLINIC: &str = "Teststrand Clinic";
/// The first clinician's name.
pub const CLINICIAN: &str = "Dr. Ines Falk";

/// The key of a vault in this folder.
pub fn keys(dir: &Path) -> PassphraseFile {
    PassphraseFile::new(
        dir.join("vault.key"),
        PASSPHRASE.to_owned(),
        Cost::TRIVIAL_FOR_TESTS,
        Env::system(),
    )
}

/// A vault in this folder, made where there is none.
pub fn open(dir: &Path, env: Env) -> Companion {
    std::fs::create_dir_all(dir).unwrap();
    Companion::open_or_create(dir, &keys(dir), env).expect("the vault opens")
}

/// A clinician's workstation.
#[derive(Debug)]
pub struct Office {
    dir: PathBuf,
    companion: Option<Companion>,
    root: MemberId,
}

impl Office {
    /// Founds a clinic, with the API's address still to be told.
    pub fn found(dir: &Path) -> Self {
        let companion = open(dir, Env::system());
        let root = companion
            .office()
            .found("http://127.0.0.1:1", CLINIC, CLINICIAN)
            .unwrap();
        Self {
            dir: dir.to_owned(),
            companion: Some(companion),
            root,
        }
    }

    /// The clinic's fingerprint.
    pub fn root(&self) -> MemberId {
        self.root
    }

    /// The vault's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The open vault.
    pub fn companion(&self) -> &Companion {
        self.companion.as_ref().expect("the vault is open")
    }

    /// Closes the vault, so that the console can open it.
    pub fn close(&mut self) {
        self.companion = None;
    }

    /// Opens the vault again.
    pub fn reopen(&mut self) {
        self.companion = Some(open(&self.dir, Env::system()));
    }

    /// Tells the API of the clinic and of the spaces it has.
    pub fn register(&self, address: &str) {
        let office = self.companion().office();
        office.set_server(address).unwrap();
        office
            .blocking(&Cancel::new(), async |o: &_| o.register().await)
            .expect("the API knows the clinic");
        self.sync();
    }

    /// Makes an invite.
    pub fn invite(&self, name: &str, born: &str) -> Invitation {
        let office = self.companion().office();
        office
            .blocking(&Cancel::new(), async |o: &_| o.invite(name, born).await)
            .unwrap()
            .unwrap()
    }

    /// Admits who read these digits out, and syncs.
    pub fn admit(
        &self,
        invitation: &Invitation,
        digits: &str,
        name: &str,
        born: &str,
    ) -> Result<ChainId, AdmitError> {
        let chain = self.admit_alone(invitation, digits, name, born)?;
        self.sync();
        Ok(chain)
    }

    /// Admits who read these digits out.
    pub fn admit_alone(
        &self,
        invitation: &Invitation,
        digits: &str,
        name: &str,
        born: &str,
    ) -> Result<ChainId, AdmitError> {
        let office = self.companion().office();
        let admitted = office.blocking(&Cancel::new(), async |o: &_| {
            let done = o.admit(invitation.lookup, digits, name, born).await;
            Ok::<_, SyncError>(done)
        });
        admitted.unwrap().unwrap()
    }

    /// One round of syncing.
    pub fn try_sync(&self) -> Result<Report, SyncError> {
        let round = self.companion().sync().round_blocking(&Cancel::new());
        round.map(Option::unwrap)
    }

    /// One round of syncing, in which nothing may look odd.
    pub fn sync(&self) -> Report {
        let report = self.try_sync().expect("the workstation syncs");
        assert_eq!(report.alarms, [], "the server behaves");
        report
    }

    /// What a patient shares now, newest first.
    pub fn entries(&self, patient: ChainId) -> Vec<Entry> {
        let care = self.companion().care();
        care.entries(patient, i64::MIN, i64::MAX, u32::MAX).unwrap()
    }

    /// The notes of what a patient shares now, in alphabetical order.
    pub fn notes(&self, patient: ChainId) -> Vec<String> {
        let entries = self.entries(patient).into_iter();
        let mut notes: Vec<String> = entries.filter_map(|e| e.mood.note).collect();
        notes.sort();
        notes
    }
}
