//! Where each log ends, as far as it was verified; and which are this device's own.

use std::collections::BTreeMap;

use clinic_api::id::{DeviceId, HeadHash, HeaderHash, LogId, SpaceId};
use clinic_api::log::{LogTip, Seen, log_id};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{Vault, VaultError, view};
use crate::env::Env;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;

/// What is known of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogState {
    /// The log.
    pub log: LogId,
    /// Who writes it.
    pub device: DeviceId,
    /// What names it, where it is this device's own.
    pub nonce: Option<[u8; 16]>,
    /// Its end; none before its first head.
    pub tip: Option<LogTip>,
    /// The number of the last frame that this device's own head told the others of.
    pub told: u64,
    /// The time of the last head, by its device's clock; 0 before the first.
    pub heard_ms: i64,
    /// Whether it is still written.
    pub open: bool,
    /// Up to which frame it counts, where its device is out; none where all of it does.
    pub counts: Option<u64>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<LogState> {
    let log = LogId(row.get("log")?);
    let head: Option<[u8; 32]> = row.get("head")?;
    let (beat, number, header) = (row.get("beat")?, row.get("number")?, row.get("header")?);
    let state: u8 = row.get("state")?;
    Ok(LogState {
        log,
        device: DeviceId(row.get("device")?),
        nonce: row.get("nonce")?,
        tip: head.map(|head| LogTip {
            log,
            beat,
            head: HeadHash(head),
            number,
            header: HeaderHash(header),
        }),
        told: row.get("told")?,
        heard_ms: row.get("heard_ms")?,
        open: state == OPEN,
        counts: row.get("counts")?,
    })
}

const COLUMNS: &str =
    "log, device, nonce, beat, head, number, header, told, heard_ms, state, counts";

/// This device's open log in a space, started where there is none.
pub(super) fn own_or_new(
    tx: &Transaction<'_>,
    env: &Env,
    space: SpaceId,
    device: DeviceId,
) -> Result<LogId, VaultError> {
    if let Some(own) = own(tx, space)? {
        return Ok(own.log);
    }
    let nonce: [u8; 16] = env.random();
    let log = log_id(space, device, &nonce);
    let sql = "INSERT INTO log (space, log, device, nonce, header) VALUES (?1, ?2, ?3, ?4, ?5)";
    let header = HeaderHash::NONE.0;
    tx.prepare_cached(sql)?
        .execute(params![space.0, log.0, device.0, nonce, header])?;
    Ok(log)
}

pub(super) fn own(conn: &Connection, space: SpaceId) -> Result<Option<LogState>, VaultError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM log WHERE space = ?1 AND nonce IS NOT NULL AND state = {OPEN}"
    );
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([space.0], from_row)
        .optional()?)
}

/// Sets a log's new end.
pub(super) fn advance(
    tx: &Transaction<'_>,
    space: SpaceId,
    device: DeviceId,
    tip: &LogTip,
    heard_ms: i64,
) -> Result<(), VaultError> {
    let sql = "INSERT INTO log (space, log, device, beat, head, number, header, heard_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (space, log) DO UPDATE SET beat = excluded.beat, head = excluded.head,
                   number = excluded.number, header = excluded.header,
                   heard_ms = excluded.heard_ms";
    tx.prepare_cached(sql)?.execute(params![
        space.0,
        tip.log.0,
        device.0,
        tip.beat,
        tip.head.0,
        tip.number,
        tip.header.0,
        heard_ms
    ])?;
    Ok(())
}

/// Marks what an own head told the others of.
pub(super) fn mark_told(
    tx: &Transaction<'_>,
    space: SpaceId,
    seen: &[Seen],
) -> Result<(), VaultError> {
    let sql = "UPDATE log SET told = number WHERE space = ?1 AND log = ?2";
    let mut update = tx.prepare_cached(sql)?;
    for seen in seen {
        update.execute(params![space.0, seen.log.0])?;
    }
    Ok(())
}

/// Keeps what another device's head says that it saw.
pub(super) fn witness(
    tx: &Transaction<'_>,
    space: SpaceId,
    seen: &[Seen],
) -> Result<(), VaultError> {
    let sql = "INSERT INTO witness (space, log, beat) VALUES (?1, ?2, ?3)
               ON CONFLICT (space, log) DO UPDATE SET beat = max(beat, excluded.beat)";
    let mut put = tx.prepare_cached(sql)?;
    for seen in seen {
        let beat = i64::try_from(seen.beat).unwrap_or(i64::MAX);
        put.execute(params![space.0, seen.log.0, beat])?;
    }
    Ok(())
}

impl Vault {
    /// When each device was last heard, in any space, in milliseconds since 1970 by its own clock.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn last_heard_ms(&self) -> Result<BTreeMap<DeviceId, i64>, VaultError> {
        let sql = "SELECT device, max(heard_ms) FROM log WHERE heard_ms > 0 GROUP BY device";
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([], |row| Ok((DeviceId(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The logs of a space of which another member saw more than this vault holds.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn withheld(&self, space: SpaceId) -> Result<Vec<LogId>, VaultError> {
        let sql = "SELECT w.log FROM witness w
                   LEFT JOIN log l ON l.space = w.space AND l.log = w.log
                   WHERE w.space = ?1 AND w.beat > coalesce(l.beat, 0) ORDER BY w.log";
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([space.0], |row| Ok(LogId(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every log of a space that is known.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn logs(&self, space: SpaceId) -> Result<Vec<LogState>, VaultError> {
        let sql = format!("SELECT {COLUMNS} FROM log WHERE space = ?1 ORDER BY log");
        let mut query = self.conn.prepare_cached(&sql)?;
        Ok(query
            .query_map([space.0], from_row)?
            .collect::<Result<_, _>>()?)
    }

    /// A log, if it is known.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn log(&self, space: SpaceId, log: LogId) -> Result<Option<LogState>, VaultError> {
        let sql = format!("SELECT {COLUMNS} FROM log WHERE space = ?1 AND log = ?2");
        let mut query = self.conn.prepare_cached(&sql)?;
        Ok(query
            .query_row(params![space.0, log.0], from_row)
            .optional()?)
    }

    /// Closes this device's log in a space, for good, and starts another for what is not sent.
    ///
    /// For a device that finds its own log longer than it remembers: a restored
    /// backup or a cloned vault. It must never sign two heads of one number. And for one that
    /// erased something of what it had sealed to be sent.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn restart_log(&mut self, space: SpaceId) -> Result<LogId, VaultError> {
        let device = self.device_id()?;
        let (env, views) = (self.env.clone(), self.views);
        self.write(|tx| {
            let (new, moved) = restart(tx, &env, space, device)?;
            // Order between versions names the log.
            if moved {
                view::rebuild(tx, views)?;
            }
            Ok(new)
        })
    }
}

/// Closes the open log of a space and starts another, by `device`, for what is not sent. Where
/// something moved, which is said too, the caller rebuilds the views.
pub(super) fn restart(
    tx: &Transaction<'_>,
    env: &Env,
    space: SpaceId,
    device: DeviceId,
) -> Result<(LogId, bool), VaultError> {
    let Some(old) = own(tx, space)? else {
        return Ok((own_or_new(tx, env, space, device)?, false));
    };
    let close = format!("UPDATE log SET state = {CLOSED} WHERE space = ?1 AND log = ?2");
    tx.prepare_cached(&close)?
        .execute(params![space.0, old.log.0])?;
    let new = own_or_new(tx, env, space, device)?;
    // What was never sealed, or sealed and never accepted, goes into the new log.
    let unsent = "SELECT min(first) FROM run_out WHERE space = ?1 AND log = ?2";
    let first: Option<u64> = tx
        .prepare_cached(unsent)?
        .query_row(params![space.0, old.log.0], |row| row.get(0))?;
    let relog = "UPDATE event SET log = ?3, device = ?5, number = NULL, content = NULL
                 WHERE space = ?1 AND log = ?2 AND (number IS NULL OR number >= ?4)";
    let unsent = first.is_some();
    let first = first.unwrap_or(i64::MAX as u64);
    let moved = tx
        .prepare_cached(relog)?
        .execute(params![space.0, old.log.0, new.0, first, device.0])?;
    tx.prepare_cached("DELETE FROM run_out WHERE space = ?1 AND log = ?2")?
        .execute(params![space.0, old.log.0])?;
    if unsent {
        // If they are stored after all, they come in again.
        let late = "DELETE FROM late_frame WHERE space = ?1 AND log = ?2 AND number >= ?3";
        tx.prepare_cached(late)?
            .execute(params![space.0, old.log.0, first])?;
        // Its end as remembered was never accepted: what the server holds of it is
        // another branch, pulled from the start.
        let forget = "UPDATE log SET beat = 0, head = NULL, number = 0, header = ?3
                      WHERE space = ?1 AND log = ?2";
        tx.prepare_cached(forget)?
            .execute(params![space.0, old.log.0, HeaderHash::NONE.0])?;
    }
    // What only heads told that never arrived is to be told again.
    tx.prepare_cached("UPDATE log SET told = 0 WHERE space = ?1")?
        .execute([space.0])?;
    Ok((new, moved > 0))
}
