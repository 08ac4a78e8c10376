//! The care team's tables: reviews, readings, welcomes.

use clinic_api::id::{DeviceId, SpaceId};
use rusqlite::{OptionalExtension, Transaction, params};

use super::body::{EntriesRead, EntryReviewed, PatientWelcomed, ReviewState};
use crate::event::{EntryId, EventId, Kind};
use crate::vault::{Applied, Outcome, Vault, VaultError, View};

/// A review of one version of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review {
    /// The entry.
    pub entry: EntryId,
    /// The version that was reviewed.
    pub version: EventId,
    /// How far the care team is.
    pub state: ReviewState,
    /// The workstation.
    pub device: DeviceId,
    /// When, in milliseconds since 1970, by the workstation's clock.
    pub at_ms: i64,
}

/// The first time that a workstation showed an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The entry.
    pub entry: EntryId,
    /// The workstation.
    pub device: DeviceId,
    /// When, in milliseconds since 1970, by the workstation's clock.
    pub at_ms: i64,
}

/// The care team's part of the vault's views.
#[derive(Debug)]
pub struct CareView;

impl View for CareView {
    fn name(&self) -> &'static str {
        "care"
    }

    fn version(&self) -> u32 {
        1
    }

    fn create(&self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        tx.execute_batch(
            "CREATE TABLE view_review (
                 space BLOB NOT NULL, entry BLOB NOT NULL, version BLOB NOT NULL,
                 event BLOB NOT NULL, log BLOB NOT NULL, state INTEGER NOT NULL,
                 device BLOB NOT NULL, at_ms INTEGER NOT NULL,
                 PRIMARY KEY (space, entry, version, event, log)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_reading (
                 space BLOB NOT NULL, entry BLOB NOT NULL, device BLOB NOT NULL,
                 at_ms INTEGER NOT NULL,
                 PRIMARY KEY (space, entry, device)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE view_welcome (
                 space BLOB PRIMARY KEY NOT NULL, at_ms INTEGER NOT NULL
             ) STRICT, WITHOUT ROWID;",
        )?;
        Ok(())
    }

    fn apply(&self, tx: &Transaction<'_>, event: &Applied<'_>) -> Result<Outcome, VaultError> {
        let at = event.envelope.at.ms;
        match event.kind {
            Kind::EntryReviewed => {
                let Ok(body) = event.envelope.body::<EntryReviewed>() else {
                    return Ok(Outcome::Malformed);
                };
                let sql = "INSERT INTO view_review
                               (space, entry, version, event, log, state, device, at_ms)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
                let mut put = tx.prepare_cached(sql)?;
                for v in body.versions {
                    let (event_id, log) = (event.envelope.id.0, event.log.0);
                    put.execute(params![
                        event.space.0,
                        v.entry.0,
                        v.version.0,
                        event_id,
                        log,
                        state_code(body.state),
                        event.device.0,
                        at
                    ])?;
                }
            }
            Kind::EntriesRead => {
                let Ok(body) = event.envelope.body::<EntriesRead>() else {
                    return Ok(Outcome::Malformed);
                };
                let sql = "INSERT INTO view_reading (space, entry, device, at_ms)
                           VALUES (?1, ?2, ?3, ?4)
                           ON CONFLICT (space, entry, device)
                           DO UPDATE SET at_ms = min(at_ms, excluded.at_ms)";
                let mut put = tx.prepare_cached(sql)?;
                for entry in body.entries {
                    put.execute(params![event.space.0, entry.0, event.device.0, at])?;
                }
            }
            Kind::PatientWelcomed => {
                if event.envelope.body::<PatientWelcomed>().is_err() {
                    return Ok(Outcome::Malformed);
                }
                let sql = "INSERT INTO view_welcome (space, at_ms) VALUES (?1, ?2)
                           ON CONFLICT (space) DO UPDATE SET at_ms = min(at_ms, excluded.at_ms)";
                tx.prepare_cached(sql)?
                    .execute(params![event.space.0, at])?;
            }
            Kind::MoodRecorded
            | Kind::EntryUnshared
            | Kind::EntryErased
            | Kind::PatientAdmitted
            | Kind::DeviceNamed
            | Kind::KitChecked => {}
        }
        Ok(Outcome::Done)
    }
}

fn state_code(state: ReviewState) -> u8 {
    match state {
        ReviewState::Reviewed => 1,
        ReviewState::Incorporated => 2,
    }
}

pub(super) fn reviews(vault: &Vault, space: SpaceId) -> Result<Vec<Review>, VaultError> {
    let sql = "SELECT DISTINCT entry, version, state, device, at_ms, event FROM view_review
               WHERE space = ?1 ORDER BY at_ms DESC, entry, event";
    let mut query = vault.reader().prepare_cached(sql)?;
    let rows = query.query_map([space.0], |row| {
        let state: u8 = row.get(2)?;
        Ok(Review {
            entry: EntryId(row.get(0)?),
            version: EventId(row.get(1)?),
            state: if state == 2 {
                ReviewState::Incorporated
            } else {
                ReviewState::Reviewed
            },
            device: DeviceId(row.get(3)?),
            at_ms: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A version of an entry that the clinic took into its own record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenIn {
    /// The entry.
    pub entry: EntryId,
    /// The version.
    pub version: EventId,
    /// The event that says so.
    pub review: EventId,
    /// The workstation.
    pub device: DeviceId,
    /// When, in milliseconds since 1970, by the workstation's clock.
    pub at_ms: i64,
}

/// What the clinic took into its own record, first taken first.
pub(crate) fn taken_in(vault: &Vault, space: SpaceId) -> Result<Vec<TakenIn>, VaultError> {
    let sql = "SELECT DISTINCT entry, version, event, device, at_ms FROM view_review
               WHERE space = ?1 AND state = 2 ORDER BY at_ms, entry, event";
    let mut query = vault.reader().prepare_cached(sql)?;
    let rows = query.query_map([space.0], |row| {
        Ok(TakenIn {
            entry: EntryId(row.get(0)?),
            version: EventId(row.get(1)?),
            review: EventId(row.get(2)?),
            device: DeviceId(row.get(3)?),
            at_ms: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn readings(vault: &Vault, space: SpaceId) -> Result<Vec<Reading>, VaultError> {
    let sql = "SELECT entry, device, at_ms FROM view_reading
               WHERE space = ?1 ORDER BY at_ms DESC, entry";
    let mut query = vault.reader().prepare_cached(sql)?;
    let rows = query.query_map([space.0], |row| {
        Ok(Reading {
            entry: EntryId(row.get(0)?),
            device: DeviceId(row.get(1)?),
            at_ms: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn welcomed_ms(vault: &Vault, space: SpaceId) -> Result<Option<i64>, VaultError> {
    let sql = "SELECT at_ms FROM view_welcome WHERE space = ?1";
    Ok(vault
        .reader()
        .prepare_cached(sql)?
        .query_row([space.0], |row| row.get(0))
        .optional()?)
}

/// How many entries that are shared now have no review of their present version.
pub(super) fn unreviewed(vault: &Vault, space: SpaceId) -> Result<u64, VaultError> {
    let sql = "SELECT count(*) FROM view_entry e WHERE e.space = ?1 AND e.unshared = 0
               AND NOT EXISTS (SELECT 1 FROM view_review r WHERE r.space = e.space
                               AND r.entry = e.entry AND r.version = e.event)";
    Ok(vault
        .reader()
        .prepare_cached(sql)?
        .query_row([space.0], |row| row.get(0))?)
}
