//! Putting the journal's events into its tables.

use clinic_api::id::SpaceId;
use clinic_api::wire;
use rusqlite::{OptionalExtension, Transaction, params};

use super::super::body::{EntryErased, EntryUnshared, MoodRecorded};
use super::super::mood::Mood;
use super::search;
use crate::event::{EntryId, EventId};
use crate::vault::{Applied, VaultError};

pub(super) fn insert_version(
    tx: &Transaction<'_>,
    event: &Applied<'_>,
    body: &MoodRecorded,
) -> Result<(), VaultError> {
    let sql = "INSERT INTO view_entry_version
                   (space, entry, event, log, hlc_ms, hlc_counter, device, written_ms, mood)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
    let envelope = event.envelope;
    tx.prepare_cached(sql)?.execute(params![
        event.space.0,
        body.entry.0,
        envelope.id.0,
        event.log.0,
        envelope.hlc.ms,
        envelope.hlc.counter,
        event.device.0,
        envelope.at.ms,
        wire::encode(&body.mood),
    ])?;
    let sql = "INSERT INTO view_entry_replaced (space, entry, event) VALUES (?1, ?2, ?3)
               ON CONFLICT DO NOTHING";
    let mut replaced = tx.prepare_cached(sql)?;
    for old in body.replaces.iter().filter(|old| **old != envelope.id) {
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

/// Whether an entry was erased in a space. For good: nothing that was written at the same time,
/// or comes in from a backup, brings it back.
pub(super) fn erased(
    tx: &Transaction<'_>,
    space: SpaceId,
    entry: EntryId,
) -> Result<bool, VaultError> {
    let sql = "SELECT 1 FROM view_entry_erased WHERE space = ?1 AND entry = ?2";
    let found: Option<i64> = tx
        .prepare_cached(sql)?
        .query_row(params![space.0, entry.0], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

/// Takes an entry out of every table; returns the events that held its versions.
pub(super) fn erase(
    tx: &Transaction<'_>,
    space: SpaceId,
    body: &EntryErased,
) -> Result<Vec<EventId>, VaultError> {
    let at = params![space.0, body.entry.0];
    let sql = "SELECT DISTINCT event FROM view_entry_version WHERE space = ?1 AND entry = ?2";
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

pub(super) fn recompute(
    tx: &Transaction<'_>,
    space: SpaceId,
    entry: EntryId,
) -> Result<(), VaultError> {
    let sql = "SELECT v.event, v.hlc_ms, v.hlc_counter, v.log, v.written_ms, v.mood,
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
    let mut query = tx.prepare_cached(sql)?;
    let mut rows = query.query(params![space.0, entry.0])?;
    let Some(row) = rows.next()? else {
        return Ok(());
    };
    let mood_bytes: Vec<u8> = row.get(5)?;
    let mood: Mood = wire::decode(&mood_bytes).map_err(|_| VaultError::Damaged)?;
    let put = "INSERT INTO view_entry (space, entry, event, hlc_ms, hlc_counter, log,
                   written_ms, felt_ms, day, versions, unshared, mood)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
               ON CONFLICT (space, entry) DO UPDATE SET event = excluded.event,
                   hlc_ms = excluded.hlc_ms, hlc_counter = excluded.hlc_counter,
                   log = excluded.log, written_ms = excluded.written_ms,
                   felt_ms = excluded.felt_ms, day = excluded.day,
                   versions = excluded.versions, unshared = excluded.unshared,
                   mood = excluded.mood
               RETURNING id";
    let id: i64 = tx.prepare_cached(put)?.query_row(
        params![
            space.0,
            entry.0,
            row.get::<_, [u8; 16]>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, [u8; 16]>(3)?,
            row.get::<_, i64>(4)?,
            mood.felt.ms,
            mood.felt.local().date().to_string(),
            row.get::<_, i64>(6)?,
            row.get::<_, bool>(7)?,
            mood_bytes,
        ],
        |row| row.get(0),
    )?;
    search::put(tx, id, &mood)
}
