//! Chains, their statements, the devices they let in and the spaces they name.

use ::postgres::Row;
use clinic_api::chain::{ChainKind, Tip};
use clinic_api::id::{ChainId, DeviceId, SpaceId};

use super::super::codes::{int, kind_code, kind_of, space_kind, standing_code, standing_of};
use super::super::{
    Append, ChainInfo, NewChain, Outcome, Page, PageLimit, SpaceInfo, Standing, Thing,
};
use super::guards::Locked;
use super::session::{Session, Trouble, count, maybe, name};
use super::{Write, feed};

/// Items that one query of a page gives at most.
const ROWS: usize = 4096;

fn from_row(row: &Row) -> Result<ChainInfo, Trouble> {
    let length = count(row, "length")?;
    let hash = maybe(row, "tip")?;
    let number = length.saturating_sub(1);
    Ok(ChainInfo {
        kind: kind_of(row.try_get("kind")?)?,
        tip: hash.map(|hash| Tip { number, hash }),
        standing: standing_of(row.try_get("standing")?)?,
        revision: count(row, "revision")?,
    })
}

pub(super) fn info(session: &mut Session, chain: ChainId) -> Result<Option<ChainInfo>, Trouble> {
    let row = session.query_opt(
        "SELECT kind, length, tip, revision,
             CASE WHEN EXISTS (SELECT 1 FROM departures d WHERE d.chain = c.chain)
                 THEN 4::bigint ELSE standing END AS standing
         FROM chains c WHERE chain = $1",
        &[&chain.as_ref()],
    )?;
    row.as_ref().map(from_row).transpose()
}

/// The same, and nobody else changes it until the transaction ends.
pub(super) fn lock(session: &mut Session, chain: ChainId) -> Result<Option<ChainInfo>, Trouble> {
    let row = session.query_opt(
        "SELECT kind, length, tip, standing, revision FROM chains WHERE chain = $1
         FOR NO KEY UPDATE",
        &[&chain.as_ref()],
    )?;
    row.as_ref().map(from_row).transpose()
}

/// Takes rows of a page whose bytes are null once they are too many.
pub(super) fn fill(
    page: &mut Page,
    used: &mut usize,
    limit: PageLimit,
    rows: &[Row],
) -> Result<bool, Trouble> {
    for row in rows {
        let Some(bytes) = row.try_get::<_, Option<Vec<u8>>>("bytes")? else {
            page.more = true;
            return Ok(false);
        };
        if !page.take(limit, used, bytes) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many rows to ask for, how many bytes they may have, and whether the first may have more.
pub(super) fn room(page: &Page, used: usize, limit: PageLimit) -> (i64, i64, bool) {
    let items = limit.items.saturating_sub(page.items.len()).min(ROWS);
    let bytes = limit.bytes.saturating_sub(used);
    // One more, to know whether there are more.
    let rows = int(items as u64).saturating_add(1);
    (rows, int(bytes as u64), page.items.is_empty())
}

pub(super) fn statements(
    session: &mut Session,
    chain: ChainId,
    from: u64,
    limit: PageLimit,
) -> Result<Page, Trouble> {
    let (mut page, mut used) = (Page::default(), 0);
    let (most, bytes, first) = room(&page, used, limit);
    let rows = session.query(
        "SELECT CASE WHEN total <= $3 OR (place = 1 AND $4) THEN bytes END AS bytes
         FROM (
            SELECT number, bytes, octet_length(bytes)::bigint AS size,
                   row_number() OVER (ORDER BY number) AS place,
                   (sum(octet_length(bytes)) OVER (ORDER BY number ROWS UNBOUNDED PRECEDING)
                   )::bigint AS total
            FROM statements WHERE chain = $1 AND number >= $2 ORDER BY number LIMIT $5
         ) AS next
         WHERE total - size <= $3 OR place = 2 ORDER BY number",
        &[&chain.as_ref(), &int(from), &bytes, &first, &most],
    )?;
    let all = fill(&mut page, &mut used, limit, &rows)?;
    page.more |= all && int(rows.len() as u64) == most;
    Ok(page)
}

pub(super) fn of_device(
    session: &mut Session,
    device: DeviceId,
    limit: usize,
) -> Result<Vec<ChainId>, Trouble> {
    let rows = session.query(
        "SELECT chain FROM devices WHERE device = $1 ORDER BY chain LIMIT $2",
        &[&device.as_ref(), &int(limit as u64)],
    )?;
    rows.iter().map(|row| name(row, "chain")).collect()
}

pub(super) fn space(session: &mut Session, space: SpaceId) -> Result<Option<SpaceInfo>, Trouble> {
    let row = session.query_opt(
        "SELECT kind, owner FROM spaces WHERE space = $1",
        &[&space.as_ref()],
    )?;
    row.map(|row| {
        Ok(SpaceInfo {
            kind: space_kind(row.try_get("kind")?)?,
            owner: name(&row, "owner")?,
        })
    })
    .transpose()
}

/// False: there is one of that name.
fn insert(
    session: &mut Session,
    chain: ChainId,
    kind: ChainKind,
    length: usize,
    tip: Option<&[u8]>,
    standing: Standing,
) -> Result<bool, Trouble> {
    let inserted = session.execute(
        "INSERT INTO chains (chain, kind, length, tip, standing) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
        &[
            &chain.as_ref(),
            &kind_code(kind),
            &int(length as u64),
            &tip,
            &standing_code(standing),
        ],
    )?;
    Ok(inserted == 1)
}

pub(super) fn found(write: &mut Write<'_>, new: &NewChain) -> Result<Outcome, Trouble> {
    let session = &mut *write.session;
    let tip = new.statements.last().map(|s| s.hash.as_ref());
    let length = new.statements.len();
    if !insert(session, new.id, new.kind, length, tip, new.standing)? {
        return Ok(Outcome::Moved);
    }
    for (space, kind) in &new.spaces {
        let (epochs, standing) = (ChainId::from(*space), Standing::Admitted);
        insert(session, epochs, ChainKind::Epoch, 0, None, standing)?;
        session.execute(
            "INSERT INTO spaces (space, kind, owner) VALUES ($1, $2, $3)",
            &[&space.as_ref(), &i64::from(kind.code()), &new.id.as_ref()],
        )?;
    }
    for (number, statement) in (0..).zip(&new.statements) {
        insert_statement(session, new.id, number, &statement.bytes)?;
    }
    let_in(session, new.id, &new.devices)?;
    feed::found(write, new)?;
    Ok(Outcome::Stored)
}

/// Lets a chain in again whose invite was taken back, with what follows the statements that
/// are here. False: it is not such a chain, or its statements are others.
pub(super) fn again(session: &mut Session, new: &NewChain) -> Result<bool, Trouble> {
    let info = lock(session, new.id)?;
    if info.is_none_or(|i| i.standing != Standing::Withdrawn) {
        return Ok(false);
    }
    let kept = session.query(
        "SELECT bytes FROM statements WHERE chain = $1 ORDER BY number",
        &[&new.id.as_ref()],
    )?;
    let mut given = (0..).zip(&new.statements);
    for row in kept {
        let kept: &[u8] = row.try_get("bytes")?;
        if given.next().is_none_or(|(_, s)| s.bytes != kept) {
            return Ok(false);
        }
    }
    for (number, statement) in given {
        insert_statement(session, new.id, number, &statement.bytes)?;
    }
    session.execute(
        "UPDATE chains SET length = $2, tip = $3, standing = $4, revision = revision + 1
         WHERE chain = $1",
        &[
            &new.id.as_ref(),
            &int(new.statements.len() as u64),
            &new.statements.last().map(|s| s.hash.as_ref()),
            &standing_code(new.standing),
        ],
    )?;
    let_in(session, new.id, &new.devices)?;
    Ok(true)
}

pub(super) fn append(write: &mut Write<'_>, append: &Append) -> Result<Outcome, Trouble> {
    let session = &mut *write.session;
    let Some(chain) = lock(session, append.chain)? else {
        return Ok(Outcome::Moved);
    };
    let charge = append.charge;
    let mut locked = Locked::lock(session, append.guards.iter(), charge.into_iter())?;
    if chain.tip.map(|t| t.hash) != append.previous || !locked.hold(&append.guards) {
        return Ok(Outcome::Moved);
    }
    if !locked.charge(charge, append.statement.bytes.len()) {
        return Ok(Outcome::Full);
    }
    locked.keep_charges(session, charge.into_iter())?;
    let number = chain.tip.map_or(0, |t| t.number.saturating_add(1));
    session.execute(
        "UPDATE chains SET length = $2, tip = $3, revision = revision + 1 WHERE chain = $1",
        &[
            &append.chain.as_ref(),
            &int(number.saturating_add(1)),
            &append.statement.hash.as_ref(),
        ],
    )?;
    insert_statement(session, append.chain, number, &append.statement.bytes)?;
    let_in(session, append.chain, &append.devices)?;
    let thing = match chain.kind {
        ChainKind::Epoch => Thing::Epochs(SpaceId(append.chain.0)),
        ChainKind::Patient | ChainKind::Roster => Thing::Chain(append.chain),
    };
    feed::touch(write, thing)?;
    Ok(Outcome::Stored)
}

fn insert_statement(
    session: &mut Session,
    chain: ChainId,
    number: u64,
    bytes: &[u8],
) -> Result<(), Trouble> {
    session.execute(
        "INSERT INTO statements (chain, number, bytes) VALUES ($1, $2, $3)",
        &[&chain.as_ref(), &int(number), &bytes],
    )?;
    Ok(())
}

fn let_in(session: &mut Session, chain: ChainId, devices: &[DeviceId]) -> Result<(), Trouble> {
    if devices.is_empty() {
        return Ok(());
    }
    let devices: Vec<&[u8]> = devices.iter().map(AsRef::as_ref).collect();
    session.execute(
        "INSERT INTO devices (device, chain) SELECT device, $2 FROM unnest($1::bytea[]) AS d (device)
         ON CONFLICT DO NOTHING",
        &[&devices, &chain.as_ref()],
    )?;
    Ok(())
}
