//! The event log: appending, for local and remote events alike.

use clinic_api::id::{ContentHash, DeviceId, LogId, SpaceId};
use clinic_api::limits;
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::chains::SpaceEntry;
use super::view::{self, Came, Place, View};
use super::{Me, Vault, VaultError, logs};
use crate::event::{Body, Envelope, EventId, Hlc, Kind, Moment};
use crate::space::authority::Author;

/// More than an envelope has beside its body.
const ENVELOPE: usize = 192;
/// More than padding, salt and tag add to the largest frame.
pub(super) const PADDING: usize = 8 * 1024;

/// What came of an event. Whatever it is, the event is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// In the views.
    Applied,
    /// Of a kind that a newer version wrote; applied after an upgrade.
    UnknownKind,
    /// Its author may not write that there, or was no member.
    NotAllowed,
    /// Its body is not what its kind says.
    Malformed,
    /// It lies beyond the last head that counts of a device that is out.
    AfterRemoval,
}

impl Judgement {
    fn code(self) -> u8 {
        match self {
            Self::Applied => 0,
            Self::UnknownKind => 1,
            Self::NotAllowed => 2,
            Self::Malformed => 3,
            Self::AfterRemoval => 4,
        }
    }

    fn from_code(code: u8) -> Result<Self, VaultError> {
        [
            Self::Applied,
            Self::UnknownKind,
            Self::NotAllowed,
            Self::Malformed,
            Self::AfterRemoval,
        ]
        .into_iter()
        .find(|j| j.code() == code)
        .ok_or(VaultError::Damaged)
    }
}

/// An event that is about to be written on this device.
#[derive(Debug, Clone)]
pub struct Draft {
    space: SpaceEntry,
    envelope: Envelope,
}

impl Draft {
    /// A body to be written in a space; clock and name are given when it is appended.
    pub fn new<B: Body>(space: SpaceEntry, body: &B) -> Self {
        let at = Moment {
            ms: 0,
            offset: 0,
            zone: String::new(),
        };
        Self {
            space,
            envelope: Envelope::new(EventId([0; 16]), Hlc::default(), at, body),
        }
    }
}

/// An event as the log keeps it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The space.
    pub space: SpaceId,
    /// The log that it stands in.
    pub log: LogId,
    /// Its frame's number; none while it is not sealed.
    pub number: Option<u64>,
    /// Who wrote it.
    pub device: DeviceId,
    /// What came of it.
    pub judgement: Judgement,
    /// Whether its clock reading was near enough to be followed.
    pub followed: bool,
    /// The event.
    pub envelope: Envelope,
}

impl Vault {
    /// Appends events of this device and applies them: all of them, durably, or none.
    ///
    /// Events of one group that go into one space travel in one frame. Returns
    /// the names of all, in order.
    ///
    /// # Errors
    /// [`VaultError::NotAllowed`] where this device is not that author's or may not write
    /// one of them there; [`VaultError::TooLarge`] where a group fits into no frame;
    /// [`VaultError::Full`] and the like: nothing was written.
    pub fn append(
        &mut self,
        author: Author,
        groups: Vec<Vec<Draft>>,
    ) -> Result<Vec<EventId>, VaultError> {
        let device = self.device_id()?;
        if self.own_author(device)? != Some(author) {
            return Err(VaultError::NotAllowed);
        }
        let (env, views) = (self.env.clone(), self.views);
        let mut clock = self.clock;
        let now = env.now();
        let at = Moment::of(now, &env.zone());
        let mut erases = false;
        let names = self.write(|tx| {
            let mut names = Vec::new();
            let mut next = next_seq(tx)?;
            for drafts in groups {
                let mut frames: Vec<(SpaceId, i64, u32)> = Vec::new();
                if !fits(&drafts) {
                    return Err(VaultError::TooLarge);
                }
                for draft in drafts {
                    let space = draft.space;
                    let log = logs::own_or_new(tx, &env, space.space, device)?;
                    let mut envelope = draft.envelope;
                    envelope.id = EventId(env.random());
                    envelope.hlc = clock.tick(now.as_millisecond());
                    envelope.at = at.clone();
                    let place = Place {
                        space: space.space,
                        space_kind: space.kind,
                        log,
                        device,
                        author: Some(author),
                    };
                    let judgement = Judgement::Applied;
                    if view::apply(tx, views, &place, &envelope)? != Came::Judged(judgement) {
                        return Err(VaultError::NotAllowed);
                    }
                    erases |= envelope.known_kind().is_some_and(Kind::erases);
                    let slot = match frames.iter_mut().find(|(s, ..)| *s == space.space) {
                        Some((_, batch, place)) => {
                            *place = place.saturating_add(1);
                            (next, *batch, *place)
                        }
                        None => {
                            frames.push((space.space, next, 0));
                            (next, next, 0)
                        }
                    };
                    next = next.saturating_add(1);
                    insert(tx, &place, None, slot, &envelope, true, judgement)?;
                    names.push(envelope.id);
                }
            }
            Ok(names)
        })?;
        self.clock = clock;
        if erases {
            self.empty_journal();
        }
        self.tell_written();
        Ok(names)
    }

    /// In what quality this device writes now; none before it is anybody's, and after its removal.
    pub(super) fn own_author(&mut self, device: DeviceId) -> Result<Option<Author>, VaultError> {
        match self.me()? {
            None => Ok(None),
            Some(Me::Patient { .. }) => Ok(Some(Author::Patient)),
            Some(Me::Staff { roster, .. }) => {
                self.load_roster(roster)?;
                let roster = self.chains.roster(roster);
                let role = roster.and_then(|r| r.workstation_role(device, r.tip().number));
                Ok(role.map(Author::from))
            }
        }
    }

    /// The events of a space in the order in which they were taken in.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn events(&self, space: SpaceId) -> Result<Vec<Stored>, VaultError> {
        let sql = "SELECT log, number, device, judgement, followed, envelope
                   FROM event WHERE space = ?1 ORDER BY seq";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query([space.0])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let envelope: Vec<u8> = row.get(5)?;
            all.push(Stored {
                space,
                log: LogId(row.get(0)?),
                number: row.get(1)?,
                device: DeviceId(row.get(2)?),
                judgement: Judgement::from_code(row.get(3)?)?,
                followed: row.get(4)?,
                envelope: wire::decode(&envelope).map_err(|_| VaultError::Damaged)?,
            });
        }
        Ok(all)
    }

    /// How many events were kept and not applied, with what came of them.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn unapplied(&self) -> Result<Vec<(SpaceId, DeviceId, Judgement, u64)>, VaultError> {
        let sql = "SELECT space, device, judgement, count(*) FROM event
                   WHERE judgement <> 0 GROUP BY space, device, judgement";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let judgement = Judgement::from_code(row.get(2)?)?;
            all.push((
                SpaceId(row.get(0)?),
                DeviceId(row.get(1)?),
                judgement,
                row.get(3)?,
            ));
        }
        Ok(all)
    }
}

/// Whether the drafts of a group fit into one frame, padded, in each of their spaces.
fn fits(drafts: &[Draft]) -> bool {
    let within = |space: SpaceId| {
        let of_space = drafts.iter().filter(|d| d.space.space == space);
        let bytes: usize = of_space.map(|d| d.envelope.body.len() + ENVELOPE).sum();
        bytes <= limits::FRAME_BODY - PADDING
    };
    drafts.iter().all(|draft| within(draft.space.space))
}

pub(super) fn known(conn: &Connection, place: &Place, event: EventId) -> Result<bool, VaultError> {
    let sql = "SELECT 1 FROM event WHERE space = ?1 AND log = ?2 AND event = ?3";
    let found: Option<i64> = conn
        .prepare_cached(sql)?
        .query_row(params![place.space.0, place.log.0, event.0], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(found.is_some())
}

/// The number of the next event: greater than that of any that is there.
pub(super) fn next_seq(conn: &Connection) -> Result<i64, VaultError> {
    let sql = "SELECT coalesce(max(seq), 0) + 1 FROM event";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

pub(super) fn insert(
    tx: &Transaction<'_>,
    place: &Place,
    frame: Option<(u64, ContentHash)>,
    (seq, batch, index): (i64, i64, u32),
    envelope: &Envelope,
    followed: bool,
    judgement: Judgement,
) -> Result<(), VaultError> {
    let sql =
        "INSERT INTO event (seq, space, log, number, place, batch, event, device, author, kind,
                   hlc_ms, hlc_counter, followed, judgement, envelope, content)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    tx.prepare_cached(sql)?.execute(params![
        seq,
        place.space.0,
        place.log.0,
        frame.map(|(number, _)| number),
        index,
        batch,
        envelope.id.0,
        place.device.0,
        author_code(place.author),
        envelope.kind,
        envelope.hlc.ms,
        envelope.hlc.counter,
        followed,
        judgement.code(),
        wire::encode(envelope),
        frame.map(|(_, content)| content.0),
    ])?;
    Ok(())
}

fn author_code(author: Option<Author>) -> u8 {
    match author {
        None => 0,
        Some(Author::Patient) => 1,
        Some(Author::Administrator) => 2,
        Some(Author::Clinician) => 3,
        Some(Author::FrontDesk) => 4,
    }
}

pub(super) fn author_from(code: u8) -> Result<Option<Author>, VaultError> {
    [
        None,
        Some(Author::Patient),
        Some(Author::Administrator),
        Some(Author::Clinician),
    ]
    .into_iter()
    .chain([Some(Author::FrontDesk)])
    .find(|a| author_code(*a) == code)
    .ok_or(VaultError::Damaged)
}

/// Applies every event anew, judging each again: a kind may be known by now.
pub(super) fn replay(tx: &Transaction<'_>, views: &[&dyn View]) -> Result<(), VaultError> {
    replay_where(tx, views, None)
}

/// The same of one space.
pub(super) fn replay_space(
    tx: &Transaction<'_>,
    views: &[&dyn View],
    space: SpaceId,
) -> Result<(), VaultError> {
    replay_where(tx, views, Some(space))
}

fn replay_where(
    tx: &Transaction<'_>,
    views: &[&dyn View],
    space: Option<SpaceId>,
) -> Result<(), VaultError> {
    let sql = "SELECT e.seq, e.space, s.kind, e.log, e.device, e.author, e.envelope, e.judgement,
                   coalesce(e.number > l.counts, 0)
               FROM event e JOIN space s ON s.space = e.space
               LEFT JOIN log l ON l.space = e.space AND l.log = e.log
               WHERE ?1 IS NULL OR e.space = ?1 ORDER BY e.seq";
    let mut query = tx.prepare(sql)?;
    let mut update = tx.prepare("UPDATE event SET judgement = ?2 WHERE seq = ?1")?;
    let mut gone: Vec<i64> = Vec::new();
    let mut rows = query.query([space.map(|s| s.0)])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let kind: u8 = row.get(2)?;
        let envelope: Vec<u8> = row.get(6)?;
        let envelope: Envelope = wire::decode(&envelope).map_err(|_| VaultError::Damaged)?;
        let place = Place {
            space: SpaceId(row.get(1)?),
            space_kind: SpaceKind::from_code(kind).ok_or(VaultError::Damaged)?,
            log: LogId(row.get(3)?),
            device: DeviceId(row.get(4)?),
            author: author_from(row.get(5)?)?,
        };
        let beyond: bool = row.get(8)?;
        let came = if beyond {
            Came::Judged(Judgement::AfterRemoval)
        } else {
            view::apply(tx, views, &place, &envelope)?
        };
        match came {
            Came::Judged(judgement) if judgement.code() != row.get::<_, u8>(7)? => {
                update.execute(params![seq, judgement.code()])?;
            }
            Came::Judged(_) => {}
            Came::Gone(_) => gone.push(seq),
        }
    }
    let mut delete = tx.prepare("DELETE FROM event WHERE seq = ?1")?;
    for seq in gone {
        delete.execute([seq])?;
    }
    Ok(())
}
