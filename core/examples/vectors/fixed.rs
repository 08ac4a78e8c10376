//! A clock that stands still and randomness that anybody can compute.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use companion_core::env::{Clock, Env, Random};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::digest;

/// 2026-01-15T09:30:00Z, in milliseconds since 1970.
pub const NOW_MS: i64 = 1_768_469_400_000;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(NOW_MS).unwrap()
    }
    fn zone(&self) -> TimeZone {
        TimeZone::get("Europe/Vienna").unwrap()
    }
}

/// Block `n` is SHA-256 of `"vectors " ‖ name ‖ 0x00 ‖ n (8 bytes, big-endian)`;
/// each call takes as many whole blocks as it needs.
struct Counter {
    name: &'static str,
    next: AtomicU64,
}

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(32) {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            let input = [b"vectors ", self.name.as_bytes(), &[0], &n.to_be_bytes()].concat();
            let block = digest::digest(&digest::SHA256, &input);
            piece.copy_from_slice(&block.as_ref()[..piece.len()]);
        }
    }
}

/// An environment with a random stream of its own.
pub fn env(name: &'static str) -> Env {
    let random = Counter {
        name,
        next: AtomicU64::new(0),
    };
    Env::new(Arc::new(Still), Arc::new(random))
}
