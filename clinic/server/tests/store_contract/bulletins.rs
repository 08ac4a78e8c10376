//! What clinics say to all: numbered, each once, in order.

use clinic_api::id::ChainId;
use clinic_server::store::{NewBulletin, Outcome, PageLimit, Scope, Store, Thing};

use super::suite::{ALL, append_to, guard, roster};

pub fn contract(make: &dyn Fn() -> Box<dyn Store>) {
    each_number_is_given_once_and_in_order(&*make());
    pages_begin_where_they_are_asked_to(&*make());
    guards_hold(&*make());
    the_feed_names_the_roster(&*make());
}

fn bulletin(store: &dyn Store, number: u64, bytes: u8) -> NewBulletin {
    NewBulletin {
        roster: roster(1).id,
        number,
        bytes: vec![bytes; 10],
        guards: vec![guard(store, roster(1).id)],
    }
}

fn each_number_is_given_once_and_in_order(store: &dyn Store) {
    let id = roster(1).id;
    assert_eq!(store.bulletins(id, 1, ALL).unwrap().items, [[0; 0]; 0]);
    let stray = NewBulletin {
        roster: id,
        number: 1,
        bytes: vec![1],
        guards: Vec::new(),
    };
    assert_eq!(store.publish(&stray).unwrap(), Outcome::Moved);
    store.found(&roster(1)).unwrap();
    store.found(&roster(20)).unwrap();
    assert_eq!(store.last_bulletin(id).unwrap(), None);
    for (number, due) in [
        (2, Outcome::Moved),
        (0, Outcome::Moved),
        (1, Outcome::Stored),
        (1, Outcome::Moved),
        (3, Outcome::Moved),
        (2, Outcome::Stored),
    ] {
        let new = bulletin(store, number, number as u8);
        assert_eq!(store.publish(&new).unwrap(), due, "{number}");
    }
    assert_eq!(store.last_bulletin(id).unwrap(), Some(vec![2; 10]));
    let all = store.bulletins(id, 0, ALL).unwrap();
    assert_eq!(
        (all.items, all.more),
        (vec![vec![1; 10], vec![2; 10]], false)
    );
    assert_eq!(store.last_bulletin(roster(20).id).unwrap(), None);
    assert_eq!(store.last_bulletin(ChainId([99; 32])).unwrap(), None);
}

fn pages_begin_where_they_are_asked_to(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    for number in 1..=4 {
        store
            .publish(&bulletin(store, number, number as u8))
            .unwrap();
    }
    let page = |from, items, bytes| {
        let limit = PageLimit { items, bytes };
        let page = store.bulletins(roster(1).id, from, limit).unwrap();
        let first: Vec<u8> = page.items.iter().map(|i| i[0]).collect();
        (first, page.more)
    };
    assert_eq!(page(2, 2, 100), (vec![2, 3], true));
    assert_eq!(page(3, 2, 100), (vec![3, 4], false));
    assert_eq!(page(1, 9, 25), (vec![1, 2], true));
    assert_eq!(page(1, 9, 1), (vec![1], true));
    assert_eq!(page(5, 9, 100), (vec![], false));
    assert_eq!(page(u64::MAX, 9, 100), (vec![], false));
}

fn guards_hold(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    let old = bulletin(store, 1, 7);
    let next = append_to(store, roster(1).id, 10);
    store.append(&next).unwrap();
    assert_eq!(store.publish(&old).unwrap(), Outcome::Moved);
    let now = bulletin(store, 1, 7);
    let before = store.chain(roster(1).id).unwrap();
    assert_eq!(store.publish(&now).unwrap(), Outcome::Stored);
    // A bulletin changes nothing of the roster.
    assert_eq!(store.chain(roster(1).id).unwrap(), before);
}

fn the_feed_names_the_roster(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    let revision = || {
        let all = store.changes(Scope::Clinic(roster(1).id), 0, 99).unwrap();
        let roster = |c: &&clinic_server::store::Change| c.thing == Thing::Chain(roster(1).id);
        all.changes.iter().find(roster).unwrap().revision
    };
    let before = revision();
    store.publish(&bulletin(store, 1, 1)).unwrap();
    assert_eq!(revision(), before + 1);
    store.publish(&bulletin(store, 1, 1)).unwrap();
    assert_eq!(revision(), before + 1);
}
