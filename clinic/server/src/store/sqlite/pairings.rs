//! Pairings.

use clinic_api::id::InviteLookup;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::super::codes::{id, int};
use super::super::{Guard, Outcome, Pairing, PairingLimit, Result};
use super::{database, hold};

fn from_row(row: &Row<'_>) -> Result<Pairing> {
    let bytes = |name| row.get::<_, Vec<u8>>(name).map_err(database);
    let mac = bytes("mac")?;
    Ok(Pairing {
        lookup: id(&bytes("lookup")?)?,
        owner: id(&bytes("owner")?)?,
        offer: bytes("offer")?,
        mac: id(&mac)?,
        expires: row.get("expires").map_err(database)?,
        withdrawn: row.get("withdrawn").map_err(database)?,
        answer: row.get("answer").map_err(database)?,
    })
}

pub(super) fn one(tx: &Transaction<'_>, lookup: InviteLookup) -> Result<Option<Pairing>> {
    tx.prepare_cached(
        "SELECT lookup, owner, offer, mac, expires, withdrawn, answer
         FROM pairings WHERE lookup = ?1",
    )
    .and_then(|mut select| {
        select
            .query_row([lookup.as_ref()], |row| Ok(from_row(row)))
            .optional()
    })
    .map_err(database)?
    .transpose()
}

pub(super) fn create(
    tx: &Transaction<'_>,
    pairing: &Pairing,
    limit: PairingLimit,
    guards: &[Guard],
) -> Result<Outcome> {
    if one(tx, pairing.lookup)?.is_some() || !hold(tx, guards)? {
        return Ok(Outcome::Moved);
    }
    let owner = pairing.owner.as_ref();
    tx.prepare_cached("DELETE FROM pairings WHERE owner = ?1 AND expires < ?2")
        .and_then(|mut delete| delete.execute(params![owner, limit.forget_before]))
        .map_err(database)?;
    let kept: i64 = tx
        .prepare_cached("SELECT count(*) FROM pairings WHERE owner = ?1")
        .and_then(|mut count| count.query_row([owner], |row| row.get(0)))
        .map_err(database)?;
    if kept >= int(limit.pairings as u64) {
        return Ok(Outcome::Full);
    }
    tx.prepare_cached(
        "INSERT INTO pairings (lookup, owner, offer, mac, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .and_then(|mut insert| {
        insert.execute(params![
            pairing.lookup.as_ref(),
            owner,
            pairing.offer,
            pairing.mac,
            pairing.expires,
        ])
    })
    .map_err(database)?;
    Ok(Outcome::Stored)
}

pub(super) fn answer(tx: &Transaction<'_>, lookup: InviteLookup, answer: &[u8]) -> Result<Outcome> {
    let changed = tx
        .prepare_cached(
            "UPDATE pairings SET answer = ?2
             WHERE lookup = ?1 AND withdrawn = 0 AND answer IS NULL",
        )
        .and_then(|mut update| update.execute(params![lookup.as_ref(), answer]))
        .map_err(database)?;
    Ok(outcome(changed))
}

pub(super) fn withdraw(
    tx: &Transaction<'_>,
    lookup: InviteLookup,
    guards: &[Guard],
) -> Result<Outcome> {
    if !hold(tx, guards)? {
        return Ok(Outcome::Moved);
    }
    let changed = tx
        .prepare_cached("UPDATE pairings SET withdrawn = 1, answer = NULL WHERE lookup = ?1")
        .and_then(|mut update| update.execute([lookup.as_ref()]))
        .map_err(database)?;
    Ok(outcome(changed))
}

fn outcome(changed: usize) -> Outcome {
    if changed == 1 {
        Outcome::Stored
    } else {
        Outcome::Moved
    }
}
