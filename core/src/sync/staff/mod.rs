//! The clinic's people: who works here in which role, at which workstations, and the root key
//! that says so.
//!
//! Whoever holds the root changes the roster. In the same act each team whose key somebody held
//! who left gets a new one, and each team that somebody joined by a new role. The epochs of all
//! spaces follow in the next rounds of any workstation, or device, that is in: patients' devices
//! need not be there.

mod act;
mod change;
mod error;
mod front_check;
mod joining;
mod people;
mod plan;
mod root_kit;

pub use act::RosterAct;
pub use change::RosterChange;
pub use error::StaffError;
pub use front_check::FrontCheck;
pub use joining::Joined;
pub use people::{Colleague, People, StaffWorkstation};
pub use root_kit::RootKit;

use clinic_api::id::{DeviceId, PersonId};
use clinic_api::limits;
use clinic_api::member::Role;

use super::error::SyncError;
use super::machine::Next;
use super::{Cancel, Line, Link, server};
use crate::companion::SharedVault;
use crate::space::words24::Words;
use crate::vault::Vault;

/// The clinic's people at one workstation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Staff {
    vault: SharedVault,
    line: Line,
}

impl Staff {
    pub(crate) fn new(vault: SharedVault, line: Line) -> Self {
        Self { vault, line }
    }

    /// Everybody on the roster as it is known here.
    ///
    /// # Errors
    /// [`StaffError::Sync`] where this is no clinic's workstation.
    pub fn people(&self) -> Result<People, StaffError> {
        people::people(&mut self.vault.lock())
    }

    /// Adds a person; they can do nothing before a workstation of theirs is added.
    ///
    /// # Errors
    /// [`StaffError::Name`], [`StaffError::NoRoot`]; [`SyncError::Unreachable`]: see [`Staff::finish`].
    pub async fn add(&self, name: &str, role: Role) -> Result<PersonId, StaffError> {
        let name = name.trim().to_owned();
        if name.is_empty() || name.len() > limits::NAME || name.chars().any(char::is_control) {
            return Err(StaffError::Name);
        }
        let person = PersonId(self.vault.lock().env().random());
        let change = RosterChange::AddPerson { person, name, role };
        self.change(change).await.map(|()| person)
    }

    /// Gives a person another role, and every team that this concerns a new key.
    ///
    /// # Errors
    /// [`StaffError::UnknownPerson`], [`StaffError::LastClinician`]; else as [`Staff::add`].
    pub async fn change_role(&self, person: PersonId, role: Role) -> Result<(), StaffError> {
        self.change(RosterChange::ChangeRole { person, role }).await
    }

    /// Puts a person out with all their workstations, and gives their teams new keys.
    ///
    /// From when the server has it they are refused. What they read stays with them.
    ///
    /// # Errors
    /// [`StaffError::Yourself`], [`StaffError::LastClinician`]; else as [`Staff::add`].
    pub async fn remove(&self, person: PersonId) -> Result<(), StaffError> {
        self.change(RosterChange::RemovePerson { person }).await
    }

    /// Puts one workstation out, and gives its person's teams new keys.
    ///
    /// # Errors
    /// [`StaffError::Yourself`], [`StaffError::UnknownWorkstation`]; else as [`Staff::add`].
    pub async fn remove_workstation(&self, device: DeviceId) -> Result<(), StaffError> {
        self.change(RosterChange::RemoveWorkstation { device })
            .await
    }

    /// Makes a change, after one that was begun before. In the vault before it is sent.
    ///
    /// # Errors
    /// [`StaffError`]. Where the server couldn't be reached it goes on with [`Staff::finish`].
    pub async fn change(&self, change: RosterChange) -> Result<(), StaffError> {
        self.finish().await?;
        self.run(|vault| RosterAct::new(vault, change).map(Some))
            .await
            .map(drop)
    }

    /// Finishes what was begun before; says whether there was anything. To be called once the
    /// server can be reached, and at each start.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn finish(&self) -> Result<bool, StaffError> {
        self.run(RosterAct::unfinished).await
    }

    async fn run(
        &self,
        begin: impl FnOnce(&mut Vault) -> Result<Option<RosterAct>, StaffError>,
    ) -> Result<bool, StaffError> {
        let _alone = self.line.alone().await;
        let (act, link) = {
            let mut vault = self.vault.lock();
            let act = begin(&mut vault)?;
            let address = server(&vault)?.ok_or(SyncError::NoServer)?;
            (act, Link::new(&self.line, &mut vault, address))
        };
        let Some(mut act) = act else {
            return Ok(false);
        };
        let mut link = link?;
        loop {
            let next = act.next(&mut self.vault.lock())?;
            let Next::Send(request) = next else {
                return Ok(true);
            };
            let reply = link.send(&request).await?;
            act.receive(&mut self.vault.lock(), reply)?;
        }
    }

    /// Runs one of these calls without an async runtime; none when cancelled.
    ///
    /// # Errors
    /// Those of the call.
    pub fn blocking<T>(
        &self,
        cancel: &Cancel,
        call: impl AsyncFnOnce(&Self) -> Result<T, StaffError>,
    ) -> Result<Option<T>, StaffError> {
        let done = self.line.block_on(cancel, async { Ok(call(self).await) })?;
        done.transpose()
    }

    /// Compares *front* with the patient chains that were pulled: at a workstation's first contact.
    ///
    /// # Errors
    /// [`StaffError::Sync`].
    pub fn check_front(&self) -> Result<FrontCheck, StaffError> {
        front_check::check(&mut self.vault.lock())
    }

    /// How it stands with the root key and its kit.
    ///
    /// # Errors
    /// [`StaffError::Sync`].
    pub fn root_kit(&self) -> Result<RootKit, StaffError> {
        root_kit::standing(&self.vault.lock())
    }

    /// The kit's words. Whoever reads them can do all that the root can: show them once, on paper.
    ///
    /// # Errors
    /// [`StaffError::NoRoot`].
    pub fn make_root_kit(&self) -> Result<Words, StaffError> {
        root_kit::make(&mut self.vault.lock())
    }

    /// Whether typed words are the kit of this clinic's root; needs no root here.
    ///
    /// # Errors
    /// [`StaffError::Words`], [`StaffError::OtherRoot`].
    pub fn check_root_kit(&self, typed: &str) -> Result<(), StaffError> {
        root_kit::check(&mut self.vault.lock(), typed)
    }

    /// Brings the root key onto this workstation, from its kit.
    ///
    /// # Errors
    /// As [`Staff::check_root_kit`]; [`StaffError::NotAdministrator`].
    pub fn restore_root(&self, typed: &str) -> Result<(), StaffError> {
        root_kit::restore(&mut self.vault.lock(), typed)
    }

    /// Takes the root key off this workstation.
    ///
    /// # Errors
    /// [`StaffError::NotChecked`] before the kit was checked here.
    pub fn forget_root(&self) -> Result<(), StaffError> {
        root_kit::forget(&mut self.vault.lock())
    }
}
