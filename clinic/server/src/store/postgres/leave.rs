//! Erasing what somebody leaves behind.

use clinic_api::id::ChainId;

use super::super::{Departed, Leaving, Outcome, StoreError, Swept, Thing};
use super::guards::Locked;
use super::session::{Session, Trouble, count, name};
use super::{Write, feed};

pub(super) fn leave(write: &mut Write<'_>, leaving: &Leaving<'_>) -> Result<Outcome, Trouble> {
    let spaces: Vec<&[u8]> = leaving.spaces.iter().map(AsRef::as_ref).collect();
    let chain = leaving.chain.as_ref();
    let mut chains = spaces.clone();
    chains.push(chain);
    // Whoever writes there now is waited for, and looks anew after.
    write.session.query(
        "SELECT 1::bigint FROM chains WHERE chain = ANY($1) ORDER BY chain FOR UPDATE",
        &[&chains],
    )?;
    let guards = &leaving.guards;
    if !Locked::lock(write.session, guards.iter(), std::iter::empty())?.hold(guards) {
        return Ok(Outcome::Moved);
    }
    let owned = write.session.query(
        "SELECT 1::bigint FROM spaces WHERE space = ANY($1) AND owner = $2
         ORDER BY space FOR UPDATE",
        &[&spaces, &chain],
    )?;
    if owned.len() != spaces.len() {
        return Ok(Outcome::Moved);
    }
    let swept = write.session.query_opt(
        "SELECT count(*) AS runs, coalesce(sum(octet_length(bytes)), 0)::bigint AS bytes
         FROM runs WHERE space = ANY($1)",
        &[&spaces],
    )?;
    let swept = match swept {
        Some(row) => Swept {
            runs: count(&row, "runs")?,
            bytes: count(&row, "bytes")?,
        },
        None => Swept::default(),
    };
    for sql in [
        "DELETE FROM runs WHERE space = ANY($1)",
        "DELETE FROM logs WHERE space = ANY($1)",
        "DELETE FROM spaces WHERE space = ANY($1)",
    ] {
        write.session.execute(sql, &[&spaces])?;
    }
    let gone = if leaving.everything { &chains } else { &spaces };
    for sql in [
        "DELETE FROM statements WHERE chain = ANY($1)",
        "UPDATE chains SET length = 0, tip = NULL, charged = 0, standing = 2 WHERE chain = ANY($1)",
        "DELETE FROM pairings WHERE owner = ANY($1)",
        "UPDATE invites SET claim = NULL, chain = NULL WHERE chain = ANY($1)",
    ] {
        write.session.execute(sql, &[gone])?;
    }
    // Whoever decided something by this chain decides anew.
    write.session.execute(
        "UPDATE chains SET revision = revision + 1 WHERE chain = ANY($1)",
        &[&chains],
    )?;
    let Some(receipt) = (leaving.receipt)(swept) else {
        let error = std::io::Error::other("no receipt can be signed");
        return Err(StoreError::Failed(error.into()).into());
    };
    write.session.execute(
        "INSERT INTO departures (chain, leave, receipt) SELECT unnest($1::bytea[]), $2, $3
         ON CONFLICT DO NOTHING",
        &[gone, &leaving.leave, &receipt],
    )?;
    for space in &leaving.spaces {
        feed::touch(write, Thing::Space(*space))?;
    }
    feed::touch(write, Thing::Chain(leaving.chain))?;
    Ok(Outcome::Stored)
}

pub(super) fn departed(session: &mut Session, chain: ChainId) -> Result<Option<Departed>, Trouble> {
    let row = session.query_opt(
        "SELECT leave, receipt FROM departures WHERE chain = $1",
        &[&chain.as_ref()],
    )?;
    row.map(|row| {
        Ok(Departed {
            leave: row.try_get("leave")?,
            receipt: row.try_get("receipt")?,
        })
    })
    .transpose()
}

pub(super) fn seed(session: &mut Session, fresh: &[u8; 32]) -> Result<[u8; 32], Trouble> {
    session.execute(
        "INSERT INTO receipt_key (one, seed) VALUES (1, $1) ON CONFLICT DO NOTHING",
        &[&fresh.as_slice()],
    )?;
    let row = session.query_opt("SELECT seed FROM receipt_key", &[])?;
    let kept: Option<ChainId> = row.map(|row| name(&row, "seed")).transpose()?;
    Ok(kept.map_or(*fresh, |seed| seed.0))
}
