//! What was erased: out of the log of events, out of what waits to be sent, and by name.
//!
//! The event that states an erasure stays; what it is about does not. Until the clinic API was
//! asked, the frames are kept by name (see [`Vault::to_erase`]).

use clinic_api::id::{ContentHash, LogId, SpaceId};
use clinic_api::log::{FrameName, Header, Item, LogTip, Run};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{Vault, VaultError};
use crate::event::{EntryId, EventId};

/// What an event erases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The entry.
    pub entry: EntryId,
    /// Events of its space whose content goes.
    pub events: Vec<EventId>,
    /// Frames of its space that may be without a body from now on.
    pub frames: Vec<FrameName>,
}

/// Takes the content of erased events out of everything that is kept, and notes the frames.
pub(super) fn erase(
    tx: &Transaction<'_>,
    space: SpaceId,
    what: &Erasure,
) -> Result<(), VaultError> {
    let delete = "DELETE FROM event WHERE rowid IN
                      (SELECT seq FROM event WHERE space = ?1 AND log = ?2 AND event = ?3)
                  RETURNING number, batch, content";
    for event in &what.events {
        for log in logs_with(tx, space, *event)? {
            let gone: Option<(Option<u64>, i64, _)> = tx
                .prepare_cached(delete)?
                .query_row(params![space.0, log.0, event.0], |row| {
                    Ok((row.get(0)?, row.get(1)?, content(row, 2)?))
                })
                .optional()?;
            if let Some((Some(number), batch, content)) = gone
                && !holds_more(tx, space, batch)?
            {
                let frame = FrameName {
                    log,
                    number,
                    content,
                };
                out_of_run(tx, space, frame)?;
                // Who erased may not have known of it: then it is to be named yet.
                note_late(tx, space, what.entry, frame)?;
            }
        }
    }
    let sql = "INSERT INTO erased_frame (space, log, number, content) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO NOTHING";
    let late = "DELETE FROM late_frame
                WHERE space = ?1 AND log = ?2 AND number = ?3 AND ?4 IN (x'', content)";
    for frame in &what.frames {
        // A made-up number may be beyond what the file can hold.
        let Ok(number) = i64::try_from(frame.number) else {
            continue;
        };
        let at = params![space.0, frame.log.0, number, kept(frame)];
        tx.prepare_cached(sql)?.execute(at)?;
        tx.prepare_cached(late)?.execute(at)?;
    }
    Ok(())
}

/// How a frame's content is kept: nothing where any is meant.
fn kept(frame: &FrameName) -> &[u8] {
    frame.content.as_ref().map_or(&[], |c| c.as_bytes())
}

fn content(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ContentHash>> {
    let kept = row.get_ref(column)?.as_blob_or_null()?;
    Ok(kept.and_then(|bytes| ContentHash::try_from(bytes).ok()))
}

fn frame(row: &Row<'_>, column: usize) -> rusqlite::Result<FrameName> {
    Ok(FrameName {
        log: LogId(row.get(column)?),
        number: row.get(column + 1)?,
        content: content(row, column + 2)?,
    })
}

fn logs_with(conn: &Connection, space: SpaceId, event: EventId) -> Result<Vec<LogId>, VaultError> {
    let sql = "SELECT l.log FROM log l WHERE l.space = ?1 AND EXISTS
                   (SELECT 1 FROM event e
                    WHERE e.space = l.space AND e.log = l.log AND e.event = ?2)";
    let mut query = conn.prepare_cached(sql)?;
    let rows = query.query_map(params![space.0, event.0], |row| Ok(LogId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes a frame's body out of a run that was sealed and waits to be sent. Such a run is not sent
/// any more (see [`Vault::holed`]): who met it before the word of the erasure would miss a body.
fn out_of_run(tx: &Transaction<'_>, space: SpaceId, frame: FrameName) -> Result<(), VaultError> {
    let sql = "SELECT seq, first, bytes FROM run_out WHERE space = ?1 AND log = ?2 AND first <= ?3
               ORDER BY first DESC, seq LIMIT 1";
    let waiting: Option<(i64, u64, Vec<u8>)> = tx
        .prepare_cached(sql)?
        .query_row(params![space.0, frame.log.0, frame.number], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((seq, first, bytes)) = waiting else {
        return Ok(());
    };
    let mut run = Run::from_bytes(&bytes).map_err(|_| VaultError::Damaged)?;
    if run.erase(first, frame.number) {
        tx.prepare_cached("UPDATE run_out SET bytes = ?2 WHERE seq = ?1")?
            .execute(params![seq, run.to_bytes()])?;
    }
    Ok(())
}

/// Whether anything is left of the events that were written together.
fn holds_more(conn: &Connection, space: SpaceId, batch: i64) -> Result<bool, VaultError> {
    let sql = "SELECT 1 FROM event WHERE seq BETWEEN ?2 AND ?2 + 4096
               AND batch = ?2 AND space = ?1 LIMIT 1";
    let found: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row(params![space.0, batch], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

/// Whether any frame of a log was served without its body.
pub(super) fn any_missing(
    conn: &Connection,
    space: SpaceId,
    log: LogId,
) -> Result<bool, VaultError> {
    any(conn, "missing_body", space, log)
}

/// Whether an event of the space says that any frame of a log was erased.
pub(super) fn any_named(conn: &Connection, space: SpaceId, log: LogId) -> Result<bool, VaultError> {
    any(conn, "erased_frame", space, log)
}

fn any(conn: &Connection, table: &str, space: SpaceId, log: LogId) -> Result<bool, VaultError> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE space = ?1 AND log = ?2)");
    let mut query = conn.prepare_cached(&sql)?;
    Ok(query.query_row(params![space.0, log.0], |row| row.get(0))?)
}

/// Whether an event of the space says that a frame was erased.
pub(super) fn named(
    conn: &Connection,
    space: SpaceId,
    frame: &FrameName,
) -> Result<bool, VaultError> {
    let sql = "SELECT 1 FROM erased_frame
               WHERE space = ?1 AND log = ?2 AND number = ?3 AND content IN (x'', ?4)";
    let at = params![space.0, frame.log.0, frame.number, kept(frame)];
    let found: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row(at, |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

/// A frame that was served without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its number.
    pub number: u64,
    /// Its header, verified as part of its log.
    pub header: Header,
}

/// Notes a frame that was served without its body, in the run that ends in that head.
pub(super) fn note_missing(
    tx: &Transaction<'_>,
    space: SpaceId,
    tip: &LogTip,
    missing: &Missing,
) -> Result<(), VaultError> {
    let sql = "INSERT INTO missing_body (space, log, number, beat, header)
               VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    tx.prepare_cached(sql)?.execute(params![
        space.0,
        tip.log.0,
        missing.number,
        tip.beat,
        missing.header.as_bytes()
    ])?;
    Ok(())
}

/// A body that was missing came.
pub(super) fn note_found(
    tx: &Transaction<'_>,
    space: SpaceId,
    log: LogId,
    number: u64,
) -> Result<(), VaultError> {
    let sql = "DELETE FROM missing_body WHERE space = ?1 AND log = ?2 AND number = ?3";
    tx.prepare_cached(sql)?
        .execute(params![space.0, log.0, number])?;
    Ok(())
}

/// Notes a frame that holds a version of an entry that was erased before.
pub(super) fn note_late(
    tx: &Transaction<'_>,
    space: SpaceId,
    entry: EntryId,
    frame: FrameName,
) -> Result<(), VaultError> {
    let sql = "INSERT INTO late_frame (space, entry, log, number, content)
               VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let (log, number) = (frame.log.0, frame.number);
    tx.prepare_cached(sql)?
        .execute(params![space.0, entry.0, log, number, kept(&frame)])?;
    Ok(())
}

impl Vault {
    /// The frames that hold these events of a space, and nothing else.
    ///
    /// Without those that wait to be sent: whether such a frame is ever stored, and no other of
    /// its number, is not known yet.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn frames_of(
        &self,
        space: SpaceId,
        events: &[(LogId, EventId)],
    ) -> Result<Vec<FrameName>, VaultError> {
        // Events of one frame were written one after the other.
        let sql = "SELECT e.log, e.number, e.content, o.event FROM event e
                   JOIN event o ON o.batch = e.batch AND o.space = e.space AND o.log = e.log
                       AND o.seq BETWEEN e.batch AND e.batch + 4096
                   WHERE e.space = ?1 AND e.log = ?2 AND e.event = ?3 AND e.number IS NOT NULL
                       AND NOT EXISTS (SELECT 1 FROM run_out r WHERE r.space = e.space
                                       AND r.log = e.log AND r.first <= e.number)";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut frames = Vec::new();
        for (log, event) in events {
            let mut rows = query.query(params![space.0, log.0, event.0])?;
            let (mut found, mut alone) = (None, true);
            while let Some(row) = rows.next()? {
                found = Some(frame(row, 0)?);
                let mate = EventId(row.get(3)?);
                alone &= events.contains(&(*log, mate));
            }
            frames.extend(found.filter(|frame| alone && !frames.contains(frame)));
        }
        Ok(frames)
    }

    /// Frames that the clinic API was not asked to erase yet: at most `most`.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn to_erase(&self, space: SpaceId, most: usize) -> Result<Vec<FrameName>, VaultError> {
        let sql = "SELECT log, number, content FROM erased_frame WHERE space = ?1 AND asked = 0
                   ORDER BY log, number LIMIT ?2";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map(params![space.0, most], |row| frame(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The clinic API has erased these frames.
    ///
    /// # Errors
    /// [`VaultError`]; then it is asked again, which changes nothing.
    pub fn erased_there(&mut self, space: SpaceId, frames: &[FrameName]) -> Result<(), VaultError> {
        self.write(|tx| {
            let sql = "UPDATE erased_frame SET asked = 1
                       WHERE space = ?1 AND log = ?2 AND number = ?3 AND content = ?4";
            let mut update = tx.prepare_cached(sql)?;
            for frame in frames {
                update.execute(params![space.0, frame.log.0, frame.number, kept(frame)])?;
            }
            Ok(())
        })
    }

    /// Whether something was erased in a run of a space that waits to be sent.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn holed(&self, space: SpaceId) -> Result<bool, VaultError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT bytes FROM run_out WHERE space = ?1")?;
        let mut rows = query.query([space.0])?;
        while let Some(row) = rows.next()? {
            let run = Run::from_bytes(row.get_ref(0)?.as_blob().unwrap_or_default());
            let run = run.map_err(|_| VaultError::Damaged)?;
            if run.items.iter().any(|i| matches!(i, Item::Erased(_))) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Frames that came in after their entry was erased and that no erasure names, by entry.
    /// Without those that wait to be sent.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn late_frames(
        &self,
        space: SpaceId,
    ) -> Result<Vec<(EntryId, Vec<FrameName>)>, VaultError> {
        let sql = "SELECT l.entry, l.log, l.number, l.content FROM late_frame l
                   WHERE l.space = ?1 AND NOT EXISTS
                       (SELECT 1 FROM run_out r WHERE r.space = l.space AND r.log = l.log
                        AND r.first <= l.number)
                   ORDER BY l.entry, l.log, l.number LIMIT 4096";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query([space.0])?;
        let mut all: Vec<(EntryId, Vec<FrameName>)> = Vec::new();
        while let Some(row) = rows.next()? {
            let entry = EntryId(row.get(0)?);
            let frame = frame(row, 1)?;
            match all.last_mut().filter(|(last, _)| *last == entry) {
                Some((_, frames)) => frames.push(frame),
                None => all.push((entry, vec![frame])),
            }
        }
        Ok(all)
    }

    /// Logs of a space of which bodies are missing that no erasure names, each with the number
    /// of the first head of which one is.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn missing_bodies(&self, space: SpaceId) -> Result<Vec<(LogId, u64)>, VaultError> {
        self.missing(space, "NOT EXISTS")
    }

    /// The frames of a run of which no body came, and that no erasure names. (A header ends in
    /// its content.)
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn missing_in(
        &self,
        space: SpaceId,
        log: LogId,
        beat: u64,
    ) -> Result<Vec<Missing>, VaultError> {
        let sql = "SELECT number, header FROM missing_body m
                   WHERE space = ?1 AND log = ?2 AND beat = ?3 AND NOT EXISTS
                       (SELECT 1 FROM erased_frame e
                        WHERE e.space = m.space AND e.log = m.log AND e.number = m.number
                            AND e.content IN (x'', substr(m.header, -32)))";
        let mut query = self.conn.prepare_cached(sql)?;
        let beat = i64::try_from(beat).unwrap_or(i64::MAX);
        let rows = query.query_map(params![space.0, log.0, beat], |row| {
            Ok(Missing {
                number: row.get(0)?,
                header: Header::from_bytes(row.get(1)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Logs of a space of which bodies are missing by the word of an erasure. That its author
    /// had a right to it is for the caller to judge.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn erased_bodies(&self, space: SpaceId) -> Result<Vec<LogId>, VaultError> {
        let logs = self.missing(space, "EXISTS")?;
        Ok(logs.into_iter().map(|(log, _)| log).collect())
    }

    fn missing(&self, space: SpaceId, named: &str) -> Result<Vec<(LogId, u64)>, VaultError> {
        let sql = format!(
            "SELECT m.log, min(m.beat) FROM missing_body m WHERE m.space = ?1 AND {named}
                 (SELECT 1 FROM erased_frame e
                  WHERE e.space = m.space AND e.log = m.log AND e.number = m.number
                            AND e.content IN (x'', substr(m.header, -32)))
             GROUP BY m.log"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map([space.0], |row| Ok((LogId(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Empties the journal file, which holds pages as they were before an erasure.
    ///
    /// Where it can't now, closing the vault does.
    pub(super) fn empty_journal(&self) {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let _ = self.conn.query_row(sql, [], |_| Ok(()));
    }
}
