//! What changed, and when, by the database's clock: all servers share it.

use ::postgres::Row;
use clinic_api::id::ChainId;

use super::super::NewChain;
use super::super::feed::{Change, Changes, Founded, Scope, Signal, Thing, Window};
use super::Write;
use super::session::{Session, Trouble, count, maybe, name};

fn thing(row: &Row) -> Result<Thing, Trouble> {
    let id: ChainId = name(row, "id")?;
    Ok(Thing::of(row.try_get("kind")?, id.0)?)
}

fn signal(row: &Row) -> Result<Signal, Trouble> {
    Ok(Signal {
        patient: maybe(row, "patient")?,
        clinic: maybe(row, "clinic")?,
        thing: thing(row)?,
    })
}

/// Things of a new chain.
pub(super) fn found(write: &mut Write<'_>, new: &NewChain) -> Result<(), Trouble> {
    let founded = Founded::by(new);
    let parts: Vec<(i64, [u8; 32])> = founded.things.iter().map(|t| t.parts()).collect();
    let kinds: Vec<i64> = parts.iter().map(|(kind, _)| *kind).collect();
    let names: Vec<&[u8]> = parts.iter().map(|(_, name)| name.as_slice()).collect();
    write.session.execute(
        "INSERT INTO feed (kind, id, patient, clinic, revision, stamp)
         SELECT kind, id, $3, $4, 1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
         FROM unnest($1::bigint[], $2::bytea[]) AS new (kind, id)",
        &[
            &kinds,
            &names,
            &founded.patient.as_ref().map(AsRef::<[u8]>::as_ref),
            &founded.clinic.as_ref().map(AsRef::<[u8]>::as_ref),
        ],
    )?;
    let (patient, clinic) = (founded.patient, founded.clinic);
    write
        .signals
        .extend(founded.things.into_iter().map(|thing| Signal {
            patient,
            clinic,
            thing,
        }));
    Ok(())
}

/// A patient is this clinic's from now on, and all of theirs is new to it.
pub(super) fn join(
    write: &mut Write<'_>,
    patient: ChainId,
    clinic: ChainId,
) -> Result<(), Trouble> {
    let rows = write.session.query(
        "UPDATE feed SET clinic = $2, revision = revision + 1,
                stamp = floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
         WHERE patient = $1 RETURNING kind, id, patient, clinic",
        &[&patient.as_ref(), &clinic.as_ref()],
    )?;
    for row in &rows {
        write.signals.push(signal(row)?);
    }
    Ok(())
}

/// Marks a thing as changed. False: there is no such thing.
pub(super) fn touch(write: &mut Write<'_>, thing: Thing) -> Result<bool, Trouble> {
    let (kind, name) = thing.parts();
    touch_all(write, kind, &[name.as_slice()]).map(|touched| touched == 1)
}

/// Marks things of one kind as changed; how many there are.
pub(super) fn touch_all(
    write: &mut Write<'_>,
    kind: i64,
    names: &[&[u8]],
) -> Result<usize, Trouble> {
    let rows = write.session.query(
        "UPDATE feed SET revision = revision + 1,
                stamp = floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
         WHERE kind = $1 AND id = ANY($2) RETURNING kind, id, patient, clinic",
        &[&kind, &names],
    )?;
    for row in &rows {
        write.signals.push(signal(row)?);
    }
    Ok(rows.len())
}

/// The queries of one scope: the stamp of the n-th thing after one, and the
/// things of a window.
const PATIENT: [&str; 2] = [
    "SELECT stamp FROM feed WHERE patient = $1 AND stamp > $2
     ORDER BY stamp LIMIT 1 OFFSET $3",
    "SELECT stamp, kind, id, revision FROM feed
     WHERE patient = $1 AND stamp BETWEEN $2 AND $3
     UNION ALL
     SELECT stamp, kind, id, revision FROM feed
     WHERE kind = 0 AND id = (SELECT clinic FROM feed WHERE kind = 0 AND id = $1)
       AND stamp BETWEEN $2 AND $3
     ORDER BY stamp, kind, id",
];
const CLINIC: [&str; 2] = [
    "SELECT stamp FROM feed WHERE clinic = $1 AND stamp > $2
     ORDER BY stamp LIMIT 1 OFFSET $3",
    "SELECT stamp, kind, id, revision FROM feed
     WHERE clinic = $1 AND stamp BETWEEN $2 AND $3
     ORDER BY stamp, kind, id",
];

pub(super) fn changes(
    session: &mut Session,
    scope: Scope,
    since: u64,
    limit: usize,
) -> Result<Changes, Trouble> {
    let ([nth, within], whose) = match scope {
        Scope::Patient(chain) => (PATIENT, chain),
        Scope::Clinic(chain) => (CLINIC, chain),
    };
    let now = session.query_opt(
        "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
        &[],
    )?;
    let now = now.map_or(Ok(0), |row| row.try_get(0))?;
    let window = Window::new(since, limit, now, |after, n| {
        let row = session.query_opt(nth, &[&whose.as_ref(), &after, &n])?;
        Ok::<_, Trouble>(row.map(|row| row.try_get("stamp")).transpose()?)
    })?;
    let rows = session.query(within, &[&whose.as_ref(), &window.from, &window.to])?;
    let changes = rows
        .iter()
        .map(|row| {
            Ok(Change {
                thing: thing(row)?,
                revision: count(row, "revision")?,
            })
        })
        .collect::<Result<_, Trouble>>()?;
    Ok(Changes {
        changes,
        position: window.position,
        more: window.more,
    })
}
