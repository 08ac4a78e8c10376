//! A clinic, its workstations and a patient, all in one process.

use std::path::Path;

use clinic_api::chain::patient::ClinicRef;
use clinic_api::chain::patient::LastHead;
use clinic_api::chain::roster::RosterStep;
use clinic_api::events::Changed;
use clinic_api::id::{ChainId, DeviceId, MemberId, PersonId, SpaceId};
use clinic_api::member::{Role, Team};
use clinic_api::message::ChangeKind;
use clinic_api::space::SpaceKind;
use companion_core::care::ReviewedVersion;
use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::event::EntryId;
use companion_core::space::authority::Author;
use companion_core::space::keys::{RootSecret, Seed, TeamSecret};
use companion_core::space::{clinic, patient as patient_chain};
use companion_core::sync::{Machine, Next, Report, SyncError};
use companion_core::vault::{Me, SpaceEntry, Vault};
use tempfile::TempDir;

use super::api::Api;
use super::{FakeClock, env, keys};

/// A phone or a workstation: a folder with a vault, a clock, and its keys' name.
pub struct Device {
    pub dir: TempDir,
    pub env: Env,
    pub clock: FakeClock,
    pub companion: Companion,
    pub id: DeviceId,
}

impl Device {
    /// A new vault that is nobody's yet.
    pub fn new(seed: u64) -> Self {
        let dir = super::quick_folder();
        let (env, clock) = env(seed);
        let companion =
            Companion::open_or_create(dir.path(), &keys(dir.path(), &env), env.clone()).unwrap();
        let id = companion.vault().with(|v| v.device().unwrap().id());
        Self {
            dir,
            env,
            clock,
            companion,
            id,
        }
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut Vault) -> T) -> T {
        self.companion.vault().with(work)
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Puts the process down and starts it again.
    pub fn restart(self) -> Self {
        let Self {
            dir,
            env,
            clock,
            companion,
            id,
        } = self;
        drop(companion);
        let companion = super::open(dir.path(), &env).unwrap();
        Self {
            dir,
            env,
            clock,
            companion,
            id,
        }
    }

    /// One round of syncing.
    pub fn round(&self, api: &mut Api) -> Result<Report, SyncError> {
        self.round_cut(api, usize::MAX, Cut::BeforeSend)
            .map(|r| r.0)
    }

    /// A round in which the machine is dropped at the `at`-th request. Says whether it ended by itself.
    pub fn round_cut(
        &self,
        api: &mut Api,
        at: usize,
        cut: Cut,
    ) -> Result<(Report, bool), SyncError> {
        let machine = self.with(|v| Machine::new(v))?;
        self.run(machine, api, at, cut)
    }

    /// A round that asks the feed first.
    pub fn light(&self, api: &mut Api) -> Result<Report, SyncError> {
        let machine = self.with(|v| Machine::light(v))?;
        self.run(machine, api, usize::MAX, Cut::BeforeSend)
            .map(|r| r.0)
    }

    /// A round over what a stream named, and what is unsent.
    pub fn named(
        &self,
        api: &mut Api,
        named: &[(ChangeKind, [u8; 32])],
    ) -> Result<Report, SyncError> {
        let named = named.iter().map(|(kind, id)| Changed {
            kind: *kind,
            id: *id,
        });
        let machine = self.with(|v| Machine::named(v, &named.collect()))?;
        self.run(machine, api, usize::MAX, Cut::BeforeSend)
            .map(|r| r.0)
    }

    /// Runs a machine, to its end or to where it is cut.
    pub fn run(
        &self,
        mut machine: Machine,
        api: &mut Api,
        at: usize,
        cut: Cut,
    ) -> Result<(Report, bool), SyncError> {
        let mut sent = 0;
        loop {
            let Next::Send(request) = self.with(|v| machine.next(v))? else {
                return Ok((machine.report().clone(), true));
            };
            sent += 1;
            if sent == at && cut == Cut::BeforeSend {
                return Ok((machine.report().clone(), false));
            }
            let reply = api.serve(self.id, &request);
            if sent == at {
                return Ok((machine.report().clone(), false));
            }
            self.with(|v| machine.receive(v, reply))?;
        }
    }
}

/// Where a round is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The request was made and never left.
    BeforeSend,
    /// The server did what was asked, and the reply was lost.
    ReplyLost,
}

/// A clinic with one clinician's workstation, and a patient who was admitted.
pub struct World {
    pub api: Api,
    pub phone: Device,
    pub desk: Device,
    pub chain: ChainId,
    pub roster: ChainId,
}

impl World {
    /// Everything is set up; nobody has synced yet.
    pub fn new() -> Self {
        Self::of(1, 2)
    }

    /// A world whose workstation and phone have these seeds.
    pub fn of(desk: u64, phone: u64) -> Self {
        let mut api = Api::default();
        let desk = Device::new(desk);
        desk.companion
            .office()
            .found("https://clinic.example", "Clinic", "Dr. Adler")
            .unwrap();
        let roster = desk.with(|v| match v.me().unwrap() {
            Some(Me::Staff { roster, .. }) => roster,
            other => panic!("{other:?}"),
        });
        let statements = desk.with(|v| v.statements(roster).unwrap());
        api.register(&statements);
        let phone = Device::new(phone);
        let chain = join(&phone, &mut api, roster);
        admit(&desk, chain, "Robin Example");
        Self {
            api,
            phone,
            desk,
            chain,
            roster,
        }
    }

    /// A clinic and a patient between whom all is synced.
    pub fn settled() -> Self {
        let mut world = Self::new();
        world.settle();
        world
    }

    /// Rounds of everybody until nothing moves; fails where that never comes.
    pub fn settle(&mut self) {
        for _ in 0..8 {
            let before = (
                self.stored(),
                self.api.chains.values().map(Vec::len).sum::<usize>(),
            );
            self.phone.round(&mut self.api).unwrap();
            self.desk.round(&mut self.api).unwrap();
            let after = (
                self.stored(),
                self.api.chains.values().map(Vec::len).sum::<usize>(),
            );
            if before == after {
                return;
            }
        }
        panic!("it never settles");
    }

    /// Runs that the clinic API holds.
    pub fn stored(&self) -> usize {
        let spaces: Vec<SpaceId> = self.api.logs.keys().copied().collect();
        spaces.into_iter().map(|s| self.api.runs(s)).sum()
    }

    pub fn space(&self, kind: SpaceKind) -> SpaceId {
        if kind.of_patient() {
            kind.id(self.chain)
        } else {
            kind.id(self.roster)
        }
    }

    pub fn entry(&self, kind: SpaceKind) -> SpaceEntry {
        entry_of(kind, self.chain, self.roster)
    }

    /// Notes of the entries that the clinician sees, sorted.
    pub fn read_by_clinic(&self) -> Vec<String> {
        let care = self.desk.companion.care();
        let all = care.entries(self.chain, i64::MIN, i64::MAX, 1_000).unwrap();
        let mut notes: Vec<String> = all.into_iter().filter_map(|e| e.mood.note).collect();
        notes.sort();
        notes
    }
}

pub fn entry_of(kind: SpaceKind, chain: ChainId, roster: ChainId) -> SpaceEntry {
    SpaceEntry {
        space: kind.id(if kind.of_patient() { chain } else { roster }),
        kind,
        patient: kind.of_patient().then_some(chain),
        roster: kind.team().map(|_| roster),
    }
}

/// The present version of an entry of the patient's, as a review names it.
pub fn present(world: &World, entry: EntryId) -> ReviewedVersion {
    let found = world.phone.companion.journal().entry(entry);
    let version = found.unwrap().unwrap().version;
    ReviewedVersion { entry, version }
}

/// What joining by an invite leaves behind, without the invite.
pub fn join(phone: &Device, api: &mut Api, roster: ChainId) -> ChainId {
    let chain = join_locally(phone, roster, api_root(api, roster));
    let statements = phone.with(|v| v.statements(chain).unwrap());
    api.claim(&statements);
    chain
}

fn api_root(api: &Api, roster: ChainId) -> MemberId {
    let first = clinic_api::chain::Signed::from_bytes(&api.chains[&roster][0]).unwrap();
    clinic_api::chain::roster::Roster::found(&first)
        .unwrap()
        .root_id()
}

/// A patient's vault that has joined a clinic and told nobody yet.
pub fn join_locally(phone: &Device, roster: ChainId, root: MemberId) -> ChainId {
    let chain = phone.companion.sync().set_up_patient().unwrap();
    phone.with(|v| {
        let device = v.device().unwrap();
        v.load_patient(chain).unwrap();
        let tip = v.chains().patient(chain).unwrap().tip();
        let next = patient_chain::join_clinic(&phone.env, tip, &device, ClinicRef { roster, root });
        v.extend_patient(chain, &next).unwrap().unwrap();
        for kind in SpaceKind::OF_PATIENT {
            v.follow_space(&entry_of(kind, chain, roster)).unwrap();
        }
    });
    chain
}

/// What admitting leaves behind, without the invite.
pub fn admit(desk: &Device, chain: ChainId, name: &str) {
    desk.companion
        .front()
        .admit(Author::Clinician, chain, name, "1990-04-05")
        .unwrap();
}

/// The clinic's roster as the founding workstation keeps it, changed and sent.
pub fn change_roster(
    desk: &Device,
    api: &mut Api,
    roster: ChainId,
    step: impl FnOnce(&clinic_api::chain::roster::Roster, &mut Vault, &RootSecret) -> RosterStep,
) {
    let next = desk.with(|v| {
        v.load_roster(roster).unwrap();
        let now = v.chains().roster(roster).unwrap().clone();
        let root = v.root().unwrap().unwrap();
        let step = step(&now, v, &root);
        let next = clinic::sign(&desk.env, &root, Some(now.tip()), step);
        v.extend_roster(roster, &next).unwrap().unwrap();
        next
    });
    api.append(roster, &next).unwrap();
}

/// The team's secrets as a workstation opens them, newest first.
pub fn team_secrets(desk: &Device, roster: ChainId) -> Vec<(Team, TeamSecret)> {
    desk.with(|v| {
        let device = v.device().unwrap();
        v.load_roster(roster).unwrap();
        let now = v.chains().roster(roster).unwrap();
        clinic::open_team_keys(now, device.reader())
    })
}

/// Another person with a workstation at the clinic.
pub fn hire(world: &mut World, seed: u64, role: Role) -> (Device, PersonId) {
    let new = Device::new(seed);
    let person = PersonId([u8::try_from(seed).unwrap(); 16]);
    let name = format!("Colleague {seed}");
    let (desk, api, roster) = (&world.desk, &mut world.api, world.roster);
    change_roster(desk, api, roster, |_, _, _| RosterStep::PersonAdded {
        person,
        name,
        role,
    });
    let mut secrets = team_secrets(desk, roster);
    secrets.reverse();
    secrets.sort_by_key(|(team, _)| *team);
    secrets.dedup_by_key(|(team, _)| *team);
    let device = new.with(|v| v.device().unwrap());
    change_roster(desk, api, roster, |now, _, _| {
        RosterStep::WorkstationAdded {
            person,
            device: device.keys().clone(),
            consent: clinic::consent(now, &device),
            wraps: clinic::team_wraps(&new.env, now, role, &secrets, &device).unwrap(),
        }
    });
    let statements = desk.with(|v| v.statements(roster).unwrap());
    new.with(|v| {
        for statement in &statements {
            v.extend_roster(roster, statement).unwrap().unwrap();
        }
        for kind in SpaceKind::OF_CLINIC {
            if kind.team().unwrap().includes(role) {
                v.follow_space(&entry_of(kind, roster, roster)).unwrap();
            }
        }
        v.set_me(&Me::Staff { roster, person }).unwrap();
    });
    (new, person)
}

/// Puts a workstation out and issues the keys that its person held anew.
pub fn dismiss(world: &mut World, out: DeviceId, role: Role) {
    let (desk, api, roster) = (&world.desk, &mut world.api, world.roster);
    change_roster(desk, api, roster, |_, _, _| {
        RosterStep::WorkstationRemoved { device: out }
    });
    renew_keys(world, role);
}

/// Gives a person another role and issues the keys that they held anew.
pub fn change_role(world: &mut World, person: PersonId, from: Role, to: Role) {
    let (desk, api, roster) = (&world.desk, &mut world.api, world.roster);
    change_roster(desk, api, roster, |_, _, _| RosterStep::RoleChanged {
        person,
        role: to,
    });
    renew_keys(world, from);
}

/// Issues the keys anew that somebody of that role holds.
pub fn renew_keys(world: &mut World, role: Role) {
    let (desk, api, roster) = (&world.desk, &mut world.api, world.roster);
    for team in Team::ALL.into_iter().filter(|t| t.includes(role)) {
        let all = team_secrets(desk, roster);
        let old = all.iter().find(|(t, _)| *t == team).map(|(_, s)| s.clone());
        let fresh = TeamSecret::new(Seed::random(&desk.env)).unwrap();
        let env = desk.env.clone();
        change_roster(desk, api, roster, |now, _, _| {
            clinic::team_key(&env, now, team, &fresh, old.as_ref()).unwrap()
        });
    }
}

/// A second device of the patient, at hand when it was added.
pub fn second_phone(world: &mut World, seed: u64) -> Device {
    let new = Device::new(seed);
    let secrets = new.with(|v| v.device().unwrap());
    let chain = world.chain;
    let next = world.phone.with(|v| {
        v.load_patient(chain).unwrap();
        let device = v.device().unwrap();
        let now = v.chains().patient(chain).unwrap().clone();
        let next = patient_chain::add_device(&world.phone.env, &now, &device, &secrets);
        v.extend_patient(chain, &next).unwrap().unwrap();
        next
    });
    world.api.append(chain, &next).unwrap();
    let statements = world.phone.with(|v| v.statements(chain).unwrap());
    new.with(|v| {
        for statement in &statements {
            v.extend_patient(chain, statement).unwrap().unwrap();
        }
        for kind in SpaceKind::OF_PATIENT {
            v.follow_space(&entry_of(kind, chain, world.roster))
                .unwrap();
        }
        v.set_me(&Me::Patient { chain }).unwrap();
    });
    new
}

/// Puts a device of the patient out; what the first phone has seen of its logs counts.
pub fn put_out(world: &mut World, out: DeviceId) {
    let chain = world.chain;
    let next = world.phone.with(|v| {
        let mut heads = Vec::new();
        for kind in SpaceKind::OF_PATIENT {
            let space = kind.id(chain);
            let logs = v.logs(space).unwrap();
            let tips = logs
                .iter()
                .filter(|l| l.device == out)
                .filter_map(|l| l.tip);
            heads.extend(tips.map(|tip| LastHead {
                space,
                log: tip.log,
                beat: tip.beat,
                head: tip.head,
            }));
        }
        v.load_patient(chain).unwrap();
        let device = v.device().unwrap();
        let now = v.chains().patient(chain).unwrap().clone();
        let env = world.phone.env.clone();
        let next = patient_chain::remove_device(&env, &now, &device, out, heads);
        v.extend_patient(chain, &next).unwrap().unwrap();
        next
    });
    world.api.append(chain, &next).unwrap();
}
