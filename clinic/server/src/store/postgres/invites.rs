//! Invites, and what became of them.

use ::postgres::Row;
use clinic_api::id::{ChainId, InviteLookup};

use super::super::codes::{stage_code, stage_of, standing_code};
use super::super::{Claimed, Guard, Invite, NewChain, Outcome, Stage, Thing};
use super::guards::Locked;
use super::session::{Session, Trouble, maybe, name};
use super::{Write, chains, feed};

fn from_row(row: &Row) -> Result<Invite, Trouble> {
    Ok(Invite {
        lookup: name(row, "lookup")?,
        roster: name(row, "roster")?,
        offer: row.try_get("offer")?,
        mac: name(row, "mac")?,
        expires: row.try_get("expires")?,
        stage: stage_of(row.try_get("stage")?)?,
        claim: row.try_get("claim")?,
        chain: maybe(row, "chain")?,
    })
}

pub(super) fn one(session: &mut Session, lookup: InviteLookup) -> Result<Option<Invite>, Trouble> {
    let row = session.query_opt(
        "SELECT lookup, roster, offer, mac, expires, stage, claim, chain
         FROM invites WHERE lookup = $1",
        &[&lookup.as_ref()],
    )?;
    row.as_ref().map(from_row).transpose()
}

pub(super) fn of_roster(session: &mut Session, roster: ChainId) -> Result<Vec<Invite>, Trouble> {
    let rows = session.query(
        "SELECT lookup, roster, offer, mac, expires, stage, claim, chain
         FROM invites WHERE roster = $1 ORDER BY number",
        &[&roster.as_ref()],
    )?;
    rows.iter().map(from_row).collect()
}

/// An invite at this stage, which nobody else changes until the transaction ends.
fn lock(
    session: &mut Session,
    lookup: InviteLookup,
    stage: Stage,
) -> Result<Option<Invite>, Trouble> {
    let row = session.query_opt(
        "SELECT lookup, roster, offer, mac, expires, stage, claim, chain
         FROM invites WHERE lookup = $1 FOR NO KEY UPDATE",
        &[&lookup.as_ref()],
    )?;
    let invite = row.as_ref().map(from_row).transpose()?;
    Ok(invite.filter(|i| i.stage == stage))
}

pub(super) fn create(
    write: &mut Write<'_>,
    invite: &Invite,
    guards: &[Guard],
) -> Result<Outcome, Trouble> {
    if !Locked::lock(write.session, guards.iter(), std::iter::empty())?.hold(guards) {
        return Ok(Outcome::Moved);
    }
    // Locks the row under which the roster's invites are numbered.
    if !feed::touch(write, Thing::Invites(invite.roster))? {
        return Ok(Outcome::Moved);
    }
    let inserted = write.session.execute(
        "INSERT INTO invites (lookup, roster, number, offer, mac, expires, stage)
         VALUES ($1, $2,
                 (SELECT coalesce(max(number), 0) + 1 FROM invites WHERE roster = $2),
                 $3, $4, $5, $6)
         ON CONFLICT (lookup) DO NOTHING",
        &[
            &invite.lookup.as_ref(),
            &invite.roster.as_ref(),
            &invite.offer,
            &invite.mac.as_slice(),
            &invite.expires,
            &stage_code(Stage::Waiting),
        ],
    )?;
    Ok(if inserted == 1 {
        Outcome::Stored
    } else {
        Outcome::Moved
    })
}

pub(super) fn claim(
    write: &mut Write<'_>,
    lookup: InviteLookup,
    claim: &[u8],
    chain: &NewChain,
) -> Result<Claimed, Trouble> {
    let Some(invite) = lock(write.session, lookup, Stage::Waiting)? else {
        return Ok(Claimed::Moved);
    };
    if chains::found(write, chain)? != Outcome::Stored && !chains::again(write.session, chain)? {
        return Ok(Claimed::ChainExists);
    }
    write.session.execute(
        "UPDATE invites SET stage = $2, claim = $3, chain = $4 WHERE lookup = $1",
        &[
            &lookup.as_ref(),
            &stage_code(Stage::Claimed),
            &claim,
            &chain.id.as_ref(),
        ],
    )?;
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
) -> Result<Outcome, Trouble> {
    let Some(invite) = lock(write.session, lookup, from)? else {
        return Ok(Outcome::Moved);
    };
    if !Locked::lock(write.session, guards.iter(), std::iter::empty())?.hold(guards) {
        return Ok(Outcome::Moved);
    }
    write.session.execute(
        "UPDATE invites SET stage = $2 WHERE lookup = $1",
        &[&lookup.as_ref(), &stage_code(to)],
    )?;
    if let Some(chain) = invite.chain {
        write.session.execute(
            "UPDATE chains SET standing = $2, revision = revision + 1 WHERE chain = $1",
            &[&chain.as_ref(), &standing_code(to.standing())],
        )?;
        feed::touch(write, Thing::Chain(chain))?;
    }
    feed::touch(write, Thing::Invites(invite.roster))?;
    Ok(Outcome::Stored)
}
