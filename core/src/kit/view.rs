//! When which kit was checked.

use clinic_api::id::{MemberId, SpaceId};
use rusqlite::{OptionalExtension, Transaction, params};

use super::body::KitChecked;
use crate::event::Kind;
use crate::vault::{Applied, Outcome, Vault, VaultError, View};

/// The kit's part of the vault's views.
#[derive(Debug)]
pub struct KitView;

impl View for KitView {
    fn name(&self) -> &'static str {
        "kit"
    }

    fn version(&self) -> u32 {
        1
    }

    fn create(&self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        tx.execute_batch(
            "CREATE TABLE view_kit_check (
                 space BLOB NOT NULL, kit BLOB NOT NULL, checked_ms INTEGER NOT NULL,
                 PRIMARY KEY (space, kit)
             ) STRICT, WITHOUT ROWID;",
        )?;
        Ok(())
    }

    fn apply(&self, tx: &Transaction<'_>, event: &Applied<'_>) -> Result<Outcome, VaultError> {
        if event.kind != Kind::KitChecked {
            return Ok(Outcome::Done);
        }
        let Ok(body) = event.envelope.body::<KitChecked>() else {
            return Ok(Outcome::Malformed);
        };
        let sql = "INSERT INTO view_kit_check (space, kit, checked_ms) VALUES (?1, ?2, ?3)
                   ON CONFLICT (space, kit) DO UPDATE
                   SET checked_ms = max(checked_ms, excluded.checked_ms)";
        tx.prepare_cached(sql)?.execute(params![
            event.space.0,
            body.kit.0,
            event.envelope.at.ms
        ])?;
        Ok(Outcome::Done)
    }
}

/// When a kit was checked last.
pub(super) fn checked_ms(
    vault: &Vault,
    space: SpaceId,
    kit: MemberId,
) -> Result<Option<i64>, VaultError> {
    let sql = "SELECT checked_ms FROM view_kit_check WHERE space = ?1 AND kit = ?2";
    let mut query = vault.reader().prepare_cached(sql)?;
    Ok(query
        .query_row(params![space.0, kit.0], |row| row.get(0))
        .optional()?)
}
