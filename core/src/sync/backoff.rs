//! When to try again after a failure.

use jiff::{SignedDuration, Timestamp};

use crate::env::Env;

const FIRST_MS: i64 = 1_000;
const LONGEST_MS: i64 = 15 * 60 * 1_000;

/// Doubling waits with jitter, from about a second to a quarter of an hour.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// After a failure: when to try next. `asked` is what the server asked for, in seconds.
    pub fn failed(&mut self, env: &Env, asked: Option<u32>) -> Timestamp {
        let doubled = FIRST_MS
            .checked_shl(self.failures.min(16))
            .unwrap_or(LONGEST_MS);
        let most = doubled.clamp(FIRST_MS, LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        // Half of it is certain, half is chance: many phones must not come back as one.
        let chance = i64::from(u16::from_le_bytes(env.random()));
        let wait = most / 2 + most / 2 * chance / i64::from(u16::MAX);
        let wait = wait.max(i64::from(asked.unwrap_or(0)) * 1_000);
        env.now()
            .checked_add(SignedDuration::from_millis(wait))
            .unwrap_or(Timestamp::MAX)
    }

    /// After a success: the next failure waits briefly again.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}
