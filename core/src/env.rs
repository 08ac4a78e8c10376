//! The outside world a core needs: a clock, a time zone and randomness.
//!
//! Everything in this crate takes them as arguments. The only calls to the
//! operating system's clock, zone and random generator are in [`Env::system`],
//! so a test or a simulation can put a whole fleet of devices on a clock of its
//! own and replay it byte for byte.
#![allow(
    clippy::disallowed_methods,
    reason = "the one place where ambient time and randomness enter"
)]

use std::fmt;
use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};

/// Tells the instant, and the zone that the device stands in.
///
/// The instant is the device's own opinion and may be wrong by years; order
/// between devices never rests on it alone (see [`crate::event::Hlc`]).
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
    /// The zone that the device is set to; UTC where none is known.
    fn zone(&self) -> TimeZone;
}

/// A cryptographically secure source of random bytes.
///
/// A source that cannot deliver must not return: keys are made of what it gives.
pub trait Random: Send + Sync {
    /// Fills all of `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Clock, zone and randomness, passed to whatever needs them.
///
/// Cheap to clone; clones share one source.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Env {
    /// An environment from its parts. Tests pass their own; programs use [`Env::system`].
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { clock, random }
    }

    /// The machine's own clock, zone and random generator.
    pub fn system() -> Self {
        Self::new(Arc::new(System), Arc::new(System))
    }

    /// The present instant, by this environment's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The zone that the device is set to.
    pub fn zone(&self) -> TimeZone {
        self.clock.zone()
    }

    /// `N` fresh random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// Fills `bytes` with fresh random bytes.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}

struct System;

impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn zone(&self) -> TimeZone {
        TimeZone::system()
    }
}

impl Random for System {
    #[expect(
        clippy::panic,
        reason = "going on without randomness would make guessable keys"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            panic!("the operating system gave no randomness");
        }
    }
}
