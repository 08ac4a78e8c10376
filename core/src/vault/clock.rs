//! The hybrid clock's greatest reading, across restarts.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::VaultError;
use crate::event::Hlc;

fn reading(row: &Row<'_>) -> rusqlite::Result<Hlc> {
    Ok(Hlc {
        ms: row.get(0)?,
        counter: row.get(1)?,
    })
}

/// The greatest clock reading that was made or followed.
///
/// This device's own readings only grow, and each is greater than all that were followed before
/// it: so the greatest is that of the last event, where it is an own one, or what was kept when
/// others' were taken in.
pub(super) fn greatest(conn: &Connection) -> Result<Hlc, VaultError> {
    let followed = "SELECT hlc_ms, hlc_counter FROM clock";
    let last = "SELECT hlc_ms, hlc_counter FROM
                    (SELECT * FROM event ORDER BY seq DESC LIMIT 1) WHERE followed = 1";
    let mut greatest = Hlc::default();
    for sql in [followed, last] {
        let found = conn
            .prepare_cached(sql)?
            .query_row([], reading)
            .optional()?;
        greatest = greatest.max(found.unwrap_or_default());
    }
    Ok(greatest)
}

/// Keeps the clock's reading after others' were followed; in the transaction that took them in.
pub(super) fn keep(tx: &Transaction<'_>, reading: Hlc) -> Result<(), VaultError> {
    let sql = "INSERT INTO clock (one, hlc_ms, hlc_counter) VALUES (1, ?1, ?2)
               ON CONFLICT (one) DO UPDATE SET hlc_ms = excluded.hlc_ms,
                   hlc_counter = excluded.hlc_counter";
    tx.prepare_cached(sql)?
        .execute(params![reading.ms, reading.counter])?;
    Ok(())
}

/// Looks through all events: where they were put in by other ways.
pub(super) fn keep_greatest_of_all(tx: &Transaction<'_>) -> Result<(), VaultError> {
    let sql = "SELECT hlc_ms, hlc_counter FROM event WHERE followed = 1
               ORDER BY hlc_ms DESC, hlc_counter DESC LIMIT 1";
    match tx.prepare(sql)?.query_row([], reading).optional()? {
        Some(greatest) => keep(tx, greatest),
        None => Ok(()),
    }
}
