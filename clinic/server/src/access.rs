//! Who may do what.
//!
//! A caller is a device; what it may do follows from the chains that it is in
//! at their tips, and from nothing that it says of itself.
//!
//! A patient's recovery kit is a caller, too, as long as it is in: it may do what a device of
//! the patient may, except to push runs, for it has no logs.
//!
//! | What | Patient's device | Workstation |
//! |---|---|---|
//! | its patient chain: read | own chain | of the clinic that the chain joined |
//! | its patient chain: append | own chain | no |
//! | a roster: read | of the clinic that its chain joined | own roster |
//! | a roster: append | no | own roster |
//! | *private*: read, write, epochs | own chain | no |
//! | *care*: read, write, epochs | own chain | care team of the joined clinic |
//! | *desk*: read, write, epochs | own chain | all of the joined clinic |
//! | *front*: read, write, epochs | no | all of the clinic |
//! | *clinic*: read, write, epochs | no | care team of the clinic |
//! | invites: create, list, admit, withdraw | no | own roster |
//! | pairings: create, read answer, withdraw | own chain | own roster |
//!
//! Nobody else may do anything but look at an invite or a pairing and claim or
//! answer it. A device
//! that was removed, and one whose chain's invite was taken back, may do
//! nothing. Who may append still has to sign: each statement and each head
//! carries its own authority, which [`clinic_api::chain`] and
//! [`clinic_api::log`] verify. What a role may write inside a frame, only
//! readers can judge.

use clinic_api::chain::epoch::Parties;
use clinic_api::chain::patient::{ClinicRef, PatientChain};
use clinic_api::chain::roster::Roster;
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, DeviceId, MemberId, SpaceId};
use clinic_api::member::{DeviceKeys, Role};
use clinic_api::space::SpaceKind;

use crate::refusal::Result;
use crate::store::{Charge, Guard, Standing, Store};
use crate::verified::{Chains, Loaded};

/// How many chains of one device are looked at.
const CHAINS: usize = 16;
/// How many bytes a patient may store before staff have admitted them.
pub const PENDING_BYTES: u64 = 8 * 1024 * 1024;

/// What a caller signs with.
#[derive(Debug, Clone, Copy)]
pub struct CallerKeys {
    /// Requests.
    pub request: [u8; 32],
    /// Runs; a recovery kit writes none.
    pub log: Option<[u8; 32]>,
}

impl CallerKeys {
    fn of_device(keys: &DeviceKeys) -> Self {
        Self {
            request: keys.request,
            log: Some(keys.log),
        }
    }

    fn in_patient(chain: &PatientChain, id: DeviceId) -> Option<Self> {
        if let Some(record) = chain.device(id) {
            return Some(Self::of_device(&record.keys));
        }
        let kit = chain.kits().iter().find(|k| k.id == MemberId::from(id))?;
        Some(Self {
            request: kit.keys.sign,
            log: None,
        })
    }
}

/// A device, as the chains know it.
#[derive(Debug, Clone)]
pub struct Known {
    /// The device.
    pub device: DeviceId,
    /// Its keys.
    pub keys: CallerKeys,
    seats: Vec<Seat>,
}

impl Known {
    /// The device, if it is in some chain now.
    ///
    /// # Errors
    /// [`Code::DeviceRemoved`].
    pub fn caller(self) -> Result<Caller> {
        if self.seats.is_empty() {
            return Err(Code::DeviceRemoved.into());
        }
        Ok(Caller {
            device: self.device,
            keys: self.keys,
            seats: self.seats,
        })
    }
}

/// A chain that a device is in now.
#[derive(Debug, Clone)]
enum Seat {
    Patient(Loaded<PatientChain>),
    Staff(Loaded<Roster>, Role),
}

/// A device that may ask.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The device.
    pub device: DeviceId,
    /// Its keys.
    pub keys: CallerKeys,
    seats: Vec<Seat>,
}

/// A space that the caller may read and write.
#[derive(Debug, Clone)]
pub struct OpenSpace {
    /// Its kind.
    pub kind: SpaceKind,
    /// The patient chain, for a patient's space.
    pub patient: Option<Loaded<PatientChain>>,
    /// The roster, where a clinic reads.
    pub roster: Option<Loaded<Roster>>,
    /// What this rests on.
    pub guards: Vec<Guard>,
    /// Against what the caller's writing counts.
    pub charge: Option<Charge>,
}

impl OpenSpace {
    /// Who is party to its epochs.
    pub fn parties(&self) -> Parties<'_> {
        Parties {
            kind: self.kind,
            patient: self.patient.as_ref().map(|p| &*p.chain),
            roster: self.roster.as_ref().map(|r| &*r.chain),
        }
    }
}

/// Whether somebody may append to a chain that they may read.
#[derive(Debug, Clone)]
pub enum Reach<T> {
    /// Yes.
    Append(Loaded<T>),
    /// No, read alone.
    Read(Loaded<T>),
}

impl<T> Reach<T> {
    /// The chain, if it may be appended to.
    ///
    /// # Errors
    /// [`Code::NotAllowed`].
    pub fn append(self) -> Result<Loaded<T>> {
        match self {
            Self::Append(chain) => Ok(chain),
            Self::Read(_) => Err(Code::NotAllowed.into()),
        }
    }
}

/// Judges by a store's chains.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// Its chains.
    pub chains: &'a Chains,
    /// How many bytes an admitted patient's devices may store.
    pub patient_bytes: u64,
}

impl Access<'_> {
    /// A device with the chains that it is in; none if no chain that counts ever let it in.
    ///
    /// # Errors
    /// What the store says.
    pub fn known(&self, device: DeviceId) -> Result<Option<Known>> {
        let mut keys = None;
        let mut seats = Vec::new();
        for id in self.store.chains_of(device, CHAINS)? {
            if let Some(roster) = self.chains.roster(id)? {
                let Some(workstation) = roster.chain.workstation(device) else {
                    continue;
                };
                keys = Some(CallerKeys::of_device(&workstation.keys));
                let tip = roster.chain.tip().number;
                if let Some(role) = roster.chain.workstation_role(device, tip) {
                    seats.push(Seat::Staff(roster, role));
                }
            } else if let Some(patient) = self.chains.patient(id)? {
                if patient.info.standing == Standing::Withdrawn {
                    continue;
                }
                let Some(known) = CallerKeys::in_patient(&patient.chain, device) else {
                    continue;
                };
                keys = Some(known);
                let tip = patient.chain.tip().number;
                if patient.chain.signing_key(device.into(), tip).is_some() {
                    seats.push(Seat::Patient(patient));
                }
            }
        }
        Ok(keys.map(|keys| Known {
            device,
            keys,
            seats,
        }))
    }

    /// A device that is in some chain now.
    ///
    /// # Errors
    /// [`Code::UnknownDevice`], [`Code::DeviceRemoved`], or what the store says.
    pub fn caller(&self, device: DeviceId) -> Result<Caller> {
        let known = self.known(device)?;
        known.ok_or_else(|| self.unknown(device))?.caller()
    }

    /// Why a device is not known: because its people left, or because it never was.
    pub fn unknown(&self, device: DeviceId) -> Code {
        let chains = self.store.chains_of(device, CHAINS).unwrap_or_default();
        if chains.into_iter().any(|chain| self.is_gone(chain)) {
            Code::Gone
        } else {
            Code::UnknownDevice
        }
    }

    /// Whether a chain, or a space, was erased.
    fn is_gone(&self, chain: ChainId) -> bool {
        let info = self.store.chain(chain);
        info.is_ok_and(|info| info.is_some_and(|info| info.standing == Standing::Gone))
    }

    /// A space that the caller may read and write.
    ///
    /// # Errors
    /// [`Code::UnknownSpace`], whether there is none or it is others'.
    pub fn space(&self, caller: &Caller, space: SpaceId) -> Result<OpenSpace> {
        let Some(info) = self.store.space(space)? else {
            let gone = self.is_gone(space.into());
            return Err(if gone { Code::Gone } else { Code::UnknownSpace }.into());
        };
        let open = if info.kind.of_patient() {
            self.patient_space(caller, info.owner, info.kind)?
        } else {
            clinic_space(caller, info.owner, info.kind)
        };
        open.ok_or_else(|| Code::UnknownSpace.into())
    }

    /// What a patient's devices write counts: against little until they are
    /// admitted, then against what the operator allows. What staff write in
    /// the patient's spaces does not: their full store must not stop the clinic.
    pub fn charge(&self, patient: &Loaded<PatientChain>) -> Charge {
        let limit = match patient.info.standing {
            Standing::Pending => PENDING_BYTES.min(self.patient_bytes),
            Standing::Admitted | Standing::Withdrawn | Standing::Gone => self.patient_bytes,
        };
        Charge {
            chain: patient.id,
            limit,
        }
    }

    fn patient_space(
        &self,
        caller: &Caller,
        owner: ChainId,
        kind: SpaceKind,
    ) -> Result<Option<OpenSpace>> {
        let own = caller.patient(owner).cloned();
        let patient = match &own {
            Some(chain) => Some(chain.clone()),
            None => self.chains.patient(owner)?,
        };
        let Some(patient) = patient else {
            return Ok(None);
        };
        let (Some(team), Some(clinic)) = (kind.team(), clinic_of(&patient)) else {
            return Ok(own.map(|own| OpenSpace {
                kind,
                guards: vec![own.guard()],
                charge: Some(self.charge(&own)),
                patient: Some(own),
                roster: None,
            }));
        };
        if let Some(own) = own {
            let roster = self.chains.roster(clinic.roster)?;
            return Ok(Some(OpenSpace {
                kind,
                guards: vec![own.guard()],
                charge: Some(self.charge(&own)),
                patient: Some(own),
                roster,
            }));
        }
        let staff = caller.staff(clinic.roster);
        Ok(staff
            .filter(|(_, role)| team.includes(*role))
            .map(|(roster, _)| OpenSpace {
                kind,
                guards: vec![patient.guard(), roster.guard()],
                charge: None,
                patient: Some(patient),
                roster: Some(roster.clone()),
            }))
    }

    /// A patient chain that the caller may read.
    ///
    /// # Errors
    /// [`Code::UnknownChain`], whether there is none or it is others'.
    pub fn patient(&self, caller: &Caller, chain: ChainId) -> Result<Reach<PatientChain>> {
        if let Some(own) = caller.patient(chain) {
            return Ok(Reach::Append(own.clone()));
        }
        let Some(patient) = self.chains.patient(chain)? else {
            let gone = self.is_gone(chain);
            return Err(if gone { Code::Gone } else { Code::UnknownChain }.into());
        };
        let staff = clinic_of(&patient).and_then(|clinic| caller.staff(clinic.roster));
        match staff {
            Some(_) => Ok(Reach::Read(patient)),
            None => Err(Code::UnknownChain.into()),
        }
    }

    /// A roster that the caller may read.
    ///
    /// # Errors
    /// [`Code::UnknownChain`], whether there is none or it is others'.
    pub fn roster(&self, caller: &Caller, chain: ChainId) -> Result<Reach<Roster>> {
        if let Some((roster, _)) = caller.staff(chain) {
            return Ok(Reach::Append(roster.clone()));
        }
        if !caller.patients().any(|p| joined(p, chain)) {
            return Err(Code::UnknownChain.into());
        }
        let roster = self.chains.roster(chain)?.ok_or(Code::UnknownChain)?;
        Ok(Reach::Read(roster))
    }
}

impl Caller {
    /// The chains that it is in, for whoever has nothing but its key.
    pub fn chains(&self) -> Vec<ChainId> {
        let patients = self.patients().map(|p| p.id);
        patients.chain(self.rosters().map(|r| r.id)).collect()
    }

    /// The patient chains that the caller is a device of.
    pub fn patients(&self) -> impl Iterator<Item = &Loaded<PatientChain>> {
        self.seats.iter().filter_map(|seat| match seat {
            Seat::Patient(chain) => Some(chain),
            Seat::Staff(..) => None,
        })
    }

    /// The rosters of the clinics that the caller's patient chains joined.
    pub fn joined(&self) -> impl Iterator<Item = ChainId> {
        self.patients()
            .filter_map(clinic_of)
            .map(|clinic| clinic.roster)
    }

    fn patient(&self, chain: ChainId) -> Option<&Loaded<PatientChain>> {
        self.patients().find(|p| p.id == chain)
    }

    /// The rosters that the caller is a workstation of.
    pub fn rosters(&self) -> impl Iterator<Item = &Loaded<Roster>> {
        self.seats.iter().filter_map(|seat| match seat {
            Seat::Staff(roster, _) => Some(roster),
            Seat::Patient(_) => None,
        })
    }

    fn staff(&self, roster: ChainId) -> Option<(&Loaded<Roster>, Role)> {
        self.seats.iter().find_map(|seat| match seat {
            Seat::Staff(loaded, role) if loaded.id == roster => Some((loaded, *role)),
            Seat::Staff(..) | Seat::Patient(_) => None,
        })
    }

    /// What rests on the caller being in that patient chain or roster now; none if it isn't.
    pub fn membership(&self, chain: ChainId) -> Option<Guard> {
        let patient = self.patient(chain).map(Loaded::guard);
        patient.or_else(|| self.workstation_of(chain).map(Loaded::guard))
    }

    /// The roster of that name, if the caller is a workstation of it.
    pub fn workstation_of(&self, roster: ChainId) -> Option<&Loaded<Roster>> {
        self.staff(roster).map(|(roster, _)| roster)
    }
}

fn clinic_space(caller: &Caller, owner: ChainId, kind: SpaceKind) -> Option<OpenSpace> {
    let (roster, role) = caller.staff(owner)?;
    kind.team()?.includes(role).then(|| OpenSpace {
        kind,
        patient: None,
        guards: vec![roster.guard()],
        roster: Some(roster.clone()),
        charge: None,
    })
}

fn clinic_of(patient: &Loaded<PatientChain>) -> Option<ClinicRef> {
    patient.chain.clinic_at(patient.chain.tip().number)
}

fn joined(patient: &Loaded<PatientChain>, roster: ChainId) -> bool {
    clinic_of(patient).is_some_and(|clinic| clinic.roster == roster)
}
