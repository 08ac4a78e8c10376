//! A world for tests: clocks that stand still, randomness that repeats, people with vaults.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "shared by several test programs; a failure here is a failed test"
)]

pub mod api;
pub mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use clinic_api::id::ContentHash;
use companion_core::companion::Companion;
use companion_core::env::{Clock, Env, Random};
use companion_core::event::{Envelope, Moment};
use companion_core::journal::{Mood, Valence};
use companion_core::vault::{Cost, OpenFrame, PassphraseFile, VaultError};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// 2026-03-02T12:00:00Z, a Monday.
pub const START: i64 = 1_772_452_800_000;
pub const MINUTE: i64 = 60_000;
pub const DAY: i64 = 24 * 60 * MINUTE;
pub const PASSPHRASE: &str = "a passphrase for tests";

/// A frame as a device that pulled it hands it over.
pub fn opened(number: u64, events: Vec<Envelope>) -> OpenFrame {
    let content = ContentHash([0; 32]);
    OpenFrame {
        number,
        content,
        events,
    }
}

/// A clock that moves when it is told to.
#[derive(Clone)]
pub struct FakeClock {
    ms: Arc<AtomicI64>,
    zone: Arc<Mutex<TimeZone>>,
}

impl FakeClock {
    pub fn at(ms: i64) -> Self {
        Self {
            ms: Arc::new(AtomicI64::new(ms)),
            zone: Arc::new(Mutex::new(TimeZone::UTC)),
        }
    }

    pub fn set(&self, ms: i64) {
        self.ms.store(ms, Ordering::SeqCst);
    }

    pub fn advance(&self, ms: i64) {
        self.ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn ms(&self) -> i64 {
        self.ms.load(Ordering::SeqCst)
    }

    pub fn set_zone(&self, name: &str) {
        *self.zone.lock().unwrap() = TimeZone::get(name).unwrap();
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.ms()).unwrap()
    }

    fn zone(&self) -> TimeZone {
        self.zone.lock().unwrap().clone()
    }
}

/// Bytes that repeat with the seed: a hash of the seed and a counter.
pub struct SeededRandom {
    seed: u64,
    counter: AtomicU64,
}

impl SeededRandom {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            counter: AtomicU64::new(0),
        }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.counter.fetch_add(1, Ordering::SeqCst);
            let block = clinic_api::crypto::hash(
                "test randomness",
                &[&self.seed.to_be_bytes(), &count.to_be_bytes()],
            );
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// A folder in memory where there is such a thing: these tests wait for no disk.
pub fn quick_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// An environment on a clock of its own.
pub fn env(seed: u64) -> (Env, FakeClock) {
    let clock = FakeClock::at(START);
    (env_on(seed, &clock), clock)
}

/// An environment on a given clock.
pub fn env_on(seed: u64, clock: &FakeClock) -> Env {
    Env::new(Arc::new(clock.clone()), Arc::new(SeededRandom::new(seed)))
}

/// The key file of a vault folder, at no cost.
pub fn keys(dir: &Path, env: &Env) -> PassphraseFile {
    keys_with(dir, env, PASSPHRASE)
}

pub fn keys_with(dir: &Path, env: &Env, passphrase: &str) -> PassphraseFile {
    PassphraseFile::new(
        key_file(dir),
        passphrase.to_owned(),
        Cost::TRIVIAL_FOR_TESTS,
        env.clone(),
    )
}

pub fn key_file(dir: &Path) -> PathBuf {
    dir.join("vault.key")
}

pub fn open(dir: &Path, env: &Env) -> Result<Companion, VaultError> {
    Companion::open(dir, &keys(dir, env), env.clone())
}

/// A patient's companion in a folder: their spaces are there, no clinic yet.
pub fn patient(dir: &Path, env: &Env) -> Companion {
    let companion = Companion::open_or_create(dir, &keys(dir, env), env.clone()).unwrap();
    companion.sync().set_up_patient().unwrap();
    companion
}

/// A mood felt at an instant, in UTC.
pub fn mood(valence: f64, ms: i64) -> Mood {
    let felt = Moment {
        ms,
        offset: 0,
        zone: "UTC".to_owned(),
    };
    Mood::new(Valence::new(valence).unwrap(), felt)
}

pub fn noted(note: &str, ms: i64) -> Mood {
    Mood {
        note: Some(note.to_owned()),
        ..mood(0.0, ms)
    }
}

/// A copy of all files of a folder, as a backup would make it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
