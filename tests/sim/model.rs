//! The reference: who wrote what, what they had before them then, and hence what each reader
//! must show. Plain sets; it shares no code with what it judges.
//!
//! A reader's knowledge is the set of writings that it has. Where two writings did not know of
//! each other the protocol's clock decides between them: there the reference leaves open which
//! one is shown, and asks only that readers who have the same set show the same.

use std::collections::{BTreeMap, HashMap};

use crate::exceptions;

/// Where a version of an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Private,
    Care,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A version of an entry, with the number that stands in its note.
    Version(Place, u32),
    Unshared,
    /// The entry was erased there, for good.
    Erased(Place),
    /// A review of a version.
    Reviewed(usize),
    /// A trace of reading, or anything that no view of an entry depends on.
    Other,
}

/// A reading of the protocol's clock, as the author's device made it.
pub type Reading = (i64, u32);

pub struct Op {
    /// Its name.
    pub event: [u8; 16],
    pub what: What,
    pub patient: usize,
    pub entry: usize,
    pub clock: Reading,
    /// What the author had of this entry.
    pub seen: Vec<usize>,
}

/// A set of writings.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Set(Vec<u64>);

impl Set {
    pub fn has(&self, op: usize) -> bool {
        self.0.get(op / 64).is_some_and(|w| w >> (op % 64) & 1 == 1)
    }

    pub fn add(&mut self, op: usize) {
        if self.0.len() <= op / 64 {
            self.0.resize(op / 64 + 1, 0);
        }
        self.0[op / 64] |= 1 << (op % 64);
    }
}

/// Whether an entry is with the care team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    Yes,
    No,
    /// It was taken back and changed at once, by two devices.
    Open,
}

#[derive(Default)]
pub struct Entry {
    pub id: [u8; 16],
    pub patient: usize,
    pub ops: Vec<usize>,
}

#[derive(Default)]
pub struct Model {
    pub ops: Vec<Op>,
    pub entries: Vec<Entry>,
    pub by_event: HashMap<[u8; 16], usize>,
    pub by_entry: HashMap<[u8; 16], usize>,
    /// Whether any clock was far enough off for exceptions to be asked for.
    pub clocks_jumped: bool,
    /// How often each exception was used.
    pub excused: BTreeMap<&'static str, u64>,
}

impl Model {
    pub fn entry(&mut self, patient: usize, id: [u8; 16]) -> usize {
        let next = self.entries.len();
        let at = *self.by_entry.entry(id).or_insert(next);
        if at == next {
            self.entries.push(Entry {
                id,
                patient,
                ops: Vec::new(),
            });
        }
        at
    }

    /// Takes a writing down.
    pub fn write(
        &mut self,
        event: [u8; 16],
        entry: usize,
        what: What,
        clock: Reading,
        has: &Set,
    ) -> usize {
        let at = self.ops.len();
        let of = &mut self.entries[entry];
        let seen = of.ops.iter().copied().filter(|op| has.has(*op)).collect();
        of.ops.push(at);
        let patient = of.patient;
        self.ops.push(Op {
            event,
            what,
            patient,
            entry,
            clock,
            seen,
        });
        self.by_event.insert(event, at);
        at
    }

    /// What a reader has of an entry.
    fn known<'a>(&'a self, entry: usize, has: &'a Set) -> impl Iterator<Item = usize> + 'a {
        let all = self.entries[entry].ops.iter().copied();
        all.filter(|op| has.has(*op))
    }

    pub fn versions(&self, entry: usize, place: Option<Place>, has: &Set) -> Vec<usize> {
        let gone = |place| self.erased(entry, has).any(|(_, p)| p == place);
        self.known(entry, has)
            .filter(|op| match self.ops[*op].what {
                What::Version(at, _) => place.is_none_or(|p| p == at) && !gone(at),
                _ => false,
            })
            .collect()
    }

    /// Where an entry was erased, as far as a reader knows, and by which writing.
    pub fn erased<'a>(
        &'a self,
        entry: usize,
        has: &'a Set,
    ) -> impl Iterator<Item = (usize, Place)> + 'a {
        self.known(entry, has)
            .filter_map(|op| match self.ops[op].what {
                What::Erased(place) => Some((op, place)),
                _ => None,
            })
    }

    /// The versions that no other one follows.
    pub fn latest(&self, entry: usize, place: Option<Place>, has: &Set) -> Vec<usize> {
        let all = self.versions(entry, place, has);
        let followed = |v: &usize| all.iter().any(|w| self.ops[*w].seen.contains(v));
        all.iter().copied().filter(|v| !followed(v)).collect()
    }

    /// Whether a version, shown as the present one in the care space, is with the care team.
    pub fn shared(&self, version: usize, entry: usize, has: &Set) -> Shared {
        let taken_back: Vec<usize> = self
            .known(entry, has)
            .filter(|op| self.ops[*op].what == What::Unshared)
            .collect();
        if taken_back
            .iter()
            .any(|u| self.ops[*u].seen.contains(&version))
        {
            return Shared::No;
        }
        let of = &self.ops[version];
        if taken_back.iter().all(|u| of.seen.contains(u)) {
            return Shared::Yes;
        }
        Shared::Open
    }

    /// What may be said of the whole entry: the care team's candidates together.
    pub fn shared_entry(&self, entry: usize, has: &Set) -> Shared {
        let mut all = self
            .latest(entry, Some(Place::Care), has)
            .into_iter()
            .map(|v| self.shared(v, entry, has));
        let Some(first) = all.next() else {
            return Shared::No;
        };
        if all.all(|s| s == first) {
            first
        } else {
            Shared::Open
        }
    }

    /// Whether the clocks kept the order in which the entry was written.
    pub fn in_order(&mut self, entry: usize, has: &Set) -> bool {
        let inverted = self.known(entry, has).any(|op| {
            let of = &self.ops[op];
            of.seen.iter().any(|s| self.ops[*s].clock >= of.clock)
        });
        if inverted {
            *self.excused.entry(exceptions::CLOCK_AHEAD).or_default() += 1;
        }
        !inverted
    }
}
