//! The journal's tables: entries by space, with all their versions.
//!
//! The current version of an entry is, among those that no other replaces, the
//! greatest by hybrid clock, then log, then name: the same wherever and in
//! whatever order the events arrived.

use clinic_api::id::{DeviceId, SpaceId};
use clinic_api::wire;
use jiff::civil::Date;
use rusqlite::{OptionalExtension, Row, Transaction, params, params_from_iter};

use super::body::{EntryUnshared, MoodRecorded};
use super::mood::Mood;
use crate::event::{EntryId, EventId, Kind};
use crate::vault::{Applied, Outcome, SpaceEntry, Vault, VaultError, View};

/// An entry in its current version.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// The space that this version is in.
    pub space: SpaceId,
    /// The version.
    pub version: EventId,
    /// What was recorded.
    pub mood: Mood,
    /// When this version was written, in milliseconds since 1970.
    pub written_ms: i64,
    /// Whether there are earlier versions.
    pub edited: bool,
    /// Whether the care team may read it.
    pub shared: bool,
}

/// One version of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its name.
    pub id: EventId,
    /// The device that wrote it.
    pub device: DeviceId,
    /// When it was written, in milliseconds since 1970.
    pub written_ms: i64,
    /// What was recorded.
    pub mood: Mood,
}

impl Entry {
    /// Whether it was written on another day than it was felt, where it was felt.
    pub fn backdated(&self) -> bool {
        let felt = self.mood.felt.local().date();
        let mut written = self.mood.felt.clone();
        written.ms = self.written_ms;
        felt < written.local().date()
    }
}

/// The journal's part of the vault's views.
#[derive(Debug)]
pub struct JournalView;

impl View for JournalView {
    fn name(&self) -> &'static str {
        "journal"
    }

    fn version(&self) -> u32 {
        2
    }

    fn create(&self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        tx.execute_batch(
            "CREATE TABLE view_entry_version (
                 space BLOB NOT NULL, entry BLOB NOT NULL, event BLOB NOT NULL, log BLOB NOT NULL,
                 hlc_ms INTEGER NOT NULL, hlc_counter INTEGER NOT NULL, device BLOB NOT NULL,
                 written_ms INTEGER NOT NULL, mood BLOB NOT NULL,
                 PRIMARY KEY (space, entry, event, log)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_entry_replaced (
                 space BLOB NOT NULL, entry BLOB NOT NULL, event BLOB NOT NULL,
                 PRIMARY KEY (space, entry, event)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_entry_unshared (
                 space BLOB NOT NULL, entry BLOB NOT NULL,
                 hlc_ms INTEGER NOT NULL, hlc_counter INTEGER NOT NULL, log BLOB NOT NULL,
                 PRIMARY KEY (space, entry)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_entry_taken_back (
                 space BLOB NOT NULL, entry BLOB NOT NULL, event BLOB NOT NULL,
                 PRIMARY KEY (space, entry, event)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_entry (
                 space BLOB NOT NULL, entry BLOB NOT NULL, event BLOB NOT NULL,
                 hlc_ms INTEGER NOT NULL, hlc_counter INTEGER NOT NULL, log BLOB NOT NULL,
                 written_ms INTEGER NOT NULL, felt_ms INTEGER NOT NULL, day TEXT NOT NULL,
                 versions INTEGER NOT NULL, unshared INTEGER NOT NULL, mood BLOB NOT NULL,
                 PRIMARY KEY (space, entry)
             ) STRICT, WITHOUT ROWID;
             CREATE INDEX view_entry_felt ON view_entry (space, felt_ms);
             CREATE INDEX view_entry_day ON view_entry (space, day);",
        )?;
        Ok(())
    }

    fn apply(&self, tx: &Transaction<'_>, event: &Applied<'_>) -> Result<Outcome, VaultError> {
        match event.kind {
            Kind::MoodRecorded => {
                let Ok(body) = event.envelope.body::<MoodRecorded>() else {
                    return Ok(Outcome::Malformed);
                };
                if body.mood.check().is_err() {
                    return Ok(Outcome::Malformed);
                }
                insert_version(tx, event, &body)?;
                recompute(tx, event.space, body.entry)?;
            }
            Kind::EntryUnshared => {
                let Ok(body) = event.envelope.body::<EntryUnshared>() else {
                    return Ok(Outcome::Malformed);
                };
                unshare(tx, event, &body)?;
                recompute(tx, event.space, body.entry)?;
            }
            Kind::EntryReviewed
            | Kind::EntriesRead
            | Kind::PatientWelcomed
            | Kind::PatientAdmitted => {}
        }
        Ok(Outcome::Done)
    }
}

fn insert_version(
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

fn unshare(
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

fn recompute(tx: &Transaction<'_>, space: SpaceId, entry: EntryId) -> Result<(), VaultError> {
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
    let put = "INSERT OR REPLACE INTO view_entry (space, entry, event, hlc_ms, hlc_counter, log,
                   written_ms, felt_ms, day, versions, unshared, mood)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    tx.prepare_cached(put)?.execute(params![
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
    ])?;
    Ok(())
}

/// Of an entry that stands in several spaces, the version that was written last;
/// a patient's private space and care space both hold one that was shared late.
const NEWEST: &str = "NOT EXISTS (SELECT 1 FROM view_entry o
    WHERE o.entry = e.entry AND o.space IN (?1, ?2) AND o.space <> e.space
    AND (o.hlc_ms, o.hlc_counter, o.log) > (e.hlc_ms, e.hlc_counter, e.log))";

/// Whether it stands, shared, in the care space (given as the second).
const COLUMNS: &str = "e.entry, e.space, e.event, e.mood, e.written_ms, e.versions,
    EXISTS (SELECT 1 FROM view_entry s WHERE s.entry = e.entry AND s.space = ?2
            AND s.unshared = 0)";

fn from_row(row: &Row<'_>) -> rusqlite::Result<(Entry, Vec<u8>)> {
    let versions: i64 = row.get(5)?;
    let felt = crate::event::Moment {
        ms: 0,
        offset: 0,
        zone: String::new(),
    };
    let entry = Entry {
        id: EntryId(row.get(0)?),
        space: SpaceId(row.get(1)?),
        version: EventId(row.get(2)?),
        mood: Mood::new(super::Valence::clamped(0.0), felt),
        written_ms: row.get(4)?,
        edited: versions > 1,
        shared: row.get(6)?,
    };
    Ok((entry, row.get(3)?))
}

fn complete((mut entry, mood): (Entry, Vec<u8>)) -> Result<Entry, VaultError> {
    entry.mood = wire::decode(&mood).map_err(|_| VaultError::Damaged)?;
    Ok(entry)
}

/// The private and the care space's names, in this order; a space that isn't there matches nothing.
fn pair(spaces: &[SpaceEntry]) -> [Vec<u8>; 2] {
    use clinic_api::space::SpaceKind;
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
    rest: &[rusqlite::types::Value],
) -> Result<Vec<Entry>, VaultError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM view_entry e WHERE e.space IN (?1, ?2) AND {NEWEST} AND {condition}"
    );
    let mut query = vault.reader().prepare_cached(&sql)?;
    let pair = pair(spaces).map(rusqlite::types::Value::Blob);
    let rows = query.query_map(params_from_iter(pair.iter().chain(rest)), from_row)?;
    rows.map(|row| complete(row?)).collect()
}

pub(super) fn list(
    vault: &Vault,
    spaces: &[SpaceEntry],
    from_ms: i64,
    to_ms: i64,
    most: u32,
) -> Result<Vec<Entry>, VaultError> {
    let condition = "e.felt_ms >= ?3 AND e.felt_ms < ?4
                     ORDER BY e.felt_ms DESC, e.entry DESC LIMIT ?5";
    select(
        vault,
        spaces,
        condition,
        &[from_ms.into(), to_ms.into(), most.into()],
    )
}

pub(super) fn day(
    vault: &Vault,
    spaces: &[SpaceEntry],
    day: Date,
) -> Result<Vec<Entry>, VaultError> {
    let condition = "e.day = ?3 ORDER BY e.felt_ms DESC, e.entry DESC";
    select(vault, spaces, condition, &[day.to_string().into()])
}

pub(super) fn entry(
    vault: &Vault,
    spaces: &[SpaceEntry],
    entry: EntryId,
) -> Result<Option<Entry>, VaultError> {
    let found = select(vault, spaces, "e.entry = ?3", &[entry.0.to_vec().into()])?;
    Ok(found.into_iter().next())
}

pub(super) fn exists(
    vault: &Vault,
    spaces: &[SpaceEntry],
    entry: EntryId,
) -> Result<bool, VaultError> {
    let sql = "SELECT 1 FROM view_entry WHERE space IN (?1, ?2) AND entry = ?3";
    let [private, care] = pair(spaces);
    let found: Option<i64> = vault
        .reader()
        .prepare_cached(sql)?
        .query_row(params![private, care, entry.0], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

pub(super) fn count(vault: &Vault, spaces: &[SpaceEntry]) -> Result<u64, VaultError> {
    let sql = "SELECT count(DISTINCT entry) FROM view_entry WHERE space IN (?1, ?2)";
    let [private, care] = pair(spaces);
    Ok(vault
        .reader()
        .prepare_cached(sql)?
        .query_row(params![private, care], |row| row.get(0))?)
}

/// The names of an entry's versions in a space that nothing replaces yet.
pub(super) fn versions_in(
    vault: &Vault,
    space: SpaceId,
    entry: EntryId,
) -> Result<Vec<EventId>, VaultError> {
    let sql = "SELECT DISTINCT v.event FROM view_entry_version v
               WHERE v.space = ?1 AND v.entry = ?2 AND NOT EXISTS (
                   SELECT 1 FROM view_entry_replaced r
                   WHERE r.space = v.space AND r.entry = v.entry AND r.event = v.event)";
    let mut query = vault.reader().prepare_cached(sql)?;
    let rows = query.query_map(params![space.0, entry.0], |row| Ok(EventId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn versions(
    vault: &Vault,
    spaces: &[SpaceEntry],
    entry: EntryId,
) -> Result<Vec<Version>, VaultError> {
    let sql = "SELECT event, device, written_ms, mood FROM view_entry_version
               WHERE space IN (?1, ?2) AND entry = ?3
               ORDER BY hlc_ms DESC, hlc_counter DESC, log DESC, event DESC";
    let [private, care] = pair(spaces);
    let mut query = vault.reader().prepare_cached(sql)?;
    let mut rows = query.query(params![private, care, entry.0])?;
    let mut all: Vec<Version> = Vec::new();
    while let Some(row) = rows.next()? {
        let id = EventId(row.get(0)?);
        let mood: Vec<u8> = row.get(3)?;
        if all.iter().all(|v| v.id != id) {
            all.push(Version {
                id,
                device: DeviceId(row.get(1)?),
                written_ms: row.get(2)?,
                mood: wire::decode(&mood).map_err(|_| VaultError::Damaged)?,
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
    let condition = "e.unshared = 0 AND e.felt_ms >= ?3 AND e.felt_ms < ?4
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
