//! One run: the devices, the server and the reference, and how a step changes them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use clinic_api::http::problem::Code;
use clinic_api::id::{HeadHash, LogId, SpaceId};
use clinic_api::space::SpaceKind;
use companion_core::event::Envelope;
use companion_core::journal::EntryErased;
use companion_core::sync::{Alarm, Machine, Next, Reply, SyncError};
use companion_core::vault::VaultError;

use crate::device::{Device, Mind};
use crate::exceptions;
use crate::lies::{Lie, Telling};
use crate::model::{Model, Place, What};
use crate::server::{Asks, Server, Store, asks};
use crate::settled::{CONSOLE, COPY, DEVICES, START, Settled};
use crate::stats::Stats;
use crate::steps::{Act, Step};

/// What must not be. The words name the promise; nothing that was written is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

pub type Checked = Result<(), Violation>;

/// A violation unless it holds.
macro_rules! hold {
    ($what:expr, $($words:tt)*) => {
        if !$what {
            return Err($crate::world::Violation(format!($($words)*)));
        }
    };
}
pub(crate) use hold;

/// Where a round is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    BeforeSend,
    ReplyLost,
}

/// What came of a round.
#[derive(Default)]
pub struct Outcome {
    /// Whether the machine came to its end.
    pub ended: bool,
    pub error: Option<SyncError>,
    pub alarms: Vec<Alarm>,
    pub waiting: Vec<SpaceId>,
    pub lie: Option<Lie>,
    pub bent: bool,
    pub stripped: Vec<HeadHash>,
    /// Whether a run without its bodies was taken in.
    pub took_stripped: bool,
}

pub struct World<'a> {
    pub settled: &'a Settled,
    pub server: Server,
    pub devices: Vec<Device>,
    /// Which history each device is shown.
    pub branch: [usize; DEVICES],
    pub mark: Option<Store>,
    /// Logs that are kept from readers.
    pub withheld: BTreeSet<(usize, SpaceId, LogId)>,
    pub model: Model,
    pub now: i64,
    pub token: u32,
    /// The logs of which the device that synced last lacked bodies, at some time in its round.
    pub lacked: BTreeSet<(SpaceId, LogId)>,
    /// Where the event log ended when the round began.
    since: i64,
    /// Whether the copy's place is taken.
    pub copied: bool,
    /// Answers that were right once, by reader and question.
    old: BTreeMap<(usize, String), Vec<u8>>,
    pub stats: &'a mut Stats,
}

impl<'a> World<'a> {
    pub fn new(settled: &'a Settled, root: &Path, stats: &'a mut Stats) -> Self {
        let mut devices = Vec::new();
        for n in 0..DEVICES {
            let mut device = Device::new(root.join(format!("{n}")), n as u64, START);
            if n != COPY {
                device.id = settled.ids[n];
                device.patient = [Some(0), Some(0), Some(1), None][n];
                device.put(&settled.vaults[n]);
            }
            devices.push(device);
        }
        let mut world = Self {
            settled,
            server: settled.server.clone(),
            devices,
            branch: [0; DEVICES],
            mark: None,
            withheld: BTreeSet::new(),
            model: Model::default(),
            now: START,
            token: 0,
            since: 0,
            lacked: BTreeSet::new(),
            copied: false,
            old: BTreeMap::new(),
            stats,
        };
        for n in 0..COPY {
            world.walk(n, &[]);
        }
        world
    }

    /// The devices that there are.
    pub fn present(&self) -> impl Iterator<Item = usize> + use<> {
        let copied = self.copied;
        (0..DEVICES).filter(move |n| *n != COPY || copied)
    }

    fn device_of(&self, arg: u8) -> usize {
        let all = if self.copied { DEVICES } else { COPY };
        usize::from(arg) % all
    }

    /// A patient's device.
    fn phone_of(&self, arg: u8) -> usize {
        let all: &[usize] = if self.copied { &[0, 1, 2, COPY] } else { &[0, 1, 2] };
        all[usize::from(arg) % all.len()]
    }

    /// Does a step; says whether it did anything.
    pub fn step(&mut self, step: Step) -> Result<bool, Violation> {
        self.now += 1_000;
        for device in &self.devices {
            device.clock.set(self.now + device.skew);
        }
        let [a, b, c] = step.args;
        match step.act {
            Act::Write | Act::Edit | Act::Share | Act::Unshare | Act::Erase => {
                let who = self.phone_of(a);
                let did = self.write(who, step.act, b, c)?;
                if did {
                    self.check(who)?;
                }
                Ok(did)
            }
            Act::Review | Act::Read => {
                let did = self.by_the_clinic(step.act, b, c)?;
                if did {
                    self.check(CONSOLE)?;
                }
                Ok(did)
            }
            Act::Round => {
                let who = self.device_of(a);
                let outcome = self.round(who, None, None);
                self.judge(who, &outcome)?;
                self.check(who)?;
                Ok(true)
            }
            Act::Cut => {
                let who = self.device_of(a);
                let cut = [Cut::BeforeSend, Cut::ReplyLost][usize::from(c) % 2];
                let outcome = self.round(who, None, Some((usize::from(b) % 20 + 1, cut)));
                self.judge(who, &outcome)?;
                self.check(who)?;
                Ok(true)
            }
            Act::Lie => {
                let who = self.device_of(a);
                let lie = Lie::ALL[usize::from(b) % Lie::ALL.len()];
                let telling = Telling::new(lie, [c, b / 16 * 17]);
                let outcome = self.round(who, Some(telling), None);
                if outcome.bent {
                    self.stats.lie(lie);
                }
                self.judge(who, &outcome)?;
                self.check(who)?;
                Ok(true)
            }
            Act::Kill => self.kill(a, b, c),
            Act::Withhold => Ok(self.withhold(a, b, c)),
            Act::Mark => {
                self.mark = Some(self.server.stores[0].clone());
                Ok(true)
            }
            Act::RollBack => {
                let Some(mark) = self.mark.clone() else {
                    return Ok(false);
                };
                self.server.stores = vec![mark];
                self.branch = [0; DEVICES];
                self.all_went_back();
                Ok(true)
            }
            Act::Fork => {
                if self.server.stores.len() == 1 {
                    let copy = self.server.stores[0].clone();
                    self.server.stores.push(copy);
                }
                for n in 0..DEVICES {
                    self.branch[n] = usize::from(a >> n & 1);
                }
                self.all_went_back();
                Ok(true)
            }
            Act::Heal => {
                self.heal();
                Ok(true)
            }
            Act::Clock => {
                // Most within the five minutes that are followed, few beyond.
                const JUMPS: [i64; 16] = [
                    0, 1, -1, 30, -30, 120, -120, 240, -240, 290, -290, 0, 5, 3_600, -86_400,
                    400 * 86_400,
                ];
                let who = self.device_of(a);
                let jump = JUMPS[usize::from(b) % JUMPS.len()] * 1_000;
                if self.devices[who].skew == jump {
                    return Ok(false);
                }
                self.devices[who].skew = jump;
                self.model.clocks_jumped |= jump.abs() > 240_000;
                Ok(true)
            }
            Act::Tick => {
                self.now += (i64::from(a) + 1) * 60_000;
                Ok(true)
            }
            Act::Backup => {
                let who = self.device_of(a);
                let device = &mut self.devices[who];
                device.backup = Some((Rc::new(device.bytes()), device.mind.clone()));
                Ok(true)
            }
            Act::Restore => {
                let who = self.device_of(a);
                let device = &mut self.devices[who];
                let Some((bytes, mind)) = device.backup.clone() else {
                    return Ok(false);
                };
                device.put(&bytes);
                device.mind = mind;
                device.went_back = true;
                self.check(who)?;
                Ok(true)
            }
            Act::Clone => {
                let who = [0, 1, 2][usize::from(a) % 3];
                self.copy(who);
                self.check(COPY)?;
                Ok(true)
            }
            Act::Restart => {
                let who = self.device_of(a);
                self.devices[who].restart();
                self.check(who)?;
                Ok(true)
            }
            Act::Rebuild => {
                let who = self.device_of(a);
                let rebuilt = self.devices[who].with(companion_core::vault::Vault::rebuild_views);
                hold!(rebuilt.is_ok(), "views can't be rebuilt");
                self.check(who)?;
                Ok(true)
            }
        }
    }

    fn all_went_back(&mut self) {
        for device in &mut self.devices {
            device.went_back = true;
        }
    }

    pub fn heal(&mut self) {
        self.server.heal();
        self.branch = [0; DEVICES];
        self.withheld.clear();
    }

    fn copy(&mut self, from: usize) {
        let original = &mut self.devices[from];
        let (bytes, mind) = (original.bytes(), original.mind.clone());
        let (id, patient) = (original.id, original.patient);
        original.went_back = true;
        let branch = self.branch[from];
        self.branch[COPY] = branch;
        let copy = &mut self.devices[COPY];
        copy.id = id;
        copy.patient = patient;
        copy.skew = 0;
        copy.backup = None;
        copy.went_back = true;
        copy.clock.set(self.now);
        copy.put(&bytes);
        copy.mind = mind;
        self.withheld.retain(|(n, ..)| *n != COPY);
        self.copied = true;
    }

    fn withhold(&mut self, a: u8, b: u8, c: u8) -> bool {
        let who = self.device_of(a);
        let spaces = self.settled.spaces(self.devices[who].patient);
        let space = spaces[usize::from(b) % spaces.len()];
        let Some(logs) = self.server.stores[self.branch[who]].logs.get(&space) else {
            return false;
        };
        let all: Vec<LogId> = logs.keys().copied().collect();
        if all.is_empty() {
            return false;
        }
        let log = all[usize::from(c) % all.len()];
        self.withheld.insert((who, space, log))
    }

    /// Entries that a device has, as the reference counts them.
    fn entries_of(&self, who: usize, patient: usize) -> Vec<usize> {
        let has = &self.devices[who].mind.has;
        (0..self.model.entries.len())
            .filter(|e| self.model.entries[*e].patient == patient)
            .filter(|e| !self.model.versions(*e, None, has).is_empty())
            .collect()
    }

    /// What a patient does; says whether anything was written.
    fn write(&mut self, who: usize, act: Act, b: u8, c: u8) -> Result<bool, Violation> {
        let wrote = self.try_write(who, act, b, c)?;
        match wrote {
            Ok(did) => Ok(did),
            // The entry was erased in one of its two spaces, where this would have to stand.
            Err(_) if self.half_erased(who, c) => {
                let times = self.model.excused.entry(exceptions::ERASED_IN_ONE_SPACE);
                *times.or_default() += 1;
                Ok(false)
            }
            Err(error) => Err(Violation(format!("{act:?} failed: {error}"))),
        }
    }

    /// Whether a device knows of an erasure of the entry that was meant.
    fn half_erased(&self, who: usize, c: u8) -> bool {
        let patient = self.devices[who].patient.unwrap_or_default();
        let entries = self.entries_of(who, patient);
        let entry = entries.get(usize::from(c) % entries.len().max(1));
        let has = &self.devices[who].mind.has;
        entry.is_some_and(|e| self.model.erased(*e, has).next().is_some())
    }

    /// The inner error is the device's own: nothing may have been written then.
    fn try_write(
        &mut self,
        who: usize,
        act: Act,
        b: u8,
        c: u8,
    ) -> Result<Result<bool, String>, Violation> {
        let patient = self.devices[who].patient.expect("a patient's device");
        let entries = self.entries_of(who, patient);
        // Few entries with many versions come to more than many with few.
        let act = match act {
            Act::Write if entries.len() >= 12 => Act::Edit,
            other => other,
        };
        let before = self.last_event(who);
        let journal = self.devices[who].companion().journal();
        let share = b % 2 == 1;
        if act == Act::Write {
            let token = self.next_token();
            match journal.record(&noted(token), Some(share)) {
                Err(error) => return Ok(Err(error.to_string())),
                Ok(id) => {
                    let entry = self.model.entry(patient, id.0);
                    self.note_own(who, before, entry, Some(token))?;
                    let place = if share { Place::Care } else { Place::Private };
                    self.stands_in(who, place)?;
                    return Ok(Ok(true));
                }
            }
        }
        if entries.is_empty() {
            return Ok(Ok(false));
        }
        let entry = entries[usize::from(c) % entries.len()];
        let id = companion_core::event::EntryId(self.model.entries[entry].id);
        let shown = journal.entry(id);
        let Ok(Some(shown)) = shown else {
            return Err(Violation("an entry that is there is not found".into()));
        };
        let token_shown = self.token_of(shown.version.0)?;
        let (done, token) = match act {
            Act::Edit => {
                let token = self.next_token();
                (journal.edit(id, &noted(token)), Some(token))
            }
            Act::Share => (journal.share(id), Some(token_shown)),
            Act::Unshare => (journal.unshare(id), Some(token_shown)),
            Act::Erase => (journal.erase(id), None),
            _ => return Ok(Ok(false)),
        };
        if let Err(error) = done {
            return Ok(Err(error.to_string()));
        }
        let wrote = self.note_own(who, before, entry, token)?;
        if act == Act::Edit {
            let place = if shown.shared { Place::Care } else { Place::Private };
            self.stands_in(who, place)?;
        }
        Ok(Ok(wrote))
    }

    /// Whether the version that was written last stands where the person wanted it.
    fn stands_in(&self, who: usize, place: Place) -> Checked {
        let last = self.devices[who].mind.own.last();
        let is = last.is_some_and(|op| matches!(self.model.ops[*op].what, What::Version(p, _) if p == place));
        hold!(is, "what was written stands in another space");
        Ok(())
    }

    fn token_of(&self, version: [u8; 16]) -> Result<u32, Violation> {
        match self.model.by_event.get(&version).map(|op| self.model.ops[*op].what) {
            Some(What::Version(_, token)) => Ok(token),
            _ => Err(Violation("a version that nobody wrote is shown".into())),
        }
    }

    fn next_token(&mut self) -> u32 {
        self.token += 1;
        self.token
    }

    fn by_the_clinic(&mut self, act: Act, b: u8, c: u8) -> Result<bool, Violation> {
        let patient = usize::from(b) % 2;
        let chain = self.settled.chains[patient];
        let care = self.devices[CONSOLE].companion().care();
        let Ok(entries) = care.entries(chain, i64::MIN, i64::MAX, 1_000) else {
            return Err(Violation("the console can't read".into()));
        };
        if entries.is_empty() {
            return Ok(false);
        }
        let shown = &entries[usize::from(c) % entries.len()];
        let Some(entry) = self.model.by_entry.get(&shown.id.0).copied() else {
            return Err(Violation("an entry that nobody wrote is shown".into()));
        };
        let Some(version) = self.model.by_event.get(&shown.version.0).copied() else {
            return Err(Violation("a version that nobody wrote is shown".into()));
        };
        let before = self.last_event(CONSOLE);
        let done = if act == Act::Read {
            care.note_reading(chain, &[shown.id])
        } else {
            let seen = companion_core::care::ReviewedVersion {
                entry: shown.id,
                version: shown.version,
            };
            care.review(chain, &[seen], companion_core::care::ReviewState::Reviewed)
        };
        hold!(done.is_ok(), "{act:?} failed");
        let wrote = self.note_own(CONSOLE, before, entry, None)?;
        if wrote && act == Act::Review {
            let last = self.model.ops.len() - 1;
            self.model.ops[last].what = What::Reviewed(version);
        }
        Ok(wrote)
    }

    /// The end of a device's event log.
    fn last_event(&self, who: usize) -> i64 {
        self.devices[who].with(|v| {
            let mut query = v.reader().prepare_cached("SELECT coalesce(max(seq), 0) FROM event").unwrap();
            query.query_row([], |row| row.get(0)).unwrap()
        })
    }

    /// Takes down what a device wrote since: it was acknowledged.
    fn note_own(
        &mut self,
        who: usize,
        since: i64,
        entry: usize,
        token: Option<u32>,
    ) -> Result<bool, Violation> {
        type Row = ([u8; 16], [u8; 32], u32, i64, u32);
        let rows: Vec<Row> = self.devices[who].with(|v| {
            let sql = "SELECT event, space, kind, hlc_ms, hlc_counter FROM event
                       WHERE seq > ?1 ORDER BY seq";
            let mut query = v.reader().prepare_cached(sql).unwrap();
            let rows = query.query_map([since], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            });
            rows.unwrap().map(Result::unwrap).collect()
        });
        let patient = self.model.entries[entry].patient;
        let has = self.devices[who].mind.has.clone();
        for (event, space, kind, ms, counter) in &rows {
            let place = [(SpaceKind::Private, Place::Private), (SpaceKind::Care, Place::Care)]
                .into_iter()
                .find(|(k, _)| self.settled.space(patient, *k).0 == *space);
            let Some((_, place)) = place else {
                return Err(Violation("something was written into a space of another".into()));
            };
            let what = match (kind, token) {
                (100, Some(token)) => What::Version(place, token),
                (101, _) => What::Unshared,
                (102, _) => What::Erased(place),
                _ => What::Other,
            };
            let op = self.model.write(*event, entry, what, (*ms, *counter), &has);
            let mind = &mut self.devices[who].mind;
            mind.has.add(op);
            mind.own.push(op);
        }
        Ok(!rows.is_empty())
    }

    /// Takes down the erasures that a device stated by itself in a round: of what came late.
    fn note_late(&mut self, who: usize) {
        let since = self.since;
        type Row = ([u8; 16], [u8; 32], Vec<u8>, i64, u32);
        let me = self.devices[who].id;
        let rows: Vec<Row> = self.devices[who].with(|v| {
            let sql = "SELECT event, space, envelope, hlc_ms, hlc_counter FROM event
                       WHERE seq > ?1 AND kind = 102 AND device = ?2 ORDER BY seq";
            let mut query = v.reader().prepare_cached(sql).unwrap();
            let rows = query.query_map((since, me.0), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            });
            rows.unwrap().map(Result::unwrap).collect()
        });
        for (event, space, envelope, ms, counter) in rows {
            if self.model.by_event.contains_key(&event) {
                continue;
            }
            let envelope: Envelope = clinic_api::wire::decode(&envelope).unwrap();
            let body: EntryErased = envelope.body().unwrap();
            let entry = self.model.by_entry[&body.entry.0];
            let patient = self.model.entries[entry].patient;
            let private = self.settled.space(patient, SpaceKind::Private).0 == space;
            let place = if private { Place::Private } else { Place::Care };
            let has = self.devices[who].mind.has.clone();
            let what = What::Erased(place);
            let op = self.model.write(event, entry, what, (ms, counter), &has);
            let mind = &mut self.devices[who].mind;
            mind.has.add(op);
            mind.own.push(op);
            self.stats.late_erasures += 1;
        }
    }

    /// The process dies after so many commits of what it was told to do.
    fn kill(&mut self, a: u8, b: u8, c: u8) -> Result<bool, Violation> {
        const INNER: [Act; 8] = [
            Act::Write,
            Act::Edit,
            Act::Unshare,
            Act::Erase,
            Act::Round,
            Act::Round,
            Act::Round,
            Act::Round,
        ];
        let act = INNER[usize::from(b) % INNER.len()];
        let who = if act == Act::Round {
            self.device_of(a)
        } else {
            self.phone_of(a)
        };
        let commits = if act == Act::Round {
            u32::from(c) % 16
        } else {
            u32::from(c) % 2
        };
        self.devices[who].with(|v| v.kill_after(Some(commits)));
        let did = if act == Act::Round {
            let outcome = self.round(who, None, None);
            let killed = outcome.error == Some(SyncError::Vault(VaultError::Io));
            if !killed {
                self.judge(who, &outcome)?;
            }
            true
        } else {
            match self.try_write(who, act, b / 8, c / 2)? {
                Ok(did) => did,
                Err(_) => {
                    hold!(commits == 0, "{act:?} failed before the process was killed");
                    true
                }
            }
        };
        self.devices[who].restart();
        self.walk(who, &[]);
        self.check(who)?;
        Ok(did)
    }

    /// A round of a device, as its server is now.
    pub fn round(
        &mut self,
        who: usize,
        mut telling: Option<Telling>,
        cut: Option<(usize, Cut)>,
    ) -> Outcome {
        let mut outcome = Outcome {
            lie: telling.as_ref().map(|t| t.lie),
            ..Outcome::default()
        };
        self.since = self.last_event(who);
        let mut machine = match self.devices[who].with(|v| Machine::new(v)) {
            Ok(machine) => machine,
            Err(error) => {
                outcome.error = Some(error);
                return outcome;
            }
        };
        let mut sent = 0;
        loop {
            let request = match self.devices[who].with(|v| machine.next(v)) {
                Ok(Next::Send(request)) => request,
                Ok(Next::Done) => {
                    outcome.ended = true;
                    break;
                }
                Err(error) => {
                    outcome.error = Some(error);
                    break;
                }
            };
            sent += 1;
            if cut == Some((sent, Cut::BeforeSend)) {
                break;
            }
            let reply = self.answer(who, &request, telling.as_mut());
            if cut == Some((sent, Cut::ReplyLost)) {
                break;
            }
            if let Err(error) = self.devices[who].with(|v| machine.receive(v, reply)) {
                outcome.error = Some(error);
                break;
            }
            if sent > 200 {
                // No honest round of this world is a third as long.
                outcome.error = Some(SyncError::Internal);
                break;
            }
        }
        outcome.alarms = machine.report().alarms.clone();
        outcome.waiting = machine.report().waiting.clone();
        if let Some(telling) = telling {
            outcome.bent = telling.bent;
            outcome.stripped = telling.stripped;
        }
        for alarm in &outcome.alarms {
            self.stats.alarm(alarm);
        }
        self.note_late(who);
        let stripped = std::mem::take(&mut outcome.stripped);
        outcome.took_stripped = self.walk(who, &stripped);
        outcome
    }

    fn answer(
        &mut self,
        who: usize,
        request: &companion_core::sync::Request,
        telling: Option<&mut Telling>,
    ) -> Reply {
        let caller = self.devices[who].id;
        let mut telling = telling;
        if let Some(telling) = telling.as_mut() {
            let arrived = self.server.arrived.len();
            let instead = telling.instead(&mut self.server, request);
            self.name_ops(who, arrived);
            if let Some(reply) = instead {
                if telling.lie == Lie::FalseReceipt {
                    self.all_went_back();
                }
                return reply;
            }
        }
        let arrived = self.server.arrived.len();
        let (reply, _) = self.server.serve(self.branch[who], caller, request);
        self.name_ops(who, arrived);
        let Reply::Ok(body) = reply else {
            return reply;
        };
        let body = self.kept_back(who, request, body);
        let key = (who, format!("{}?{:?}", request.path, request.query));
        let bent = match telling {
            Some(telling) => telling.bend(&self.server, request, body.clone(), self.old.get(&key)),
            None => body.clone(),
        };
        if !self.old.contains_key(&key) || body.len() < 100 {
            self.old.insert(key, body);
        }
        Reply::Ok(bent)
    }

    /// Leaves out the logs that are kept from this reader.
    fn kept_back(&self, who: usize, request: &companion_core::sync::Request, body: Vec<u8>) -> Vec<u8> {
        let Asks::Pull(space) = asks(request) else {
            return body;
        };
        if !self.withheld.iter().any(|(n, s, _)| *n == who && *s == space) {
            return body;
        }
        let mut page: clinic_api::message::Pulled = clinic_api::wire::decode(&body).unwrap();
        page.runs.retain(|bytes| {
            let (_, info) = self.server.read(bytes).unwrap();
            !self.withheld.contains(&(who, space, info.log))
        });
        clinic_api::wire::encode(&page)
    }

    /// Takes down what is in the runs that a device just brought.
    fn name_ops(&mut self, who: usize, arrived: usize) {
        if arrived < self.server.arrived.len() {
            self.note_late(who);
        }
        for at in arrived..self.server.arrived.len() {
            let head = self.server.arrived[at];
            let info = &self.server.archive[&head];
            let (first, last) = (*info.frames.start(), *info.frames.end());
            let events: Vec<(u64, [u8; 16])> = self.devices[who].with(|v| {
                let sql = "SELECT number, event FROM event WHERE space = ?1 AND log = ?2
                           AND number BETWEEN ?3 AND ?4";
                let mut query = v.reader().prepare_cached(sql).unwrap();
                let params = (info.space.0, info.log.0, first, last);
                let rows = query.query_map(params, |row| Ok((row.get(0)?, row.get(1)?)));
                rows.unwrap().map(Result::unwrap).collect()
            });
            let op = |e| self.model.by_event.get(e).copied();
            let ops = events.iter().filter_map(|(number, e)| Some((*number, op(e)?)));
            let ops = ops.collect();
            self.server.archive.get_mut(&head).unwrap().ops = ops;
        }
    }

    /// Follows a device's logs as far as it verified them: what stands there it has.
    ///
    /// Says whether runs were among it whose bodies were left out.
    pub fn walk(&mut self, who: usize, stripped: &[HeadHash]) -> bool {
        let mut took = false;
        let spaces = self.settled.spaces(self.devices[who].patient);
        let device = &mut self.devices[who];
        for space in spaces {
            let logs = device.with(|v| v.logs(space).unwrap());
            for log in logs {
                let Some(tip) = log.tip else {
                    device.mind.walked.remove(&(space, log.log));
                    continue;
                };
                let own = log.nonce.is_some() && log.open;
                let mut walk = Walk {
                    server: &self.server,
                    mind: &mut device.mind,
                    stripped,
                    took: 0,
                };
                walk.log(space, log.log, tip.head, own);
                took |= walk.took > 0;
            }
        }
        // Also what came to be named, or filled, by the end of this round.
        self.lacked = device.mind.pending.keys().map(|(s, l, _)| (*s, *l)).collect();
        let mut mind = std::mem::take(&mut device.mind);
        let has = &mut mind.has;
        mind.pending.retain(|(space, log, beat), ops| {
            let missing = device.with(|v| v.missing_in(*space, *log, *beat).unwrap());
            ops.retain(|(number, op)| {
                let still = missing.iter().any(|m| m.number == *number);
                if !still {
                    has.add(*op);
                }
                still
            });
            !missing.is_empty()
        });
        device.mind = mind;
        took
    }
}

struct Walk<'a> {
    server: &'a Server,
    mind: &'a mut Mind,
    stripped: &'a [HeadHash],
    took: u64,
}

impl Walk<'_> {
    fn log(&mut self, space: SpaceId, log: LogId, tip: HeadHash, own: bool) {
        let until = self.mind.walked.get(&(space, log)).copied();
        let mut at = Some(tip);
        while let Some(head) = at.filter(|h| Some(*h) != until) {
            let Some(info) = self.server.archive.get(&head) else {
                // Sealed here and not sent: its own writings are known.
                return;
            };
            let stripped = self.stripped.contains(&head);
            self.took += u64::from(stripped);
            let mut pending = Vec::new();
            for (number, op) in &info.ops {
                if stripped || info.erased.contains(number) {
                    pending.push((*number, *op));
                } else {
                    self.mind.has.add(*op);
                }
            }
            if stripped || !info.erased.is_empty() {
                self.mind.pending.insert((space, log, info.beat), pending);
            }
            if !own {
                for (seen, beat) in &info.seen {
                    let told = self.mind.told.entry((space, *seen)).or_default();
                    *told = (*told).max(*beat);
                }
            }
            at = info.previous;
        }
        self.mind.walked.insert((space, log), tip);
    }
}

/// A mood whose note says which writing it is.
fn noted(token: u32) -> companion_core::journal::Mood {
    let felt = companion_core::event::Moment {
        ms: START + i64::from(token),
        offset: 0,
        zone: "UTC".to_owned(),
    };
    let mut mood = companion_core::journal::Mood::new(
        companion_core::journal::Valence::new(0.25).unwrap(),
        felt,
    );
    mood.note = Some(format!("n{token}"));
    mood
}

/// The number in a note.
pub fn token_in(mood: &companion_core::journal::Mood) -> Option<u32> {
    mood.note.as_deref()?.strip_prefix('n')?.parse().ok()
}

/// Whether a refusal is what a device may meet that went back in time.
pub fn met_itself(error: SyncError) -> bool {
    matches!(error, SyncError::Refused(Code::RunConflict | Code::RunGap))
}
