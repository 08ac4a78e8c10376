//! What the statements of a chain changed, as facts. Pure.

use std::collections::BTreeMap;

use clinic_api::chain::epoch::EpochStep;
use clinic_api::chain::patient::PatientStep;
use clinic_api::chain::roster::RosterStep;
use clinic_api::chain::{Body, Signed};
use clinic_api::id::{ChainId, DeviceId, MemberId, PersonId, StatementHash};
use clinic_api::member::Role;
use clinic_api::wire;

/// Something that changed about who is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The statement that says so: its place in its chain.
    pub number: u64,
    /// When, in milliseconds since 1970, by the clock of whoever signed. Proves nothing.
    pub at_ms: i64,
    /// Who signed: a device, a kit, or a clinic's root.
    pub by: MemberId,
    /// What.
    pub what: What,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Somebody began to work at the clinic.
    PersonJoined {
        /// Who.
        person: PersonId,
        /// Their name.
        name: String,
        /// What they do.
        role: Role,
    },
    /// Somebody does something else from here on.
    RoleChanged {
        /// Who.
        person: PersonId,
        /// Their name.
        name: String,
        /// What they did.
        before: Role,
        /// What they do.
        now: Role,
    },
    /// Somebody left, with all their workstations.
    PersonLeft {
        /// Who.
        person: PersonId,
        /// Their name.
        name: String,
        /// What they did.
        role: Role,
    },
    /// A workstation was added.
    WorkstationAdded {
        /// Whose.
        person: PersonId,
        /// Their name.
        name: String,
        /// What they do.
        role: Role,
        /// The workstation.
        device: DeviceId,
        /// Whether it is their first: with it their work begins.
        first: bool,
    },
    /// A workstation was put out.
    WorkstationRemoved {
        /// Whose.
        person: PersonId,
        /// Their name.
        name: String,
        /// What they do.
        role: Role,
        /// The workstation.
        device: DeviceId,
    },
    /// The patient is with this clinic from here on.
    ClinicJoined {
        /// Its roster.
        roster: ChainId,
    },
    /// Another device of the patient's.
    DeviceAdded {
        /// Which.
        device: DeviceId,
    },
    /// A device of the patient's was put out.
    DeviceRemoved {
        /// Which.
        device: DeviceId,
    },
    /// A recovery kit was made.
    KitMade {
        /// Whether it took another's place.
        instead: bool,
    },
    /// The recovery kit was shut out.
    KitShutOut,
}

fn body<'b, S: minicbor::Decode<'b, ()>>(statement: &'b Signed) -> Option<Body<S>> {
    wire::decode(&statement.body).ok()
}

/// What a roster's statements changed about people and workstations, in their order.
///
/// The statements are those of a verified roster, from the first on. The founding and team keys
/// are left out: they let nobody in or out.
pub fn of_roster(statements: &[Signed]) -> Vec<Change> {
    let mut people: BTreeMap<PersonId, (String, Role)> = BTreeMap::new();
    let mut places: BTreeMap<DeviceId, PersonId> = BTreeMap::new();
    let mut all = Vec::new();
    for statement in statements {
        let Some(body) = body::<RosterStep>(statement) else {
            continue;
        };
        let what = match body.step {
            RosterStep::Founded { .. } | RosterStep::TeamKeyIssued { .. } => None,
            RosterStep::PersonAdded { person, name, role } => {
                people.insert(person, (name.clone(), role));
                Some(What::PersonJoined { person, name, role })
            }
            RosterStep::RoleChanged { person, role: now } => {
                people.get_mut(&person).map(|(name, role)| {
                    let before = std::mem::replace(role, now);
                    let name = name.clone();
                    What::RoleChanged {
                        person,
                        name,
                        before,
                        now,
                    }
                })
            }
            RosterStep::PersonRemoved { person } => people
                .get(&person)
                .cloned()
                .map(|(name, role)| What::PersonLeft { person, name, role }),
            RosterStep::WorkstationAdded { person, device, .. } => {
                let device = device.id();
                let first = !places.values().any(|p| *p == person);
                places.insert(device, person);
                people
                    .get(&person)
                    .cloned()
                    .map(|(name, role)| What::WorkstationAdded {
                        person,
                        name,
                        role,
                        device,
                        first,
                    })
            }
            RosterStep::WorkstationRemoved { device } => places.get(&device).and_then(|person| {
                let (name, role) = people.get(person).cloned()?;
                Some(What::WorkstationRemoved {
                    person: *person,
                    name,
                    role,
                    device,
                })
            }),
        };
        all.extend(what.map(|what| Change {
            number: body.number,
            at_ms: body.at,
            by: body.signer,
            what,
        }));
    }
    all
}

/// What a patient chain's statements changed, in their order; the founding is left out.
///
/// The statements are those of a verified chain, from the first on.
pub fn of_patient(statements: &[Signed]) -> Vec<Change> {
    let mut kit = false;
    let mut all = Vec::new();
    for statement in statements {
        let Some(body) = body::<PatientStep>(statement) else {
            continue;
        };
        let what = match body.step {
            PatientStep::Founded { .. } => continue,
            PatientStep::ClinicJoined { clinic } => What::ClinicJoined {
                roster: clinic.roster,
            },
            PatientStep::DeviceAdded { device, .. } => What::DeviceAdded {
                device: device.id(),
            },
            PatientStep::DeviceRemoved { device, .. } => What::DeviceRemoved { device },
            PatientStep::KitAdopted { .. } => What::KitMade {
                instead: std::mem::replace(&mut kit, true),
            },
            PatientStep::KitRetired { .. } => {
                kit = false;
                What::KitShutOut
            }
        };
        all.push(Change {
            number: body.number,
            at_ms: body.at,
            by: body.signer,
            what,
        });
    }
    all
}

/// An epoch of a space, as far as it says what is in force since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// When it was written, in milliseconds since 1970, by the clock of its writer.
    pub at_ms: i64,
    /// The last statement of the patient chain that it goes by.
    pub patient: Option<StatementHash>,
    /// The last statement of the roster that it goes by.
    pub roster: Option<StatementHash>,
}

/// The epochs of a verified chain of them, oldest first.
pub fn of_epochs(statements: &[Signed]) -> Vec<InForce> {
    let bodies = statements.iter().filter_map(body::<EpochStep>);
    bodies
        .map(|body| InForce {
            at_ms: body.at,
            patient: body.step.patient,
            roster: body.step.roster,
        })
        .collect()
}
