//! Who left: the proof, and letting go of what was theirs.

use clinic_api::id::{ChainId, SpaceId};
use clinic_api::leave::{SignedLeave, SignedReceipt};
use clinic_api::space::SpaceKind;
use rusqlite::{OptionalExtension, Transaction, params};

use super::{Vault, VaultError, event_log, view};
use crate::event::EventId;

/// That a patient chain or a space was erased at the clinic API, at its own people's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// When this device learned of it, in milliseconds since 1970.
    pub at_ms: i64,
    /// The word, verified then.
    pub leave: SignedLeave,
    /// What the server says that it did.
    pub receipt: SignedReceipt,
}

/// A space that is let go of, but for some events.
#[derive(Debug, Clone)]
pub struct LetGo {
    /// The space.
    pub space: SpaceId,
    /// What stays, as this device's owner's own copy.
    pub keep: Vec<EventId>,
}

impl Vault {
    /// The proof that a patient chain or a space is gone; none where it isn't.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn departure(&self, chain: ChainId) -> Result<Option<Departure>, VaultError> {
        let sql = "SELECT at_ms, leave, receipt FROM departure WHERE chain = ?1";
        let mut query = self.conn.prepare_cached(sql)?;
        let row: Option<(i64, Vec<u8>, Vec<u8>)> = query
            .query_row([chain.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        row.map(|(at_ms, leave, receipt)| {
            Ok(Departure {
                at_ms,
                leave: SignedLeave::from_bytes(&leave).map_err(|_| VaultError::Damaged)?,
                receipt: SignedReceipt::from_bytes(&receipt).map_err(|_| VaultError::Damaged)?,
            })
        })
        .transpose()
    }

    /// Whether a patient chain or a space is gone.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn is_departed(&self, chain: ChainId) -> Result<bool, VaultError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM departure WHERE chain = ?1)";
        let mut query = self.conn.prepare_cached(sql)?;
        Ok(query.query_row([chain.0], |row| row.get(0))?)
    }

    /// Keeps the proof that these are gone, and lets go of spaces: all of it, or nothing.
    ///
    /// What is let go of leaves rows, views, search index and journal files.
    ///
    /// # Errors
    /// [`VaultError`]; then nothing was let go of.
    pub fn depart(
        &mut self,
        names: &[ChainId],
        departure: &Departure,
        let_go: &[LetGo],
    ) -> Result<(), VaultError> {
        let views = self.views;
        self.write(|tx| {
            for space in let_go {
                drop_rows(tx, space)?;
                view::forget(tx, views, space.space)?;
                event_log::replay_space(tx, views, space.space)?;
            }
            let sql = "INSERT INTO departure (chain, at_ms, leave, receipt)
                       VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
            let mut insert = tx.prepare_cached(sql)?;
            let (leave, receipt) = (departure.leave.to_bytes(), departure.receipt.to_bytes());
            for name in names {
                insert.execute(params![name.0, departure.at_ms, leave, receipt])?;
            }
            Ok(())
        })?;
        if !let_go.is_empty() {
            self.empty_journal();
        }
        Ok(())
    }

    /// Whether what is written for the care team of this patient reaches anybody: not once the
    /// person left.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn care_is_gone(&self, patient: ChainId) -> Result<bool, VaultError> {
        self.is_departed(SpaceKind::Care.id(patient).into())
    }
}

fn drop_rows(tx: &Transaction<'_>, what: &LetGo) -> Result<(), VaultError> {
    let space = what.space.0;
    let events: Vec<(i64, [u8; 16])> = {
        let mut select = tx.prepare("SELECT seq, event FROM event WHERE space = ?1")?;
        let rows = select.query_map([space], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    let mut delete = tx.prepare("DELETE FROM event WHERE seq = ?1")?;
    // There is nowhere to send it to any more.
    let mut sent = tx.prepare("UPDATE event SET number = coalesce(number, 0) WHERE seq = ?1")?;
    for (seq, event) in events {
        if what.keep.contains(&EventId(event)) {
            sent.execute([seq])?;
        } else {
            delete.execute([seq])?;
        }
    }
    for table in [
        "run_out",
        "set_aside",
        "witness",
        "erased_frame",
        "missing_body",
        "late_frame",
        "head",
        "epoch_key",
        "log",
    ] {
        tx.execute(&format!("DELETE FROM {table} WHERE space = ?1"), [space])?;
    }
    Ok(())
}
