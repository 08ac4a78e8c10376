//! What is written and not yet with the clinic API: events to seal, and sealed runs to send.

use clinic_api::id::{ContentHash, LogId, SpaceId};
use clinic_api::log::{LogTip, Seen};
use clinic_api::wire;
use rusqlite::params;

use super::{Vault, VaultError, logs};
use crate::event::Envelope;

/// Events that were written together and travel as one frame.
#[derive(Debug)]
pub struct Batch {
    id: i64,
    /// Where its events stand in the log of events.
    rows: Vec<i64>,
    /// The events, in the order of writing.
    pub events: Vec<Envelope>,
}

/// A sealed run that waits for the clinic API's word.
#[derive(Debug)]
pub struct RunOut {
    /// The space.
    pub space: SpaceId,
    /// The log.
    pub log: LogId,
    /// The number of its head.
    pub beat: u64,
    /// The bytes to send; a retry sends the same.
    pub bytes: Vec<u8>,
}

/// A run that was just sealed, to be kept before it is sent.
#[derive(Debug)]
pub struct Sealed<'a> {
    /// The space.
    pub space: SpaceId,
    /// The batches in its frames, one each, in order.
    pub batches: &'a [Batch],
    /// The number of the first frame.
    pub first: u64,
    /// What the frames' headers say of their bodies.
    pub contents: &'a [ContentHash],
    /// The log's new end.
    pub tip: LogTip,
    /// The time that the head gives.
    pub at_ms: i64,
    /// What the head told.
    pub seen: &'a [Seen],
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Vault {
    /// The next events of a space to be sealed, at most `most` frames and about `bytes` bytes.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn unsealed(
        &self,
        space: SpaceId,
        most: usize,
        bytes: usize,
    ) -> Result<Vec<Batch>, VaultError> {
        let sql = "SELECT seq, batch, envelope FROM event
                   WHERE space = ?1 AND number IS NULL ORDER BY seq";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query([space.0])?;
        let mut batches: Vec<Batch> = Vec::new();
        let mut size = 0_usize;
        while let Some(row) = rows.next()? {
            let (seq, id): (i64, i64) = (row.get(0)?, row.get(1)?);
            let envelope: Vec<u8> = row.get(2)?;
            size = size.saturating_add(envelope.len().saturating_add(600));
            let event = wire::decode(&envelope).map_err(|_| VaultError::Damaged)?;
            if let Some(batch) = batches.last_mut().filter(|b| b.id == id) {
                batch.rows.push(seq);
                batch.events.push(event);
            } else if batches.len() >= most || (size > bytes && !batches.is_empty()) {
                break;
            } else {
                batches.push(Batch {
                    id,
                    rows: vec![seq],
                    events: vec![event],
                });
            }
        }
        Ok(batches)
    }

    /// How many events of this device are not with the clinic API yet.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn unsent(&self) -> Result<u64, VaultError> {
        let sql = "SELECT count(*) FROM event e WHERE e.number IS NULL
                   OR EXISTS (SELECT 1 FROM run_out r WHERE r.space = e.space
                              AND r.log = e.log AND e.number >= r.first)";
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))?)
    }

    /// Keeps a sealed run before it is sent: from here on these bytes are what is sent.
    ///
    /// # Errors
    /// [`VaultError`], and nothing was sealed.
    pub fn keep_sealed(&mut self, sealed: Sealed<'_>) -> Result<(), VaultError> {
        let device = self.device_id()?;
        self.write(|tx| {
            let sql = "UPDATE event SET number = ?2, content = ?4
                       WHERE seq = ?1 AND log = ?3 AND number IS NULL";
            let mut update = tx.prepare_cached(sql)?;
            let frames = sealed.batches.iter().zip(sealed.contents);
            for (number, (batch, content)) in (sealed.first..).zip(frames) {
                for seq in &batch.rows {
                    update.execute(params![seq, number, sealed.tip.log.0, content.0])?;
                }
            }
            let out = "INSERT INTO run_out (space, log, beat, first, bytes)
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            tx.prepare_cached(out)?.execute(params![
                sealed.space.0,
                sealed.tip.log.0,
                sealed.tip.beat,
                sealed.first,
                sealed.bytes
            ])?;
            logs::advance(tx, sealed.space, device, &sealed.tip, sealed.at_ms)?;
            logs::mark_told(tx, sealed.space, sealed.seen)
        })
    }

    /// The sealed runs of a space that wait, in the order of sealing.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn runs_out(&self, space: SpaceId, most: usize) -> Result<Vec<RunOut>, VaultError> {
        let sql = "SELECT log, beat, bytes FROM run_out WHERE space = ?1 ORDER BY seq LIMIT ?2";
        let mut query = self.conn.prepare_cached(sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = query.query_map(params![space.0, most], |row| {
            Ok(RunOut {
                space,
                log: LogId(row.get(0)?),
                beat: row.get(1)?,
                bytes: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many sealed runs of a space wait.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn runs_waiting(&self, space: SpaceId) -> Result<u64, VaultError> {
        let sql = "SELECT count(*) FROM run_out WHERE space = ?1";
        let mut query = self.conn.prepare_cached(sql)?;
        Ok(query.query_row([space.0], |row| row.get(0))?)
    }

    /// The clinic API has these runs, durably.
    ///
    /// # Errors
    /// [`VaultError`]; then they are sent again, which changes nothing.
    pub fn runs_accepted(&mut self, runs: &[RunOut]) -> Result<(), VaultError> {
        self.write(|tx| {
            let sql = "DELETE FROM run_out WHERE space = ?1 AND log = ?2 AND beat = ?3";
            let mut delete = tx.prepare_cached(sql)?;
            for run in runs {
                delete.execute(params![run.space.0, run.log.0, run.beat])?;
            }
            Ok(())
        })
    }

    /// This device's open log in a space, started where there is none.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn own_log(&mut self, space: SpaceId) -> Result<super::LogState, VaultError> {
        let device = self.device_id()?;
        let env = self.env.clone();
        self.write(|tx| {
            logs::own_or_new(tx, &env, space, device)?;
            logs::own(tx, space)?.ok_or(VaultError::Internal)
        })
    }
}
