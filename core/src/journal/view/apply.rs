//! Putting the journal's events into its tables.

use clinic_api::id::{LogId, SpaceId};
use clinic_api::wire;
use rusqlite::{OptionalExtension, Transaction, params};

use super::super::body::{EntryErased, EntryUnshared, MoodRecorded};
use super::super::mood::Mood;
use super::search;
use crate::event::{EntryId, Envelope, EventId, Hlc};
use crate::vault::{Applied, VaultError};

/// Puts the one version of an entry among its versions, before there are others to tell it from.
pub(super) fn spell_out(
    tx: &Transaction<'_>,
    space: SpaceId,
    entry: EntryId,
) -> Result<(), VaultError> {
    let sql = "INSERT INTO view_entry_version
                   (space, entry, event, log, hlc_ms, hlc_counter, written_ms)
               SELECT space, entry, event, log, hlc_ms, hlc_counter, written_ms
               FROM view_entry WHERE space = ?1 AND entry = ?2 ON CONFLICT DO NOTHING";
    tx.prepare_cached(sql)?.execute(params![space.0, entry.0])?;
    Ok(())
}

pub(super) fn insert_version(
    tx: &Transaction<'_>,
    event: &Applied<'_>,
    entry: EntryId,
) -> Result<(), VaultError> {
    let sql = "INSERT INTO view_entry_version
                   (space, entry, event, log, hlc_ms, hlc_counter, written_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    let envelope = event.envelope;
    tx.prepare_cached(sql)?.execute(params![
        event.space.0,
        entry.0,
        envelope.id.0,
        event.log.0,
        envelope.hlc.ms,
        envelope.hlc.counter,
        envelope.at.ms,
    ])?;
    Ok(())
}

pub(super) fn insert_replaced(
    tx: &Transaction<'_>,
    event: &Applied<'_>,
    body: &MoodRecorded,
) -> Result<(), VaultError> {
    if body.replaces.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO view_entry_replaced (space, entry, event) VALUES (?1, ?2, ?3)
               ON CONFLICT DO NOTHING";
    let mut replaced = tx.prepare_cached(sql)?;
    let itself = event.envelope.id;
    for old in body.replaces.iter().filter(|old| **old != itself) {
        replaced.execute(params![event.space.0, body.entry.0, old.0])?;
    }
    Ok(())
}

pub(super) fn unshare(
    tx: &Transaction<'_>,
    event: &Applied<'_>,
    body: &EntryUnshared,
) -> Result<(), VaultError> {
    let sql = "INSERT INTO view_entry_unshared (space, entry, hlc_ms, hlc_counter, log)
               VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (space, entry) DO UPDATE SET hlc_ms = excluded.hlc_ms,
                   hlc_counter = excluded.hlc_counter, log = excluded.log
               WHERE (excluded.hlc_ms, excluded.hlc_counter, excluded.log)
                   > (hlc_ms, hlc_counter, log)";
    let hlc = event.envelope.hlc;
    tx.prepare_cached(sql)?.execute(params![
        event.space.0,
        body.entry.0,
        hlc.ms,
        hlc.counter,
        event.log.0
    ])?;
    let sql = "INSERT INTO view_entry_taken_back (space, entry, event) VALUES (?1, ?2, ?3)
               ON CONFLICT DO NOTHING";
    let mut taken_back = tx.prepare_cached(sql)?;
    for version in &body.versions {
        taken_back.execute(params![event.space.0, body.entry.0, version.0])?;
    }
    Ok(())
}

/// What is known of an entry in a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It was erased. For good: nothing that was written at the same time, or comes in from a
    /// backup, brings it back.
    Erased,
    /// A version, or something that a version must be seen with.
    Something,
    /// Nothing.
    Never,
}

pub(super) fn known(
    tx: &Transaction<'_>,
    space: SpaceId,
    entry: EntryId,
) -> Result<Known, VaultError> {
    let sql = "SELECT
        EXISTS (SELECT 1 FROM view_entry_erased WHERE space = ?1 AND entry = ?2),
        EXISTS (SELECT 1 FROM view_entry WHERE space = ?1 AND entry = ?2)
            OR EXISTS (SELECT 1 FROM view_entry_replaced WHERE space = ?1 AND entry = ?2)
            OR EXISTS (SELECT 1 FROM view_entry_unshared WHERE space = ?1 AND entry = ?2)
            OR EXISTS (SELECT 1 FROM view_entry_taken_back WHERE space = ?1 AND entry = ?2)";
    let (erased, something): (bool, bool) = tx
        .prepare_cached(sql)?
        .query_row(params![space.0, entry.0], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(match (erased, something) {
        (true, _) => Known::Erased,
        (false, true) => Known::Something,
        (false, false) => Known::Never,
    })
}

/// Takes an entry out of every table; returns the events that held its versions.
pub(super) fn erase(
    tx: &Transaction<'_>,
    space: SpaceId,
    body: &EntryErased,
) -> Result<Vec<EventId>, VaultError> {
    let at = params![space.0, body.entry.0];
    let sql = "SELECT event FROM view_entry_version WHERE space = ?1 AND entry = ?2
               UNION SELECT event FROM view_entry WHERE space = ?1 AND entry = ?2";
    let events = tx
        .prepare_cached(sql)?
        .query_map(at, |row| Ok(EventId(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    search::take_out(tx, space, body.entry)?;
    for table in [
        "view_entry",
        "view_entry_version",
        "view_entry_replaced",
        "view_entry_taken_back",
        "view_entry_unshared",
    ] {
        let sql = format!("DELETE FROM {table} WHERE space = ?1 AND entry = ?2");
        tx.prepare_cached(&sql)?.execute(at)?;
    }
    let sql = "INSERT INTO view_entry_erased (space, entry) VALUES (?1, ?2)
               ON CONFLICT DO NOTHING";
    tx.prepare_cached(sql)?.execute(at)?;
    Ok(events)
}

/// Puts the version that an entry has, where nothing else was known of it.
pub(super) fn put_first(
    tx: &Transaction<'_>,
    event: &Applied<'_>,
    body: &MoodRecorded,
) -> Result<(), VaultError> {
    let envelope = event.envelope;
    let current = Current {
        event: envelope.id,
        hlc: envelope.hlc,
        log: event.log,
        written_ms: envelope.at.ms,
        versions: 1,
        unshared: false,
    };
    put(tx, event.space, body.entry, &current, &body.mood, true)
}

/// Finds the current version of an entry anew. `body`: what the event itself says, where it
/// brought a version: it may not stand in the log of events yet.
pub(super) fn recompute(
    tx: &Transaction<'_>,
    event: &Applied<'_>,
    entry: EntryId,
    body: Option<&MoodRecorded>,
) -> Result<(), VaultError> {
    let sql = "SELECT v.event, v.hlc_ms, v.hlc_counter, v.log, v.written_ms,
                   (SELECT count(DISTINCT event) FROM view_entry_version
                    WHERE space = ?1 AND entry = ?2),
                   EXISTS (SELECT 1 FROM view_entry_unshared u
                           WHERE u.space = ?1 AND u.entry = ?2
                           AND (u.hlc_ms, u.hlc_counter, u.log)
                             > (v.hlc_ms, v.hlc_counter, v.log))
                   OR EXISTS (SELECT 1 FROM view_entry_taken_back t
                              WHERE t.space = ?1 AND t.entry = ?2 AND t.event = v.event)
               FROM view_entry_version v
               LEFT JOIN view_entry_replaced r
                   ON r.space = v.space AND r.entry = v.entry AND r.event = v.event
               WHERE v.space = ?1 AND v.entry = ?2
               ORDER BY r.event IS NOT NULL, v.hlc_ms DESC, v.hlc_counter DESC,
                   v.log DESC, v.event DESC
               LIMIT 1";
    let space = event.space;
    let current = tx
        .prepare_cached(sql)?
        .query_row(params![space.0, entry.0], |row| {
            Ok(Current {
                event: EventId(row.get(0)?),
                hlc: Hlc {
                    ms: row.get(1)?,
                    counter: row.get(2)?,
                },
                log: LogId(row.get(3)?),
                written_ms: row.get(4)?,
                versions: row.get(5)?,
                unshared: row.get(6)?,
            })
        })
        .optional()?;
    let Some(current) = current else {
        return Ok(());
    };
    let is_new = row_of(tx, space, entry)?.is_none();
    let itself = current.event == event.envelope.id && current.log == event.log;
    match body.filter(|_| itself) {
        Some(body) => put(tx, space, entry, &current, &body.mood, is_new),
        None => {
            let sql = "SELECT envelope FROM event WHERE space = ?1 AND log = ?2 AND event = ?3";
            let envelope: Vec<u8> = tx
                .prepare_cached(sql)?
                .query_row(params![space.0, current.log.0, current.event.0], |row| {
                    row.get(0)
                })?;
            let mood = recorded(&envelope)?;
            put(tx, space, entry, &current, &mood, is_new)
        }
    }
}

/// What an event recorded, by its envelope in the log of events.
pub(super) fn recorded(envelope: &[u8]) -> Result<Mood, VaultError> {
    let envelope: Envelope = wire::decode(envelope).map_err(|_| VaultError::Damaged)?;
    let body: MoodRecorded = envelope.body().map_err(|_| VaultError::Damaged)?;
    Ok(body.mood)
}

/// The version of an entry that is shown.
struct Current {
    event: EventId,
    hlc: Hlc,
    log: LogId,
    written_ms: i64,
    versions: i64,
    unshared: bool,
}

/// No statement here may have a `RETURNING` or change several rows: SQLite opens a savepoint
/// for such, at which the search table writes out all that it had gathered.
fn put(
    tx: &Transaction<'_>,
    space: SpaceId,
    entry: EntryId,
    current: &Current,
    mood: &Mood,
    is_new: bool,
) -> Result<(), VaultError> {
    let sql = if is_new {
        "INSERT INTO view_entry (entry, space, event, hlc_ms, hlc_counter, log,
             written_ms, felt_ms, day, versions, unshared)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    } else {
        "UPDATE view_entry SET event = ?3, hlc_ms = ?4, hlc_counter = ?5, log = ?6,
             written_ms = ?7, felt_ms = ?8, day = ?9, versions = ?10, unshared = ?11
         WHERE entry = ?1 AND space = ?2"
    };
    tx.prepare_cached(sql)?.execute(params![
        entry.0,
        space.0,
        current.event.0,
        current.hlc.ms,
        current.hlc.counter,
        current.log.0,
        current.written_ms,
        mood.felt.ms,
        mood.felt.local().date().to_string(),
        current.versions,
        current.unshared,
    ])?;
    if is_new {
        return search::put_new(tx, tx.last_insert_rowid(), mood);
    }
    match row_of(tx, space, entry)? {
        Some(id) => search::put(tx, id, mood),
        None => Err(VaultError::Internal),
    }
}

fn row_of(tx: &Transaction<'_>, space: SpaceId, entry: EntryId) -> Result<Option<i64>, VaultError> {
    let sql = "SELECT id FROM view_entry WHERE entry = ?1 AND space = ?2";
    Ok(tx
        .prepare_cached(sql)?
        .query_row(params![entry.0, space.0], |row| row.get(0))
        .optional()?)
}
