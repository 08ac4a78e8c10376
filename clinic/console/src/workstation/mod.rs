//! The console's service over a real vault: the clinician's keys, and what patients shared.
//!
//! While the vault is open, a thread syncs it; every call that writes wakes it.

mod invites;
mod patients;
mod syncing;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::vault::{Cost, KeyStore, PassphraseFile, Vault, VaultError};

use jiff::Timestamp;

use crate::service::{
    Admission, Answer, Applicant, Founded, Invitation, InviteView, MendedView, NewClinic,
    PatientPage, PatientRow, Range, Service, State, SyncView,
};
use syncing::Syncing;

/// A clinician's workstation: one vault in one folder.
pub struct Workstation {
    dir: PathBuf,
    env: Env,
    cost: Cost,
    open: Mutex<Option<Open>>,
}

/// What there is while the vault is open.
struct Open {
    companion: Companion,
    clinic_name: String,
    person_name: String,
    syncing: Syncing,
}

impl Workstation {
    /// The workstation whose vault is, or will be, in `dir`. Opens nothing.
    ///
    /// `cost` is what the passphrase of a new vault costs to try.
    pub fn new(dir: &Path, env: Env, cost: Cost) -> Self {
        Self {
            dir: dir.to_owned(),
            env,
            cost,
            open: Mutex::new(None),
        }
    }

    fn opened(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn companion(&self) -> Answer<Companion> {
        let open = self.opened();
        open.as_ref()
            .map(|o| o.companion.clone())
            .ok_or_else(locked)
    }

    /// Something was written that the clinic API should have soon.
    fn wake(&self) {
        if let Some(open) = self.opened().as_ref() {
            open.syncing.wake();
        }
    }

    fn keys(&self, passphrase: &str) -> PassphraseFile {
        let path = self.dir.join("vault.key");
        PassphraseFile::new(path, passphrase.to_owned(), self.cost, self.env.clone())
    }

    fn begin(&self, companion: Companion) -> Answer<()> {
        let (_, clinic_name, person_name) = companion.office().identity()?.ok_or_else(|| {
            Problem::new(
                Kind::Refused,
                "no-clinic-here",
                "This folder holds a journal that belongs to no clinic. Choose another folder.",
            )
        })?;
        let syncing = Syncing::start(companion.clone(), self.env.clone());
        *self.opened() = Some(Open {
            companion,
            clinic_name,
            person_name,
            syncing,
        });
        Ok(())
    }
}

fn locked() -> Problem {
    Problem::new(
        Kind::Locked,
        "locked",
        "The console is locked. Unlock it with your passphrase.",
    )
}

impl Service for Workstation {
    fn state(&self) -> State {
        match self.opened().as_ref() {
            Some(open) => State::Open {
                clinic_name: open.clinic_name.clone(),
                person_name: open.person_name.clone(),
            },
            None if Vault::exists(&self.dir) => State::Locked,
            None => State::NoClinic,
        }
    }

    fn found(&self, new: &NewClinic) -> Answer<Founded> {
        if self.opened().is_some() {
            return Err(VaultError::Exists.into());
        }
        std::fs::create_dir_all(&self.dir).map_err(VaultError::from)?;
        let keys = self.keys(&new.passphrase);
        let companion = Companion::open_or_create(&self.dir, &keys, self.env.clone())?;
        let office = companion.office();
        if office.identity()?.is_some() {
            return Err(VaultError::Exists.into());
        }
        let root = office.found(&new.server_url, &new.clinic_name, &new.person_name)?;
        self.begin(companion)?;
        Ok(Founded {
            root_fingerprint: root.to_string(),
        })
    }

    fn unlock(&self, passphrase: &str) -> Answer<()> {
        let keys = self.keys(passphrase);
        if self.opened().is_some() {
            // A form that was sent twice: the passphrase has to fit all the same.
            return match keys.load() {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err(VaultError::NotFound.into()),
                Err(error) => Err(VaultError::Key(error).into()),
            };
        }
        let companion = match Companion::open(&self.dir, &keys, self.env.clone()) {
            Err(VaultError::Damaged) => Companion::mend(&self.dir, &keys, self.env.clone()),
            opened => opened,
        }?;
        self.begin(companion)
    }

    fn lock(&self) {
        // Taken out first: ending the sync may take a moment, and nobody must wait on the lock.
        let open = self.opened().take();
        drop(open);
    }

    fn invites(&self) -> Answer<Vec<InviteView>> {
        invites::list(&self.companion()?)
    }

    fn invite(&self, applicant: &Applicant) -> Answer<Invitation> {
        invites::make(&self.companion()?, applicant)
    }

    fn admit(&self, invite: &str, digits: &str, applicant: &Applicant) -> Answer<Admission> {
        let admission = invites::admit(&self.companion()?, invite, digits, applicant)?;
        self.wake();
        Ok(admission)
    }

    fn withdraw(&self, invite: &str) -> Answer<()> {
        invites::withdraw(&self.companion()?, invite)
    }

    fn patients(&self) -> Answer<Vec<PatientRow>> {
        patients::all(&self.companion()?)
    }

    fn patient(&self, id: &str, range: &Range) -> Answer<Option<PatientPage>> {
        let page = patients::one(&self.companion()?, id, range)?;
        // The trace that this reading left goes to the patient.
        self.wake();
        Ok(page)
    }

    fn mark_reviewed(&self, patient: &str, entries: &[String]) -> Answer<()> {
        patients::mark_reviewed(&self.companion()?, patient, entries)?;
        self.wake();
        Ok(())
    }

    fn sync(&self) -> SyncView {
        match self.opened().as_ref() {
            Some(open) => open.syncing.view(),
            None => SyncView {
                last_ok: None,
                problem: None,
            },
        }
    }

    fn mended(&self) -> Option<MendedView> {
        let mended = self.companion().ok()?.mended().ok()??;
        Some(MendedView {
            at: Timestamp::from_millisecond(mended.at_ms).ok()?,
            aside: mended.aside.display().to_string(),
            identity: mended.identity,
            filled: mended.filled_ms.is_some(),
        })
    }

    fn sync_now(&self) -> Answer<()> {
        let round = self
            .opened()
            .as_ref()
            .map(|open| open.syncing.round())
            .ok_or_else(locked)?;
        round.run()
    }
}
