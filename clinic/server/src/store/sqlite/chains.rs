//! Chains, their statements, the devices they let in and the spaces they name.

use clinic_api::chain::{ChainKind, Tip};
use clinic_api::id::{ChainId, DeviceId, SpaceId};
use rusqlite::{OptionalExtension, Transaction, params};

use super::super::codes::{
    id, int, kind_code, kind_of, number, space_kind, standing_code, standing_of,
};
use super::super::{
    Append, ChainInfo, NewChain, Outcome, Page, PageLimit, Result, SpaceInfo, Standing, Thing,
};
use super::{Write, charge, database, feed, hold};

pub(super) fn info(tx: &Transaction<'_>, chain: ChainId) -> Result<Option<ChainInfo>> {
    type Row = (i64, i64, Option<Vec<u8>>, i64, i64);
    let row: Option<Row> = tx
        .prepare_cached(
            "SELECT kind, length, tip, revision,
                 CASE WHEN EXISTS (SELECT 1 FROM departures d WHERE d.chain = c.chain)
                     THEN 4 ELSE standing END AS standing
             FROM chains c WHERE chain = ?1",
        )
        .and_then(|mut select| {
            select
                .query_row([chain.as_ref()], |row| {
                    Ok((
                        row.get("kind")?,
                        row.get("length")?,
                        row.get("tip")?,
                        row.get("standing")?,
                        row.get("revision")?,
                    ))
                })
                .optional()
        })
        .map_err(database)?;
    let Some((kind, length, tip, standing, revision)) = row else {
        return Ok(None);
    };
    let tip = match tip {
        None => None,
        Some(hash) => Some(Tip {
            number: number(length - 1)?,
            hash: id(&hash)?,
        }),
    };
    Ok(Some(ChainInfo {
        kind: kind_of(kind)?,
        tip,
        standing: standing_of(standing)?,
        revision: number(revision)?,
    }))
}

pub(super) fn statements(
    tx: &Transaction<'_>,
    chain: ChainId,
    from: u64,
    limit: PageLimit,
) -> Result<Page> {
    let mut select = tx
        .prepare_cached(
            "SELECT bytes FROM statements WHERE chain = ?1 AND number >= ?2 ORDER BY number",
        )
        .map_err(database)?;
    let mut rows = select
        .query(params![chain.as_ref(), int(from)])
        .map_err(database)?;
    let (mut page, mut used) = (Page::default(), 0);
    while let Some(row) = rows.next().map_err(database)? {
        if !page.take(limit, &mut used, row.get("bytes").map_err(database)?) {
            break;
        }
    }
    Ok(page)
}

pub(super) fn of_device(
    tx: &Transaction<'_>,
    device: DeviceId,
    limit: usize,
) -> Result<Vec<ChainId>> {
    let mut select = tx
        .prepare_cached("SELECT chain FROM devices WHERE device = ?1 ORDER BY chain LIMIT ?2")
        .map_err(database)?;
    let mut rows = select
        .query(params![device.as_ref(), int(limit as u64)])
        .map_err(database)?;
    let mut chains = Vec::new();
    while let Some(row) = rows.next().map_err(database)? {
        let chain: Vec<u8> = row.get("chain").map_err(database)?;
        chains.push(id(&chain)?);
    }
    Ok(chains)
}

pub(super) fn space(tx: &Transaction<'_>, space: SpaceId) -> Result<Option<SpaceInfo>> {
    let row: Option<(i64, Vec<u8>)> = tx
        .prepare_cached("SELECT kind, owner FROM spaces WHERE space = ?1")
        .and_then(|mut select| {
            select
                .query_row([space.as_ref()], |row| {
                    Ok((row.get("kind")?, row.get("owner")?))
                })
                .optional()
        })
        .map_err(database)?;
    row.map(|(kind, owner)| {
        Ok(SpaceInfo {
            kind: space_kind(kind)?,
            owner: id(&owner)?,
        })
    })
    .transpose()
}

pub(super) fn exists(tx: &Transaction<'_>, chain: ChainId) -> Result<bool> {
    tx.prepare_cached("SELECT 1 FROM chains WHERE chain = ?1")
        .and_then(|mut select| select.exists([chain.as_ref()]))
        .map_err(database)
}

pub(super) fn found(write: &mut Write<'_>, new: &NewChain) -> Result<Outcome> {
    let tx = write.tx;
    if exists(tx, new.id)? {
        return Ok(Outcome::Moved);
    }
    let mut insert = tx
        .prepare_cached(
            "INSERT INTO chains (chain, kind, length, tip, standing) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .map_err(database)?;
    let tip = new.statements.last().map(|s| s.hash.as_ref());
    insert
        .execute(params![
            new.id.as_ref(),
            kind_code(new.kind),
            int(new.statements.len() as u64),
            tip,
            standing_code(new.standing),
        ])
        .map_err(database)?;
    for (space, kind) in &new.spaces {
        insert
            .execute(params![
                space.as_ref(),
                kind_code(ChainKind::Epoch),
                0,
                None::<&[u8]>,
                standing_code(Standing::Admitted),
            ])
            .map_err(database)?;
        tx.prepare_cached("INSERT INTO spaces (space, kind, owner) VALUES (?1, ?2, ?3)")
            .and_then(|mut insert| {
                let kind = i64::from(kind.code());
                insert.execute(params![space.as_ref(), kind, new.id.as_ref()])
            })
            .map_err(database)?;
    }
    for (number, statement) in new.statements.iter().enumerate() {
        insert_statement(tx, new.id, number as u64, &statement.bytes)?;
    }
    let_in(tx, new.id, &new.devices)?;
    feed::found(write, new)?;
    Ok(Outcome::Stored)
}

/// Lets a chain in again whose invite was taken back, with what follows the statements that
/// are here. False: it is not such a chain, or its statements are others.
pub(super) fn again(tx: &Transaction<'_>, new: &NewChain) -> Result<bool> {
    let info = info(tx, new.id)?;
    if info.is_none_or(|i| i.standing != Standing::Withdrawn) {
        return Ok(false);
    }
    let mut select = tx
        .prepare_cached("SELECT bytes FROM statements WHERE chain = ?1 ORDER BY number")
        .map_err(database)?;
    let mut rows = select.query([new.id.as_ref()]).map_err(database)?;
    let mut given = (0..).zip(&new.statements);
    while let Some(row) = rows.next().map_err(database)? {
        let kept: Vec<u8> = row.get("bytes").map_err(database)?;
        if given.next().is_none_or(|(_, s)| s.bytes != kept) {
            return Ok(false);
        }
    }
    for (number, statement) in given {
        insert_statement(tx, new.id, number, &statement.bytes)?;
    }
    tx.prepare_cached(
        "UPDATE chains SET length = ?2, tip = ?3, standing = ?4, revision = revision + 1
         WHERE chain = ?1",
    )
    .and_then(|mut update| {
        update.execute(params![
            new.id.as_ref(),
            int(new.statements.len() as u64),
            new.statements.last().map(|s| s.hash.as_ref()),
            standing_code(new.standing),
        ])
    })
    .map_err(database)?;
    let_in(tx, new.id, &new.devices)?;
    Ok(true)
}

pub(super) fn append(write: &mut Write<'_>, append: &Append) -> Result<Outcome> {
    let tx = write.tx;
    let Some(chain) = info(tx, append.chain)? else {
        return Ok(Outcome::Moved);
    };
    if chain.tip.map(|t| t.hash) != append.previous || !hold(tx, &append.guards)? {
        return Ok(Outcome::Moved);
    }
    if !charge(tx, append.charge, append.statement.bytes.len())? {
        return Ok(Outcome::Full);
    }
    let number = chain.tip.map_or(0, |t| t.number.saturating_add(1));
    tx.prepare_cached(
        "UPDATE chains SET length = ?2, tip = ?3, revision = revision + 1 WHERE chain = ?1",
    )
    .and_then(|mut update| {
        update.execute(params![
            append.chain.as_ref(),
            int(number.saturating_add(1)),
            append.statement.hash.as_ref(),
        ])
    })
    .map_err(database)?;
    insert_statement(tx, append.chain, number, &append.statement.bytes)?;
    let_in(tx, append.chain, &append.devices)?;
    let thing = match chain.kind {
        ChainKind::Epoch => Thing::Epochs(SpaceId(append.chain.0)),
        ChainKind::Patient | ChainKind::Roster => Thing::Chain(append.chain),
    };
    feed::touch(write, thing)?;
    Ok(Outcome::Stored)
}

fn insert_statement(tx: &Transaction<'_>, chain: ChainId, number: u64, bytes: &[u8]) -> Result<()> {
    tx.prepare_cached("INSERT INTO statements (chain, number, bytes) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![chain.as_ref(), int(number), bytes]))
        .map_err(database)
        .map(drop)
}

fn let_in(tx: &Transaction<'_>, chain: ChainId, devices: &[DeviceId]) -> Result<()> {
    let mut insert = tx
        .prepare_cached(
            "INSERT INTO devices (device, chain) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )
        .map_err(database)?;
    for device in devices {
        insert
            .execute(params![device.as_ref(), chain.as_ref()])
            .map_err(database)?;
    }
    Ok(())
}
