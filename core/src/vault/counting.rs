//! What counts of the log of a device that is out, judged anew whenever chains grow.
//!
//! A removal, or the epoch after somebody left the team, may become known after frames were
//! taken in that lie beyond the last head that counts. Those are kept and applied no more, so
//! that two readers show the same, whichever pulled before.

use clinic_api::id::{DeviceId, HeadHash, LogId};
use clinic_api::log::LogTip;
use rusqlite::{Transaction, params};

use super::chains::SpaceEntry;
use super::{Vault, VaultError, view};

/// Notes where a run ended: a removal may name any head of a log.
pub(super) fn note_head(
    tx: &Transaction<'_>,
    space: &SpaceEntry,
    tip: &LogTip,
) -> Result<(), VaultError> {
    let sql = "INSERT INTO head (space, log, beat, head, number) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT DO NOTHING";
    tx.prepare_cached(sql)?.execute(params![
        space.space.0,
        tip.log.0,
        tip.beat,
        tip.head.0,
        tip.number
    ])?;
    Ok(())
}

impl Vault {
    /// Whether a head, and what its run holds, counts: its device is in, or the head lies within
    /// what the device's removal names; for a workstation that left the space's team, within what
    /// the next epoch names.
    pub(crate) fn counts(
        &self,
        entry: &SpaceEntry,
        device: DeviceId,
        log: LogId,
        beat: u64,
        head: HeadHash,
    ) -> bool {
        let parties = self.chains().parties(entry);
        if let Some(chain) = parties.patient.filter(|p| p.device(device).is_some()) {
            return chain.counts(device, log, beat, head);
        }
        let left = parties
            .roster
            .zip(entry.kind.team())
            .and_then(|(roster, team)| roster.left_team(device, team));
        let epochs = self.chains().epochs(entry.space);
        left.zip(epochs)
            .is_none_or(|(left, epochs)| epochs.counts(left, log, beat, head))
    }

    /// Judges every log of a space anew, after its chains have grown.
    ///
    /// Done once more at each pull: the process may have been killed right after a statement was
    /// kept.
    pub(crate) fn judge_again(&mut self, entry: &SpaceEntry) -> Result<(), VaultError> {
        self.load_space(entry)?;
        let mut changed = Vec::new();
        for log in self.logs(entry.space)? {
            // What this device wrote stays on it, whoever put it out.
            let Some(tip) = log.tip.filter(|_| log.nonce.is_none()) else {
                continue;
            };
            let limit = if self.counts(entry, log.device, log.log, tip.beat, tip.head) {
                None
            } else {
                Some(self.last_that_counts(entry, log.device, log.log)?)
            };
            if limit != log.counts {
                changed.push((log.log, limit));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let (views, space) = (self.views, entry.space);
        self.write(|tx| {
            let sql = "UPDATE log SET counts = ?3 WHERE space = ?1 AND log = ?2";
            for (log, limit) in &changed {
                tx.prepare_cached(sql)?
                    .execute(params![space.0, log.0, limit])?;
            }
            view::rebuild(tx, views)
        })
    }

    /// The number of the last frame of a log that counts; 0 where none does.
    fn last_that_counts(
        &self,
        entry: &SpaceEntry,
        device: DeviceId,
        log: LogId,
    ) -> Result<u64, VaultError> {
        let sql = "SELECT beat, head, number FROM head WHERE space = ?1 AND log = ?2
                   ORDER BY beat DESC";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query(params![entry.space.0, log.0])?;
        while let Some(row) = rows.next()? {
            let (beat, head) = (row.get(0)?, HeadHash(row.get(1)?));
            if self.counts(entry, device, log, beat, head) {
                return Ok(row.get(2)?);
            }
        }
        Ok(0)
    }
}
