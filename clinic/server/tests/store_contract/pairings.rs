//! Pairings: kept once, answered once, taken back, and not too many.

use clinic_api::id::{ChainId, InviteLookup};
use clinic_server::store::{Outcome, Pairing, PairingLimit, Store};

use super::suite::{append_to, guard, roster};

const LIMIT: PairingLimit = PairingLimit {
    pairings: 2,
    forget_before: 1_000,
};

fn pairing(n: u8) -> Pairing {
    Pairing {
        lookup: InviteLookup([n; 16]),
        owner: ChainId([1; 32]),
        offer: vec![n; 20],
        mac: [n; 32],
        expires: 1_000 + i64::from(n),
        withdrawn: false,
        answer: None,
    }
}

pub fn contract(make: &dyn Fn() -> Box<dyn Store>) {
    pairings_go_their_way(&*make());
    old_pairings_make_room(&*make());
    guards_hold(&*make());
}

fn pairings_go_their_way(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    let lookup = pairing(1).lookup;
    assert_eq!(store.pairing(lookup).unwrap(), None);
    assert_eq!(store.answer_pairing(lookup, b"x").unwrap(), Outcome::Moved);
    assert_eq!(store.withdraw_pairing(lookup, &[]).unwrap(), Outcome::Moved);
    let create = |p: &Pairing| store.create_pairing(p, LIMIT, &[]).unwrap();
    assert_eq!(create(&pairing(1)), Outcome::Stored);
    assert_eq!(create(&pairing(1)), Outcome::Moved);
    assert_eq!(store.pairing(lookup).unwrap(), Some(pairing(1)));
    let answer = |bytes: &[u8]| store.answer_pairing(lookup, bytes).unwrap();
    assert_eq!(answer(b"first"), Outcome::Stored);
    assert_eq!(answer(b"second"), Outcome::Moved);
    let answered = Pairing {
        answer: Some(b"first".to_vec()),
        ..pairing(1)
    };
    assert_eq!(store.pairing(lookup).unwrap(), Some(answered));
    for _ in 0..2 {
        let withdrawn = store.withdraw_pairing(lookup, &[]).unwrap();
        assert_eq!(withdrawn, Outcome::Stored);
    }
    let over = Pairing {
        withdrawn: true,
        ..pairing(1)
    };
    assert_eq!(store.pairing(lookup).unwrap(), Some(over));
    assert_eq!(answer(b"third"), Outcome::Moved);
}

fn old_pairings_make_room(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    store.found(&roster(20)).unwrap();
    let create = |p: &Pairing, forget_before| {
        let limit = PairingLimit {
            forget_before,
            ..LIMIT
        };
        store.create_pairing(p, limit, &[]).unwrap()
    };
    let foreign = Pairing {
        owner: roster(20).id,
        ..pairing(9)
    };
    assert_eq!(create(&foreign, 0), Outcome::Stored);
    assert_eq!(create(&pairing(1), 0), Outcome::Stored);
    assert_eq!(create(&pairing(2), 0), Outcome::Stored);
    assert_eq!(create(&pairing(3), 1_001), Outcome::Full);
    assert!(store.pairing(pairing(1).lookup).unwrap().is_some());
    assert_eq!(store.pairing(pairing(3).lookup).unwrap(), None);
    assert_eq!(create(&pairing(3), 1_002), Outcome::Stored);
    assert_eq!(store.pairing(pairing(1).lookup).unwrap(), None);
    assert!(store.pairing(pairing(2).lookup).unwrap().is_some());
    assert!(store.pairing(foreign.lookup).unwrap().is_some());
}

fn guards_hold(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    let old = guard(store, roster(1).id);
    let next = append_to(store, roster(1).id, 10);
    store.append(&next).unwrap();
    let refused = store.create_pairing(&pairing(1), LIMIT, &[old]).unwrap();
    assert_eq!(refused, Outcome::Moved);
    assert_eq!(store.pairing(pairing(1).lookup).unwrap(), None);
    store.create_pairing(&pairing(1), LIMIT, &[]).unwrap();
    let refused = store.withdraw_pairing(pairing(1).lookup, &[old]).unwrap();
    assert_eq!(refused, Outcome::Moved);
    assert_eq!(store.pairing(pairing(1).lookup).unwrap(), Some(pairing(1)));
}
