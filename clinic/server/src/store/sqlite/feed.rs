//! What changed, and when.

use clinic_api::id::ChainId;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::super::codes::{id, number};
use super::super::feed::{Change, Changes, Founded, Scope, Signal, Thing, Window};
use super::super::{NewChain, Result};
use super::{Write, database};

/// The time in milliseconds since 1970 (UTC), of the machine that has the file.
const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

fn chain(bytes: Option<Vec<u8>>) -> Result<Option<ChainId>> {
    bytes.map(|b| id(&b)).transpose()
}

/// Things of a new chain.
pub(super) fn found(write: &mut Write<'_>, new: &NewChain) -> Result<()> {
    let founded = Founded::by(new);
    let (patient, clinic) = (founded.patient.map(|p| p.0), founded.clinic.map(|c| c.0));
    for thing in founded.things {
        let (kind, name) = thing.parts();
        write
            .tx
            .prepare_cached(
                "INSERT INTO feed (kind, id, patient, clinic, revision, stamp)
                 VALUES (?1, ?2, ?3, ?4, 0, 0)",
            )
            .and_then(|mut insert| insert.execute(params![kind, name, patient, clinic]))
            .map_err(database)?;
        touch(write, thing)?;
    }
    Ok(())
}

/// A patient is this clinic's from now on, and all of theirs is new to it.
pub(super) fn join(write: &mut Write<'_>, patient: ChainId, clinic: ChainId) -> Result<()> {
    write
        .tx
        .prepare_cached("UPDATE feed SET clinic = ?2 WHERE patient = ?1")
        .and_then(|mut update| update.execute([patient.as_ref(), clinic.as_ref()]))
        .map_err(database)?;
    let mut select = write
        .tx
        .prepare_cached("SELECT kind, id FROM feed WHERE patient = ?1")
        .map_err(database)?;
    let mut rows = select.query([patient.as_ref()]).map_err(database)?;
    let mut things = Vec::new();
    while let Some(row) = rows.next().map_err(database)? {
        things.push(thing(row)?);
    }
    for thing in things {
        touch(write, thing)?;
    }
    Ok(())
}

fn thing(row: &Row<'_>) -> Result<Thing> {
    let name: Vec<u8> = row.get("id").map_err(database)?;
    let kind = row.get("kind").map_err(database)?;
    Thing::of(kind, *id::<ChainId>(&name)?.as_bytes())
}

/// Marks a thing as changed. False: there is no such thing.
pub(super) fn touch(write: &mut Write<'_>, thing: Thing) -> Result<bool> {
    type Of = (Option<Vec<u8>>, Option<Vec<u8>>);
    let (kind, name) = thing.parts();
    let row: Option<Of> = write
        .tx
        .prepare_cached(&format!(
            "UPDATE feed SET revision = revision + 1, stamp = {NOW}
             WHERE kind = ?1 AND id = ?2 RETURNING patient, clinic"
        ))
        .and_then(|mut update| {
            update
                .query_row(params![kind, name], |row| {
                    Ok((row.get("patient")?, row.get("clinic")?))
                })
                .optional()
        })
        .map_err(database)?;
    let Some((patient, clinic)) = row else {
        return Ok(false);
    };
    write.signals.push(Signal {
        patient: chain(patient)?,
        clinic: chain(clinic)?,
        thing,
    });
    Ok(true)
}

pub(super) fn changes(
    tx: &Transaction<'_>,
    scope: Scope,
    since: u64,
    limit: usize,
) -> Result<Changes> {
    let now: i64 = tx
        .query_row(&format!("SELECT {NOW}"), [], |row| row.get(0))
        .map_err(database)?;
    let (column, whose) = match scope {
        Scope::Patient(chain) => ("patient", chain),
        Scope::Clinic(chain) => ("clinic", chain),
    };
    let window = Window::new(since, limit, now, |after, n| {
        tx.prepare_cached(&format!(
            "SELECT stamp FROM feed WHERE {column} = ?1 AND stamp > ?2
             ORDER BY stamp LIMIT 1 OFFSET ?3"
        ))
        .and_then(|mut select| {
            select
                .query_row(params![whose.as_ref(), after, n], |row| row.get(0))
                .optional()
        })
        .map_err(database)
    })?;
    let roster = match scope {
        Scope::Patient(_) => {
            "UNION ALL SELECT stamp, kind, id, revision FROM feed
             WHERE kind = 0 AND id = (SELECT clinic FROM feed WHERE kind = 0 AND id = ?1)
               AND stamp BETWEEN ?2 AND ?3"
        }
        Scope::Clinic(_) => "",
    };
    let mut select = tx
        .prepare_cached(&format!(
            "SELECT stamp, kind, id, revision FROM feed
             WHERE {column} = ?1 AND stamp BETWEEN ?2 AND ?3
             {roster} ORDER BY stamp, kind, id"
        ))
        .map_err(database)?;
    let mut rows = select
        .query(params![whose.as_ref(), window.from, window.to])
        .map_err(database)?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next().map_err(database)? {
        changes.push(Change {
            thing: thing(row)?,
            revision: number(row.get("revision").map_err(database)?)?,
        });
    }
    Ok(Changes {
        changes,
        position: window.position,
        more: window.more,
    })
}
