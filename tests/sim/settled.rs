//! The world in which every run begins: a clinic, two patients, one of them with two devices,
//! and all of it synced. Founded once, with the real cryptography; each run starts from a copy.

use std::path::Path;
use std::rc::Rc;

use clinic_api::chain::Signed;
use clinic_api::chain::patient::ClinicRef;
use clinic_api::chain::roster::Roster;
use clinic_api::id::{ChainId, SpaceId};
use clinic_api::space::SpaceKind;
use companion_core::space::authority::Author;
use companion_core::space::patient as patient_chain;
use companion_core::sync::{Machine, Next};
use companion_core::vault::{Me, SpaceEntry};

use crate::device::Device;
use crate::server::Server;

/// 2026-03-02T12:00:00Z.
pub const START: i64 = 1_772_452_800_000;
/// Two phones of the first patient, one of the second, a workstation, and a place for a copy.
pub const DEVICES: usize = 5;
pub const CONSOLE: usize = 3;
pub const COPY: usize = 4;
pub const PATIENTS: usize = 2;

pub struct Settled {
    pub server: Server,
    pub vaults: Vec<Vec<u8>>,
    pub chains: [ChainId; PATIENTS],
    pub roster: ChainId,
    pub ids: Vec<clinic_api::id::DeviceId>,
}

impl Settled {
    pub fn space(&self, patient: usize, kind: SpaceKind) -> SpaceId {
        kind.id(self.chains[patient])
    }

    /// The spaces that a device reads.
    pub fn spaces(&self, patient: Option<usize>) -> Vec<SpaceId> {
        match patient {
            Some(p) => SpaceKind::OF_PATIENT.map(|k| self.space(p, k)).to_vec(),
            None => {
                let own = SpaceKind::OF_CLINIC.map(|k| k.id(self.roster));
                let of = |p| [SpaceKind::Care, SpaceKind::Desk].map(|k| self.space(p, k));
                own.into_iter().chain((0..PATIENTS).flat_map(of)).collect()
            }
        }
    }

    pub fn found(root: &Path) -> Self {
        let mut server = Server::new();
        let mut devices: Vec<Device> = (0..COPY)
            .map(|n| {
                let dir = root.join(format!("founding-{n}"));
                let mut device = Device::new(dir, 1_000 + n as u64, START);
                device.open();
                device.id = device.with(|v| v.device().unwrap().id());
                device
            })
            .collect();
        let desk = &devices[CONSOLE];
        let office = desk.companion().office();
        office
            .found("https://clinic.example", "Clinic", "Dr. Adler")
            .unwrap();
        let Some(Me::Staff { roster, .. }) = desk.with(|v| v.me().unwrap()) else {
            panic!("nobody's workstation");
        };
        let first = desk.with(|v| v.statements(roster).unwrap());
        let root_id = Roster::found(&first[0]).unwrap().root_id();
        put(&mut server, roster, &first);
        let clinic = ClinicRef {
            roster,
            root: root_id,
        };
        let chains = [0, 2].map(|n: usize| join(&devices[n], clinic));
        second_phone(&devices[0], &devices[1], chains[0], roster);
        for (n, chain) in chains.into_iter().enumerate() {
            let statements = devices[2 * n].with(|v| v.statements(chain).unwrap());
            put(&mut server, chain, &statements);
            let name = format!("Patient {n}");
            let front = devices[CONSOLE].companion().front();
            front
                .admit(Author::Clinician, chain, &name, "1990-04-05")
                .unwrap();
        }
        devices[0].patient = Some(0);
        devices[1].patient = Some(0);
        devices[2].patient = Some(1);
        let mut settled = Self {
            server: Server::new(),
            vaults: Vec::new(),
            chains,
            roster,
            ids: devices.iter().map(|d| d.id).collect(),
        };
        for device in &devices {
            for space in settled.spaces(device.patient) {
                server.members.entry(space).or_default().push(device.id);
            }
        }
        let mut before = usize::MAX;
        while before != server.arrived.len() {
            before = server.arrived.len();
            for device in &devices {
                round(device, &mut server);
            }
        }
        server.founding = false;
        settled.server = server;
        for device in &mut devices {
            device.close();
            settled.vaults.push(device.bytes());
        }
        settled
    }
}

fn put(server: &mut Server, chain: ChainId, statements: &[Signed]) {
    let bytes = statements.iter().map(|s| Rc::new(s.to_bytes())).collect();
    server.chains.insert(chain, bytes);
}

fn round(device: &Device, server: &mut Server) {
    let mut machine = device.with(|v| Machine::new(v)).unwrap();
    while let Next::Send(request) = device.with(|v| machine.next(v)).unwrap() {
        let (reply, _) = server.serve(0, device.id, &request);
        device.with(|v| machine.receive(v, reply)).unwrap();
    }
    assert_eq!(machine.report().alarms, [], "while the world is founded");
}

fn follow(device: &Device, chain: ChainId, roster: ChainId) {
    for kind in SpaceKind::OF_PATIENT {
        let entry = SpaceEntry {
            space: kind.id(chain),
            kind,
            patient: Some(chain),
            roster: kind.team().map(|_| roster),
        };
        device.with(|v| v.follow_space(&entry)).unwrap();
    }
}

/// What joining by an invite leaves behind.
fn join(phone: &Device, clinic: ClinicRef) -> ChainId {
    let chain = phone.companion().sync().set_up_patient().unwrap();
    phone.with(|v| {
        let device = v.device().unwrap();
        v.load_patient(chain).unwrap();
        let tip = v.chains().patient(chain).unwrap().tip();
        let next = patient_chain::join_clinic(&phone.env, tip, &device, clinic);
        v.extend_patient(chain, &next).unwrap().unwrap();
    });
    follow(phone, chain, clinic.roster);
    chain
}

fn second_phone(phone: &Device, new: &Device, chain: ChainId, roster: ChainId) {
    let secrets = new.with(|v| v.device().unwrap());
    phone.with(|v| {
        let device = v.device().unwrap();
        let now = v.chains().patient(chain).unwrap().clone();
        let next = patient_chain::add_device(&phone.env, &now, &device, &secrets);
        v.extend_patient(chain, &next).unwrap().unwrap();
    });
    for statement in phone.with(|v| v.statements(chain).unwrap()) {
        new.with(|v| v.extend_patient(chain, &statement).unwrap().unwrap());
    }
    follow(new, chain, roster);
    new.with(|v| v.set_me(&Me::Patient { chain }).unwrap());
}
