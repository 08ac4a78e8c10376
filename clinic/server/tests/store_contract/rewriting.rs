//! Finding the run of a frame, and putting other bytes in its place.

use clinic_api::id::{DeviceId, LogId, SpaceId};
use clinic_server::store::{Outcome, Rewrite, Rewrites, Store};

use super::suite::{guard, patient, pulled, run, runs, space};

pub fn contract(make: &dyn Fn() -> Box<dyn Store>) {
    a_frame_finds_its_run(&*make());
    runs_are_rewritten_by_compare_and_swap(&*make());
}

fn a_frame_finds_its_run(store: &dyn Store) {
    store.found(&patient(2)).unwrap();
    // Heads 1 to 3 end frames 1 to 10, 11 to 20, 21 to 30; two more hold none.
    let mut all: Vec<_> = (1..=5).map(|beat| run(1, beat, beat as usize)).collect();
    for empty in &mut all[3..] {
        (empty.first, empty.tip.number) = (31, 30);
    }
    store.push(&runs(space(), all)).unwrap();
    let find = |number| store.run_with(space(), LogId([1; 16]), number).unwrap();
    for (number, beat) in [(1, 1), (10, 1), (11, 2), (20, 2), (21, 3), (30, 3)] {
        let found = find(number).unwrap();
        assert_eq!(found.beat, beat, "{number}");
        assert_eq!(found.first, 10 * (beat - 1) + 1);
        assert_eq!(found.device, DeviceId([1; 32]));
        assert_eq!(found.bytes, vec![beat as u8; beat as usize]);
    }
    for number in [0, 31, u64::MAX] {
        assert_eq!(find(number), None);
    }
    let elsewhere = |space, log| store.run_with(space, log, 1).unwrap();
    assert_eq!(elsewhere(space(), LogId([2; 16])), None);
    assert_eq!(elsewhere(SpaceId([114; 32]), LogId([1; 16])), None);
}

fn rewrite(beat: u64, old: usize, new: &[u8]) -> Rewrite {
    Rewrite {
        log: LogId([1; 16]),
        beat,
        old: vec![beat as u8; old],
        new: new.to_vec(),
    }
}

fn runs_are_rewritten_by_compare_and_swap(store: &dyn Store) {
    store.found(&patient(2)).unwrap();
    let all = vec![run(1, 1, 900), run(1, 2, 5000), run(1, 3, 7)];
    store.push(&runs(space(), all)).unwrap();
    let tip = store.log_tip(space(), LogId([1; 16])).unwrap();
    let mut rewrites = Rewrites {
        space: space(),
        runs: vec![rewrite(1, 900, b"one"), rewrite(2, 4999, b"two")],
        guards: vec![guard(store, patient(2).id)],
    };
    let before = pulled(store, space(), &[]);
    assert_eq!(store.rewrite(&rewrites).unwrap(), Outcome::Moved);
    assert_eq!(pulled(store, space(), &[]), before, "all or none");
    rewrites.runs[1] = rewrite(2, 5000, &[9; 6000]);
    rewrites.guards[0].revision += 1;
    assert_eq!(store.rewrite(&rewrites).unwrap(), Outcome::Moved);
    assert_eq!(pulled(store, space(), &[]), before, "guarded");
    rewrites.guards[0].revision -= 1;
    assert_eq!(store.rewrite(&rewrites).unwrap(), Outcome::Stored);
    let expected = [b"one".to_vec(), vec![9; 6000], vec![3; 7]];
    assert_eq!(pulled(store, space(), &[]), expected);
    assert_eq!(store.log_tip(space(), LogId([1; 16])).unwrap(), tip);
    assert_eq!(store.rewrite(&rewrites).unwrap(), Outcome::Moved);
    let unknown = Rewrites {
        runs: vec![rewrite(4, 7, b"x")],
        ..rewrites.clone()
    };
    assert_eq!(store.rewrite(&unknown).unwrap(), Outcome::Moved);
    let elsewhere = Rewrites {
        space: SpaceId([114; 32]),
        runs: vec![rewrite(3, 7, b"x")],
        guards: Vec::new(),
    };
    assert_eq!(store.rewrite(&elsewhere).unwrap(), Outcome::Moved);
    assert_eq!(pulled(store, space(), &[]), expected);
}
