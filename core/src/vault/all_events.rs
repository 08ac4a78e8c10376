//! Reading every event of some spaces, a page at a time.

use clinic_api::id::{DeviceId, SpaceId};
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use rusqlite::{OptionalExtension, params_from_iter};

use super::event_log::author_from;
use super::{SpaceEntry, Vault, VaultError};
use crate::event::Envelope;
use crate::space::authority::Author;

/// An event, with who wrote it where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvent {
    /// The space.
    pub space: SpaceId,
    /// Its kind.
    pub space_kind: SpaceKind,
    /// Who wrote it.
    pub device: DeviceId,
    /// In what quality; none where it was no member.
    pub author: Option<Author>,
    /// The event.
    pub envelope: Envelope,
}

impl Vault {
    /// Where the events of these spaces stand, in the order of their clocks, then of their names.
    ///
    /// The same events give the same order on every device. Eight bytes an event are returned;
    /// [`Vault::events_at`] reads them.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn event_order(&self, spaces: &[SpaceEntry]) -> Result<Vec<i64>, VaultError> {
        let marks = vec!["?"; spaces.len()].join(", ");
        let sql = format!(
            "SELECT e.seq FROM event e JOIN space s ON s.space = e.space
             WHERE e.space IN ({marks})
             ORDER BY e.hlc_ms, e.hlc_counter, e.event, s.kind, e.device, e.log"
        );
        let mut query = self.conn.prepare(&sql)?;
        let spaces = params_from_iter(spaces.iter().map(|s| s.space.0));
        let rows = query.query_map(spaces, |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The events that stand at these places, without those that are no longer there.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn events_at(&self, places: &[i64]) -> Result<Vec<KeptEvent>, VaultError> {
        let sql = "SELECT e.space, s.kind, e.device, e.author, e.envelope
                   FROM event e JOIN space s ON s.space = e.space WHERE e.seq = ?1";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut all = Vec::with_capacity(places.len());
        for place in places {
            let row = query.query_row([place], |row| {
                let kind: u8 = row.get(1)?;
                let author: u8 = row.get(3)?;
                let bytes: Vec<u8> = row.get(4)?;
                Ok((row.get(0)?, kind, row.get(2)?, author, bytes))
            });
            let Some((space, kind, device, author, bytes)) = row.optional()? else {
                continue;
            };
            all.push(KeptEvent {
                space: SpaceId(space),
                space_kind: SpaceKind::from_code(kind).ok_or(VaultError::Damaged)?,
                device: DeviceId(device),
                author: author_from(author)?,
                envelope: wire::decode(&bytes).map_err(|_| VaultError::Damaged)?,
            });
        }
        Ok(all)
    }
}
