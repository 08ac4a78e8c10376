//! The time, passed in.

use std::time::Duration;

/// What time it is. Set once, at `main` or by a test.
pub trait Clock: Send + Sync {
    /// Seconds since 1970 (UTC).
    fn now(&self) -> i64;

    /// Milliseconds since 1970 (UTC).
    fn millis(&self) -> i64 {
        self.now().saturating_mul(1000)
    }

    /// Since some moment of its own choice; never goes back. For measuring.
    fn elapsed(&self) -> Duration;
}
