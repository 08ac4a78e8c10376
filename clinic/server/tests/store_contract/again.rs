//! Claiming again, after an invite was taken back.

use clinic_api::id::DeviceId;
use clinic_server::store::{Claimed, NewChain, Outcome, Stage, Standing, Store};

use super::suite::{ALL, guard, invite, patient, roster, statement};

pub fn who_was_shut_out_may_claim_again(store: &dyn Store) {
    store.found(&roster(1)).unwrap();
    for n in 1..5 {
        store.create_invite(&invite(n), &[]).unwrap();
    }
    let claim = |n: u8, chain: &NewChain| store.claim(invite(n).lookup, b"claim", chain).unwrap();
    let shut_out = |n: u8| {
        let lookup = invite(n).lookup;
        let out = store.decide(lookup, Stage::Claimed, Stage::Withdrawn, &[]);
        assert_eq!(out.unwrap(), Outcome::Stored);
    };
    assert_eq!(claim(1, &patient(2)), Claimed::Stored);
    shut_out(1);
    let before = guard(store, patient(2).id).revision;
    let mut other = patient(2);
    other.statements = vec![statement(99)];
    let mut longer = patient(2);
    longer.statements.push(statement(77));
    longer.devices.push(DeviceId([7; 32]));
    assert_eq!(claim(2, &other), Claimed::ChainExists);
    assert_eq!(claim(2, &longer), Claimed::Stored);
    let info = store.chain(patient(2).id).unwrap().unwrap();
    assert_eq!(info.standing, Standing::Pending);
    assert_eq!(
        info.tip.map(|t| (t.number, t.hash)),
        Some((1, statement(77).hash))
    );
    assert!(info.revision > before);
    let kept = store.statements(patient(2).id, 0, ALL).unwrap();
    assert_eq!(
        kept.items,
        longer
            .statements
            .iter()
            .map(|s| s.bytes.clone())
            .collect::<Vec<_>>()
    );
    assert_eq!(
        store.chains_of(DeviceId([7; 32]), 9).unwrap(),
        [patient(2).id]
    );
    // Only while it is shut out, and never with less than is here.
    assert_eq!(claim(3, &longer), Claimed::ChainExists);
    shut_out(2);
    assert_eq!(claim(3, &patient(2)), Claimed::ChainExists);
    assert_eq!(claim(3, &longer), Claimed::Stored);
    let first = store.invite(invite(1).lookup).unwrap().unwrap();
    assert_eq!(first.stage, Stage::Withdrawn);
}
