//! Pairings.

use ::postgres::Row;
use clinic_api::id::InviteLookup;

use super::super::codes::int;
use super::super::{Guard, Outcome, Pairing, PairingLimit};
use super::guards::Locked;
use super::session::{Session, Trouble, name};

fn from_row(row: &Row) -> Result<Pairing, Trouble> {
    Ok(Pairing {
        lookup: name(row, "lookup")?,
        owner: name(row, "owner")?,
        offer: row.try_get("offer")?,
        mac: name(row, "mac")?,
        expires: row.try_get("expires")?,
        withdrawn: row.try_get("withdrawn")?,
        answer: row.try_get("answer")?,
    })
}

pub(super) fn one(session: &mut Session, lookup: InviteLookup) -> Result<Option<Pairing>, Trouble> {
    let row = session.query_opt(
        "SELECT lookup, owner, offer, mac, expires, withdrawn, answer
         FROM pairings WHERE lookup = $1",
        &[&lookup.as_ref()],
    )?;
    row.as_ref().map(from_row).transpose()
}

pub(super) fn create(
    session: &mut Session,
    pairing: &Pairing,
    limit: PairingLimit,
    guards: &[Guard],
) -> Result<Outcome, Trouble> {
    if !Locked::lock(session, guards.iter(), std::iter::empty())?.hold(guards) {
        return Ok(Outcome::Moved);
    }
    let owner = pairing.owner.as_ref();
    session.execute(
        "DELETE FROM pairings WHERE owner = $1 AND expires < $2",
        &[&owner, &limit.forget_before],
    )?;
    let counted = session.query_opt(
        "SELECT count(*) AS kept FROM pairings WHERE owner = $1",
        &[&owner],
    )?;
    let kept: i64 = counted.map_or(Ok(0), |row| row.try_get("kept"))?;
    if kept >= int(limit.pairings as u64) {
        return Ok(Outcome::Full);
    }
    let inserted = session.execute(
        "INSERT INTO pairings (lookup, owner, offer, mac, expires)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (lookup) DO NOTHING",
        &[
            &pairing.lookup.as_ref(),
            &owner,
            &pairing.offer,
            &pairing.mac.as_slice(),
            &pairing.expires,
        ],
    )?;
    Ok(outcome(inserted))
}

pub(super) fn answer(
    session: &mut Session,
    lookup: InviteLookup,
    answer: &[u8],
) -> Result<Outcome, Trouble> {
    let changed = session.execute(
        "UPDATE pairings SET answer = $2
         WHERE lookup = $1 AND NOT withdrawn AND answer IS NULL",
        &[&lookup.as_ref(), &answer],
    )?;
    Ok(outcome(changed))
}

pub(super) fn withdraw(
    session: &mut Session,
    lookup: InviteLookup,
    guards: &[Guard],
) -> Result<Outcome, Trouble> {
    if !Locked::lock(session, guards.iter(), std::iter::empty())?.hold(guards) {
        return Ok(Outcome::Moved);
    }
    let changed = session.execute(
        "UPDATE pairings SET withdrawn = true, answer = NULL WHERE lookup = $1",
        &[&lookup.as_ref()],
    )?;
    Ok(outcome(changed))
}

fn outcome(changed: u64) -> Outcome {
    if changed == 1 {
        Outcome::Stored
    } else {
        Outcome::Moved
    }
}
