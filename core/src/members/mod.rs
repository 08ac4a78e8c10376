//! Who is in and who is out, told to those whom it concerns, in words.
//!
//! The facts come from the verified chains ([`change`]), the sentences from [`words`]. What was
//! not shown yet is new, and stays so until it is.

mod change;
pub mod words;

pub use change::{Change, InForce, What, of_epochs, of_patient, of_roster};

use clinic_api::chain::roster::Roster;
use clinic_api::id::{ChainId, DeviceId, MemberId};
use clinic_api::space::SpaceKind;

use crate::companion::SharedVault;
use crate::device;
use crate::vault::{Me, Vault, VaultError};

/// A change of who is in, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When, in milliseconds since 1970, by the clock of whoever stated it.
    pub at_ms: i64,
    /// Who stated it, in words: "the clinic", "this device", "your recovery kit".
    pub by: String,
    /// What it means, a sentence or two.
    pub text: String,
    /// Since when what is shared is sealed to just those who are in after it, in milliseconds
    /// since 1970. None while that is still to come, and where nothing is shared.
    pub in_force_ms: Option<i64>,
    /// Whether it was not shown on this device yet.
    pub new: bool,
    /// The facts.
    pub change: Change,
}

/// Changes of who is in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Members {
    vault: SharedVault,
}

/// What of a chain was shown here last.
fn shown_name(chain: ChainId) -> String {
    format!("members.shown.{chain}")
}

fn shown(vault: &Vault, chain: ChainId) -> Result<Option<u64>, VaultError> {
    let kept = vault.setting(&shown_name(chain))?;
    Ok(kept
        .and_then(|b| b.as_slice().try_into().ok())
        .map(u64::from_be_bytes))
}

impl Members {
    pub(crate) fn new(vault: SharedVault) -> Self {
        Self { vault }
    }

    /// Every change that concerns whoever is at this device, oldest first.
    ///
    /// A patient: their own chain's, and the clinic's since its care team got their first key. At
    /// a workstation: the clinic's people. What came before this device was in, or was stated by
    /// it, is not new.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] before this vault is anybody's.
    pub fn changes(&self) -> Result<Vec<Told>, VaultError> {
        let mut vault = self.vault.lock();
        match vault.me()? {
            Some(Me::Patient { chain }) => of_me(&mut vault, chain),
            Some(Me::Staff { roster, .. }) => of_clinic(&mut vault, roster),
            None => Err(VaultError::NotSetUp),
        }
    }

    /// The changes among them that were not shown yet.
    ///
    /// # Errors
    /// As [`Members::changes`].
    pub fn new_changes(&self) -> Result<Vec<Told>, VaultError> {
        Ok(self.changes()?.into_iter().filter(|t| t.new).collect())
    }

    /// At a workstation: the changes of one patient's own devices and kit, oldest first. None of
    /// them is marked as new.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn changes_of(&self, patient: ChainId) -> Result<Vec<Told>, VaultError> {
        let mut vault = self.vault.lock();
        vault.load_patient(patient)?;
        let care = SpaceKind::Care.id(patient);
        let epochs = of_epochs(&vault.statements(care.into())?);
        let statements = vault.statements(patient)?;
        let chain = vault.chains().patient(patient);
        let number = |hash| chain.and_then(|c| c.number_of(hash));
        let told = of_patient(&statements).into_iter().filter_map(|change| {
            Some(Told {
                at_ms: change.at_ms,
                by: "the patient".to_owned(),
                text: words::of_patient_for_staff(&change.what)?,
                in_force_ms: in_force(&epochs, |e| e.patient.and_then(number), change.number),
                new: false,
                change,
            })
        });
        Ok(told.collect())
    }

    /// Notes that these were shown: they are new no more. Those that came since stay new.
    ///
    /// # Errors
    /// [`VaultError`]; then they are shown as new again.
    pub fn shown(&self, told: &[Told]) -> Result<(), VaultError> {
        let mut vault = self.vault.lock();
        let (own, roster) = match vault.me()? {
            Some(Me::Patient { chain }) => (Some(chain), clinic_of(&vault)?),
            Some(Me::Staff { roster, .. }) => (None, Some(roster)),
            None => return Err(VaultError::NotSetUp),
        };
        let of_clinic = |t: &&Told| is_of_clinic(&t.change.what);
        let last = |told: &mut dyn Iterator<Item = &Told>| told.map(|t| t.change.number).max();
        let numbers = [
            (roster, last(&mut told.iter().filter(of_clinic))),
            (own, last(&mut told.iter().filter(|t| !of_clinic(t)))),
        ];
        for (chain, number) in numbers {
            let Some((chain, number)) = chain.zip(number) else {
                continue;
            };
            if shown(&vault, chain)?.is_none_or(|before| before < number) {
                vault.set_setting(&shown_name(chain), &number.to_be_bytes())?;
            }
        }
        Ok(())
    }
}

/// Whether it comes from a roster.
fn is_of_clinic(what: &What) -> bool {
    match what {
        What::PersonJoined { .. }
        | What::RoleChanged { .. }
        | What::PersonLeft { .. }
        | What::WorkstationAdded { .. }
        | What::WorkstationRemoved { .. } => true,
        What::ClinicJoined { .. }
        | What::DeviceAdded { .. }
        | What::DeviceRemoved { .. }
        | What::KitMade { .. }
        | What::KitShutOut => false,
    }
}

fn clinic_of(vault: &Vault) -> Result<Option<ChainId>, VaultError> {
    Ok(vault.spaces()?.iter().find_map(|s| s.roster))
}

/// When the first epoch was written that goes by a statement of this number, or a later one.
fn in_force(
    epochs: &[InForce],
    cited: impl Fn(&InForce) -> Option<u64>,
    number: u64,
) -> Option<i64> {
    let first = epochs
        .iter()
        .find(|e| cited(e).is_some_and(|n| n >= number));
    first.map(|e| e.at_ms)
}

fn of_clinic(vault: &mut Vault, id: ChainId) -> Result<Vec<Told>, VaultError> {
    vault.load_roster(id)?;
    let this = vault.device()?.id();
    let roster = vault.chains().roster(id).ok_or(VaultError::NotSetUp)?;
    let since = roster.workstation(this).map_or(0, |w| w.added);
    let seen = shown(vault, id)?.unwrap_or(since);
    let statements = vault.statements(id)?;
    let front = SpaceKind::Front.id(id);
    let epochs = of_epochs(&vault.statements(front.into())?);
    let number = |hash| roster.number_of(hash);
    let told = of_roster(&statements).into_iter().filter_map(|change| {
        Some(Told {
            at_ms: change.at_ms,
            by: "the clinic's root key".to_owned(),
            text: words::for_staff(&change.what)?,
            in_force_ms: in_force(&epochs, |e| e.roster.and_then(number), change.number),
            new: change.number > seen,
            change,
        })
    });
    Ok(told.collect())
}

fn of_me(vault: &mut Vault, id: ChainId) -> Result<Vec<Told>, VaultError> {
    vault.load_patient(id)?;
    let this = vault.device()?.id();
    let clinic = clinic_of(vault)?;
    if let Some(clinic) = clinic {
        vault.load_roster(clinic)?;
    }
    let roster = clinic.and_then(|id| vault.chains().roster(id));
    let clinic_name = roster.map_or("a clinic", Roster::name).to_owned();
    let care = SpaceKind::Care.id(id);
    let epochs = of_epochs(&vault.statements(care.into())?);
    let mut all = own_changes(vault, id, this, &clinic_name, &epochs)?;
    if let Some(clinic) = clinic {
        let statements = vault.statements(clinic)?;
        let cited = |e: &InForce| roster?.number_of(e.roster?);
        // Whoever was there when the first key was given changed nothing for this person.
        if let Some(first) = epochs.first().and_then(cited) {
            let seen = shown(vault, clinic)?.unwrap_or(first);
            let since = of_roster(&statements)
                .into_iter()
                .filter(|change| change.number > first);
            all.extend(since.filter_map(|change| {
                Some(Told {
                    at_ms: change.at_ms,
                    by: clinic_name.clone(),
                    text: words::for_patient(&change.what, &clinic_name, words::short)?,
                    in_force_ms: in_force(&epochs, cited, change.number),
                    new: change.number > seen,
                    change,
                })
            }));
        }
    }
    all.sort_by_key(|told| told.at_ms);
    Ok(all)
}

fn own_changes(
    vault: &Vault,
    id: ChainId,
    this: DeviceId,
    clinic: &str,
    epochs: &[InForce],
) -> Result<Vec<Told>, VaultError> {
    let chain = vault.chains().patient(id).ok_or(VaultError::NotSetUp)?;
    let since = chain.device(this).map_or(0, |d| d.added);
    let devices: Vec<DeviceId> = chain.devices().iter().map(|d| d.id).collect();
    let seen = shown(vault, id)?.unwrap_or(since);
    let statements = vault.statements(id)?;
    let cited = |e: &InForce| chain.number_of(e.patient?);
    let names = device::names(vault, SpaceKind::Private.id(id))?;
    let called = |id: DeviceId| match names.get(&id) {
        Some(name) => format!("\u{201c}{name}\u{201d}"),
        None => words::short(id),
    };
    let by = |member: MemberId| match devices.iter().find(|d| member == (**d).into()) {
        Some(device) if *device == this => "this device".to_owned(),
        Some(device) => format!("your device {}", called(*device)),
        None => "your recovery kit".to_owned(),
    };
    let told = of_patient(&statements).into_iter().filter_map(|change| {
        Some(Told {
            at_ms: change.at_ms,
            by: by(change.by),
            text: words::for_patient(&change.what, clinic, called)?,
            in_force_ms: in_force(epochs, cited, change.number),
            new: change.number > seen && change.by != this.into(),
            change,
        })
    });
    Ok(told.collect())
}
