//! The measurements run, and product and baseline do the same work. No time is judged here.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use companion_bench::args::{Args, Part};
use companion_bench::parts::{self, Setup};
use companion_bench::words::Words;

/// As small as it gets, in memory where there is such a thing.
fn setup() -> (tempfile::TempDir, Setup) {
    let dir = tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap());
    let args = Args {
        only: Vec::new(),
        quick: true,
        repeat: 1,
        dir: dir.path().to_owned(),
        out: None,
    };
    let setup = Setup::new(&args).unwrap();
    (dir, setup)
}

/// Each part ends with an error where a search finds other entries in product and baseline,
/// where other bytes are opened than were sealed, or where another number of entries was seen.
#[test]
fn every_part_but_the_largest_runs_and_does_the_same_work_twice() {
    let (_dir, setup) = setup();
    for (part, rows) in [
        (Part::Save, 1),
        (Part::Push, 2),
        (Part::Restore, 3),
        (Part::Live, 1),
        (Part::Bytes, 5),
    ] {
        let measured = parts::run(part, &setup).unwrap();
        assert_eq!(measured.len(), rows, "{part}");
        for row in measured {
            assert!(row.product.median > 0.0, "{}", row.what);
        }
    }
}

#[test]
fn notes_are_the_same_for_the_same_seed_and_as_long_as_asked() {
    let notes = |seed| {
        let mut words = Words::new(seed);
        [600, 600, 1].map(|bytes| words.note(bytes))
    };
    assert_eq!(notes(1), notes(1));
    assert_ne!(notes(1), notes(2));
    assert_eq!(notes(1).map(|note| note.len()), [600, 600, 1]);
}
