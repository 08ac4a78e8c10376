//! A clinic API in memory that stores by the protocol's rules, and can be taken back or split.
//!
//! It checks the order of runs and nothing else: what a reader must refuse, readers refuse.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use clinic_api::http::problem::{Code, Problem};
use clinic_api::id::{ChainId, DeviceId, HeadHash, LogId, SpaceId};
use clinic_api::limits;
use clinic_api::log::Run;
use clinic_api::message::{ChainPage, Erase, Erased, Pull, Pulled, Push, Pushed};
use clinic_api::wire;
use companion_core::sync::{Reply, Request};

/// A run that the server received, whatever it did with it since.
#[derive(Clone)]
pub struct RunInfo {
    pub space: SpaceId,
    pub log: LogId,
    pub beat: u64,
    /// The numbers of its frames.
    pub frames: std::ops::RangeInclusive<u64>,
    pub previous: Option<HeadHash>,
    /// What its head says was seen.
    pub seen: Vec<(LogId, u64)>,
    pub bytes: Rc<Vec<u8>>,
    pub device: DeviceId,
    /// What was written in it, as the model counts, by the numbers of its frames.
    pub ops: Vec<(u64, usize)>,
    /// The frames whose bodies were erased.
    pub erased: BTreeSet<u64>,
}

/// The logs of a space, each by its heads.
pub type Logs = BTreeMap<LogId, Vec<HeadHash>>;

/// What the server shows. Cheap to clone.
#[derive(Clone, Default)]
pub struct Store {
    pub logs: BTreeMap<SpaceId, Logs>,
}

/// Runs that a push brought and the server did not have.
pub type New = Vec<HeadHash>;

#[derive(Clone, Default)]
pub struct Server {
    pub chains: BTreeMap<ChainId, Vec<Rc<Vec<u8>>>>,
    pub members: BTreeMap<SpaceId, Vec<DeviceId>>,
    pub archive: HashMap<HeadHash, RunInfo>,
    /// In the order of arrival.
    pub arrived: Vec<HeadHash>,
    /// Which head was the first of its number in a log, and the logs that have two of one.
    pub places: HashMap<(LogId, u64), HeadHash>,
    pub forked: BTreeSet<LogId>,
    /// One history; two while it is forked.
    pub stores: Vec<Store>,
    /// Whether statements are taken; the simulated world is settled before it begins.
    pub founding: bool,
}

fn refuse(code: Code) -> Reply {
    Reply::Problem(Problem::new(code))
}

/// What a request asks for.
pub enum Asks {
    Chain(ChainId, usize),
    Statement(ChainId),
    Push(SpaceId),
    Pull(SpaceId),
    Erase(SpaceId),
    /// Nobody says anything to all in this world.
    Bulletins,
    /// And nobody leaves.
    Departure,
}

pub fn asks(request: &Request) -> Asks {
    let parts: Vec<&str> = request.path.split('/').skip(2).collect();
    match (request.method, parts.as_slice()) {
        ("GET", ["chains", id]) => {
            let from = request
                .query
                .as_deref()
                .and_then(|q| q.strip_prefix("from="));
            Asks::Chain(id.parse().unwrap(), from.unwrap().parse().unwrap())
        }
        ("POST", ["chains", id]) => Asks::Statement(id.parse().unwrap()),
        ("POST", ["spaces", id, "runs"]) => Asks::Push(id.parse().unwrap()),
        ("POST", ["spaces", id, "pull"]) => Asks::Pull(id.parse().unwrap()),
        ("POST", ["spaces", id, "erasures"]) => Asks::Erase(id.parse().unwrap()),
        ("GET", ["bulletins", _]) => Asks::Bulletins,
        ("GET", ["chains", _, "leave"]) => Asks::Departure,
        other => panic!("nobody asks for {other:?}"),
    }
}

impl Server {
    pub fn new() -> Self {
        Self {
            stores: vec![Store::default()],
            founding: true,
            ..Self::default()
        }
    }

    /// Answers by the rules, out of one of the histories.
    pub fn serve(&mut self, store: usize, caller: DeviceId, request: &Request) -> (Reply, New) {
        let mut new = Vec::new();
        let answer = match asks(request) {
            Asks::Chain(id, from) => self.chain(id, from),
            Asks::Statement(id) => self.statement(id, &request.body),
            Asks::Pull(space) => self.pull(store, caller, space, &request.body),
            Asks::Push(space) => self.push(store, caller, space, &request.body, &mut new),
            Asks::Bulletins | Asks::Departure => Err(Code::NotFound),
            Asks::Erase(space) => self.erase(store, caller, space, &request.body),
        };
        (answer.map_or_else(refuse, Reply::Ok), new)
    }

    fn chain(&self, id: ChainId, from: usize) -> Result<Vec<u8>, Code> {
        let all = self.chains.get(&id).ok_or(Code::UnknownChain)?;
        let statements = all.iter().skip(from).map(|s| s.to_vec().into()).collect();
        Ok(wire::encode(&ChainPage {
            statements,
            more: false,
        }))
    }

    fn statement(&mut self, id: ChainId, body: &[u8]) -> Result<Vec<u8>, Code> {
        if !self.founding {
            return Err(Code::ChainConflict);
        }
        let chain = self.chains.entry(id).or_default();
        chain.push(Rc::new(body.to_vec()));
        Ok(Vec::new())
    }

    fn member(&self, caller: DeviceId, space: SpaceId) -> Result<(), Code> {
        let member = self
            .members
            .get(&space)
            .is_some_and(|m| m.contains(&caller));
        member.then_some(()).ok_or(Code::UnknownSpace)
    }

    fn pull(
        &self,
        store: usize,
        caller: DeviceId,
        space: SpaceId,
        body: &[u8],
    ) -> Result<Vec<u8>, Code> {
        self.member(caller, space)?;
        let pull: Pull = wire::decode(body).map_err(|_| Code::MalformedBody)?;
        let have: BTreeMap<LogId, u64> = pull.have.iter().map(|h| (h.log, h.beat)).collect();
        let mut runs = Vec::new();
        for (log, heads) in self.stores[store].logs.get(&space).into_iter().flatten() {
            let known = have.get(log).copied().unwrap_or(0);
            let known = usize::try_from(known).unwrap_or(usize::MAX);
            let rest = heads.iter().skip(known);
            runs.extend(rest.map(|head| self.archive[head].bytes.to_vec().into()));
        }
        Ok(wire::encode(&Pulled { runs, more: false }))
    }

    fn push(
        &mut self,
        store: usize,
        caller: DeviceId,
        space: SpaceId,
        body: &[u8],
        new: &mut New,
    ) -> Result<Vec<u8>, Code> {
        self.member(caller, space)?;
        if body.len() > limits::PUSH_BODY {
            return Err(Code::BodyTooLarge);
        }
        let push: Push = wire::decode(body).map_err(|_| Code::MalformedBody)?;
        // All or none.
        let mut logs = self.stores[store]
            .logs
            .get(&space)
            .cloned()
            .unwrap_or_default();
        for bytes in &push.runs {
            let (head, info) = self.read(bytes)?;
            if info.space != space {
                return Err(Code::RunInvalid);
            }
            let log = logs.entry(info.log).or_default();
            if log.contains(&head) {
                continue;
            }
            let next = log.len() as u64 + 1;
            if info.beat > next {
                return Err(Code::RunGap);
            }
            if info.beat < next || info.previous != log.last().copied() {
                return Err(Code::RunConflict);
            }
            log.push(head);
            new.push(head);
            self.keep(head, info);
        }
        self.stores[store].logs.insert(space, logs);
        let stored = new.len() as u64;
        Ok(wire::encode(&Pushed { stored }))
    }

    /// Takes bodies out, of the history that the caller is shown.
    fn erase(
        &mut self,
        store: usize,
        caller: DeviceId,
        space: SpaceId,
        body: &[u8],
    ) -> Result<Vec<u8>, Code> {
        self.member(caller, space)?;
        let erase: Erase = wire::decode(body).map_err(|_| Code::MalformedBody)?;
        let mut erased = 0;
        for frame in &erase.frames {
            let logs = self.stores[store].logs.get(&space);
            let heads = logs.and_then(|l| l.get(&frame.log)).into_iter().flatten();
            for head in heads {
                let Some(info) = self.archive.get_mut(head) else {
                    continue;
                };
                if !info.frames.contains(&frame.number) || info.erased.contains(&frame.number) {
                    continue;
                }
                let mut run = Run::from_bytes(&info.bytes).map_err(|_| Code::RunInvalid)?;
                if !run.holds(*info.frames.start(), frame) {
                    continue;
                }
                if run.erase(*info.frames.start(), frame.number) {
                    erased += 1;
                }
                info.erased.insert(frame.number);
                info.bytes = Rc::new(run.to_bytes());
            }
        }
        Ok(wire::encode(&Erased { erased }))
    }

    /// Reads a run's head without judging it.
    pub fn read(&self, bytes: &[u8]) -> Result<(HeadHash, RunInfo), Code> {
        let run = Run::from_bytes(bytes).map_err(|_| Code::RunInvalid)?;
        let head = run.claimed_head().map_err(|_| Code::RunInvalid)?;
        let count = run.items.len() as u64;
        let info = RunInfo {
            space: head.space,
            log: head.log(),
            beat: head.beat,
            frames: (head.number + 1).saturating_sub(count)..=head.number,
            previous: head.previous,
            seen: head.seen.iter().map(|s| (s.log, s.beat)).collect(),
            bytes: Rc::new(bytes.to_vec()),
            device: head.device,
            ops: Vec::new(),
            erased: BTreeSet::new(),
        };
        Ok((run.head_hash(), info))
    }

    /// Remembers a run for good.
    pub fn keep(&mut self, head: HeadHash, info: RunInfo) {
        if let std::collections::hash_map::Entry::Vacant(slot) = self.archive.entry(head) {
            let first = *self.places.entry((info.log, info.beat)).or_insert(head);
            if first != head {
                self.forked.insert(info.log);
            }
            slot.insert(info);
            self.arrived.push(head);
        }
    }

    /// One history again: of each log what arrived first at each place.
    pub fn heal(&mut self) {
        let mut all = Store::default();
        // A run may have arrived before the one that it follows, by way of another history.
        let mut again = true;
        while again {
            again = false;
            for head in &self.arrived {
                let info = &self.archive[head];
                let log = all.logs.entry(info.space).or_default();
                let log = log.entry(info.log).or_default();
                let next = log.len() as u64 + 1;
                if info.beat == next && info.previous == log.last().copied() {
                    log.push(*head);
                    again = true;
                }
            }
        }
        self.stores = vec![all];
    }
}
