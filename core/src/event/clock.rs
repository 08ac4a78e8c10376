//! Order between devices: a hybrid logical clock (Kulkarni et al. 2014).
//!
//! A reading is at least the device's own time and greater than every reading
//! that the device made or followed, so what was written after reading
//! something else sorts after it, whatever the wall clocks say.

use minicbor::{Decode, Encode};

/// How far ahead of the own clock another's reading may be and still be followed: five minutes.
///
/// A device whose clock is a year off must not drag everybody along.
pub const FOLLOW_LIMIT_MS: i64 = 5 * 60 * 1000;

/// A reading of the hybrid clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
pub struct Hlc {
    /// Milliseconds since 1970 (UTC).
    #[n(0)]
    pub ms: i64,
    /// Orders readings of the same millisecond.
    #[n(1)]
    pub counter: u32,
}

/// A device's hybrid clock: the greatest reading that it made or followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HybridClock {
    last: Hlc,
}

impl HybridClock {
    /// A clock that stands at `last`, as the vault remembers it.
    pub fn at(last: Hlc) -> Self {
        Self { last }
    }

    /// Its greatest reading so far.
    pub fn last(&self) -> Hlc {
        self.last
    }

    /// A new reading, greater than all before.
    pub fn tick(&mut self, now_ms: i64) -> Hlc {
        self.last = if now_ms > self.last.ms {
            Hlc {
                ms: now_ms,
                counter: 0,
            }
        } else {
            match self.last.counter.checked_add(1) {
                Some(counter) => Hlc {
                    ms: self.last.ms,
                    counter,
                },
                None => Hlc {
                    ms: self.last.ms.saturating_add(1),
                    counter: 0,
                },
            }
        };
        self.last
    }

    /// Takes another device's reading into account.
    ///
    /// Returns whether it was followed: a reading more than [`FOLLOW_LIMIT_MS`]
    /// ahead of `now_ms` is not, and its event is marked as having a clock ahead.
    pub fn follow(&mut self, other: Hlc, now_ms: i64) -> bool {
        let near = other.ms <= now_ms.saturating_add(FOLLOW_LIMIT_MS);
        if near && other > self.last {
            self.last = other;
        }
        near
    }
}
