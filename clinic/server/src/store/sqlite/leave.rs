//! Erasing what somebody leaves behind.

use clinic_api::id::ChainId;
use rusqlite::{OptionalExtension, Transaction, params};

use super::super::codes::{id, number};
use super::super::{Departed, Leaving, Outcome, Result, Swept, Thing};
use super::{Write, chains, database, failed, feed, hold};

pub(super) fn leave(write: &mut Write<'_>, leaving: &Leaving<'_>) -> Result<Outcome> {
    let tx = write.tx;
    if !hold(tx, &leaving.guards)? {
        return Ok(Outcome::Moved);
    }
    let execute = |sql: &str, name: &[u8]| {
        tx.prepare_cached(sql)
            .and_then(|mut statement| statement.execute([name]))
            .map_err(database)
    };
    let empty = "UPDATE chains SET length = 0, tip = NULL, charged = 0, revision = revision + 1
                 WHERE chain = ?1";
    let mut swept = Swept::default();
    for space in &leaving.spaces {
        let owned = chains::space(tx, *space)?.is_some_and(|info| info.owner == leaving.chain);
        if !owned {
            return Ok(Outcome::Moved);
        }
        let name = space.as_ref();
        let (runs, bytes): (i64, i64) = tx
            .prepare_cached(
                "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM runs WHERE space = ?1",
            )
            .and_then(|mut select| select.query_row([name], |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(database)?;
        swept.runs = swept.runs.saturating_add(number(runs)?);
        swept.bytes = swept.bytes.saturating_add(number(bytes)?);
        for sql in [
            "DELETE FROM runs WHERE space = ?1",
            "DELETE FROM logs WHERE space = ?1",
            "DELETE FROM spaces WHERE space = ?1",
            "DELETE FROM statements WHERE chain = ?1",
            empty,
        ] {
            execute(sql, name)?;
        }
    }
    let name = leaving.chain.as_ref();
    if leaving.everything {
        for sql in [
            "DELETE FROM pairings WHERE owner = ?1",
            "UPDATE invites SET claim = NULL, chain = NULL WHERE chain = ?1",
            "DELETE FROM statements WHERE chain = ?1",
            empty,
        ] {
            execute(sql, name)?;
        }
    } else {
        // Whoever decided something by this chain decides anew.
        execute(
            "UPDATE chains SET revision = revision + 1 WHERE chain = ?1",
            name,
        )?;
    }
    let Some(receipt) = (leaving.receipt)(swept) else {
        return Err(failed(std::io::Error::other("no receipt can be signed")));
    };
    let whole = leaving.everything.then_some(leaving.chain);
    let gone = leaving.spaces.iter().map(|space| ChainId::from(*space));
    for chain in gone.chain(whole) {
        tx.prepare_cached(
            "INSERT INTO departures (chain, leave, receipt) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
        )
        .and_then(|mut insert| insert.execute(params![chain.as_ref(), leaving.leave, receipt]))
        .map_err(database)?;
    }
    for space in &leaving.spaces {
        feed::touch(write, Thing::Space(*space))?;
    }
    feed::touch(write, Thing::Chain(leaving.chain))?;
    Ok(Outcome::Stored)
}

pub(super) fn departed(tx: &Transaction<'_>, chain: ChainId) -> Result<Option<Departed>> {
    tx.prepare_cached("SELECT leave, receipt FROM departures WHERE chain = ?1")
        .and_then(|mut select| {
            let row = select.query_row([chain.as_ref()], |row| {
                let (leave, receipt) = (row.get("leave")?, row.get("receipt")?);
                Ok(Departed { leave, receipt })
            });
            row.optional()
        })
        .map_err(database)
}

pub(super) fn seed(tx: &Transaction<'_>) -> Result<Option<[u8; 32]>> {
    let kept: Option<Vec<u8>> = tx
        .prepare_cached("SELECT seed FROM receipt_key")
        .and_then(|mut select| select.query_row([], |row| row.get("seed")).optional())
        .map_err(database)?;
    kept.map(|seed| Ok(id::<ChainId>(&seed)?.0)).transpose()
}

pub(super) fn keep_seed(write: &mut Write<'_>, fresh: &[u8; 32]) -> Result<[u8; 32]> {
    write
        .tx
        .prepare_cached("INSERT INTO receipt_key (one, seed) VALUES (1, ?1) ON CONFLICT DO NOTHING")
        .and_then(|mut insert| insert.execute([fresh]))
        .map_err(database)?;
    Ok(seed(write.tx)?.unwrap_or(*fresh))
}
