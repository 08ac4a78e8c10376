//! A clinic: its roster, a clinician, a front desk, an administrator.

use clinic_api::chain::roster::{CONSENT, Roster, RosterStep, TeamWrap};
use clinic_api::chain::{Body, ChainKind, Signed};
use clinic_api::id::{ChainId, DeviceId, InviteLookup, MemberId, PersonId, SpaceId};
use clinic_api::member::{Role, Team, root_id};
use clinic_api::message::{NewInvite, Offer, Statements};
use clinic_api::space::SpaceKind;
use clinic_api::wire;

use super::keys::{Device, Key, kem, wrap};

pub struct Clinic {
    pub root: Key,
    pub roster: Roster,
    pub statements: Vec<Vec<u8>>,
    pub clinician: Device,
    pub desk: Device,
    pub administrator: Device,
    seed: u8,
}

impl Clinic {
    /// Seeds `seed` to `seed + 2` are its devices'.
    pub fn new(seed: u8) -> Self {
        let root = Key::new(4, seed);
        let step = RosterStep::Founded {
            root: root.public(),
            name: format!("Clinic {seed}"),
            nonce: [seed; 16],
        };
        let body = Body::following(ChainKind::Roster, None, 0, root_id(&root.public()), step);
        let first = Signed::new(&body, |bytes| root.sign(bytes));
        let mut clinic = Self {
            roster: Roster::found(&first).unwrap(),
            statements: vec![first.to_bytes()],
            clinician: Device::new(seed),
            desk: Device::new(seed + 1),
            administrator: Device::new(seed + 2),
            root,
            seed,
        };
        let people = [
            (1, Role::Clinician, Device::new(seed)),
            (2, Role::FrontDesk, Device::new(seed + 1)),
            (3, Role::Administrator, Device::new(seed + 2)),
        ];
        for (person, role, _) in &people {
            clinic.state(RosterStep::PersonAdded {
                person: PersonId([*person; 16]),
                name: format!("Person {person}"),
                role: *role,
            });
        }
        for (person, _, device) in &people {
            clinic.add_workstation(*person, device);
        }
        clinic.issue(Team::Care);
        clinic.issue(Team::Front);
        clinic
    }

    pub fn id(&self) -> ChainId {
        self.roster.id()
    }

    pub fn root_id(&self) -> MemberId {
        self.roster.root_id()
    }

    pub fn space(&self, kind: SpaceKind) -> SpaceId {
        self.roster.space(kind)
    }

    /// What founds it.
    pub fn founding(&self) -> Vec<u8> {
        wire::encode(&Statements {
            statements: self.statements.iter().cloned().map(Into::into).collect(),
        })
    }

    /// The next statement, taken in.
    pub fn state(&mut self, step: RosterStep) -> Vec<u8> {
        let next = self.next(step);
        self.roster
            .append(&Signed::from_bytes(&next).unwrap())
            .unwrap();
        self.statements.push(next.clone());
        next
    }

    /// The next statement, not taken in.
    pub fn next(&self, step: RosterStep) -> Vec<u8> {
        let tip = Some(self.roster.tip());
        let body = Body::following(ChainKind::Roster, tip, 0, self.root_id(), step);
        Signed::new(&body, |bytes| self.root.sign(bytes)).to_bytes()
    }

    pub fn add_person(&mut self, person: u8, role: Role) -> Vec<u8> {
        self.state(RosterStep::PersonAdded {
            person: PersonId([person; 16]),
            name: format!("Person {person}"),
            role,
        })
    }

    pub fn add_workstation(&mut self, person: u8, device: &Device) -> Vec<u8> {
        let tip = self.roster.tip();
        let role = self.roster.role_at(PersonId([person; 16]), tip.number);
        let wraps = Team::ALL
            .into_iter()
            .filter(|t| t.includes(role.unwrap()))
            .filter(|t| self.roster.team_key_at(*t, tip.number).is_some())
            .map(|team| TeamWrap {
                team,
                wrap: wrap(device.id().into()),
            })
            .collect();
        let parts: [&[u8]; 3] = [&self.id().0, &tip.hash.0, &device.id().0];
        self.state(RosterStep::WorkstationAdded {
            person: PersonId([person; 16]),
            device: device.keys.clone(),
            consent: device.log.consent(CONSENT, &parts),
            wraps,
        })
    }

    pub fn remove_workstation(&mut self, device: DeviceId) -> Vec<u8> {
        self.state(RosterStep::WorkstationRemoved { device })
    }

    pub fn issue(&mut self, team: Team) -> Vec<u8> {
        let tip = self.roster.tip().number;
        let workstations = self.roster.team_workstations(team, tip);
        let wraps = workstations.map(|w| wrap(w.id.into())).collect();
        let generation = self.roster.team_keys(team).count() as u8;
        let code = if team == Team::Care { 100 } else { 200 };
        self.state(RosterStep::TeamKeyIssued {
            team,
            kem: kem(self.seed.wrapping_add(code + generation)),
            wraps,
            previous: (generation > 0).then(|| vec![9; 48].into()),
        })
    }

    pub fn offer(&self, expires: i64) -> Offer {
        Offer {
            roster: self.id(),
            root: self.root_id(),
            clinic: self.roster.name().to_owned(),
            expires,
        }
    }

    pub fn invite(&self, lookup: u8, expires: i64) -> NewInvite {
        NewInvite {
            lookup: InviteLookup([lookup; 16]),
            offer: wire::encode(&self.offer(expires)),
            mac: [lookup; 32],
        }
    }
}
