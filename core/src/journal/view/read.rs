//! Reading the journal's tables.

use clinic_api::id::{DeviceId, LogId, SpaceId};
use clinic_api::space::SpaceKind;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::super::Valence;
use super::super::mood::Mood;
use super::apply::recorded;
use super::{Cursor, Entry, Page, Version, search};
use crate::event::{EntryId, EventId, FURTHEST_OFFSET, Moment};
use crate::vault::{SpaceEntry, Vault, VaultError};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Of an entry that stands in several spaces, the version that was written last;
/// a patient's private space and care space both hold one that was shared late.
const NEWEST: &str = "NOT EXISTS (SELECT 1 FROM view_entry o
    WHERE o.entry = e.entry AND o.space IN (?1, ?2) AND o.space <> e.space
    AND (o.hlc_ms, o.hlc_counter, o.log) > (e.hlc_ms, e.hlc_counter, e.log))";

/// Whether it stands, shared, in the care space (given as the second).
const COLUMNS: &str = "e.entry, e.space, e.event,
    (SELECT v.envelope FROM event v
     WHERE v.space = e.space AND v.log = e.log AND v.event = e.event), e.written_ms, e.versions,
    EXISTS (SELECT 1 FROM view_entry s WHERE s.entry = e.entry AND s.space = ?2
            AND s.unshared = 0)";

fn from_row(row: &Row<'_>) -> rusqlite::Result<(Entry, Vec<u8>)> {
    let versions: i64 = row.get(5)?;
    let felt = Moment {
        ms: 0,
        offset: 0,
        zone: String::new(),
    };
    let entry = Entry {
        id: EntryId(row.get(0)?),
        space: SpaceId(row.get(1)?),
        version: EventId(row.get(2)?),
        mood: Mood::new(Valence::clamped(0.0), felt),
        written_ms: row.get(4)?,
        edited: versions > 1,
        shared: row.get(6)?,
    };
    Ok((entry, row.get(3)?))
}

fn complete((mut entry, envelope): (Entry, Vec<u8>)) -> Result<Entry, VaultError> {
    entry.mood = recorded(&envelope)?;
    Ok(entry)
}

/// The private and the care space's names, in this order; a space that isn't there matches nothing.
fn pair(spaces: &[SpaceEntry]) -> [Vec<u8>; 2] {
    [SpaceKind::Private, SpaceKind::Care].map(|kind| {
        spaces
            .iter()
            .find(|s| s.kind == kind)
            .map_or(Vec::new(), |s| s.space.0.to_vec())
    })
}

fn select(
    vault: &Vault,
    spaces: &[SpaceEntry],
    condition: &str,
    rest: &[Value],
) -> Result<Vec<Entry>, VaultError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM view_entry e WHERE e.space IN (?1, ?2) AND {NEWEST} AND {condition}"
    );
    run(vault, spaces, &sql, rest)
}

/// Runs a query whose first two parameters are the private and the care space.
fn run(
    vault: &Vault,
    spaces: &[SpaceEntry],
    sql: &str,
    rest: &[Value],
) -> Result<Vec<Entry>, VaultError> {
    let mut query = vault.reader().prepare_cached(sql)?;
    let pair = pair(spaces).map(Value::Blob);
    let rows = query.query_map(params_from_iter(pair.iter().chain(rest)), from_row)?;
    rows.map(|row| complete(row?)).collect()
}

/// One space's part of a page: by the index alone, whatever there is beside it.
fn of_space(space: &str) -> String {
    format!(
        "SELECT * FROM (SELECT e.* FROM view_entry e
             WHERE e.space = {space} AND e.felt_ms >= ?3 AND (e.felt_ms, e.entry) < (?4, ?5)
                 AND {NEWEST}
             ORDER BY e.felt_ms DESC, e.entry DESC LIMIT ?6)"
    )
}

/// Entries felt in `from_ms..to_ms`, newest first, after a place in that list.
pub(in crate::journal) fn page(
    vault: &Vault,
    spaces: &[SpaceEntry],
    from_ms: i64,
    to_ms: i64,
    after: Option<Cursor>,
    most: u32,
) -> Result<Page, VaultError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM ({} UNION ALL {}) e
         ORDER BY e.felt_ms DESC, e.entry DESC LIMIT ?6",
        of_space("?1"),
        of_space("?2"),
    );
    let (before, entry) = bound(to_ms, after);
    let rest = [from_ms.into(), before.into(), entry, probe(most)];
    Ok(cut(run(vault, spaces, &sql, &rest)?, most))
}

/// Entries in which every word occurs, newest first, after a place in that list.
pub(in crate::journal) fn search_page(
    vault: &Vault,
    spaces: &[SpaceEntry],
    words: &str,
    after: Option<Cursor>,
    most: u32,
) -> Result<Page, VaultError> {
    let Some(query) = search::query(words) else {
        return Ok(Page::default());
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM view_entry_search s JOIN view_entry e ON e.id = s.rowid
         WHERE s.text MATCH ?3 AND e.space IN (?1, ?2) AND {NEWEST}
             AND (e.felt_ms, e.entry) < (?4, ?5)
         ORDER BY e.felt_ms DESC, e.entry DESC LIMIT ?6"
    );
    let (before, entry) = bound(i64::MAX, after);
    let rest = [query.into(), before.into(), entry, probe(most)];
    Ok(cut(run(vault, spaces, &sql, &rest)?, most))
}

/// What comes after a place: what is less than this, by time and then name.
fn bound(to_ms: i64, after: Option<Cursor>) -> (i64, Value) {
    match after.filter(|cursor| cursor.felt_ms < to_ms) {
        Some(cursor) => (cursor.felt_ms, Value::Blob(cursor.entry.0.to_vec())),
        // No name is less than the empty one.
        None => (to_ms, Value::Blob(Vec::new())),
    }
}

/// One more than asked for shows whether there is another page.
fn probe(most: u32) -> Value {
    i64::from(most).saturating_add(1).into()
}

fn cut(mut entries: Vec<Entry>, most: u32) -> Page {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let more = entries.len() > most;
    entries.truncate(most);
    let last = entries.last().filter(|_| more);
    let next = last.map(|entry| Cursor {
        felt_ms: entry.mood.felt.ms,
        entry: entry.id,
    });
    Page { entries, next }
}

pub(in crate::journal) fn day(
    vault: &Vault,
    spaces: &[SpaceEntry],
    day: Date,
) -> Result<Vec<Entry>, VaultError> {
    // Felt on that day somewhere on earth, by the index; then on that day where it was felt.
    let condition = "e.felt_ms >= ?4 AND e.felt_ms < ?5 AND e.day = ?3
                     ORDER BY e.felt_ms DESC, e.entry DESC";
    let midnight = Offset::UTC
        .to_timestamp(day.into())
        .map(Timestamp::as_millisecond);
    let Ok(midnight) = midnight else {
        return Ok(Vec::new());
    };
    let furthest = i64::from(FURTHEST_OFFSET) * 1000;
    let from = midnight.saturating_sub(furthest);
    let to = midnight.saturating_add(DAY_MS).saturating_add(furthest);
    let rest = [day.to_string().into(), from.into(), to.into()];
    select(vault, spaces, condition, &rest)
}

pub(in crate::journal) fn entry(
    vault: &Vault,
    spaces: &[SpaceEntry],
    entry: EntryId,
) -> Result<Option<Entry>, VaultError> {
    let found = select(vault, spaces, "e.entry = ?3", &[entry.0.to_vec().into()])?;
    Ok(found.into_iter().next())
}

/// Whether an entry of that name was ever there, erased since or not.
pub(in crate::journal) fn ever_there(
    vault: &Vault,
    spaces: &[SpaceEntry],
    entry: EntryId,
) -> Result<bool, VaultError> {
    let sql = "SELECT 1 FROM view_entry WHERE space IN (?1, ?2) AND entry = ?3
               UNION ALL
               SELECT 1 FROM view_entry_erased WHERE space IN (?1, ?2) AND entry = ?3";
    let [private, care] = pair(spaces);
    let found: Option<i64> = vault
        .reader()
        .prepare_cached(sql)?
        .query_row(params![private, care, entry.0], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

pub(crate) fn count(vault: &Vault, spaces: &[SpaceEntry]) -> Result<u64, VaultError> {
    let sql = "SELECT count(DISTINCT entry) FROM view_entry WHERE space IN (?1, ?2)";
    let [private, care] = pair(spaces);
    Ok(vault
        .reader()
        .prepare_cached(sql)?
        .query_row(params![private, care], |row| row.get(0))?)
}

/// The names of an entry's versions in a space that nothing replaces yet.
pub(in crate::journal) fn versions_in(
    vault: &Vault,
    space: SpaceId,
    entry: EntryId,
) -> Result<Vec<EventId>, VaultError> {
    let sql = "SELECT DISTINCT v.event FROM (
                   SELECT event FROM view_entry_version WHERE space = ?1 AND entry = ?2
                   UNION SELECT event FROM view_entry WHERE space = ?1 AND entry = ?2) v
               WHERE NOT EXISTS (
                   SELECT 1 FROM view_entry_replaced r
                   WHERE r.space = ?1 AND r.entry = ?2 AND r.event = v.event)";
    let mut query = vault.reader().prepare_cached(sql)?;
    let rows = query.query_map(params![space.0, entry.0], |row| Ok(EventId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The entries that were erased in one space and still stand in another.
pub(in crate::journal) fn erased_in(
    vault: &Vault,
    space: SpaceId,
    standing_in: SpaceId,
) -> Result<Vec<EntryId>, VaultError> {
    // CROSS JOIN: what was erased first, which is little.
    let sql = "SELECT x.entry FROM view_entry_erased x
               CROSS JOIN view_entry e ON e.space = ?2 AND e.entry = x.entry WHERE x.space = ?1";
    let mut query = vault.reader().prepare_cached(sql)?;
    let rows = query.query_map([space.0, standing_in.0], |row| Ok(EntryId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether an entry was erased in any of these spaces.
pub(in crate::journal) fn is_erased(
    vault: &Vault,
    spaces: &[SpaceEntry],
    entry: EntryId,
) -> Result<bool, VaultError> {
    let sql = "SELECT 1 FROM view_entry_erased WHERE space IN (?1, ?2) AND entry = ?3";
    let [private, care] = pair(spaces);
    let found: Option<i64> = vault
        .reader()
        .prepare_cached(sql)?
        .query_row(params![private, care, entry.0], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

/// Where an entry's versions stand in a space: the log and the event of each.
pub(in crate::journal) fn events_of(
    vault: &Vault,
    space: SpaceId,
    entry: EntryId,
) -> Result<Vec<(LogId, EventId)>, VaultError> {
    let sql = "SELECT log, event FROM view_entry_version WHERE space = ?1 AND entry = ?2
               UNION SELECT log, event FROM view_entry WHERE space = ?1 AND entry = ?2";
    let mut query = vault.reader().prepare_cached(sql)?;
    let rows = query.query_map(params![space.0, entry.0], |row| {
        Ok((LogId(row.get(0)?), EventId(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn versions(
    vault: &Vault,
    spaces: &[SpaceEntry],
    entry: EntryId,
) -> Result<Vec<Version>, VaultError> {
    let sql = "SELECT v.event, e.device, v.written_ms, e.envelope FROM (
                   SELECT space, event, log, hlc_ms, hlc_counter, written_ms
                   FROM view_entry_version WHERE space IN (?1, ?2) AND entry = ?3
                   UNION SELECT space, event, log, hlc_ms, hlc_counter, written_ms
                   FROM view_entry WHERE space IN (?1, ?2) AND entry = ?3) v
               JOIN event e ON e.space = v.space AND e.log = v.log AND e.event = v.event
               ORDER BY v.hlc_ms DESC, v.hlc_counter DESC, v.log DESC, v.event DESC";
    let [private, care] = pair(spaces);
    let mut query = vault.reader().prepare_cached(sql)?;
    let mut rows = query.query(params![private, care, entry.0])?;
    let mut all: Vec<Version> = Vec::new();
    while let Some(row) = rows.next()? {
        let id = EventId(row.get(0)?);
        let envelope: Vec<u8> = row.get(3)?;
        if all.iter().all(|v| v.id != id) {
            all.push(Version {
                id,
                device: DeviceId(row.get(1)?),
                written_ms: row.get(2)?,
                mood: recorded(&envelope)?,
            });
        }
    }
    Ok(all)
}

/// What the care team sees of one patient: entries that are shared now, newest first.
pub(crate) fn shared_in(
    vault: &Vault,
    care: &SpaceEntry,
    from_ms: i64,
    to_ms: i64,
    most: u32,
) -> Result<Vec<Entry>, VaultError> {
    let condition = "e.space = ?2 AND e.unshared = 0 AND e.felt_ms >= ?3 AND e.felt_ms < ?4
                     ORDER BY e.felt_ms DESC, e.entry DESC LIMIT ?5";
    let spaces = std::slice::from_ref(care);
    select(
        vault,
        spaces,
        condition,
        &[from_ms.into(), to_ms.into(), most.into()],
    )
}

/// An entry as the care team sees it: none where it isn't shared now.
pub(crate) fn shared_entry(
    vault: &Vault,
    care: &SpaceEntry,
    entry: EntryId,
) -> Result<Option<Entry>, VaultError> {
    let condition = "e.unshared = 0 AND e.entry = ?3";
    let found = select(
        vault,
        std::slice::from_ref(care),
        condition,
        &[entry.0.to_vec().into()],
    )?;
    Ok(found.into_iter().next())
}
