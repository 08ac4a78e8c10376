//! The clinic API in memory, by the rules of `clinic_api::message`: chains by
//! compare-and-swap, runs all or none and idempotent. It can be bent by a test.

use std::collections::BTreeMap;

use clinic_api::bulletin::BulletinPage;
use clinic_api::chain::epoch::{EpochChain, Parties};
use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::roster::Roster;
use clinic_api::chain::{ChainError, Signed};
use clinic_api::http::problem::{Code, Problem};
use clinic_api::id::{ChainId, DeviceId, LogId, SpaceId};
use clinic_api::limits;
use clinic_api::log::{LogTip, Run, RunError};
use clinic_api::message::{
    ChainPage, ChangeKind, ChangeOf, Erase, Erased, Feed, Pull, Pulled, Push, Pushed,
};
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use companion_core::sync::{Reply, Request};

type Tamper = Box<dyn FnMut(&Request, Reply) -> Reply>;

/// The clinic API, its store in the open.
#[derive(Default)]
pub struct Api {
    /// The bytes of every chain's statements.
    pub chains: BTreeMap<ChainId, Vec<Vec<u8>>>,
    /// The bytes of every log's runs, in the order of their heads.
    pub logs: BTreeMap<SpaceId, BTreeMap<LogId, Vec<Vec<u8>>>>,
    /// The bytes of every clinic's bulletins.
    pub bulletins: BTreeMap<ChainId, Vec<Vec<u8>>>,
    /// What every request was, and whose.
    pub requests: Vec<(DeviceId, Request)>,
    /// Runs in a page of a pull; 0: no limit.
    pub page: usize,
    /// Statements in a page of a chain; 0: no limit.
    pub chain_page: usize,
    /// Changes in a page of the feed; 0: no limit.
    pub feed_page: usize,
    /// Changes answers, after what was asked was done.
    pub tamper: Option<Tamper>,
    /// What changed, in the order in which it did.
    changed: Vec<(ChangeKind, [u8; 32])>,
    patients: BTreeMap<ChainId, PatientChain>,
    rosters: BTreeMap<ChainId, Roster>,
    epochs: BTreeMap<SpaceId, EpochChain>,
}

struct Space {
    kind: SpaceKind,
    patient: Option<ChainId>,
    roster: Option<ChainId>,
}

fn refuse(code: Code) -> Reply {
    Reply::Problem(Problem::new(code))
}

impl Api {
    pub fn serve(&mut self, caller: DeviceId, request: &Request) -> Reply {
        self.requests.push((caller, request.clone()));
        let reply = match self.answer(caller, request) {
            Ok(body) => Reply::Ok(body),
            Err(code) => refuse(code),
        };
        match self.tamper.take() {
            Some(mut tamper) => {
                let reply = tamper(request, reply);
                self.tamper = Some(tamper);
                reply
            }
            None => reply,
        }
    }

    pub fn bend(&mut self, tamper: impl FnMut(&Request, Reply) -> Reply + 'static) {
        self.tamper = Some(Box::new(tamper));
    }

    pub fn be_honest(&mut self) {
        self.tamper = None;
    }

    /// The first statements of a roster, as an operator lets them in.
    pub fn register(&mut self, statements: &[Signed]) {
        let (first, rest) = statements.split_first().unwrap();
        let mut roster = Roster::found(first).unwrap();
        for next in rest {
            roster.append(next).unwrap();
        }
        let id = roster.id();
        self.rosters.insert(id, roster);
        let bytes = statements.iter().map(Signed::to_bytes).collect();
        self.chains.insert(id, bytes);
        self.changed.push((ChangeKind::Chain, id.0));
    }

    /// A patient chain that came with the claim of an invite.
    pub fn claim(&mut self, statements: &[Signed]) {
        let (first, rest) = statements.split_first().unwrap();
        let mut chain = PatientChain::found(first).unwrap();
        for next in rest {
            chain.append(next).unwrap();
        }
        let id = chain.id();
        self.patients.insert(id, chain);
        let bytes = statements.iter().map(Signed::to_bytes).collect();
        self.chains.insert(id, bytes);
        self.changed.push((ChangeKind::Chain, id.0));
    }

    /// A statement of a patient chain or roster, as its holder would post it.
    pub fn append(&mut self, chain: ChainId, next: &Signed) -> Result<(), ChainError> {
        if let Some(patient) = self.patients.get_mut(&chain) {
            patient.append(next)?;
        } else {
            self.rosters.get_mut(&chain).unwrap().append(next)?;
        }
        self.chains.get_mut(&chain).unwrap().push(next.to_bytes());
        self.changed.push((ChangeKind::Chain, chain.0));
        Ok(())
    }

    /// A bulletin of a clinic, whatever it is.
    pub fn say(&mut self, roster: ChainId, bytes: Vec<u8>) {
        self.bulletins.entry(roster).or_default().push(bytes);
        self.changed.push((ChangeKind::Chain, roster.0));
    }

    /// How many runs of a space are stored.
    pub fn runs(&self, space: SpaceId) -> usize {
        self.logs
            .get(&space)
            .map_or(0, |logs| logs.values().map(Vec::len).sum())
    }

    /// Everything that a thief of the store would have.
    pub fn all_bytes(&self) -> Vec<u8> {
        let chains = self.chains.values().flatten();
        let runs = self.logs.values().flat_map(BTreeMap::values).flatten();
        chains.chain(runs).flatten().copied().collect()
    }

    fn answer(&mut self, caller: DeviceId, request: &Request) -> Result<Vec<u8>, Code> {
        let parts: Vec<&str> = request.path.split('/').skip(1).collect();
        match (request.method, parts.as_slice()) {
            ("GET", ["v1", "chains", id]) => {
                let from = request.query.as_ref().unwrap();
                let from = from.strip_prefix("from=").unwrap().parse().unwrap();
                self.chain(id.parse().unwrap(), from)
            }
            ("GET", ["v1", "bulletins", id]) => {
                let from = request.query.as_ref().unwrap();
                let from: usize = from.strip_prefix("from=").unwrap().parse().unwrap();
                let all = self.bulletins.get(&id.parse().unwrap());
                let all = all.into_iter().flatten().skip(from - 1).cloned();
                Ok(wire::encode(&BulletinPage {
                    bulletins: all.map(Into::into).collect(),
                    more: false,
                }))
            }
            ("GET", ["v1", "feed"]) => {
                let since = request.query.as_ref().unwrap();
                let since = since.strip_prefix("since=").unwrap().parse().unwrap();
                self.feed(caller, since)
            }
            ("POST", ["v1", "chains", id]) if self.rosters.contains_key(&id.parse().unwrap()) => {
                self.post_roster(caller, id.parse().unwrap(), &request.body)
            }
            ("POST", ["v1", "chains", id]) => {
                self.post_epoch(SpaceId(id.parse::<ChainId>().unwrap().0), &request.body)
            }
            ("POST", ["v1", "spaces", id, "runs"]) => {
                self.push(caller, id.parse().unwrap(), &request.body)
            }
            ("POST", ["v1", "spaces", id, "erasures"]) => {
                self.erase(caller, id.parse().unwrap(), &request.body)
            }
            ("POST", ["v1", "spaces", id, "pull"]) => {
                self.pull(caller, id.parse().unwrap(), &request.body)
            }
            _ => Err(Code::NotFound),
        }
    }

    fn chain(&self, id: ChainId, from: usize) -> Result<Vec<u8>, Code> {
        let all = self.chains.get(&id).ok_or(Code::UnknownChain)?;
        let page = if self.chain_page == 0 {
            usize::MAX
        } else {
            self.chain_page
        };
        let statements: Vec<_> = all
            .iter()
            .skip(from)
            .take(page)
            .map(|bytes| bytes.clone().into())
            .collect();
        let more = from + statements.len() < all.len();
        Ok(wire::encode(&ChainPage { statements, more }))
    }

    /// What changed since a position, and again the two changes before it, as from a clock.
    fn feed(&self, caller: DeviceId, since: usize) -> Result<Vec<u8>, Code> {
        let mut position = self.changed.len();
        let from = since.saturating_sub(2);
        let size = if self.feed_page == 0 {
            usize::MAX
        } else {
            self.feed_page
        };
        let end = since.max(from).saturating_add(size).min(position);
        let more = end < position;
        position = position.min(end);
        let revision = |thing| self.changed.iter().filter(|c| **c == thing).count() as u64;
        let mut named = self.changed.get(from..end).unwrap_or_default().to_vec();
        named.sort_unstable();
        named.dedup();
        let changes = named
            .into_iter()
            .filter(|thing| self.hears(caller, *thing))
            .map(|(kind, id)| ChangeOf {
                kind,
                id,
                revision: revision((kind, id)),
            })
            .collect();
        Ok(wire::encode(&Feed {
            changes,
            position: position as u64,
            more,
        }))
    }

    fn hears(&self, caller: DeviceId, (kind, id): (ChangeKind, [u8; 32])) -> bool {
        match kind {
            ChangeKind::Chain => {
                let staff = self
                    .rosters
                    .values()
                    .any(|r| r.workstation(caller).is_some());
                let own = self.patients.get(&ChainId(id));
                let roster = self.rosters.contains_key(&ChainId(id));
                staff || roster || own.is_some_and(|p| p.device(caller).is_some())
            }
            ChangeKind::Epochs | ChangeKind::Space => {
                let space = self.space(SpaceId(id));
                space.is_ok_and(|space| self.member(caller, &space).is_ok())
            }
            ChangeKind::Invites => false,
        }
    }

    fn space(&self, id: SpaceId) -> Result<Space, Code> {
        for (patient, chain) in &self.patients {
            for kind in SpaceKind::OF_PATIENT {
                if kind.id(*patient) == id {
                    let clinic = chain.clinic_at(chain.tip().number).map(|c| c.roster);
                    return Ok(Space {
                        kind,
                        patient: Some(*patient),
                        roster: kind.team().and(clinic),
                    });
                }
            }
        }
        for roster in self.rosters.keys() {
            for kind in SpaceKind::OF_CLINIC {
                if kind.id(*roster) == id {
                    return Ok(Space {
                        kind,
                        patient: None,
                        roster: Some(*roster),
                    });
                }
            }
        }
        Err(Code::UnknownSpace)
    }

    fn parties(&self, space: &Space) -> Parties<'_> {
        Parties {
            kind: space.kind,
            patient: space.patient.map(|id| &self.patients[&id]),
            roster: space.roster.map(|id| &self.rosters[&id]),
        }
    }

    /// The log key of a member; removed ones and strangers are told apart.
    fn member(&self, caller: DeviceId, space: &Space) -> Result<[u8; 32], Code> {
        let parties = self.parties(space);
        let tips = (
            parties.patient.map(|p| p.tip().number),
            parties.roster.map(|r| r.tip().number),
        );
        if let Some(key) = parties.signing_key(caller.into(), tips.0, tips.1) {
            return Ok(key);
        }
        let once = parties.patient.is_some_and(|p| p.device(caller).is_some())
            || parties.roster.is_some_and(|r| {
                let gone = r.workstation_role(caller, r.tip().number).is_none();
                gone && r.workstation(caller).is_some()
            });
        Err(if once {
            Code::DeviceRemoved
        } else {
            Code::UnknownSpace
        })
    }

    fn post_epoch(&mut self, id: SpaceId, body: &[u8]) -> Result<Vec<u8>, Code> {
        let next = Signed::from_bytes(body).map_err(|_| Code::MalformedBody)?;
        let space = self.space(id)?;
        let mut chain = self.epochs.get(&id).cloned().unwrap_or_default();
        match chain.append(self.parties(&space), &next) {
            Ok(()) => {}
            Err(ChainError::NotNext) => return Err(Code::ChainConflict),
            Err(_) => return Err(Code::ChainInvalid),
        }
        self.epochs.insert(id, chain);
        self.changed.push((ChangeKind::Epochs, id.0));
        self.chains
            .entry(id.into())
            .or_default()
            .push(body.to_vec());
        Ok(Vec::new())
    }

    fn post_roster(&mut self, caller: DeviceId, id: ChainId, body: &[u8]) -> Result<Vec<u8>, Code> {
        let next = Signed::from_bytes(body).map_err(|_| Code::MalformedBody)?;
        let roster = &self.rosters[&id];
        if roster
            .workstation_role(caller, roster.tip().number)
            .is_none()
        {
            return Err(Code::DeviceRemoved);
        }
        if roster.number_of(next.hash()).is_some() {
            return Ok(Vec::new());
        }
        match self.append(id, &next) {
            Ok(()) => Ok(Vec::new()),
            Err(ChainError::NotNext) => Err(Code::ChainConflict),
            Err(_) => Err(Code::ChainInvalid),
        }
    }

    fn push(&mut self, caller: DeviceId, id: SpaceId, body: &[u8]) -> Result<Vec<u8>, Code> {
        let space = self.space(id)?;
        let key = self.member(caller, &space)?;
        if body.len() > limits::PUSH_BODY {
            return Err(Code::BodyTooLarge);
        }
        let push: Push = wire::decode(body).map_err(|_| Code::MalformedBody)?;
        let mut logs = self.logs.get(&id).cloned().unwrap_or_default();
        let (mut stored, mut frames) = (0, 0);
        for bytes in &push.runs {
            let run = Run::from_bytes(bytes).map_err(|_| Code::RunInvalid)?;
            frames += run.items.len();
            let head = run.claimed_head().map_err(|_| Code::RunInvalid)?;
            if head.device != caller {
                return Err(Code::NotAllowed);
            }
            let log = logs.entry(head.log()).or_default();
            let same = |old: &Vec<u8>| Run::from_bytes(old).unwrap().head_hash() == run.head_hash();
            if log.iter().any(same) {
                continue;
            }
            let tip = tip_of(id, log, &key);
            match run.verify(id, tip.as_ref(), &key) {
                Ok(_) => {}
                Err(RunError::Gap) => return Err(Code::RunGap),
                Err(RunError::Conflict) => return Err(Code::RunConflict),
                Err(_) => return Err(Code::RunInvalid),
            }
            let epochs = self.epochs.get(&id).ok_or(Code::RunInvalid)?;
            if epochs.get(head.epoch).is_none() {
                return Err(Code::RunInvalid);
            }
            if !epochs.all_remain(head.epoch, self.parties(&space)) {
                return Err(Code::EpochOutdated);
            }
            log.push(bytes.to_vec());
            stored += 1;
        }
        if frames > limits::FRAMES_PER_PUSH {
            return Err(Code::TooManyFrames);
        }
        self.logs.insert(id, logs);
        if stored > 0 {
            self.changed.push((ChangeKind::Space, id.0));
        }
        Ok(wire::encode(&Pushed { stored }))
    }

    fn erase(&mut self, caller: DeviceId, id: SpaceId, body: &[u8]) -> Result<Vec<u8>, Code> {
        let space = self.space(id)?;
        self.member(caller, &space)?;
        let patient = space.patient.map(|id| self.patients[&id].clone());
        let patient = patient.filter(|p| p.device(caller).is_some());
        let patient = patient.ok_or(Code::NotAllowed)?;
        let erase: Erase = wire::decode(body).map_err(|_| Code::MalformedBody)?;
        let mut erased = 0;
        for frame in &erase.frames {
            let log = self.logs.entry(id).or_default().get_mut(&frame.log);
            let mut first = 1;
            for bytes in log.into_iter().flatten() {
                let mut run = Run::from_bytes(bytes).unwrap();
                let device = run.claimed_head().unwrap().device;
                if patient.device(device).is_some() && run.holds(first, frame) {
                    erased += u64::from(run.erase(first, frame.number));
                }
                first += run.items.len() as u64;
                *bytes = run.to_bytes();
            }
        }
        self.changed.push((ChangeKind::Space, id.0));
        Ok(wire::encode(&Erased { erased }))
    }

    fn pull(&self, caller: DeviceId, id: SpaceId, body: &[u8]) -> Result<Vec<u8>, Code> {
        let space = self.space(id)?;
        self.member(caller, &space)?;
        let pull: Pull = wire::decode(body).map_err(|_| Code::MalformedBody)?;
        let have: BTreeMap<LogId, u64> = pull.have.iter().map(|h| (h.log, h.beat)).collect();
        let mut runs = Vec::new();
        for (log, all) in self.logs.get(&id).into_iter().flatten() {
            let known = usize::try_from(have.get(log).copied().unwrap_or(0)).unwrap_or(usize::MAX);
            runs.extend(all.iter().skip(known).map(|bytes| bytes.clone().into()));
        }
        let more = self.page > 0 && runs.len() > self.page;
        if more {
            runs.truncate(self.page);
        }
        Ok(wire::encode(&Pulled { runs, more }))
    }
}

fn tip_of(space: SpaceId, log: &[Vec<u8>], key: &[u8; 32]) -> Option<LogTip> {
    let mut tip = None;
    for bytes in log {
        let run = Run::from_bytes(bytes).unwrap();
        tip = Some(run.verify(space, tip.as_ref(), key).unwrap().tip);
    }
    tip
}
