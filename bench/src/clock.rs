//! Time: here it enters, and nowhere else.

use std::time::{Duration, Instant};

/// How long something took, and what came of it.
#[expect(clippy::disallowed_methods, reason = "this program measures time")]
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let value = work();
    (start.elapsed(), value)
}

/// Runs from its making on.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    #[expect(clippy::disallowed_methods, reason = "this program measures time")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has run.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The server's clock.
#[derive(Debug)]
pub struct ServerClock(Stopwatch);

impl ServerClock {
    /// Starts one.
    pub fn start() -> Self {
        Self(Stopwatch::start())
    }
}

impl clinic_server::clock::Clock for ServerClock {
    fn now(&self) -> i64 {
        companion_core::env::Env::system().now().as_second()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
