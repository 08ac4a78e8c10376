//! What clinics say to all.

use clinic_api::id::ChainId;

use super::super::codes::int;
use super::super::{NewBulletin, Outcome, Page, PageLimit, Thing};
use super::guards::Locked;
use super::session::{Session, Trouble};
use super::{Write, chains, feed};

pub(super) fn page(
    session: &mut Session,
    roster: ChainId,
    from: u64,
    limit: PageLimit,
) -> Result<Page, Trouble> {
    let (mut page, mut used) = (Page::default(), 0);
    let (most, bytes, first) = chains::room(&page, used, limit);
    let rows = session.query(
        "SELECT CASE WHEN total <= $3 OR (place = 1 AND $4) THEN bytes END AS bytes
         FROM (
            SELECT number, bytes, octet_length(bytes)::bigint AS size,
                   row_number() OVER (ORDER BY number) AS place,
                   (sum(octet_length(bytes)) OVER (ORDER BY number ROWS UNBOUNDED PRECEDING)
                   )::bigint AS total
            FROM bulletins WHERE roster = $1 AND number >= $2 ORDER BY number LIMIT $5
         ) AS next
         WHERE total - size <= $3 OR place = 2 ORDER BY number",
        &[&roster.as_ref(), &int(from), &bytes, &first, &most],
    )?;
    let all = chains::fill(&mut page, &mut used, limit, &rows)?;
    page.more |= all && int(rows.len() as u64) == most;
    Ok(page)
}

pub(super) fn last(session: &mut Session, roster: ChainId) -> Result<Option<Vec<u8>>, Trouble> {
    let row = session.query_opt(
        "SELECT bytes FROM bulletins WHERE roster = $1 ORDER BY number DESC LIMIT 1",
        &[&roster.as_ref()],
    )?;
    row.map(|row| row.try_get("bytes").map_err(Trouble::from))
        .transpose()
}

pub(super) fn publish(write: &mut Write<'_>, new: &NewBulletin) -> Result<Outcome, Trouble> {
    let session = &mut *write.session;
    // Numbers are given under the roster's row.
    if chains::lock(session, new.roster)?.is_none() {
        return Ok(Outcome::Moved);
    }
    let locked = Locked::lock(session, new.guards.iter(), std::iter::empty())?;
    if !locked.hold(&new.guards) {
        return Ok(Outcome::Moved);
    }
    let inserted = session.execute(
        "INSERT INTO bulletins (roster, number, bytes)
         SELECT $1, $2, $3
         WHERE $2 = (SELECT coalesce(max(number), 0) + 1 FROM bulletins WHERE roster = $1)",
        &[&new.roster.as_ref(), &int(new.number), &new.bytes],
    )?;
    if inserted != 1 {
        return Ok(Outcome::Moved);
    }
    feed::touch(write, Thing::Chain(new.roster))?;
    Ok(Outcome::Stored)
}
