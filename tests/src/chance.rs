//! Chance that can be had again: a small generator whose seed is printed.

use std::time::Duration;

use companion_core::env::Env;

/// SplitMix64 (Steele, Lea and Flood, 2014): enough for choosing delays, and nothing else.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// With the seed in `COMPANION_TEST_SEED`, or a fresh one; prints it.
    pub fn new(what: &str) -> Self {
        let seed = match std::env::var("COMPANION_TEST_SEED") {
            Ok(text) => text.parse().expect("COMPANION_TEST_SEED is a number"),
            Err(_) => u64::from_le_bytes(Env::system().random()),
        };
        println!("{what}: COMPANION_TEST_SEED={seed}");
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// A time of up to `most`.
    pub fn within(&mut self, most: Duration) -> Duration {
        let micros = u64::try_from(most.as_micros()).unwrap();
        Duration::from_micros(self.below(micros))
    }
}
