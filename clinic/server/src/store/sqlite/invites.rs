//! Invites and what became of them.

use clinic_api::id::{ChainId, InviteLookup};
use rusqlite::{Row, Transaction, params};

use super::super::codes::{id, stage_code, stage_of, standing_code};
use super::super::{Claimed, Guard, Invite, NewChain, Outcome, Result, Stage, Thing};
use super::{Write, chains, database, feed, hold};

fn from_row(row: &Row<'_>) -> Result<Invite> {
    let bytes = |name| row.get::<_, Vec<u8>>(name).map_err(database);
    let mac = bytes("mac")?;
    let chain: Option<Vec<u8>> = row.get("chain").map_err(database)?;
    Ok(Invite {
        lookup: id(&bytes("lookup")?)?,
        roster: id(&bytes("roster")?)?,
        offer: bytes("offer")?,
        mac: id(&mac)?,
        expires: row.get("expires").map_err(database)?,
        stage: stage_of(row.get("stage").map_err(database)?)?,
        claim: row.get("claim").map_err(database)?,
        chain: chain.map(|c| id(&c)).transpose()?,
    })
}

pub(super) fn one(tx: &Transaction<'_>, lookup: InviteLookup) -> Result<Option<Invite>> {
    let mut select = tx
        .prepare_cached(
            "SELECT lookup, roster, offer, mac, expires, stage, claim, chain
             FROM invites WHERE lookup = ?1",
        )
        .map_err(database)?;
    let mut rows = select.query([lookup.as_ref()]).map_err(database)?;
    rows.next().map_err(database)?.map(from_row).transpose()
}

pub(super) fn of_roster(tx: &Transaction<'_>, roster: ChainId) -> Result<Vec<Invite>> {
    let mut select = tx
        .prepare_cached(
            "SELECT lookup, roster, offer, mac, expires, stage, claim, chain
             FROM invites WHERE roster = ?1 ORDER BY number",
        )
        .map_err(database)?;
    let mut rows = select.query([roster.as_ref()]).map_err(database)?;
    let mut invites = Vec::new();
    while let Some(row) = rows.next().map_err(database)? {
        invites.push(from_row(row)?);
    }
    Ok(invites)
}

pub(super) fn create(write: &mut Write<'_>, invite: &Invite, guards: &[Guard]) -> Result<Outcome> {
    let tx = write.tx;
    if one(tx, invite.lookup)?.is_some() || !hold(tx, guards)? {
        return Ok(Outcome::Moved);
    }
    tx.prepare_cached(
        "INSERT INTO invites (lookup, roster, number, offer, mac, expires, stage)
         VALUES (?1, ?2,
                 (SELECT coalesce(max(number), 0) + 1 FROM invites WHERE roster = ?2),
                 ?3, ?4, ?5, ?6)",
    )
    .and_then(|mut insert| {
        insert.execute(params![
            invite.lookup.as_ref(),
            invite.roster.as_ref(),
            invite.offer,
            invite.mac,
            invite.expires,
            stage_code(Stage::Waiting),
        ])
    })
    .map_err(database)?;
    feed::touch(write, Thing::Invites(invite.roster))?;
    Ok(Outcome::Stored)
}

pub(super) fn claim(
    write: &mut Write<'_>,
    lookup: InviteLookup,
    claim: &[u8],
    chain: &NewChain,
) -> Result<Claimed> {
    let tx = write.tx;
    let Some(invite) = one(tx, lookup)?.filter(|i| i.stage == Stage::Waiting) else {
        return Ok(Claimed::Moved);
    };
    if chains::found(write, chain)? != Outcome::Stored && !chains::again(tx, chain)? {
        return Ok(Claimed::ChainExists);
    }
    tx.prepare_cached("UPDATE invites SET stage = ?2, claim = ?3, chain = ?4 WHERE lookup = ?1")
        .and_then(|mut update| {
            let stage = stage_code(Stage::Claimed);
            update.execute(params![lookup.as_ref(), stage, claim, chain.id.as_ref()])
        })
        .map_err(database)?;
    feed::join(write, chain.id, invite.roster)?;
    feed::touch(write, Thing::Invites(invite.roster))?;
    Ok(Claimed::Stored)
}

pub(super) fn decide(
    write: &mut Write<'_>,
    lookup: InviteLookup,
    from: Stage,
    to: Stage,
    guards: &[Guard],
) -> Result<Outcome> {
    let tx = write.tx;
    let Some(invite) = one(tx, lookup)?.filter(|i| i.stage == from) else {
        return Ok(Outcome::Moved);
    };
    if !hold(tx, guards)? {
        return Ok(Outcome::Moved);
    }
    tx.prepare_cached("UPDATE invites SET stage = ?2 WHERE lookup = ?1")
        .and_then(|mut update| update.execute(params![lookup.as_ref(), stage_code(to)]))
        .map_err(database)?;
    feed::touch(write, Thing::Invites(invite.roster))?;
    if let Some(chain) = invite.chain {
        tx.prepare_cached(
            "UPDATE chains SET standing = ?2, revision = revision + 1 WHERE chain = ?1",
        )
        .and_then(|mut update| {
            let standing = standing_code(to.standing());
            update.execute(params![chain.as_ref(), standing])
        })
        .map_err(database)?;
        feed::touch(write, Thing::Chain(chain))?;
    }
    Ok(Outcome::Stored)
}
