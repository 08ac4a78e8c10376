//! What is left on the disk of bytes that were rewritten.

use std::collections::BTreeSet;

use clinic_api::id::LogId;
use clinic_server::store::sqlite::SqliteStore;
use clinic_server::store::{Outcome, Rewrite, Rewrites, Store, StoreError};

use super::suite::{patient, pulled, run, runs, space};

/// Bytes that are found nowhere else, and again every 16 bytes.
fn unmistakable(n: u16, length: usize) -> Vec<u8> {
    let word = format!("canary-{n:05}-sun");
    let repeated = word.bytes().cycle();
    repeated.take(length).collect()
}

/// Small, about a page, and many pages long.
fn length(n: u16) -> usize {
    [520, 3900, 1200, 20_000, 700, 4100, 2500, 90_000][usize::from(n) % 8] + usize::from(n)
}

/// Whose bytes are anywhere in the files.
fn found(dir: &std::path::Path) -> BTreeSet<u16> {
    let mut all = BTreeSet::new();
    for entry in dir.read_dir().unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let mut rest = bytes.as_slice();
        while let Some(at) = rest.iter().position(|b| *b == b'c') {
            rest = &rest[at + 1..];
            let digits = rest.strip_prefix(b"anary-").and_then(|r| r.get(..5));
            let number: Option<u16> =
                digits.and_then(|d| std::str::from_utf8(d).ok()?.parse().ok());
            all.extend(number);
        }
    }
    all
}

#[test]
fn rewritten_bytes_are_nowhere_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    store.found(&patient(2)).unwrap();
    const RUNS: u16 = 160;
    for n in 0..RUNS {
        let (log, beat) = ((n % 5) as u8, u64::from(n / 5) + 1);
        let mut new = run(log, beat, 0);
        new.bytes = unmistakable(n, length(n));
        let pushed = store.push(&runs(space(), vec![new])).unwrap();
        assert_eq!(pushed, Outcome::Stored);
    }
    // In an order that comes back to neighbours long after they moved.
    let order = (0..RUNS).map(|i| (i * 67) % RUNS);
    let mut left: BTreeSet<u16> = (0..RUNS).collect();
    assert_eq!(found(dir.path()), left);
    for n in order {
        // Once shorter, once as long, once longer.
        let new = [70, length(n), length(n) + 900][usize::from(n) % 3];
        let rewrites = Rewrites {
            space: space(),
            runs: vec![Rewrite {
                log: LogId([(n % 5) as u8; 16]),
                beat: u64::from(n / 5) + 1,
                old: unmistakable(n, length(n)),
                new: vec![b'.'; new],
            }],
            guards: Vec::new(),
        };
        assert_eq!(store.rewrite(&rewrites).unwrap(), Outcome::Stored);
        left.remove(&n);
        if n % 4 == 0 {
            assert_eq!(found(dir.path()), left);
        }
    }
}

#[test]
fn a_long_reader_delays_the_end_of_rewritten_bytes_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    store.found(&patient(2)).unwrap();
    let mut new = run(1, 1, 0);
    new.bytes = unmistakable(7, 900);
    store.push(&runs(space(), vec![new])).unwrap();
    let reader = rusqlite::Connection::open(dir.path().join("clinic.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM chains").unwrap();
    let rewrites = Rewrites {
        space: space(),
        runs: vec![Rewrite {
            log: LogId([1; 16]),
            beat: 1,
            old: unmistakable(7, 900),
            new: vec![b'.'; 70],
        }],
        guards: Vec::new(),
    };
    let refused = store.rewrite(&rewrites).unwrap_err();
    assert!(matches!(refused, StoreError::Busy), "{refused}");
    assert_eq!(pulled(&store, space(), &[]), [vec![b'.'; 70]]);
    let push = |beat| store.push(&runs(space(), vec![run(1, beat, 5)])).unwrap();
    assert_eq!(push(2), Outcome::Stored);
    assert_eq!(found(dir.path()), BTreeSet::from([7]));
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(push(3), Outcome::Stored);
    assert_eq!(found(dir.path()), BTreeSet::new());
}
