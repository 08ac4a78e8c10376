//! What changed, and when.

use std::collections::BTreeMap;

use clinic_api::id::ChainId;

use super::super::feed::{Change, Changes, Founded, Scope, Signal, Thing, Window};
use super::super::{NewChain, Result};

#[derive(Debug)]
struct Row {
    patient: Option<ChainId>,
    clinic: Option<ChainId>,
    revision: u64,
    stamp: i64,
}

/// The feed, and what is still to be told to who listens.
#[derive(Debug, Default)]
pub(super) struct Feed {
    rows: BTreeMap<Thing, Row>,
    pub(super) signals: Vec<Signal>,
}

impl Feed {
    /// Things of a new chain.
    pub(super) fn found(&mut self, new: &NewChain, now: i64) {
        let Founded {
            patient,
            clinic,
            things,
        } = Founded::by(new);
        for thing in things {
            let row = Row {
                patient,
                clinic,
                revision: 0,
                stamp: now,
            };
            self.rows.insert(thing, row);
            self.touch(thing, now);
        }
    }

    /// A patient is this clinic's from now on, and all of theirs is new to it.
    pub(super) fn join(&mut self, patient: ChainId, clinic: ChainId, now: i64) {
        let of_patient = |(_, row): &(&Thing, &Row)| row.patient == Some(patient);
        let all = self.rows.iter().filter(of_patient);
        let things: Vec<Thing> = all.map(|(thing, _)| *thing).collect();
        for thing in things {
            if let Some(row) = self.rows.get_mut(&thing) {
                row.clinic = Some(clinic);
            }
            self.touch(thing, now);
        }
    }

    pub(super) fn touch(&mut self, thing: Thing, now: i64) {
        if let Some(row) = self.rows.get_mut(&thing) {
            row.revision = row.revision.saturating_add(1);
            row.stamp = now;
            self.signals.push(Signal {
                patient: row.patient,
                clinic: row.clinic,
                thing,
            });
        }
    }

    pub(super) fn changes(
        &self,
        scope: Scope,
        since: u64,
        limit: usize,
        now: i64,
    ) -> Result<Changes> {
        let roster = match scope {
            Scope::Patient(chain) => self
                .rows
                .get(&Thing::Chain(chain))
                .and_then(|row| row.clinic)
                .map(Thing::Chain),
            Scope::Clinic(_) => None,
        };
        let within = |thing: &Thing, row: &Row| match scope {
            Scope::Patient(chain) => row.patient == Some(chain) || Some(*thing) == roster,
            Scope::Clinic(chain) => row.clinic == Some(chain),
        };
        let mut rows: Vec<(i64, Thing, u64)> = self
            .rows
            .iter()
            .filter(|(thing, row)| within(thing, row))
            .map(|(thing, row)| (row.stamp, *thing, row.revision))
            .collect();
        rows.sort();
        let window = Window::new(since, limit, now, |after, n| {
            let mut behind = rows.iter().filter(|(stamp, ..)| *stamp > after);
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            Ok(behind.nth(n).map(|(stamp, ..)| *stamp))
        })?;
        let changes = rows
            .into_iter()
            .filter(|(stamp, ..)| (window.from..=window.to).contains(stamp))
            .map(|(_, thing, revision)| Change { thing, revision })
            .collect();
        Ok(Changes {
            changes,
            position: window.position,
            more: window.more,
        })
    }
}
