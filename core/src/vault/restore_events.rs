//! Appending events of the patient as they were once written: with their own names, clock
//! readings and moments.

use clinic_api::id::DeviceId;
use clinic_api::limits;
use clinic_api::wire;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::event_log::{self, Judgement, PADDING};
use super::view::{self, Came, Place};
use super::{SpaceEntry, Vault, VaultError, clock as kept, logs};
use crate::event::{Envelope, Kind};
use crate::space::authority::Author;

/// What came of an event that was to be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was added.
    Added,
    /// It was there.
    Here,
    /// One of that name was there with other content, which stays.
    Differs,
    /// What it is about was erased: it was not added.
    Gone,
}

/// Whether restored events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restoring {
    /// For good.
    Keep,
    /// Only tried: the vault stays as it was.
    Try,
}

impl Vault {
    /// What to make of an event: none where none of its name is in that space.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn holds(
        &self,
        space: &SpaceEntry,
        envelope: &Envelope,
    ) -> Result<Option<Put>, VaultError> {
        here(&self.conn, space, envelope, None)
    }

    /// Whether an event can travel at all.
    pub fn fits_a_frame(envelope: &Envelope) -> bool {
        wire::encode(envelope).len() <= limits::FRAME_BODY - PADDING
    }

    /// Appends a patient's events as they are and applies them: all of them, durably, or none.
    ///
    /// Each goes into this device's own log of its space and travels in a frame of its own, so
    /// to the other members this device is its author. A clock reading that is far ahead is not
    /// followed. Returns what came of each.
    ///
    /// # Errors
    /// [`VaultError::NotAllowed`] where this is no patient's device, or one of them may not be
    /// written there or is not what its kind says; [`VaultError::TooLarge`] where one fits into
    /// no frame; [`VaultError::Full`] and the like: nothing was written.
    pub fn restore(
        &mut self,
        events: &[(SpaceEntry, Envelope)],
        how: Restoring,
    ) -> Result<Vec<Put>, VaultError> {
        self.put(events, how, None)
    }

    /// Writes an event of a device that is out anew, as this device's own, where what that device
    /// wrote doesn't count.
    ///
    /// # Errors
    /// As [`Vault::restore`].
    pub fn adopt(
        &mut self,
        space: &SpaceEntry,
        event: Envelope,
        from: DeviceId,
    ) -> Result<Put, VaultError> {
        let came = self.put(&[(*space, event)], Restoring::Keep, Some(from))?;
        came.first().copied().ok_or(VaultError::Internal)
    }

    fn put(
        &mut self,
        events: &[(SpaceEntry, Envelope)],
        how: Restoring,
        from: Option<DeviceId>,
    ) -> Result<Vec<Put>, VaultError> {
        let device = self.device_id()?;
        let author = Author::Patient;
        if self.own_author(device)? != Some(author) {
            return Err(VaultError::NotAllowed);
        }
        let (env, views) = (self.env.clone(), self.views);
        let mut clock = self.clock;
        let now = env.now().as_millisecond();
        let mut erases = false;
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut came = Vec::with_capacity(events.len());
        for (space, envelope) in events {
            if !Self::fits_a_frame(envelope) {
                return Err(VaultError::TooLarge);
            }
            if let Some(put) = here(&tx, space, envelope, from)? {
                came.push(put);
                continue;
            }
            let place = Place {
                space: space.space,
                space_kind: space.kind,
                log: logs::own_or_new(&tx, &env, space.space, device)?,
                device,
                author: Some(author),
            };
            match view::apply(&tx, views, &place, envelope)? {
                Came::Judged(Judgement::Applied) => {}
                Came::Judged(_) => return Err(VaultError::NotAllowed),
                Came::Gone(_) => {
                    came.push(Put::Gone);
                    continue;
                }
            }
            erases |= envelope.known_kind().is_some_and(Kind::erases);
            let followed = clock.follow(envelope.hlc, now);
            let next = event_log::next_seq(&tx)?;
            let slot = (next, next, 0);
            event_log::insert(
                &tx,
                &place,
                None,
                slot,
                envelope,
                followed,
                Judgement::Applied,
            )?;
            came.push(Put::Added);
        }
        match how {
            Restoring::Try => tx.rollback()?,
            Restoring::Keep => {
                kept::keep(&tx, clock.last())?;
                tx.commit()?;
                self.clock = clock;
                if erases {
                    self.empty_journal();
                }
                self.tell_written();
            }
        }
        Ok(came)
    }
}

/// What to make of an event whose name is in the space already; not in a log by `except`.
fn here(
    conn: &Connection,
    space: &SpaceEntry,
    envelope: &Envelope,
    except: Option<DeviceId>,
) -> Result<Option<Put>, VaultError> {
    // CROSS JOIN keeps the logs outside: a space has few, and each is looked up by its index.
    let sql = "SELECT e.envelope FROM log l CROSS JOIN event e
               WHERE l.space = ?1 AND e.space = ?1 AND e.log = l.log AND e.event = ?2
                   AND (?3 IS NULL OR l.device <> ?3) LIMIT 1";
    let found: Option<Vec<u8>> = conn
        .prepare_cached(sql)?
        .query_row(
            params![space.space.0, envelope.id.0, except.map(|device| device.0)],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.map(|bytes| {
        if bytes == wire::encode(envelope) {
            Put::Here
        } else {
            Put::Differs
        }
    }))
}
