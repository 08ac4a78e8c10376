//! Values to fill a store with, and how to read all of it.

use std::collections::BTreeMap;

use clinic_api::chain::ChainKind;
use clinic_api::id::{
    ChainId, DeviceId, HeadHash, HeaderHash, InviteLookup, LogId, SpaceId, StatementHash,
};
use clinic_api::log::LogTip;
use clinic_api::space::SpaceKind;
pub use clinic_server::store::Append;
use clinic_server::store::{
    Claimed, Guard, Invite, NewChain, NewRun, NewRuns, Outcome, Stage, Standing, Statement, Store,
};

use super::suite::ALL;

pub fn statement(n: u8) -> Statement {
    Statement {
        hash: StatementHash([n; 32]),
        bytes: vec![n; 10],
    }
}

pub fn roster(n: u8) -> NewChain {
    NewChain {
        id: ChainId([n; 32]),
        kind: ChainKind::Roster,
        statements: vec![statement(n), statement(n + 1)],
        devices: vec![DeviceId([n; 32])],
        spaces: vec![
            (SpaceId([n + 4; 32]), SpaceKind::Front),
            (SpaceId([n + 5; 32]), SpaceKind::Clinic),
        ],
        standing: Standing::Admitted,
    }
}

pub fn patient(n: u8) -> NewChain {
    NewChain {
        id: ChainId([n + 100; 32]),
        kind: ChainKind::Patient,
        statements: vec![statement(n + 100)],
        devices: vec![DeviceId([n + 100; 32]), DeviceId([n + 101; 32])],
        spaces: vec![
            (SpaceId([n + 110; 32]), SpaceKind::Private),
            (SpaceId([n + 111; 32]), SpaceKind::Care),
            (SpaceId([n + 112; 32]), SpaceKind::Desk),
        ],
        standing: Standing::Pending,
    }
}

/// The care space of patient 2.
pub fn space() -> SpaceId {
    SpaceId([113; 32])
}

pub fn invite(n: u8) -> Invite {
    Invite {
        lookup: InviteLookup([n; 16]),
        roster: ChainId([1; 32]),
        offer: vec![n; 20],
        mac: [n; 32],
        expires: 1_000 + i64::from(n),
        stage: Stage::Waiting,
        claim: None,
        chain: None,
    }
}

pub fn guard(store: &dyn Store, chain: ChainId) -> Guard {
    let revision = store.chain(chain).unwrap().unwrap().revision;
    Guard { chain, revision }
}

/// The next statement of a chain as it is now.
pub fn append_to(store: &dyn Store, chain: ChainId, n: u8) -> Append {
    let info = store.chain(chain).unwrap().unwrap();
    Append {
        chain,
        previous: info.tip.map(|t| t.hash),
        statement: statement(n),
        devices: Vec::new(),
        guards: vec![guard(store, chain)],
        charge: None,
    }
}

pub fn run(log: u8, beat: u64, bytes: usize) -> NewRun {
    let head = |beat| HeadHash([beat as u8; 32]);
    NewRun {
        device: DeviceId([log; 32]),
        previous: (beat > 1).then(|| head(beat - 1)),
        first: 10 * (beat - 1) + 1,
        tip: LogTip {
            log: LogId([log; 16]),
            beat,
            head: head(beat),
            number: 10 * beat,
            header: HeaderHash([beat as u8 + 1; 32]),
        },
        bytes: vec![beat as u8; bytes],
    }
}

pub fn runs(space: SpaceId, runs: Vec<NewRun>) -> NewRuns {
    NewRuns {
        space,
        runs,
        max_logs: 100,
        guards: Vec::new(),
        charge: None,
    }
}

pub fn pulled(store: &dyn Store, space: SpaceId, have: &[(u8, u64)]) -> Vec<Vec<u8>> {
    let have = have.iter().map(|(l, b)| (LogId([*l; 16]), *b)).collect();
    store.pull(space, &have, ALL).unwrap().items
}

/// A roster, a patient who claimed and was admitted, epochs and runs.
pub fn fill(store: &dyn Store) {
    assert_eq!(store.found(&roster(1)).unwrap(), Outcome::Stored);
    for n in [1, 2, 3] {
        let created = store.create_invite(&invite(n), &[]).unwrap();
        assert_eq!(created, Outcome::Stored);
    }
    let claimed = store.claim(InviteLookup([2; 16]), b"claim", &patient(2));
    assert_eq!(claimed.unwrap(), Claimed::Stored);
    let lookup = InviteLookup([2; 16]);
    let admitted = store.decide(lookup, Stage::Claimed, Stage::Admitted, &[]);
    assert_eq!(admitted.unwrap(), Outcome::Stored);
    for n in [50, 51] {
        let next = append_to(store, space().into(), n);
        assert_eq!(store.append(&next).unwrap(), Outcome::Stored);
    }
    let new = vec![run(1, 1, 5), run(1, 2, 6), run(2, 1, 7)];
    assert_eq!(store.push(&runs(space(), new)).unwrap(), Outcome::Stored);
}

/// All that can be read of a filled store, as text.
pub fn everything(store: &dyn Store) -> String {
    let chains = [roster(1).id, patient(2).id, space().into()];
    let mut all = String::new();
    for chain in chains {
        all += &format!("{:?}\n", store.chain(chain).unwrap());
        all += &format!("{:?}\n", store.statements(chain, 0, ALL).unwrap());
    }
    for device in [1, 102, 103] {
        all += &format!("{:?}\n", store.chains_of(DeviceId([device; 32]), 9));
    }
    all += &format!("{:?}\n", store.space(space()).unwrap());
    all += &format!("{:?}\n", store.invites(roster(1).id).unwrap());
    for log in [1, 2] {
        all += &format!("{:?}\n", store.log_tip(space(), LogId([log; 16])).unwrap());
    }
    all + &format!("{:?}", store.pull(space(), &BTreeMap::new(), ALL).unwrap())
}
