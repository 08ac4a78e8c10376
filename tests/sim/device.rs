//! A simulated device: a vault in memory, a clock and randomness of its own, and what the
//! reference knows of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use clinic_api::id::{DeviceId, HeadHash, LogId, SpaceId};
use companion_core::companion::Companion;
use companion_core::env::{Clock, Env, Random};
use companion_core::vault::Vault;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::Set;

/// A clock that stands where it is put, in milliseconds since 1970.
#[derive(Clone, Default)]
pub struct Stand(Arc<AtomicI64>);

impl Stand {
    pub fn set(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }
}

impl Clock for Stand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}

/// Bytes that never come twice in a run, and come again in the next.
struct Repeating {
    seed: u64,
    counter: AtomicU64,
}

impl Random for Repeating {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.counter.fetch_add(1, Ordering::Relaxed);
            let parts: [&[u8]; 2] = [&self.seed.to_be_bytes(), &count.to_be_bytes()];
            let block = clinic_api::crypto::hash("simulated randomness", &parts);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// What the reference knows of a vault. It goes back when the vault does.
#[derive(Clone, Default)]
pub struct Mind {
    /// The writings that are in it.
    pub has: Set,
    /// Those that it acknowledged to a person.
    pub own: Vec<usize>,
    /// As far as each log was followed.
    pub walked: BTreeMap<(SpaceId, LogId), HeadHash>,
    /// What stands in runs that came without bodies, by log and number of the head:
    /// numbers of frames, and what they hold.
    pub pending: BTreeMap<(SpaceId, LogId, u64), Vec<(u64, usize)>>,
    /// What the heads in it say was seen.
    pub told: BTreeMap<(SpaceId, LogId), u64>,
}

pub struct Device {
    pub id: DeviceId,
    /// Whose; none for the clinic's workstation.
    pub patient: Option<usize>,
    pub dir: PathBuf,
    pub clock: Stand,
    pub env: Env,
    /// How far its clock is off, in milliseconds.
    pub skew: i64,
    pub mind: Mind,
    pub backup: Option<(Rc<Vec<u8>>, Mind)>,
    /// Whether its own log may rightly be longer than it remembers.
    pub went_back: bool,
    companion: Option<Companion>,
}

impl Device {
    pub fn new(dir: PathBuf, seed: u64, start: i64) -> Self {
        let clock = Stand::default();
        clock.set(start);
        let random = Repeating {
            seed,
            counter: AtomicU64::new(0),
        };
        Self {
            id: DeviceId([0; 32]),
            patient: None,
            dir,
            env: Env::new(Arc::new(clock.clone()), Arc::new(random)),
            clock,
            skew: 0,
            mind: Mind::default(),
            backup: None,
            went_back: false,
            companion: None,
        }
    }

    fn file(&self) -> PathBuf {
        self.dir.join("vault.db")
    }

    pub fn open(&mut self) {
        let companion = Companion::open_simulated(&self.dir, self.env.clone());
        self.companion = Some(companion.expect("a vault that was closed or killed opens"));
    }

    pub fn close(&mut self) {
        self.companion = None;
    }

    pub fn restart(&mut self) {
        self.close();
        self.open();
    }

    /// The process died, and begins anew.
    pub fn revive(&mut self) {
        let revived = self.with(Vault::restart);
        revived.expect("a vault that was killed opens");
    }

    /// The vault as a copy of its file would have it.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }

    /// Puts the process down, and another file in place of its own.
    pub fn put(&mut self, bytes: &[u8]) {
        self.close();
        std::fs::create_dir_all(&self.dir).unwrap();
        std::fs::write(self.file(), bytes).unwrap();
        self.open();
    }

    pub fn companion(&self) -> &Companion {
        self.companion.as_ref().expect("open")
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut Vault) -> T) -> T {
        self.companion().vault().with(work)
    }
}
