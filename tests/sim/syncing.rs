//! A round of syncing, and what the server answers in it.

use clinic_api::http::problem::{Code, Problem};
use clinic_api::id::{HeadHash, SpaceId};
use clinic_api::message::Pulled;
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use companion_core::event::Envelope;
use companion_core::journal::EntryErased;
use companion_core::sync::{Alarm, Machine, Next, Reply, Request, SyncError};

use crate::lies::{Lie, Telling};
use crate::model::{Place, What};
use crate::server::{Asks, asks};
use crate::world::World;

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

impl World<'_> {
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
            if request.path.starts_with("/v1/bulletins/") {
                // Nobody says anything to all in this world; no step is spent on it.
                let none = Reply::Problem(Problem::new(Code::NotFound));
                if let Err(error) = self.devices[who].with(|v| machine.receive(v, none)) {
                    outcome.error = Some(error);
                    break;
                }
                continue;
            }
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

    pub fn answer(
        &mut self,
        who: usize,
        request: &Request,
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
    pub fn kept_back(&self, who: usize, request: &Request, body: Vec<u8>) -> Vec<u8> {
        let Asks::Pull(space) = asks(request) else {
            return body;
        };
        if !self
            .withheld
            .iter()
            .any(|(n, s, _)| *n == who && *s == space)
        {
            return body;
        }
        let mut page: Pulled = wire::decode(&body).unwrap();
        page.runs.retain(|bytes| {
            let (_, info) = self.server.read(bytes).unwrap();
            !self.withheld.contains(&(who, space, info.log))
        });
        wire::encode(&page)
    }

    /// Takes down what is in the runs that a device just brought.
    pub fn name_ops(&mut self, who: usize, arrived: usize) {
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
            let ops = events
                .iter()
                .filter_map(|(number, e)| Some((*number, op(e)?)));
            let ops = ops.collect();
            self.server.archive.get_mut(&head).unwrap().ops = ops;
        }
    }

    /// Takes down the erasures that a device stated by itself in a round: of what came late.
    pub fn note_late(&mut self, who: usize) {
        let since = self.since;
        type Row = ([u8; 16], [u8; 32], Vec<u8>, i64, u32);
        let me = self.devices[who].id;
        let rows: Vec<Row> = self.devices[who].with(|v| {
            let sql = "SELECT event, space, envelope, hlc_ms, hlc_counter FROM event
                       WHERE seq > ?1 AND kind = 102 AND device = ?2 ORDER BY seq";
            let mut query = v.reader().prepare_cached(sql).unwrap();
            let rows = query.query_map((since, me.0), |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            });
            rows.unwrap().map(Result::unwrap).collect()
        });
        for (event, space, envelope, ms, counter) in rows {
            if self.model.by_event.contains_key(&event) {
                continue;
            }
            let envelope: Envelope = wire::decode(&envelope).unwrap();
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
}

/// Whether a refusal is what a device may meet that went back in time.
pub fn met_itself(error: SyncError) -> bool {
    matches!(error, SyncError::Refused(Code::RunConflict | Code::RunGap))
}
