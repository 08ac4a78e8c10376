//! Runs, and where each log ends.

use std::collections::BTreeMap;

use clinic_api::id::{LogId, SpaceId};
use clinic_api::log::LogTip;

use super::super::codes::int;
use super::super::feed::beat_with;
use super::super::{Outcome, Page, PageLimit, Rewrites, StoredRun, Thing};
use super::guards::Locked;
use super::session::{Session, Trouble, count, name};
use super::{Write, chains, feed};

mod push;

pub(super) use push::push_many;

pub(super) fn tip(
    session: &mut Session,
    space: SpaceId,
    log: LogId,
) -> Result<Option<LogTip>, Trouble> {
    let row = session.query_opt(
        "SELECT beat, head, number, header FROM logs WHERE space = $1 AND log = $2",
        &[&space.as_ref(), &log.as_ref()],
    )?;
    row.map(|row| {
        Ok(LogTip {
            log,
            beat: count(&row, "beat")?,
            head: name(&row, "head")?,
            number: count(&row, "number")?,
            header: name(&row, "header")?,
        })
    })
    .transpose()
}

pub(super) fn one(
    session: &mut Session,
    space: SpaceId,
    log: LogId,
    beat: u64,
) -> Result<Option<Vec<u8>>, Trouble> {
    let row = session.query_opt(
        "SELECT bytes FROM runs WHERE space = $1 AND log = $2 AND beat = $3",
        &[&space.as_ref(), &log.as_ref(), &int(beat)],
    )?;
    Ok(row.map(|row| row.try_get("bytes")).transpose()?)
}

pub(super) fn with(
    session: &mut Session,
    space: SpaceId,
    log: LogId,
    frame: u64,
) -> Result<Option<StoredRun>, Trouble> {
    let Some(tip) = tip(session, space, log)? else {
        return Ok(None);
    };
    let beat = beat_with(frame, tip.beat, |beat| {
        let row = session.query_opt(
            "SELECT first, number FROM runs WHERE space = $1 AND log = $2 AND beat = $3",
            &[&space.as_ref(), &log.as_ref(), &int(beat)],
        )?;
        row.map(|row| Ok::<_, Trouble>((count(&row, "first")?, count(&row, "number")?)))
            .transpose()
    })?;
    let Some(beat) = beat else {
        return Ok(None);
    };
    let row = session.query_opt(
        "SELECT first, device, bytes FROM runs JOIN logs USING (space, log)
         WHERE space = $1 AND log = $2 AND runs.beat = $3",
        &[&space.as_ref(), &log.as_ref(), &int(beat)],
    )?;
    row.map(|row| {
        Ok(StoredRun {
            beat,
            first: count(&row, "first")?,
            device: name(&row, "device")?,
            bytes: row.try_get("bytes")?,
        })
    })
    .transpose()
}

pub(super) fn rewrite(write: &mut Write<'_>, rewrites: &Rewrites) -> Result<Outcome, Trouble> {
    let guards = &rewrites.guards;
    if !Locked::lock(write.session, guards.iter(), std::iter::empty())?.hold(guards) {
        return Ok(Outcome::Moved);
    }
    let space = rewrites.space.as_ref();
    let locked = write.session.query_opt(
        "SELECT 1::bigint FROM spaces WHERE space = $1 FOR NO KEY UPDATE",
        &[&space],
    )?;
    if locked.is_none() {
        return Ok(Outcome::Moved);
    }
    for run in &rewrites.runs {
        let updated = write.session.execute(
            "UPDATE runs SET bytes = $5
             WHERE space = $1 AND log = $2 AND beat = $3 AND bytes = $4",
            &[
                &space,
                &run.log.as_ref(),
                &int(run.beat),
                &run.old,
                &run.new,
            ],
        )?;
        if updated != 1 {
            return Ok(Outcome::Moved);
        }
    }
    feed::touch(write, Thing::Space(rewrites.space))?;
    Ok(Outcome::Stored)
}

/// Two statements that see different moments do no harm: runs are only added.
pub(super) fn pull(
    session: &mut Session,
    space: SpaceId,
    have: &BTreeMap<LogId, u64>,
    limit: PageLimit,
) -> Result<Page, Trouble> {
    let known: Vec<&[u8]> = have.keys().map(AsRef::as_ref).collect();
    let beats: Vec<i64> = have.values().map(|beat| int(*beat)).collect();
    let logs = session.query(
        "SELECT log, coalesce(known.beat, 0) AS had
         FROM logs LEFT JOIN unnest($2::bytea[], $3::bigint[]) AS known (log, beat) USING (log)
         WHERE space = $1 AND logs.beat > coalesce(known.beat, 0) ORDER BY log",
        &[&space.as_ref(), &known, &beats],
    )?;
    let (mut page, mut used) = (Page::default(), 0);
    for row in logs {
        let log: LogId = name(&row, "log")?;
        let had: i64 = row.try_get("had")?;
        let (most, bytes, first) = chains::room(&page, used, limit);
        let rows = session.query(
            "SELECT CASE WHEN total <= $4 OR (place = 1 AND $5) THEN bytes END AS bytes
             FROM (
                SELECT beat, bytes, octet_length(bytes)::bigint AS size,
                   row_number() OVER (ORDER BY beat) AS place,
                       (sum(octet_length(bytes)) OVER (ORDER BY beat ROWS UNBOUNDED PRECEDING)
                       )::bigint AS total
                FROM runs WHERE space = $1 AND log = $2 AND beat > $3 ORDER BY beat LIMIT $6
             ) AS next
             WHERE total - size <= $4 OR place = 2 ORDER BY beat",
            &[&space.as_ref(), &log.as_ref(), &had, &bytes, &first, &most],
        )?;
        if !chains::fill(&mut page, &mut used, limit, &rows)? {
            return Ok(page);
        }
        if int(rows.len() as u64) == most {
            page.more = true;
            return Ok(page);
        }
    }
    Ok(page)
}
