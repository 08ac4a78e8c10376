//! The front desk's table: patients by space.

use clinic_api::id::{ChainId, SpaceId};
use rusqlite::{Transaction, params};

use super::body::{PatientAdmitted, birth_date, is_name};
use crate::event::Kind;
use crate::vault::{Applied, Outcome, Vault, VaultError, View};

/// A patient of the clinic.
#[derive(Clone, PartialEq, Eq)]
pub struct Patient {
    /// Their chain.
    pub chain: ChainId,
    /// Their name.
    pub name: String,
    /// Their date of birth, as `YYYY-MM-DD`.
    pub birth_date: String,
    /// When they were admitted, in milliseconds since 1970.
    pub admitted_ms: i64,
}

impl std::fmt::Debug for Patient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Patient(..)")
    }
}

/// The front desk's part of the vault's views.
#[derive(Debug)]
pub struct FrontView;

impl View for FrontView {
    fn name(&self) -> &'static str {
        "front"
    }

    fn version(&self) -> u32 {
        1
    }

    fn create(&self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        tx.execute_batch(
            "CREATE TABLE view_patient (
                 space BLOB NOT NULL, patient BLOB NOT NULL, event BLOB NOT NULL,
                 log BLOB NOT NULL, hlc_ms INTEGER NOT NULL, hlc_counter INTEGER NOT NULL,
                 at_ms INTEGER NOT NULL, name TEXT NOT NULL, birth_date TEXT NOT NULL,
                 PRIMARY KEY (space, patient, event, log)
             ) STRICT, WITHOUT ROWID;",
        )?;
        Ok(())
    }

    fn apply(&self, tx: &Transaction<'_>, event: &Applied<'_>) -> Result<Outcome, VaultError> {
        if event.kind != Kind::PatientAdmitted {
            return Ok(Outcome::Done);
        }
        let Ok(body) = event.envelope.body::<PatientAdmitted>() else {
            return Ok(Outcome::Malformed);
        };
        if !is_name(&body.name) || birth_date(&body.birth_date).is_none() {
            return Ok(Outcome::Malformed);
        }
        let sql = "INSERT INTO view_patient (space, patient, event, log, hlc_ms, hlc_counter,
                       at_ms, name, birth_date)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
        let envelope = event.envelope;
        tx.prepare_cached(sql)?.execute(params![
            event.space.0,
            body.patient.0,
            envelope.id.0,
            event.log.0,
            envelope.hlc.ms,
            envelope.hlc.counter,
            envelope.at.ms,
            body.name,
            body.birth_date,
        ])?;
        Ok(Outcome::Done)
    }
}

/// The last word on each patient, by name.
pub(super) fn patients(vault: &Vault, front: SpaceId) -> Result<Vec<Patient>, VaultError> {
    let sql = "SELECT p.patient, p.name, p.birth_date,
                   (SELECT min(at_ms) FROM view_patient f
                    WHERE f.space = p.space AND f.patient = p.patient)
               FROM view_patient p
               WHERE p.space = ?1 AND NOT EXISTS (
                   SELECT 1 FROM view_patient o
                   WHERE o.space = p.space AND o.patient = p.patient
                   AND (o.hlc_ms, o.hlc_counter, o.log, o.event)
                     > (p.hlc_ms, p.hlc_counter, p.log, p.event))
               ORDER BY p.name COLLATE NOCASE, p.patient";
    let mut query = vault.reader().prepare_cached(sql)?;
    let rows = query.query_map([front.0], |row| {
        Ok(Patient {
            chain: ChainId(row.get(0)?),
            name: row.get(1)?,
            birth_date: row.get(2)?,
            admitted_ms: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
