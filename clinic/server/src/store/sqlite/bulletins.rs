//! What clinics say to all.

use clinic_api::id::ChainId;
use rusqlite::{OptionalExtension, Transaction, params};

use super::super::codes::int;
use super::super::{NewBulletin, Outcome, Page, PageLimit, Result, Thing};
use super::{Write, chains, database, feed, hold};

pub(super) fn page(
    tx: &Transaction<'_>,
    roster: ChainId,
    from: u64,
    limit: PageLimit,
) -> Result<Page> {
    let mut select = tx
        .prepare_cached(
            "SELECT bytes FROM bulletins WHERE roster = ?1 AND number >= ?2 ORDER BY number",
        )
        .map_err(database)?;
    let mut rows = select
        .query(params![roster.as_ref(), int(from)])
        .map_err(database)?;
    let (mut page, mut used) = (Page::default(), 0);
    while let Some(row) = rows.next().map_err(database)? {
        if !page.take(limit, &mut used, row.get("bytes").map_err(database)?) {
            break;
        }
    }
    Ok(page)
}

pub(super) fn last(tx: &Transaction<'_>, roster: ChainId) -> Result<Option<Vec<u8>>> {
    tx.prepare_cached("SELECT bytes FROM bulletins WHERE roster = ?1 ORDER BY number DESC LIMIT 1")
        .and_then(|mut select| {
            select
                .query_row([roster.as_ref()], |row| row.get("bytes"))
                .optional()
        })
        .map_err(database)
}

pub(super) fn publish(write: &mut Write<'_>, new: &NewBulletin) -> Result<Outcome> {
    let tx = write.tx;
    if !chains::exists(tx, new.roster)? || !hold(tx, &new.guards)? {
        return Ok(Outcome::Moved);
    }
    let next: i64 = tx
        .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM bulletins WHERE roster = ?1")
        .and_then(|mut select| select.query_row([new.roster.as_ref()], |row| row.get(0)))
        .map_err(database)?;
    if next != int(new.number) {
        return Ok(Outcome::Moved);
    }
    tx.prepare_cached("INSERT INTO bulletins (roster, number, bytes) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![new.roster.as_ref(), next, new.bytes]))
        .map_err(database)?;
    feed::touch(write, Thing::Chain(new.roster))?;
    Ok(Outcome::Stored)
}
