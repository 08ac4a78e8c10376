//! Runs, and where each log ends.

use std::collections::BTreeMap;

use clinic_api::id::{LogId, SpaceId};
use clinic_api::log::LogTip;
use rusqlite::{OptionalExtension, Transaction, params};

use super::super::codes::{id, int, number};
use super::super::feed::beat_with;
use super::super::{
    NewRun, NewRuns, Outcome, Page, PageLimit, Result, Rewrites, StoreError, StoredRun, Thing,
};
use super::{Pushes, Write, chains, charge, database, feed, hold};

pub(super) fn tip(tx: &Transaction<'_>, space: SpaceId, log: LogId) -> Result<Option<LogTip>> {
    let row: Option<(i64, Vec<u8>, i64, Vec<u8>)> = tx
        .prepare_cached("SELECT beat, head, number, header FROM logs WHERE space = ?1 AND log = ?2")
        .and_then(|mut select| {
            select
                .query_row([space.as_ref(), log.as_ref()], |row| {
                    Ok((
                        row.get("beat")?,
                        row.get("head")?,
                        row.get("number")?,
                        row.get("header")?,
                    ))
                })
                .optional()
        })
        .map_err(database)?;
    row.map(|(beat, head, last, header)| {
        Ok(LogTip {
            log,
            beat: number(beat)?,
            head: id(&head)?,
            number: number(last)?,
            header: id(&header)?,
        })
    })
    .transpose()
}

pub(super) fn one(
    tx: &Transaction<'_>,
    space: SpaceId,
    log: LogId,
    beat: u64,
) -> Result<Option<Vec<u8>>> {
    tx.prepare_cached("SELECT bytes FROM runs WHERE space = ?1 AND log = ?2 AND beat = ?3")
        .and_then(|mut select| {
            select
                .query_row(params![space.as_ref(), log.as_ref(), int(beat)], |row| {
                    row.get("bytes")
                })
                .optional()
        })
        .map_err(database)
}

pub(super) fn push(write: &mut Write<'_>, new: &NewRuns) -> Result<Outcome> {
    let tx = write.tx;
    // A space that was erased is still told of, and is none.
    let here = hold(tx, &new.guards)? && chains::space(tx, new.space)?.is_some();
    if !here || !feed::touch(write, Thing::Space(new.space))? {
        return Ok(Outcome::Moved);
    }
    for run in &new.runs {
        let last = tip(tx, new.space, run.tip.log)?;
        if last.map(|t| t.head) != run.previous {
            return Ok(Outcome::Moved);
        }
        if last.is_none() && logs(tx, new.space)? >= int(new.max_logs as u64) {
            return Ok(Outcome::Full);
        }
        insert(tx, new.space, run)?;
    }
    let bytes = new.runs.iter().map(|r| r.bytes.len()).sum();
    if charge(tx, new.charge, bytes)? {
        Ok(Outcome::Stored)
    } else {
        Ok(Outcome::Full)
    }
}

/// Each push under a savepoint of its own.
pub(super) fn push_many(write: &mut Write<'_>, pushes: &[NewRuns]) -> Result<Pushes> {
    let run = |tx: &Transaction<'_>, sql| {
        tx.prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map_err(database)
    };
    let mut outcomes = Vec::with_capacity(pushes.len());
    for new in pushes {
        let told = write.signals.len();
        run(write.tx, "SAVEPOINT push")?;
        let outcome = push(write, new);
        if write.tx.is_autocommit() {
            // So bad an error that SQLite gave up the transaction.
            return Err(outcome.err().unwrap_or(StoreError::Busy));
        }
        if !matches!(outcome, Ok(Outcome::Stored)) {
            run(write.tx, "ROLLBACK TO push")?;
            write.signals.truncate(told);
        }
        run(write.tx, "RELEASE push")?;
        outcomes.push(outcome);
    }
    Ok(Pushes(outcomes))
}

pub(super) fn with(
    tx: &Transaction<'_>,
    space: SpaceId,
    log: LogId,
    frame: u64,
) -> Result<Option<StoredRun>> {
    let Some(tip) = tip(tx, space, log)? else {
        return Ok(None);
    };
    let mut frames = tx
        .prepare_cached(
            "SELECT first, number FROM runs WHERE space = ?1 AND log = ?2 AND beat = ?3",
        )
        .map_err(database)?;
    let beat = beat_with(frame, tip.beat, |beat| {
        let row: Option<(i64, i64)> = frames
            .query_row(params![space.as_ref(), log.as_ref(), int(beat)], |row| {
                Ok((row.get("first")?, row.get("number")?))
            })
            .optional()
            .map_err(database)?;
        row.map(|(first, last)| Ok((number(first)?, number(last)?)))
            .transpose()
    })?;
    let Some(beat) = beat else {
        return Ok(None);
    };
    let (first, device, bytes): (i64, Vec<u8>, Vec<u8>) = tx
        .prepare_cached(
            "SELECT first, device, bytes FROM runs JOIN logs USING (space, log)
             WHERE space = ?1 AND log = ?2 AND runs.beat = ?3",
        )
        .and_then(|mut select| {
            select.query_row(params![space.as_ref(), log.as_ref(), int(beat)], |row| {
                Ok((row.get("first")?, row.get("device")?, row.get("bytes")?))
            })
        })
        .map_err(database)?;
    Ok(Some(StoredRun {
        beat,
        first: number(first)?,
        device: id(&device)?,
        bytes,
    }))
}

pub(super) fn rewrite(write: &mut Write<'_>, rewrites: &Rewrites) -> Result<Outcome> {
    let tx = write.tx;
    if !hold(tx, &rewrites.guards)? || !feed::touch(write, Thing::Space(rewrites.space))? {
        return Ok(Outcome::Moved);
    }
    let mut update = tx
        .prepare_cached(
            "UPDATE runs SET bytes = ?5
             WHERE space = ?1 AND log = ?2 AND beat = ?3 AND bytes = ?4",
        )
        .map_err(database)?;
    for run in &rewrites.runs {
        let space = rewrites.space.as_ref();
        let place = params![space, run.log.as_ref(), int(run.beat), run.old, run.new];
        if update.execute(place).map_err(database)? != 1 {
            return Ok(Outcome::Moved);
        }
    }
    Ok(Outcome::Stored)
}

fn logs(tx: &Transaction<'_>, space: SpaceId) -> Result<i64> {
    tx.prepare_cached("SELECT count(*) FROM logs WHERE space = ?1")
        .and_then(|mut select| select.query_row([space.as_ref()], |row| row.get(0)))
        .map_err(database)
}

fn insert(tx: &Transaction<'_>, space: SpaceId, run: &NewRun) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO logs (space, log, device, beat, head, number, header)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (space, log) DO UPDATE SET
            beat = excluded.beat, head = excluded.head,
            number = excluded.number, header = excluded.header",
    )
    .and_then(|mut upsert| {
        upsert.execute(params![
            space.as_ref(),
            run.tip.log.as_ref(),
            run.device.as_ref(),
            int(run.tip.beat),
            run.tip.head.as_ref(),
            int(run.tip.number),
            run.tip.header.as_ref(),
        ])
    })
    .map_err(database)?;
    tx.prepare_cached(
        "INSERT INTO runs (space, log, beat, first, number, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .and_then(|mut insert| {
        insert.execute(params![
            space.as_ref(),
            run.tip.log.as_ref(),
            int(run.tip.beat),
            int(run.first),
            int(run.tip.number),
            run.bytes,
        ])
    })
    .map_err(database)?;
    Ok(())
}

pub(super) fn pull(
    tx: &Transaction<'_>,
    space: SpaceId,
    have: &BTreeMap<LogId, u64>,
    limit: PageLimit,
) -> Result<Page> {
    let mut logs = tx
        .prepare_cached("SELECT log, beat FROM logs WHERE space = ?1 ORDER BY log")
        .map_err(database)?;
    let mut runs = tx
        .prepare_cached(
            "SELECT bytes FROM runs WHERE space = ?1 AND log = ?2 AND beat > ?3 ORDER BY beat",
        )
        .map_err(database)?;
    let (mut page, mut used) = (Page::default(), 0);
    let mut rows = logs.query([space.as_ref()]).map_err(database)?;
    while let Some(row) = rows.next().map_err(database)? {
        let log: Vec<u8> = row.get("log").map_err(database)?;
        let log: LogId = id(&log)?;
        let last: i64 = row.get("beat").map_err(database)?;
        let had = int(have.get(&log).copied().unwrap_or(0));
        if had >= last {
            continue;
        }
        let mut found = runs
            .query(params![space.as_ref(), log.as_ref(), had])
            .map_err(database)?;
        while let Some(run) = found.next().map_err(database)? {
            let bytes = run.get("bytes").map_err(database)?;
            if !page.take(limit, &mut used, bytes) {
                return Ok(page);
            }
        }
    }
    Ok(page)
}
