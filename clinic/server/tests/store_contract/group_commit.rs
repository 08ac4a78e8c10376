//! Many who push at once share transactions, and each is told the truth.

use std::path::Path;
use std::sync::{Arc, Barrier};

use clinic_api::id::SpaceId;
use clinic_server::store::grouped::Grouped;
use clinic_server::store::sqlite::SqliteStore;
use clinic_server::store::{NewRuns, Outcome, Store};

use super::suite::{patient, pulled, run, runs, space};

/// Commits in a write-ahead log that was not yet begun anew: SQLite's file
/// format says that the last frame of each carries the size of the database.
fn commits(wal: &Path) -> usize {
    let bytes = std::fs::read(wal).unwrap();
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let (page, salt) = (word(8) as usize, word(16));
    let frames = (32..bytes.len()).step_by(24 + page);
    let ours = frames.filter(|at| at + 24 + page <= bytes.len() && word(at + 8) == salt);
    ours.filter(|at| word(at + 4) != 0).count()
}

const THREADS: u8 = 64;

/// Everybody pushes two runs to a log of their own, and some are refused.
fn push_at_once(store: &dyn Store) -> Vec<(u8, [Outcome; 3])> {
    let together = Barrier::new(usize::from(THREADS));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|log| {
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    let push = |new: NewRuns| store.push(&new).unwrap();
                    let size = usize::from(log) + 1;
                    let one = push(runs(space(), vec![run(log, 1, size)]));
                    let gap = push(runs(space(), vec![run(log, 3, size)]));
                    let two = push(runs(space(), vec![run(log, 2, size)]));
                    (log, [one, gap, two])
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

/// Many push at once to this store, with patient 2; all of it is there.
pub fn push_at_once_and_check(store: Arc<dyn Store>) {
    let grouped = Grouped::new(store.clone());
    for (log, outcomes) in push_at_once(&grouped) {
        let (stored, moved) = (Outcome::Stored, Outcome::Moved);
        assert_eq!(outcomes, [stored, moved, stored], "{log}");
    }
    let mut expected = Vec::new();
    for log in 0..THREADS {
        let size = usize::from(log) + 1;
        expected.extend([vec![1; size], vec![2; size]]);
    }
    assert_eq!(pulled(&*store, space(), &[]), expected);
}

#[test]
fn pushes_share_commits_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
    store.found(&patient(2)).unwrap();
    let wal = dir.path().join("clinic.db-wal");
    let before = commits(&wal);
    push_at_once_and_check(store.clone());
    let commits = commits(&wal) - before;
    assert!((1..128).contains(&commits), "{commits} commits, 128 pushes");
}

#[test]
fn a_store_that_breaks_down_under_one_push_keeps_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
    store.found(&patient(2)).unwrap();
    let grouped = Grouped::new(store);
    let file = dir.path().join("clinic.db");
    let raw = rusqlite::Connection::open(file).unwrap();
    raw.execute_batch("ALTER TABLE runs RENAME TO away")
        .unwrap();
    let fail = || grouped.push(&runs(space(), vec![run(1, 1, 5)]));
    assert!(fail().is_err());
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(fail)).collect();
        for thread in all {
            assert!(thread.join().unwrap().is_err());
        }
    });
    raw.execute_batch("ALTER TABLE away RENAME TO runs")
        .unwrap();
    let again = grouped.push(&runs(space(), vec![run(1, 1, 5)]));
    assert_eq!(again.unwrap(), Outcome::Stored);
    let elsewhere = SpaceId([114; 32]);
    let other = grouped.push(&runs(elsewhere, vec![run(1, 1, 5)]));
    assert_eq!(other.unwrap(), Outcome::Stored);
}
