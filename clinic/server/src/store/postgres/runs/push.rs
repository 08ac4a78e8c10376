//! Many pushes by few statements: what they need is locked and read for all of
//! them, judged one by one, and what holds is written at once.

use std::collections::{BTreeMap, BTreeSet};

use clinic_api::id::{HeadHash, LogId, SpaceId};

use super::super::super::codes::int;
use super::super::super::{NewRun, NewRuns, Outcome};
use super::super::guards::Locked;
use super::super::session::{Session, Trouble, name};
use super::super::{Write, feed};

/// Appends the runs of each push, all or none of them.
pub(in super::super) fn push_many(
    write: &mut Write<'_>,
    pushes: &[NewRuns],
) -> Result<Vec<Outcome>, Trouble> {
    let session = &mut *write.session;
    let charges = || pushes.iter().filter_map(|new| new.charge);
    let guards = pushes.iter().flat_map(|new| &new.guards);
    let mut locked = Locked::lock(session, guards, charges())?;
    let mut state = State::read(session, pushes)?;
    let mut outcomes = Vec::with_capacity(pushes.len());
    let mut stored = Vec::new();
    for new in pushes {
        let outcome = if locked.hold(&new.guards) {
            state.take(new, &mut locked)
        } else {
            Outcome::Moved
        };
        if outcome == Outcome::Stored {
            stored.extend(new.runs.iter().map(|run| (new.space, run)));
            state.changed.insert(new.space);
        }
        outcomes.push(outcome);
    }
    if state.changed.is_empty() {
        return Ok(outcomes);
    }
    write_logs(session, &stored)?;
    write_runs(session, &stored)?;
    locked.keep_charges(session, charges())?;
    let changed: Vec<&[u8]> = state.changed.iter().map(AsRef::as_ref).collect();
    // The kind of `Thing::Space`.
    feed::touch_all(write, 2, &changed)?;
    Ok(outcomes)
}

/// The spaces of some pushes, as they are and as they become.
struct State {
    heads: BTreeMap<(SpaceId, LogId), HeadHash>,
    /// How many logs each space has.
    logs: BTreeMap<SpaceId, i64>,
    changed: BTreeSet<SpaceId>,
}

impl State {
    /// Locks the spaces, in order of their names, and reads what the pushes need of them.
    fn read(session: &mut Session, pushes: &[NewRuns]) -> Result<Self, Trouble> {
        let spaces: BTreeSet<SpaceId> = pushes.iter().map(|new| new.space).collect();
        let spaces: Vec<&[u8]> = spaces.iter().map(AsRef::as_ref).collect();
        let rows = session.query(
            "SELECT space FROM spaces WHERE space = ANY($1) ORDER BY space FOR NO KEY UPDATE",
            &[&spaces],
        )?;
        let mut state = Self {
            heads: BTreeMap::new(),
            logs: BTreeMap::new(),
            changed: BTreeSet::new(),
        };
        for row in rows {
            state.logs.insert(name(&row, "space")?, 0);
        }
        let wanted: BTreeSet<(SpaceId, LogId)> = pushes
            .iter()
            .flat_map(|new| new.runs.iter().map(|run| (new.space, run.tip.log)))
            .collect();
        let of: Vec<&[u8]> = wanted.iter().map(|(space, _)| space.as_ref()).collect();
        let logs: Vec<&[u8]> = wanted.iter().map(|(_, log)| log.as_ref()).collect();
        let rows = session.query(
            "SELECT space, log, head
             FROM unnest($1::bytea[], $2::bytea[]) AS wanted (space, log)
             JOIN logs USING (space, log)",
            &[&of, &logs],
        )?;
        for row in rows {
            let place = (name(&row, "space")?, name(&row, "log")?);
            state.heads.insert(place, name(&row, "head")?);
        }
        if state.heads.len() < wanted.len() {
            // New logs: only then their number matters.
            let rows = session.query(
                "SELECT space, count(*) AS logs FROM logs WHERE space = ANY($1) GROUP BY space",
                &[&spaces],
            )?;
            for row in rows {
                state
                    .logs
                    .insert(name(&row, "space")?, row.try_get("logs")?);
            }
        }
        Ok(state)
    }

    /// Judges a push whose guards hold.
    fn take(&mut self, new: &NewRuns, locked: &mut Locked) -> Outcome {
        let Some(logs) = self.logs.get(&new.space).copied() else {
            return Outcome::Moved;
        };
        let mut heads: BTreeMap<LogId, HeadHash> = BTreeMap::new();
        let mut added: i64 = 0;
        for run in &new.runs {
            let stored = self.heads.get(&(new.space, run.tip.log)).copied();
            let last = heads.insert(run.tip.log, run.tip.head).or(stored);
            if last != run.previous {
                return Outcome::Moved;
            }
            added = added.saturating_add(i64::from(last.is_none()));
        }
        let all = logs.saturating_add(added);
        let bytes = new.runs.iter().map(|r| r.bytes.len()).sum();
        if added > 0 && all > int(new.max_logs as u64) || !locked.charge(new.charge, bytes) {
            return Outcome::Full;
        }
        self.logs.insert(new.space, all);
        let heads = heads.into_iter();
        self.heads
            .extend(heads.map(|(log, head)| ((new.space, log), head)));
        Outcome::Stored
    }
}

fn write_logs(session: &mut Session, stored: &[(SpaceId, &NewRun)]) -> Result<(), Trouble> {
    // The last run of each log.
    let last: BTreeMap<(SpaceId, LogId), &NewRun> = stored
        .iter()
        .map(|(space, run)| ((*space, run.tip.log), *run))
        .collect();
    let column = |of: fn(&NewRun) -> &[u8]| last.values().map(|run| of(run)).collect::<Vec<_>>();
    let number = |of: fn(&NewRun) -> u64| last.values().map(|run| int(of(run))).collect::<Vec<_>>();
    let spaces: Vec<&[u8]> = last.keys().map(|(space, _)| space.as_ref()).collect();
    session.execute(
        "INSERT INTO logs (space, log, device, beat, head, number, header)
         SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[],
                              $5::bytea[], $6::bigint[], $7::bytea[])
         ON CONFLICT (space, log) DO UPDATE SET
            beat = excluded.beat, head = excluded.head,
            number = excluded.number, header = excluded.header",
        &[
            &spaces,
            &column(|run| run.tip.log.as_ref()),
            &column(|run| run.device.as_ref()),
            &number(|run| run.tip.beat),
            &column(|run| run.tip.head.as_ref()),
            &number(|run| run.tip.number),
            &column(|run| run.tip.header.as_ref()),
        ],
    )?;
    Ok(())
}

fn write_runs(session: &mut Session, stored: &[(SpaceId, &NewRun)]) -> Result<(), Trouble> {
    let column =
        |of: fn(&NewRun) -> &[u8]| stored.iter().map(|(_, run)| of(run)).collect::<Vec<_>>();
    let number = |of: fn(&NewRun) -> u64| {
        stored
            .iter()
            .map(|(_, run)| int(of(run)))
            .collect::<Vec<_>>()
    };
    let spaces: Vec<&[u8]> = stored.iter().map(|(space, _)| space.as_ref()).collect();
    session.execute(
        "INSERT INTO runs (space, log, beat, first, number, bytes)
         SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[],
                              $5::bigint[], $6::bytea[])",
        &[
            &spaces,
            &column(|run| run.tip.log.as_ref()),
            &number(|run| run.tip.beat),
            &number(|run| run.first),
            &number(|run| run.tip.number),
            &column(|run| run.bytes.as_slice()),
        ],
    )?;
    Ok(())
}
