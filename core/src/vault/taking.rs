//! Taking in what other devices wrote.

use clinic_api::id::{ContentHash, DeviceId};
use clinic_api::log::{FrameName, LogTip, Seen};
use rusqlite::Transaction;

use super::chains::SpaceEntry;
use super::event_log::{Judgement, insert, known, next_seq};
use super::view::{self, Came, Place, View};
use super::{Me, Missing, Vault, VaultError, bulletins, clock, counting, erasure, logs};
use crate::event::{Envelope, HybridClock, Kind};
use crate::space::authority::Author;

/// A verified run of another device, opened as far as it would open.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The space.
    pub space: SpaceEntry,
    /// Who wrote the log.
    pub device: DeviceId,
    /// In what quality; none where it was no member.
    pub author: Option<Author>,
    /// The log's new end.
    pub tip: LogTip,
    /// The time that the head gives.
    pub heard_ms: i64,
    /// What the head says that its device saw of other logs.
    pub seen: Vec<Seen>,
    /// The clinic's last bulletin, as the head says that its device saw it.
    pub bulletin: Option<clinic_api::bulletin::Seen>,
    /// The frames that opened.
    pub frames: Vec<OpenFrame>,
    /// The frames that came without a body.
    pub missing: Vec<Missing>,
}

/// A frame that opened.
#[derive(Debug, Clone)]
pub struct OpenFrame {
    /// Its number.
    pub number: u64,
    /// What its header says of its body.
    pub content: ContentHash,
    /// What stands in it.
    pub events: Vec<Envelope>,
}

impl Vault {
    /// Takes in a verified run of another device: the same append and apply.
    ///
    /// Returns what came of each of its events that is new. What was erased before is left out.
    ///
    /// # Errors
    /// [`VaultError`]; nothing of the run was taken in.
    pub fn take(&mut self, run: Arrived) -> Result<Vec<Judgement>, VaultError> {
        self.take_all(std::slice::from_ref(&run))
    }

    /// As [`Vault::take`], of several runs in the order given: all of them or none.
    ///
    /// # Errors
    /// [`VaultError`]; nothing of the runs was taken in.
    pub fn take_all(&mut self, runs: &[Arrived]) -> Result<Vec<Judgement>, VaultError> {
        let mut taking = Taking {
            views: self.views,
            of_patient: matches!(self.me()?, Some(Me::Patient { .. })),
            now: self.env.now().as_millisecond(),
            clock: self.clock,
            erases: false,
            came: Vec::new(),
        };
        self.write(|tx| {
            runs.iter().try_for_each(|run| taking.run(tx, run))?;
            // From here on the last event is another's, with a reading that may be less than this
            // device's own; and what was erased may have borne the greatest.
            if taking.erases || !taking.came.is_empty() {
                clock::keep(tx, taking.clock.last())?;
            }
            Ok(())
        })?;
        self.clock = taking.clock;
        if taking.erases {
            self.empty_journal();
        }
        Ok(taking.came)
    }
}

/// Runs that are being taken in.
struct Taking {
    views: &'static [&'static dyn View],
    of_patient: bool,
    now: i64,
    clock: HybridClock,
    /// Whether any event so far erases what others hold.
    erases: bool,
    came: Vec<Judgement>,
}

impl Taking {
    fn run(&mut self, tx: &Transaction<'_>, run: &Arrived) -> Result<(), VaultError> {
        let place = Place {
            space: run.space.space,
            space_kind: run.space.kind,
            log: run.tip.log,
            device: run.device,
            author: run.author,
        };
        let mut next = next_seq(tx)?;
        // Nearly always nothing: then no frame is looked for.
        let missing = erasure::any_missing(tx, place.space, place.log)?;
        let named = erasure::any_named(tx, place.space, place.log)?;
        for frame in &run.frames {
            let name = FrameName {
                log: place.log,
                number: frame.number,
                content: Some(frame.content),
            };
            if missing {
                erasure::note_found(tx, place.space, place.log, name.number)?;
            }
            let erased = (named || self.erases) && erasure::named(tx, place.space, &name)?;
            if !(erased && place.author == Some(Author::Patient)) {
                self.frame(tx, &place, name, frame, &mut next)?;
            }
        }
        for missing in &run.missing {
            erasure::note_missing(tx, place.space, &run.tip, missing)?;
        }
        if place.author.is_some() {
            logs::witness(tx, place.space, &run.seen)?;
            bulletins::witness(tx, place.space, run.bulletin)?;
        }
        counting::note_head(tx, &run.space, &run.tip)?;
        logs::advance(tx, place.space, run.device, &run.tip, run.heard_ms)
    }

    fn frame(
        &mut self,
        tx: &Transaction<'_>,
        place: &Place,
        name: FrameName,
        frame: &OpenFrame,
        next: &mut i64,
    ) -> Result<(), VaultError> {
        let batch = *next;
        for (index, envelope) in (0_u32..).zip(&frame.events) {
            if known(tx, place, envelope.id)? {
                continue;
            }
            let followed = self.clock.follow(envelope.hlc, self.now);
            let judgement = match view::apply(tx, self.views, place, envelope)? {
                Came::Judged(judgement) => judgement,
                Came::Gone(entry) => {
                    if self.of_patient {
                        erasure::note_late(tx, place.space, entry, name)?;
                    }
                    continue;
                }
            };
            self.erases |= envelope.known_kind().is_some_and(Kind::erases);
            let slot = (*next, batch, index);
            let at = Some((frame.number, frame.content));
            insert(tx, place, at, slot, envelope, followed, judgement)?;
            *next = next.saturating_add(1);
            self.came.push(judgement);
        }
        Ok(())
    }
}
