//! The suite itself.

use std::collections::BTreeMap;

use clinic_api::chain::{ChainKind, Tip};
use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId, StatementHash};
use clinic_api::space::SpaceKind;
pub use clinic_server::store::Append;
use clinic_server::store::{
    Charge, Claimed, Guard, Invite, NewChain, NewRuns, Outcome, PageLimit, SpaceInfo, Stage,
    Standing, Store,
};

pub use super::values::*;

pub const ALL: PageLimit = PageLimit {
    items: usize::MAX,
    bytes: usize::MAX,
};

/// A store, and what makes all that it holds appear five minutes older.
pub struct Made {
    pub store: Box<dyn Store>,
    pub age: Box<dyn Fn()>,
}

/// Everything that a store promises.
pub fn contract(new: &dyn Fn() -> Made) {
    let make = || new().store;
    super::feed::contract(new);
    super::rewriting::contract(&make);
    super::leaving::contract(&make);
    super::many::contract(&make);
    super::pairings::contract(&make);
    super::bulletins::contract(&make);
    chains_are_founded_once(&*make());
    statements_are_appended_by_compare_and_swap(&*make());
    guards_hold_or_nothing_is_written(&*make());
    statements_come_in_pages(&*make());
    devices_find_their_chains(&*make());
    one_claim_wins(&*make());
    super::again::who_was_shut_out_may_claim_again(&*make());
    invites_go_their_way(&*make());
    pushes_are_all_or_nothing(&*make());
    logs_of_a_space_are_limited(&*make());
    charges_are_limited(&*make());
    pulls_give_what_is_missing(&*make());
    spaces_are_apart(&*make());
    competing_writers_lose_cleanly(&*make());
}

fn chains_are_founded_once(store: &dyn Store) {
    store.check().unwrap();
    let new = roster(1);
    assert_eq!(store.chain(new.id).unwrap(), None);
    assert_eq!(store.found(&new).unwrap(), Outcome::Stored);
    let info = store.chain(new.id).unwrap().unwrap();
    assert_eq!(info.kind, ChainKind::Roster);
    assert_eq!(info.standing, Standing::Admitted);
    let hash = StatementHash([2; 32]);
    assert_eq!(info.tip, Some(Tip { number: 1, hash }));
    let other = NewChain {
        statements: vec![statement(9)],
        devices: vec![DeviceId([77; 32])],
        ..new.clone()
    };
    assert_eq!(store.found(&other).unwrap(), Outcome::Moved);
    assert_eq!(store.chain(new.id).unwrap(), Some(info));
    assert!(store.chains_of(DeviceId([77; 32]), 9).unwrap().is_empty());
    let owner = new.id;
    let kind = SpaceKind::Front;
    assert_eq!(
        store.space(SpaceId([5; 32])).unwrap(),
        Some(SpaceInfo { kind, owner })
    );
    assert_eq!(store.space(SpaceId([1; 32])).unwrap(), None);
    let epochs = store.chain(ChainId([5; 32])).unwrap().unwrap();
    assert_eq!((epochs.kind, epochs.tip), (ChainKind::Epoch, None));
}

fn statements_are_appended_by_compare_and_swap(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    let first = append_to(store, roster(1).id, 10);
    let rival = Append {
        statement: statement(11),
        guards: Vec::new(),
        ..first.clone()
    };
    assert_eq!(store.append(&first).unwrap(), Outcome::Stored);
    assert_eq!(store.append(&rival).unwrap(), Outcome::Moved);
    let info = store.chain(roster(1).id).unwrap().unwrap();
    let hash = StatementHash([10; 32]);
    assert_eq!(info.tip, Some(Tip { number: 2, hash }));
    let unknown = Append {
        chain: ChainId([99; 32]),
        previous: None,
        ..rival
    };
    assert_eq!(store.append(&unknown).unwrap(), Outcome::Moved);
    let epoch = append_to(store, ChainId([5; 32]), 20);
    assert_eq!(epoch.previous, None);
    assert_eq!(store.append(&epoch).unwrap(), Outcome::Stored);
    assert_eq!(store.append(&epoch).unwrap(), Outcome::Moved);
}

fn guards_hold_or_nothing_is_written(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    let old = guard(store, roster(1).id);
    let next = append_to(store, roster(1).id, 10);
    assert_eq!(store.append(&next).unwrap(), Outcome::Stored);
    assert_ne!(guard(store, roster(1).id), old);
    let mut epoch = append_to(store, ChainId([5; 32]), 20);
    epoch.guards.push(old);
    assert_eq!(store.append(&epoch).unwrap(), Outcome::Moved);
    let mut push = runs(SpaceId([5; 32]), vec![run(1, 1, 5)]);
    push.guards.push(old);
    assert_eq!(store.push(&push).unwrap(), Outcome::Moved);
    assert!(pulled(store, SpaceId([5; 32]), &[]).is_empty());
    let refused = store.create_invite(&invite(1), &[old]).unwrap();
    assert_eq!(refused, Outcome::Moved);
    assert_eq!(store.invite(invite(1).lookup).unwrap(), None);
    store.create_invite(&invite(1), &[]).unwrap();
    let (from, to) = (Stage::Waiting, Stage::Withdrawn);
    let refused = store.decide(invite(1).lookup, from, to, &[old]).unwrap();
    assert_eq!(refused, Outcome::Moved);
    let kept = store.invite(invite(1).lookup).unwrap().unwrap();
    assert_eq!(kept.stage, Stage::Waiting);
    let nobody = Guard {
        chain: ChainId([99; 32]),
        revision: 0,
    };
    push.guards = vec![nobody];
    assert_eq!(store.push(&push).unwrap(), Outcome::Moved);
}

fn statements_come_in_pages(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    for n in 10..13 {
        let next = append_to(store, roster(1).id, n);
        store.append(&next).unwrap();
    }
    let page = |from, items, bytes| {
        let limit = PageLimit { items, bytes };
        let page = store.statements(roster(1).id, from, limit).unwrap();
        let first: Vec<u8> = page.items.iter().map(|s| s[0]).collect();
        (first, page.more)
    };
    assert_eq!(page(0, 99, 999), (vec![1, 2, 10, 11, 12], false));
    assert_eq!(page(0, 2, 999), (vec![1, 2], true));
    assert_eq!(page(3, 2, 999), (vec![11, 12], false));
    assert_eq!(page(0, 99, 29), (vec![1, 2], true));
    assert_eq!(page(0, 99, 30), (vec![1, 2, 10], true));
    assert_eq!(page(1, 99, 0), (vec![2], true));
    assert_eq!(page(5, 99, 999), (vec![], false));
    assert_eq!(page(u64::MAX, 99, 999), (vec![], false));
    let nothing = store.statements(ChainId([99; 32]), 0, ALL).unwrap();
    assert!(nothing.items.is_empty());
}

fn devices_find_their_chains(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    store.found(&roster(20)).unwrap();
    let device = DeviceId([1; 32]);
    assert_eq!(store.chains_of(device, 9).unwrap(), [roster(1).id]);
    for chain in [roster(20).id, roster(1).id] {
        let mut next = append_to(store, chain, 30);
        next.devices = vec![device, DeviceId([33; 32])];
        store.append(&next).unwrap();
    }
    let mut chains = store.chains_of(device, 9).unwrap();
    chains.sort();
    assert_eq!(chains, [roster(1).id, roster(20).id]);
    assert_eq!(store.chains_of(device, 1).unwrap().len(), 1);
    assert_eq!(store.chains_of(DeviceId([33; 32]), 9).unwrap().len(), 2);
    assert!(store.chains_of(DeviceId([99; 32]), 9).unwrap().is_empty());
}

fn one_claim_wins(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    let lookup = invite(1).lookup;
    let early = store.claim(lookup, b"early", &patient(2)).unwrap();
    assert_eq!(early, Claimed::Moved);
    let stored = store.create_invite(&invite(1), &[]).unwrap();
    assert_eq!(stored, Outcome::Stored);
    let again = store.create_invite(&invite(1), &[]).unwrap();
    assert_eq!(again, Outcome::Moved);
    assert_eq!(store.invite(lookup).unwrap(), Some(invite(1)));
    let first = store.claim(lookup, b"first", &patient(2)).unwrap();
    assert_eq!(first, Claimed::Stored);
    let second = store.claim(lookup, b"second", &patient(5)).unwrap();
    assert_eq!(second, Claimed::Moved);
    assert_eq!(store.chain(patient(5).id).unwrap(), None);
    let kept = store.invite(lookup).unwrap().unwrap();
    assert_eq!(kept.claim.as_deref(), Some(b"first".as_slice()));
    assert_eq!(kept.chain, Some(patient(2).id));
    assert_eq!(kept.stage, Stage::Claimed);
    let info = store.chain(patient(2).id).unwrap().unwrap();
    assert_eq!(info.standing, Standing::Pending);
    store.create_invite(&invite(3), &[]).unwrap();
    let taken = store.claim(invite(3).lookup, b"taken", &patient(2));
    assert_eq!(taken.unwrap(), Claimed::ChainExists);
    let waiting = store.invite(invite(3).lookup).unwrap();
    assert_eq!(waiting, Some(invite(3)));
}

fn invites_go_their_way(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    store.found(&roster(20)).unwrap();
    for n in [9, 4, 6] {
        store.create_invite(&invite(n), &[]).unwrap();
    }
    let foreign = Invite {
        roster: roster(20).id,
        ..invite(5)
    };
    store.create_invite(&foreign, &[]).unwrap();
    let order: Vec<u8> = store
        .invites(roster(1).id)
        .unwrap()
        .iter()
        .map(|i| i.lookup.0[0])
        .collect();
    assert_eq!(order, [9, 4, 6]);
    store.claim(invite(4).lookup, b"x", &patient(2)).unwrap();
    let before = guard(store, patient(2).id);
    let decide = |from, to| store.decide(invite(4).lookup, from, to, &[]).unwrap();
    let (claimed, admitted) = (Stage::Claimed, Stage::Admitted);
    assert_eq!(decide(Stage::Waiting, admitted), Outcome::Moved);
    assert_eq!(decide(claimed, admitted), Outcome::Stored);
    assert_eq!(decide(claimed, admitted), Outcome::Moved);
    let standing = || store.chain(patient(2).id).unwrap().unwrap().standing;
    assert_eq!(standing(), Standing::Admitted);
    assert_ne!(guard(store, patient(2).id), before);
    assert_eq!(decide(admitted, Stage::Withdrawn), Outcome::Stored);
    assert_eq!(standing(), Standing::Withdrawn);
    let (from, to) = (Stage::Waiting, Stage::Withdrawn);
    let unclaimed = store.decide(invite(9).lookup, from, to, &[]).unwrap();
    assert_eq!(unclaimed, Outcome::Stored);
    let unknown = store.decide(InviteLookup([99; 16]), from, to, &[]);
    assert_eq!(unknown.unwrap(), Outcome::Moved);
}

fn pushes_are_all_or_nothing(store: &dyn Store) {
    store.found(&patient(2)).unwrap();
    let push = |new| store.push(&runs(space(), new)).unwrap();
    assert_eq!(push(vec![run(1, 1, 5), run(1, 2, 5)]), Outcome::Stored);
    assert_eq!(push(vec![run(2, 1, 5), run(1, 2, 5)]), Outcome::Moved);
    assert_eq!(store.log_tip(space(), LogId([2; 16])).unwrap(), None);
    assert_eq!(push(vec![run(1, 4, 5)]), Outcome::Moved);
    assert_eq!(push(vec![run(1, 1, 5)]), Outcome::Moved);
    let tip = store.log_tip(space(), LogId([1; 16])).unwrap();
    assert_eq!(tip, Some(run(1, 2, 5).tip));
    assert_eq!(push(vec![run(1, 3, 8)]), Outcome::Stored);
    let stored = |beat| store.run(space(), LogId([1; 16]), beat).unwrap();
    assert_eq!(stored(3), Some(vec![3; 8]));
    assert_eq!(stored(4), None);
    assert_eq!(stored(u64::MAX), None);
}

fn logs_of_a_space_are_limited(store: &dyn Store) {
    store.found(&patient(2)).unwrap();
    let push = |new| {
        let max_logs = 2;
        let new = NewRuns {
            max_logs,
            ..runs(space(), new)
        };
        store.push(&new).unwrap()
    };
    assert_eq!(push(vec![run(1, 1, 5), run(2, 1, 5)]), Outcome::Stored);
    assert_eq!(push(vec![run(1, 2, 5), run(3, 1, 5)]), Outcome::Full);
    assert_eq!(store.log_tip(space(), LogId([3; 16])).unwrap(), None);
    assert_eq!(push(vec![run(1, 2, 5)]), Outcome::Stored);
}

fn charges_are_limited(store: &dyn Store) {
    store.found(&patient(2)).unwrap();
    let chain = patient(2).id;
    let charge = Some(Charge { chain, limit: 30 });
    let push = |new| {
        let new = NewRuns {
            charge,
            ..runs(space(), new)
        };
        store.push(&new).unwrap()
    };
    assert_eq!(push(vec![run(1, 1, 10)]), Outcome::Stored);
    assert_eq!(push(vec![run(1, 2, 10), run(1, 3, 11)]), Outcome::Full);
    assert_eq!(pulled(store, space(), &[]).len(), 1);
    let mut next = append_to(store, chain, 20);
    next.charge = charge;
    assert_eq!(store.append(&next).unwrap(), Outcome::Stored);
    let mut next = append_to(store, chain, 21);
    next.charge = charge;
    next.statement.bytes = vec![0; 11];
    assert_eq!(store.append(&next).unwrap(), Outcome::Full);
    assert_eq!(push(vec![run(1, 2, 10)]), Outcome::Stored);
    assert_eq!(push(vec![run(1, 3, 1)]), Outcome::Full);
    let free = runs(space(), vec![run(1, 3, 1)]);
    assert_eq!(store.push(&free).unwrap(), Outcome::Stored);
}

fn pulls_give_what_is_missing(store: &dyn Store) {
    store.found(&patient(2)).unwrap();
    let new = vec![run(2, 1, 5), run(1, 1, 5), run(1, 2, 6), run(2, 2, 7)];
    store.push(&runs(space(), new)).unwrap();
    let lengths = |have: &[(u8, u64)]| -> Vec<usize> {
        pulled(store, space(), have).iter().map(Vec::len).collect()
    };
    assert_eq!(lengths(&[]), [5, 6, 5, 7]);
    assert_eq!(lengths(&[(1, 1)]), [6, 5, 7]);
    assert_eq!(lengths(&[(1, 2), (2, 1)]), [7]);
    assert_eq!(lengths(&[(1, u64::MAX), (2, 2)]), [0; 0]);
    assert_eq!(lengths(&[(9, 9)]), [5, 6, 5, 7]);
    let page = |bytes| {
        let limit = PageLimit { items: 9, bytes };
        let page = store.pull(space(), &BTreeMap::new(), limit).unwrap();
        (page.items.len(), page.more)
    };
    assert_eq!(page(0), (1, true));
    assert_eq!(page(11), (2, true));
    assert_eq!(page(22), (3, true));
    assert_eq!(page(23), (4, false));
}

fn spaces_are_apart(store: &dyn Store) {
    store.found(&patient(2)).unwrap();
    let other = SpaceId([114; 32]);
    store.push(&runs(space(), vec![run(1, 1, 5)])).unwrap();
    assert!(pulled(store, other, &[]).is_empty());
    assert_eq!(store.log_tip(other, LogId([1; 16])).unwrap(), None);
    assert_eq!(store.run(other, LogId([1; 16]), 1).unwrap(), None);
    let same_name = store.push(&runs(other, vec![run(1, 1, 6)])).unwrap();
    assert_eq!(same_name, Outcome::Stored);
    assert_eq!(pulled(store, space(), &[]), [vec![1; 5]]);
    assert_eq!(pulled(store, other, &[]), [vec![1; 6]]);
}

fn competing_writers_lose_cleanly(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    store.create_invite(&invite(1), &[]).unwrap();
    let base = append_to(store, roster(1).id, 50);
    let (appended, claims): (Vec<Outcome>, Vec<Claimed>) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let mut mine = base.clone();
                mine.statement = statement(50 + n);
                scope.spawn(move || {
                    let claim = store.claim(invite(1).lookup, &[n], &patient(5 * n + 1));
                    (store.append(&mine).unwrap(), claim.unwrap())
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).unzip()
    });
    let won = |all: &[Outcome]| all.iter().filter(|o| **o == Outcome::Stored).count();
    assert_eq!(won(&appended), 1);
    let claimed = claims.iter().filter(|c| **c == Claimed::Stored).count();
    assert_eq!(claimed, 1);
    let statements = store.statements(roster(1).id, 0, ALL).unwrap();
    assert_eq!(statements.items.len(), 3);
}
