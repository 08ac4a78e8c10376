//! Pushes of several callers in one transaction.

use clinic_api::id::{LogId, SpaceId};
use clinic_server::store::{NewRuns, Outcome, Store};

use super::suite::{guard, patient, pulled, roster, run, runs, space};

pub fn contract(make: &dyn Fn() -> Box<dyn Store>) {
    each_push_is_all_or_nothing_by_itself(&*make());
    a_push_that_fails_leaves_the_others_alone(&*make());
}

fn outcomes(store: &dyn Store, pushes: &[NewRuns]) -> Vec<Outcome> {
    let all = store.push_many(pushes).into_iter();
    all.map(Result::unwrap).collect()
}

fn each_push_is_all_or_nothing_by_itself(store: &dyn Store) {
    store.found(&patient(2)).unwrap();
    assert_eq!(outcomes(store, &[]), []);
    let mut old = runs(space(), vec![run(5, 1, 5)]);
    old.guards = vec![guard(store, patient(2).id)];
    old.guards[0].revision += 1;
    let mut full = runs(space(), vec![run(1, 2, 5), run(6, 1, 5)]);
    full.max_logs = 1;
    let pushes = [
        runs(space(), vec![run(1, 1, 5)]),
        runs(space(), vec![run(3, 1, 5), run(1, 1, 5)]),
        old,
        full,
        runs(SpaceId([114; 32]), vec![run(1, 1, 6), run(1, 2, 7)]),
        // Builds on what is stored by the same transaction.
        runs(space(), vec![run(1, 2, 8)]),
    ];
    let (stored, moved, full) = (Outcome::Stored, Outcome::Moved, Outcome::Full);
    let expected = [stored, moved, moved, full, stored, stored];
    assert_eq!(outcomes(store, &pushes), expected);
    assert_eq!(pulled(store, space(), &[]), [vec![1; 5], vec![2; 8]]);
    let other = pulled(store, SpaceId([114; 32]), &[]);
    assert_eq!(other, [vec![1; 6], vec![2; 7]]);
    let tip = store.log_tip(space(), LogId([1; 16])).unwrap();
    assert_eq!(tip, Some(run(1, 2, 8).tip));
}

fn a_push_that_fails_leaves_the_others_alone(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    let nowhere = SpaceId([99; 32]);
    let pushes = [
        runs(SpaceId([5; 32]), vec![run(1, 1, 5)]),
        runs(nowhere, vec![run(1, 1, 5)]),
        runs(SpaceId([6; 32]), vec![run(1, 1, 5)]),
    ];
    let expected = [Outcome::Stored, Outcome::Moved, Outcome::Stored];
    assert_eq!(outcomes(store, &pushes), expected);
    assert!(pulled(store, nowhere, &[]).is_empty());
    assert_eq!(pulled(store, SpaceId([6; 32]), &[]).len(), 1);
}

/// What no database takes: a run that begins at frame 0.
pub fn an_impossible_push_fails_alone(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    let mut impossible = run(2, 1, 5);
    impossible.first = 0;
    let pushes = [
        runs(SpaceId([5; 32]), vec![run(1, 1, 5)]),
        runs(SpaceId([5; 32]), vec![run(3, 1, 5), impossible]),
        runs(SpaceId([6; 32]), vec![run(1, 1, 5)]),
    ];
    let outcomes = store.push_many(&pushes);
    assert_eq!(*outcomes[0].as_ref().unwrap(), Outcome::Stored);
    assert!(outcomes[1].is_err());
    assert_eq!(*outcomes[2].as_ref().unwrap(), Outcome::Stored);
    assert_eq!(pulled(store, SpaceId([5; 32]), &[]), [vec![1; 5]]);
}
