//! The feed: what changed, for whom, and since when.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use clinic_api::id::{ChainId, SpaceId};
use clinic_server::clock::Clock;
use clinic_server::store::{Change, NewChain, Outcome, Scope, Signal, Stage, Store, Thing};

use super::suite::{
    Made, append_to, fill, guard, invite, patient, roster, run, runs, space, statement,
};

pub struct SetClock(AtomicI64);

impl SetClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_700_000_000)))
    }

    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

pub fn contract(new: &dyn Fn() -> Made) {
    each_scope_has_its_things(&*new().store);
    every_change_is_told(&new());
    the_last_two_minutes_are_repeated(&new());
    pages_get_on_and_end(&new());
    a_patient_hears_of_their_roster(&new());
    who_claims_again_is_the_new_clinics(&new());
    who_listens_is_told(&*new().store);
}

const LIMIT: usize = 1000;

pub fn things(store: &dyn Store, scope: Scope, since: u64) -> BTreeSet<Thing> {
    let changes = store.changes(scope, since, LIMIT).unwrap();
    assert!(!changes.more);
    let things: BTreeSet<Thing> = changes.changes.iter().map(|c| c.thing).collect();
    assert_eq!(things.len(), changes.changes.len(), "each once");
    things
}

fn position(store: &dyn Store, scope: Scope) -> u64 {
    store.changes(scope, 0, LIMIT).unwrap().position
}

fn revision(store: &dyn Store, scope: Scope, thing: Thing) -> u64 {
    let changes = store.changes(scope, 0, LIMIT).unwrap().changes;
    let of_thing = |c: &&Change| c.thing == thing;
    changes.iter().find(of_thing).unwrap().revision
}

const CLINIC: Scope = Scope::Clinic(ChainId([1; 32]));
const PATIENT: Scope = Scope::Patient(ChainId([102; 32]));

fn of_spaces(spaces: &[u8]) -> impl Iterator<Item = Thing> {
    spaces.iter().flat_map(|n| {
        let space = SpaceId([*n; 32]);
        [Thing::Epochs(space), Thing::Space(space)]
    })
}

fn each_scope_has_its_things(store: &dyn Store) {
    fill(store);
    store.found(&patient(30)).unwrap();
    let roster = Thing::Chain(ChainId([1; 32]));
    let chain = Thing::Chain(ChainId([102; 32]));
    let patients: BTreeSet<Thing> = of_spaces(&[112, 113, 114]).chain([chain]).collect();
    let mut expected = patients.clone();
    expected.insert(roster);
    assert_eq!(things(store, PATIENT, 0), expected);
    let mut expected: BTreeSet<Thing> = of_spaces(&[5, 6]).chain(patients).collect();
    expected.extend([roster, Thing::Invites(ChainId([1; 32]))]);
    assert_eq!(things(store, CLINIC, 0), expected);
    // Who claimed nothing is no clinic's, and hears of none.
    let alone = Scope::Patient(patient(30).id);
    let expected = of_spaces(&[140, 141, 142]).chain([Thing::Chain(patient(30).id)]);
    assert_eq!(things(store, alone, 0), expected.collect());
    let nobody = [
        Scope::Patient(ChainId([99; 32])),
        Scope::Clinic(ChainId([99; 32])),
    ];
    for scope in nobody {
        assert_eq!(things(store, scope, 0), BTreeSet::new());
    }
}

fn every_change_is_told(made: &Made) {
    let store = &*made.store;
    fill(store);
    let invites = Thing::Invites(ChainId([1; 32]));
    let expect = |scopes: &[Scope], expected: &[Thing], deed: &dyn Fn()| {
        (made.age)();
        let before: Vec<u64> = scopes.iter().map(|s| position(store, *s)).collect();
        let had: Vec<u64> = expected
            .iter()
            .map(|t| revision(store, scopes[0], *t))
            .collect();
        deed();
        for (scope, since) in scopes.iter().zip(before) {
            let expected = expected.iter().copied().collect();
            assert_eq!(things(store, *scope, since), expected, "{scope:?}");
        }
        for (thing, had) in expected.iter().zip(had) {
            assert!(revision(store, scopes[0], *thing) > had, "{thing:?}");
        }
    };
    expect(&[CLINIC, PATIENT], &[Thing::Space(space())], &|| {
        let new = runs(space(), vec![run(2, 2, 9)]);
        assert_eq!(store.push(&new).unwrap(), Outcome::Stored);
    });
    expect(&[CLINIC, PATIENT], &[Thing::Epochs(space())], &|| {
        let next = append_to(store, space().into(), 60);
        assert_eq!(store.append(&next).unwrap(), Outcome::Stored);
    });
    expect(&[CLINIC, PATIENT], &[Thing::Chain(patient(2).id)], &|| {
        let next = append_to(store, patient(2).id, 61);
        assert_eq!(store.append(&next).unwrap(), Outcome::Stored);
    });
    expect(&[CLINIC], &[invites], &|| {
        store.create_invite(&invite(7), &[]).unwrap();
    });
    expect(&[PATIENT], &[], &|| {
        store.create_invite(&invite(8), &[]).unwrap();
    });
    let withdrawn = [Thing::Chain(patient(2).id), invites];
    expect(&[CLINIC], &withdrawn, &|| {
        let (from, to) = (Stage::Admitted, Stage::Withdrawn);
        let out = store.decide(invite(2).lookup, from, to, &[]).unwrap();
        assert_eq!(out, Outcome::Stored);
    });
    // What was refused changed nothing.
    expect(&[CLINIC, PATIENT], &[], &|| {
        let moved = runs(space(), vec![run(2, 2, 9)]);
        assert_eq!(store.push(&moved).unwrap(), Outcome::Moved);
        let mut full = runs(space(), vec![run(7, 1, 9)]);
        full.max_logs = 1;
        assert_eq!(store.push(&full).unwrap(), Outcome::Full);
    });
}

fn the_last_two_minutes_are_repeated(made: &Made) {
    let store = &*made.store;
    fill(store);
    let first = store.changes(CLINIC, 0, LIMIT).unwrap();
    let again = store.changes(CLINIC, first.position, LIMIT).unwrap();
    assert_eq!(again.changes, first.changes);
    (made.age)();
    let since = position(store, CLINIC);
    let later = store.changes(CLINIC, since, LIMIT).unwrap();
    assert_eq!(later.changes, [], "older than two minutes");
    assert!(!later.more);
}

fn pages_get_on_and_end(made: &Made) {
    let store = &*made.store;
    store.found(&roster(1)).unwrap();
    (made.age)();
    store.create_invite(&invite(1), &[]).unwrap();
    (made.age)();
    store
        .push(&runs(SpaceId([5; 32]), vec![run(1, 1, 5)]))
        .unwrap();
    (made.age)();
    let (mut since, mut found, mut pages) = (0, BTreeSet::new(), 0);
    loop {
        let page = store.changes(CLINIC, since, 1).unwrap();
        found.extend(page.changes.iter().map(|c| c.thing));
        assert!(page.position > since);
        since = page.position;
        pages += 1;
        if !page.more {
            break;
        }
    }
    assert_eq!(found, things(store, CLINIC, 0));
    assert!((2..=10).contains(&pages), "{pages}");
    assert_eq!(things(store, CLINIC, since), BTreeSet::new());
    // A reader ahead of the clock is told all the same.
    store.create_invite(&invite(2), &[]).unwrap();
    let ahead = things(store, CLINIC, since + 86_400_000);
    assert_eq!(ahead, BTreeSet::from([Thing::Invites(ChainId([1; 32]))]));
}

fn a_patient_hears_of_their_roster(made: &Made) {
    let store = &*made.store;
    fill(store);
    (made.age)();
    let since = position(store, PATIENT);
    let next = append_to(store, roster(1).id, 60);
    assert_eq!(store.append(&next).unwrap(), Outcome::Stored);
    let expected = BTreeSet::from([Thing::Chain(roster(1).id)]);
    assert_eq!(things(store, PATIENT, since), expected);
}

fn who_claims_again_is_the_new_clinics(made: &Made) {
    let store = &*made.store;
    fill(store);
    store.found(&roster(20)).unwrap();
    let mut theirs = invite(9);
    theirs.roster = roster(20).id;
    store.create_invite(&theirs, &[]).unwrap();
    let (from, to) = (Stage::Admitted, Stage::Withdrawn);
    store.decide(invite(2).lookup, from, to, &[]).unwrap();
    (made.age)();
    let new_clinic = Scope::Clinic(roster(20).id);
    let since = position(store, new_clinic);
    let mut longer: NewChain = patient(2);
    longer.statements.push(statement(77));
    store.claim(theirs.lookup, b"claim", &longer).unwrap();
    let chain = Thing::Chain(patient(2).id);
    let all: BTreeSet<Thing> = of_spaces(&[112, 113, 114])
        .chain([chain, Thing::Invites(roster(20).id)])
        .collect();
    assert_eq!(things(store, new_clinic, since), all);
    assert!(!things(store, CLINIC, 0).contains(&chain));
    assert!(things(store, PATIENT, 0).contains(&Thing::Chain(roster(20).id)));
}

fn who_listens_is_told(store: &dyn Store) {
    fill(store);
    let (told, heard) = mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let sink = move |signal: Option<Signal>| {
        // After the test nobody hears any more.
        let _ = told.lock().unwrap().send(signal);
    };
    store.listen(Arc::new(sink)).unwrap();
    let expect = |expected: Signal| {
        loop {
            let signal = heard.recv_timeout(Duration::from_secs(10)).unwrap();
            match signal {
                Some(signal) if signal == expected => return,
                // It may be called for nothing, but not for what nobody touched.
                Some(signal) => assert_ne!(signal.thing, Thing::Space(SpaceId([5; 32]))),
                None => {}
            }
        }
    };
    let of_patient = |thing| Signal {
        patient: Some(patient(2).id),
        clinic: Some(roster(1).id),
        thing,
    };
    let of_clinic = |thing| Signal {
        patient: None,
        clinic: Some(roster(1).id),
        thing,
    };
    store.push(&runs(space(), vec![run(2, 2, 9)])).unwrap();
    expect(of_patient(Thing::Space(space())));
    let next = append_to(store, space().into(), 60);
    store.append(&next).unwrap();
    expect(of_patient(Thing::Epochs(space())));
    let mut next = append_to(store, roster(1).id, 62);
    next.guards = vec![guard(store, roster(1).id)];
    store.append(&next).unwrap();
    expect(of_clinic(Thing::Chain(roster(1).id)));
    store.create_invite(&invite(7), &[]).unwrap();
    expect(of_clinic(Thing::Invites(roster(1).id)));
}
