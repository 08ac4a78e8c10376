//! The clinic, the patient, and their chains, in the order in which they grow.

use clinic_api::chain::Signed;
use clinic_api::chain::epoch::{EpochChain, Parties};
use clinic_api::chain::patient::{ClinicRef, LastHead, PatientChain};
use clinic_api::chain::roster::{Roster, RosterStep};
use clinic_api::crypto::Signature;
use clinic_api::id::{MemberId, PersonId};
use clinic_api::log::Cites;
use clinic_api::member::{Role, Team};
use clinic_api::space::SpaceKind;
use companion_core::env::Env;
use companion_core::space::epoch::EpochKey;
use companion_core::space::keys::{DeviceSecrets, KitSecret, RootSecret, Seed, TeamSecret};
use companion_core::space::{clinic, epoch, patient};

use super::fixed;
use super::logs::{self, Log};

/// A space with its epochs and logs.
pub struct Space {
    pub name: &'static str,
    pub kind: SpaceKind,
    pub chain: EpochChain,
    pub statements: Vec<Signed>,
    pub keys: Vec<EpochKey>,
    pub logs: Vec<Log>,
}

/// Everything that the vectors show.
pub struct World {
    pub phone: DeviceSecrets,
    pub tablet: DeviceSecrets,
    pub kit_secret: Seed,
    pub kit: KitSecret,
    pub root: RootSecret,
    pub anna: DeviceSecrets,
    pub ben: DeviceSecrets,
    pub desk: DeviceSecrets,
    /// Care 1, front 1, care 2, front 2.
    pub teams: Vec<(Team, TeamSecret)>,
    pub patient: PatientChain,
    pub patient_statements: Vec<Signed>,
    pub roster: Roster,
    pub roster_statements: Vec<Signed>,
    /// In the order of their kinds' codes.
    pub spaces: Vec<Space>,
}

impl World {
    pub fn new() -> Self {
        let mut world = Self::founded();
        world.epoch(0, Who::Phone, true);
        world.staff();
        world.patient_says(|w, env| {
            let clinic = ClinicRef {
                roster: w.roster.id(),
                root: w.roster.root_id(),
            };
            patient::join_clinic(env, w.patient.tip(), &w.phone, clinic)
        });
        world.epoch(1, Who::Phone, true);
        world.epoch(2, Who::Phone, true);
        world.epoch(3, Who::Anna, true);
        world.epoch(4, Who::Anna, true);
        logs::first(&mut world);
        world.patient_says(|w, env| patient::add_device(env, &w.patient, &w.phone, &w.tablet));
        world.patient_says(|w, env| patient::adopt_kit(env, &w.patient, &w.phone, &w.kit));
        world.epoch(0, Who::Phone, true);
        logs::second(&mut world);
        world.patient_says(|w, env| {
            let tip = w.spaces[0].logs[1].tip.unwrap();
            let head = LastHead {
                space: w.patient.space(SpaceKind::Private),
                log: tip.log,
                beat: tip.beat,
                head: tip.head,
            };
            patient::remove_device(env, &w.patient, &w.phone, w.tablet.id(), vec![head])
        });
        world.someone_left();
        world.epoch(0, Who::Kit, true);
        world.epoch(1, Who::Phone, true);
        world.epoch(2, Who::Anna, true);
        world.epoch(3, Who::Desk, true);
        world.epoch(4, Who::Anna, false);
        logs::third(&mut world);
        world
    }

    fn founded() -> Self {
        let env = fixed::env("actors");
        let device = || DeviceSecrets::generate(&env).unwrap();
        let (phone, tablet, anna, ben, desk) = (device(), device(), device(), device(), device());
        let kit_secret = Seed::random(&env);
        let root = RootSecret::new(Seed::random(&env)).unwrap();
        let founding = clinic::found(
            &fixed::env("roster"),
            &root,
            &anna,
            "Praxis am See",
            "Dr. Anna Vogel",
        )
        .unwrap();
        let founded = patient::found(&fixed::env("patient"), &phone);
        let teams = clinic::open_team_keys(&founding.roster, anna.reader());
        let kinds = SpaceKind::OF_PATIENT
            .into_iter()
            .chain(SpaceKind::OF_CLINIC);
        let names = ["private", "care", "desk", "front", "clinic"];
        let spaces = kinds.zip(names).map(|(kind, name)| Space {
            name,
            kind,
            chain: EpochChain::default(),
            statements: Vec::new(),
            keys: Vec::new(),
            logs: Vec::new(),
        });
        Self {
            kit: KitSecret::new(&kit_secret).unwrap(),
            patient: PatientChain::found(&founded).unwrap(),
            patient_statements: vec![founded],
            roster: founding.roster,
            roster_statements: founding.statements,
            spaces: spaces.collect(),
            phone,
            tablet,
            kit_secret,
            root,
            anna,
            ben,
            desk,
            teams,
        }
    }

    /// A second clinician with a workstation, and the front desk.
    fn staff(&mut self) {
        let env = fixed::env("staff");
        let people = [
            ("Dr. Ben Okafor", Role::Clinician, self.ben.clone()),
            ("Empfang", Role::FrontDesk, self.desk.clone()),
        ];
        for (name, role, device) in people {
            let person = PersonId(env.random());
            self.roster_says(
                &env,
                RosterStep::PersonAdded {
                    person,
                    name: name.to_owned(),
                    role,
                },
            );
            let step = RosterStep::WorkstationAdded {
                person,
                consent: clinic::consent(&self.roster, &device),
                wraps: clinic::team_wraps(&env, &self.roster, role, &self.teams, &device).unwrap(),
                device: device.keys().clone(),
            };
            self.roster_says(&env, step);
        }
    }

    /// Ben's workstation is out; both teams get new keys.
    fn someone_left(&mut self) {
        let env = fixed::env("left");
        let device = self.ben.id();
        self.roster_says(&env, RosterStep::WorkstationRemoved { device });
        for (i, team) in Team::ALL.into_iter().enumerate() {
            let secret = TeamSecret::new(Seed::random(&env)).unwrap();
            let before = Some(&self.teams[i].1);
            let step = clinic::team_key(&env, &self.roster, team, &secret, before).unwrap();
            self.roster_says(&env, step);
            self.teams.push((team, secret));
        }
    }

    fn roster_says(&mut self, env: &Env, step: RosterStep) {
        let statement = clinic::sign(env, &self.root, Some(self.roster.tip()), step);
        self.roster.append(&statement).unwrap();
        self.roster_statements.push(statement);
    }

    fn patient_says(&mut self, say: impl FnOnce(&Self, &Env) -> Signed) {
        let statement = say(self, &fixed::env("patient says"));
        self.patient.append(&statement).unwrap();
        self.patient_statements.push(statement);
    }

    pub fn parties(&self, space: usize) -> Parties<'_> {
        let kind = self.spaces[space].kind;
        Parties {
            kind,
            patient: kind.of_patient().then_some(&self.patient),
            roster: kind.team().map(|_| &self.roster),
        }
    }

    fn epoch(&mut self, space: usize, who: Who, knows_before: bool) {
        const STREAMS: [[&str; 3]; 5] = [
            ["private 0", "private 1", "private 2"],
            ["care 0", "care 1", "care 2"],
            ["desk 0", "desk 1", "desk 2"],
            ["front 0", "front 1", "front 2"],
            ["clinic 0", "clinic 1", "clinic 2"],
        ];
        let at = &self.spaces[space];
        let env = fixed::env(STREAMS[space][at.keys.len()]);
        let parties = self.parties(space);
        let key = at.keys.last().filter(|_| knows_before);
        let last = at.chain.last().map(|record| (record, key));
        let (signer, sign) = self.signer(who);
        let team = parties.kind.team();
        let closed = |log| self.closed(log, team?);
        let closed = at.logs.iter().filter_map(closed).collect();
        let (statement, key) =
            epoch::write(&env, parties, last, closed, fixed::NOW_MS, signer, sign).unwrap();
        let mut chain = at.chain.clone();
        chain.append(parties, &statement).unwrap();
        let at = &mut self.spaces[space];
        at.chain = chain;
        at.statements.push(statement);
        at.keys.push(key);
    }

    /// The last head of a log by a workstation that left the space's team.
    fn closed(&self, log: &Log, team: Team) -> Option<LastHead> {
        self.roster.left_team(log.device.id(), team)?;
        let tip = log.tip?;
        Some(LastHead {
            space: log.space,
            log: tip.log,
            beat: tip.beat,
            head: tip.head,
        })
    }

    /// Who signs as whom.
    pub fn signer(&self, who: Who) -> (MemberId, impl Fn(&[u8]) -> Signature + '_) {
        let (id, key) = match who {
            Who::Phone => (self.phone.id().into(), self.phone.log()),
            Who::Tablet => (self.tablet.id().into(), self.tablet.log()),
            Who::Kit => (self.kit.keys().id(), self.kit.sign()),
            Who::Root => (self.root.id(), self.root.sign()),
            Who::Anna => (self.anna.id().into(), self.anna.log()),
            Who::Ben => (self.ben.id().into(), self.ben.log()),
            Who::Desk => (self.desk.id().into(), self.desk.log()),
        };
        (id, |bytes: &[u8]| key.sign(bytes))
    }

    /// What a frame written now in a space cites.
    pub fn cites(&self, space: usize) -> Cites {
        use clinic_api::id::StatementHash;
        let parties = self.parties(space);
        let none = StatementHash::NONE;
        Cites {
            epoch: self.spaces[space].chain.last().unwrap().hash,
            patient: parties.patient.map_or(none, |p| p.tip().hash),
            roster: parties.roster.map_or(none, |r| r.tip().hash),
        }
    }
}

/// Somebody who signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    Phone,
    Tablet,
    Kit,
    Root,
    Anna,
    Ben,
    Desk,
}
