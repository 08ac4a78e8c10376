//! Views: tables that are a function of the set of events, and nothing else.

use clinic_api::id::{DeviceId, LogId, SpaceId};
use clinic_api::space::SpaceKind;
use rusqlite::{Connection, Transaction};

use super::erasure::{self, Erasure};
use super::event_log::{self, Judgement};
use super::{VaultError, meta};
use crate::event::{EntryId, Envelope, Kind};
use crate::space::authority::Author;

/// An event that may be applied: its author had the right to write it there.
#[derive(Debug, Clone, Copy)]
pub struct Applied<'a> {
    /// The space.
    pub space: SpaceId,
    /// Its kind.
    pub space_kind: SpaceKind,
    /// The log that it stands in.
    pub log: LogId,
    /// Who wrote it.
    pub device: DeviceId,
    /// In what quality.
    pub author: Author,
    /// The event.
    pub envelope: &'a Envelope,
    /// The event's kind.
    pub kind: Kind,
}

/// What came of applying an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// In the view, or not this view's business.
    Done,
    /// What it is about was erased for good: the event is not to be kept either.
    Gone(EntryId),
    /// It erases what earlier events hold.
    Erases(Erasure),
    /// The body is not what its kind says, or holds values that can't be.
    Malformed,
}

/// A room's tables. Their names begin with `view_`, and each is keyed by space.
///
/// The result must not depend on the order in which events are applied: other
/// devices receive them in another.
pub trait View: Sync {
    /// The room's name.
    fn name(&self) -> &'static str;

    /// Raised with every change of the tables or of what is put in them.
    fn version(&self) -> u32;

    /// Makes the tables.
    ///
    /// # Errors
    /// [`VaultError`].
    fn create(&self, tx: &Transaction<'_>) -> Result<(), VaultError>;

    /// Takes an event in.
    ///
    /// # Errors
    /// [`VaultError`], and nothing of the transaction holds.
    fn apply(&self, tx: &Transaction<'_>, event: &Applied<'_>) -> Result<Outcome, VaultError>;

    /// Lets go of what belongs to a space and does not name it, before its rows go everywhere.
    ///
    /// # Errors
    /// [`VaultError`], and nothing of the transaction holds.
    fn forget(&self, _tx: &Transaction<'_>, _space: SpaceId) -> Result<(), VaultError> {
        Ok(())
    }
}

const SHAPE: &str = "views";

fn shape(views: &[&dyn View]) -> String {
    let views = views
        .iter()
        .map(|v| format!("{}:{}", v.name(), v.version()));
    // A newly known kind changes what old events come to.
    let kinds = Kind::ALL.iter().map(|k| k.code().to_string());
    views.chain(kinds).collect::<Vec<_>>().join(",")
}

pub(super) fn rebuild_if_changed(
    tx: &Transaction<'_>,
    views: &[&dyn View],
) -> Result<(), VaultError> {
    if meta::get(tx, SHAPE)?.as_deref() == Some(shape(views).as_bytes()) {
        return Ok(());
    }
    rebuild(tx, views)
}

pub(super) fn rebuild(tx: &Transaction<'_>, views: &[&dyn View]) -> Result<(), VaultError> {
    for table in tables(tx)? {
        tx.execute_batch(&format!("DROP TABLE IF EXISTS \"{table}\""))?;
    }
    for view in views {
        view.create(tx)?;
    }
    event_log::replay(tx, views)?;
    meta::set(tx, SHAPE, shape(views).as_bytes())
}

/// Takes a space out of every view.
pub(super) fn forget(
    tx: &Transaction<'_>,
    views: &[&dyn View],
    space: SpaceId,
) -> Result<(), VaultError> {
    for view in views {
        view.forget(tx, space)?;
    }
    let keyed = "SELECT 1 FROM pragma_table_info(?1) WHERE name = 'space'";
    for table in tables(tx)? {
        if tx.prepare_cached(keyed)?.exists([&table])? {
            tx.execute(
                &format!("DELETE FROM \"{table}\" WHERE space = ?1"),
                [space.0],
            )?;
        }
    }
    Ok(())
}

fn tables(conn: &Connection) -> Result<Vec<String>, VaultError> {
    // Without the tables behind a virtual one: those go with it.
    let sql = "SELECT name FROM pragma_table_list
               WHERE schema = 'main' AND type IN ('table', 'virtual')
                   AND name LIKE 'view\\_%' ESCAPE '\\'";
    let mut query = conn.prepare(sql)?;
    let names = query.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// What came of an event that was judged and applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// It is kept, with this judgement.
    Judged(Judgement),
    /// It is not: what it is about was erased.
    Gone(EntryId),
}

/// Judges an event and applies it to every view.
pub(super) fn apply(
    tx: &Transaction<'_>,
    views: &[&dyn View],
    at: &Place,
    envelope: &Envelope,
) -> Result<Came, VaultError> {
    let Some(kind) = envelope.known_kind() else {
        return Ok(Came::Judged(Judgement::UnknownKind));
    };
    let allowed =
        |author: &Author| crate::space::authority::may_write(kind, at.space_kind, *author);
    let Some(author) = at.author.filter(allowed) else {
        return Ok(Came::Judged(Judgement::NotAllowed));
    };
    let event = Applied {
        space: at.space,
        space_kind: at.space_kind,
        log: at.log,
        device: at.device,
        author,
        envelope,
        kind,
    };
    for view in views {
        match view.apply(tx, &event)? {
            Outcome::Done => {}
            Outcome::Malformed => return Ok(Came::Judged(Judgement::Malformed)),
            Outcome::Gone(entry) => return Ok(Came::Gone(entry)),
            Outcome::Erases(what) => erasure::erase(tx, at.space, &what)?,
        }
    }
    Ok(Came::Judged(Judgement::Applied))
}

/// Where an event stands, as the log has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub space: SpaceId,
    pub space_kind: SpaceKind,
    pub log: LogId,
    pub device: DeviceId,
    pub author: Option<Author>,
}
