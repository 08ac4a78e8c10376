//! Reads the file and makes chains, spaces and logs of it.

use clinic_api::chain::Signed;
use clinic_api::chain::epoch::{EpochChain, EpochRecord, Parties};
use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::roster::Roster;
use clinic_api::id::{MemberId, SpaceId};
use clinic_api::log::{Header, Item, LogTip, Run, VerifiedRun};
use clinic_api::space::SpaceKind;
use companion_core::event::Frame;
use companion_core::space::epoch::{self, EpochKey};
use companion_core::space::keys::{DeviceSecrets, KitSecret, Reader, Seed, TeamSecret};
use companion_core::space::{SpaceError, frame};
use serde_json::{Value, json};

const PATH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/vectors/protocol.json"
);

pub fn raw() -> String {
    std::fs::read_to_string(PATH).unwrap()
}

pub fn bytes(hex: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(hex.as_str().unwrap().as_bytes())
        .unwrap()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub fn seed(hex: &Value) -> Seed {
    Seed::try_from(bytes(hex).as_slice()).unwrap()
}

pub fn statements(list: &Value) -> Vec<Signed> {
    let all = list.as_array().unwrap().iter();
    all.map(|s| Signed::from_bytes(&bytes(s)).unwrap())
        .collect()
}

/// The file.
pub struct File {
    pub json: Value,
    devices: Vec<(String, DeviceSecrets)>,
    kit: KitSecret,
    teams: Vec<TeamSecret>,
}

impl File {
    pub fn read() -> Self {
        let json: Value = serde_json::from_str(&raw()).unwrap();
        let actors = &json["actors"];
        let device = |(name, d): (&String, &Value)| {
            let s = &d["seeds"];
            let secrets =
                DeviceSecrets::from_seeds(seed(&s["log"]), seed(&s["request"]), seed(&s["kem"]));
            let secrets = secrets.unwrap();
            assert_eq!(secrets.id().to_string(), text(&d["id"]));
            (name.clone(), secrets)
        };
        let devices = actors["devices"].as_object().unwrap().iter();
        let teams = actors["teams"].as_object().unwrap().values();
        Self {
            devices: devices.map(device).collect(),
            kit: KitSecret::new(&seed(&actors["kit"]["secret"])).unwrap(),
            teams: teams
                .map(|t| TeamSecret::new(seed(&t["seed"])).unwrap())
                .collect(),
            json,
        }
    }

    pub fn device(&self, name: &str) -> &DeviceSecrets {
        &self.devices.iter().find(|(n, _)| n == name).unwrap().1
    }

    pub fn patient_upto(&self, count: usize) -> PatientChain {
        let all = statements(&self.json["chains"]["patient"]["statements"]);
        let mut chain = PatientChain::found(&all[0]).unwrap();
        for next in &all[1..count] {
            chain.append(next).unwrap();
        }
        chain
    }

    pub fn roster_upto(&self, count: usize) -> Roster {
        let all = statements(&self.json["chains"]["roster"]["statements"]);
        let mut chain = Roster::found(&all[0]).unwrap();
        for next in &all[1..count] {
            chain.append(next).unwrap();
        }
        chain
    }

    fn length(&self, chain: &str) -> usize {
        let list = &self.json["chains"][chain]["statements"];
        list.as_array().unwrap().len()
    }

    pub fn patient(&self) -> PatientChain {
        self.patient_upto(self.length("patient"))
    }

    pub fn roster(&self) -> Roster {
        self.roster_upto(self.length("roster"))
    }

    pub fn spaces(&self) -> Vec<Space> {
        ["private", "care", "desk", "front", "clinic"]
            .into_iter()
            .map(|name| self.space(name))
            .collect()
    }

    pub fn space(&self, name: &str) -> Space {
        let json = self.json["spaces"][name].clone();
        let kinds = SpaceKind::OF_PATIENT
            .into_iter()
            .chain(SpaceKind::OF_CLINIC);
        let kind = kinds
            .into_iter()
            .find(|k| u64::from(k.code()) == json["kind"])
            .unwrap();
        let mut space = Space {
            kind,
            id: SpaceId::try_from(bytes(&json["id"]).as_slice()).unwrap(),
            chain: EpochChain::default(),
            patient: self.patient(),
            roster: self.roster(),
            json,
        };
        assert_eq!(space.parties().space().unwrap(), space.id);
        space.chain = space.epochs_upto(space.keys().len());
        space
    }

    /// Every reader whose key opens an epoch, in the order of the wraps.
    pub fn openers(&self, record: &EpochRecord) -> Vec<(MemberId, EpochKey)> {
        let devices = self.devices.iter().map(|(_, d)| d.reader());
        let teams = self.teams.iter().map(TeamSecret::reader);
        let readers: Vec<Reader<'_>> = devices.chain(teams).chain([self.kit.reader()]).collect();
        let mut found: Vec<_> = readers
            .iter()
            .filter_map(|r| Some((r.id, epoch::open(record, &[*r]).ok()?)))
            .collect();
        let place = |id| record.step.wraps.iter().position(|w| w.recipient == id);
        found.sort_by_key(|(id, _)| place(*id));
        found
    }
}

/// A space of the file.
pub struct Space {
    pub kind: SpaceKind,
    pub id: SpaceId,
    pub chain: EpochChain,
    patient: PatientChain,
    roster: Roster,
    pub json: Value,
}

impl Space {
    pub fn parties(&self) -> Parties<'_> {
        Parties {
            kind: self.kind,
            patient: Some(&self.patient),
            roster: Some(&self.roster),
        }
    }

    pub fn epochs_upto(&self, count: usize) -> EpochChain {
        let mut chain = EpochChain::default();
        for next in &statements(&self.json["epochs"])[..count] {
            chain.append(self.parties(), next).unwrap();
        }
        chain
    }

    pub fn keys(&self) -> &[Value] {
        self.json["keys"].as_array().unwrap()
    }

    pub fn open(
        &self,
        file: &File,
        epoch: usize,
        header: &Header,
        body: &[u8],
    ) -> Result<Frame, SpaceError> {
        let key = file.openers(&self.chain.all()[epoch]).remove(0).1;
        frame::open(&key, self.id, header, body)
    }

    pub fn logs(&self, file: &File) -> Vec<Log> {
        let all = self.json["logs"].as_array().unwrap();
        (0..all.len())
            .map(|n| self.log(file, n, usize::MAX))
            .collect()
    }

    /// A log with so many of its runs verified.
    pub fn log(&self, file: &File, n: usize, count: usize) -> Log {
        let json = &self.json["logs"][n];
        let key = file.device(json["author"].as_str().unwrap()).keys().log;
        let mut log = Log {
            key,
            tip: None,
            verified: Vec::new(),
            frames: Vec::new(),
        };
        let mut bodies = Vec::new();
        for (i, run) in json["runs"]
            .as_array()
            .unwrap()
            .iter()
            .take(count)
            .enumerate()
        {
            let run = Run::from_bytes(&bytes(run)).unwrap();
            let verified = run.verify(self.id, log.tip.as_ref(), &key).unwrap();
            assert_eq!(verified.tip.log.to_string(), text(&json["log"]));
            assert_eq!(verified.tip.head.to_string(), text(&json["heads"][i]));
            log.tip = Some(verified.tip);
            bodies.extend(verified.headers.iter().cloned().zip(run.items));
            log.verified.push(verified);
        }
        for ((header, item), json) in bodies.into_iter().zip(json["frames"].as_array().unwrap()) {
            assert_eq!(header.as_bytes().as_slice(), bytes(&json["header"]));
            assert_eq!(header.hash(self.id).to_string(), text(&json["header_hash"]));
            let body = match item {
                Item::Body(body) => Some(body),
                Item::Erased(_) => None,
            };
            log.frames.push(OneFrame {
                header,
                plaintext: body
                    .as_ref()
                    .map_or(Vec::new(), |_| bytes(&json["plaintext"])),
                body,
                epoch: usize::try_from(json["epoch"].as_u64().unwrap()).unwrap(),
                events: json["events"].clone(),
            });
        }
        log
    }
}

/// A log of the file.
pub struct Log {
    pub key: [u8; 32],
    pub tip: Option<LogTip>,
    pub verified: Vec<VerifiedRun>,
    pub frames: Vec<OneFrame>,
}

/// A frame of the file.
pub struct OneFrame {
    pub header: Header,
    pub body: Option<Vec<u8>>,
    pub epoch: usize,
    pub plaintext: Vec<u8>,
    pub events: Value,
}

/// Events as the file shows them.
pub fn show(frame: &Frame) -> Value {
    let event = |e: &companion_core::event::Envelope| {
        json!({
            "id": e.id.to_string(),
            "kind": e.kind,
            "critical": e.critical,
            "hlc": [e.hlc.ms, e.hlc.counter],
            "at": [e.at.ms, e.at.offset, e.at.zone],
            "body": data_encoding::HEXLOWER.encode(&e.body),
        })
    };
    frame.events.iter().map(event).collect()
}
