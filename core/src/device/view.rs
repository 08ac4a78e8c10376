//! The devices' table: their names.

use std::collections::BTreeMap;

use clinic_api::id::{DeviceId, SpaceId};
use rusqlite::{Transaction, params};

use super::body::{DeviceNamed, is_name};
use crate::event::Kind;
use crate::vault::{Applied, Outcome, Vault, VaultError, View};

/// The devices' part of the vault's views.
#[derive(Debug)]
pub struct DeviceView;

impl View for DeviceView {
    fn name(&self) -> &'static str {
        "device"
    }

    fn version(&self) -> u32 {
        1
    }

    fn create(&self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        tx.execute_batch(
            "CREATE TABLE view_device_name (
                 space BLOB NOT NULL, device BLOB NOT NULL, event BLOB NOT NULL,
                 log BLOB NOT NULL, hlc_ms INTEGER NOT NULL, hlc_counter INTEGER NOT NULL,
                 name TEXT NOT NULL,
                 PRIMARY KEY (space, device, event, log)
             ) STRICT, WITHOUT ROWID;",
        )?;
        Ok(())
    }

    fn apply(&self, tx: &Transaction<'_>, event: &Applied<'_>) -> Result<Outcome, VaultError> {
        if event.kind != Kind::DeviceNamed {
            return Ok(Outcome::Done);
        }
        let Ok(body) = event.envelope.body::<DeviceNamed>() else {
            return Ok(Outcome::Malformed);
        };
        if !is_name(&body.name) {
            return Ok(Outcome::Malformed);
        }
        let sql = "INSERT INTO view_device_name
                       (space, device, event, log, hlc_ms, hlc_counter, name)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
        let envelope = event.envelope;
        tx.prepare_cached(sql)?.execute(params![
            event.space.0,
            body.device.0,
            envelope.id.0,
            event.log.0,
            envelope.hlc.ms,
            envelope.hlc.counter,
            body.name,
        ])?;
        Ok(Outcome::Done)
    }
}

/// The last word on each device's name.
pub(crate) fn names(
    vault: &Vault,
    private: SpaceId,
) -> Result<BTreeMap<DeviceId, String>, VaultError> {
    let sql = "SELECT device, name FROM view_device_name WHERE space = ?1
               ORDER BY hlc_ms, hlc_counter, log, event";
    let mut query = vault.reader().prepare_cached(sql)?;
    let rows = query.query_map([private.0], |row| {
        Ok((DeviceId(row.get(0)?), row.get::<_, String>(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
