//! Erasing a chain or spaces of it, and what is left then.

use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_server::store::sqlite::SqliteStore;
use clinic_server::store::{
    Claimed, Departed, Leaving, Outcome, Scope, Standing, Store, Swept, Thing,
};

use super::suite::{
    ALL, append_to, fill, guard, invite, patient, pulled, roster, run, runs, space,
};

pub fn contract(make: &dyn Fn() -> Box<dyn Store>) {
    who_leaves_takes_everything_along(&*make());
    a_space_can_go_alone(&*make());
    nothing_goes_where_something_moved(&*make());
    a_receipt_key_is_kept(&*make());
}

fn spaces() -> Vec<SpaceId> {
    let all = patient(2).spaces;
    all.into_iter().map(|(space, _)| space).collect()
}

fn leave(store: &dyn Store, spaces: Vec<SpaceId>, everything: bool) -> Outcome {
    let chain = patient(2).id;
    let leaving = Leaving {
        chain,
        spaces,
        everything,
        leave: Some(b"word".to_vec()),
        guards: vec![guard(store, chain)],
        receipt: &|swept: Swept| Some(format!("{} {}", swept.runs, swept.bytes).into_bytes()),
    };
    store.leave(&leaving).unwrap()
}

fn receipt() -> Departed {
    // Of `fill`: runs of 5, 6 and 7 bytes.
    Departed {
        leave: Some(b"word".to_vec()),
        receipt: b"3 18".to_vec(),
    }
}

fn who_leaves_takes_everything_along(store: &dyn Store) {
    fill(store);
    let chain = patient(2).id;
    let old = guard(store, chain);
    assert_eq!(store.departed(chain).unwrap(), None);
    let position = store.changes(Scope::Clinic(roster(1).id), 0, 100).unwrap();
    assert_eq!(leave(store, spaces(), true), Outcome::Stored);

    assert_eq!(pulled(store, space(), &[]), Vec::<Vec<u8>>::new());
    assert_eq!(store.log_tip(space(), LogId([1; 16])).unwrap(), None);
    for id in [chain, space().into()] {
        assert!(store.statements(id, 0, ALL).unwrap().items.is_empty());
        let info = store.chain(id).unwrap().unwrap();
        assert_eq!((info.tip, info.standing), (None, Standing::Gone));
        assert_eq!(store.departed(id).unwrap(), Some(receipt()));
    }
    assert_eq!(store.space(space()).unwrap(), None);
    let kept = store.invite(InviteLookup([2; 16])).unwrap().unwrap();
    assert_eq!((kept.claim, kept.chain), (None, None));
    // Its devices find its name, and so that it is gone.
    assert_eq!(store.chains_of(DeviceId([102; 32]), 9).unwrap(), [chain]);

    // Nothing can be put there again.
    assert_eq!(store.found(&patient(2)).unwrap(), Outcome::Moved);
    let claimed = store.claim(invite(1).lookup, b"again", &patient(2));
    assert_eq!(claimed.unwrap(), Claimed::ChainExists);
    let push = runs(space(), vec![run(3, 1, 5)]);
    assert_eq!(store.push(&push).unwrap(), Outcome::Moved);
    let mut append = append_to(store, chain, 60);
    append.guards = vec![old];
    assert_eq!(store.append(&append).unwrap(), Outcome::Moved);
    assert_eq!(leave(store, spaces(), true), Outcome::Moved);
    assert_eq!(store.departed(chain).unwrap(), Some(receipt()));

    // The clinic hears of it; and nobody else's is touched.
    let changes = store.changes(Scope::Clinic(roster(1).id), 0, 100).unwrap();
    let revision = |changes: &clinic_server::store::Changes| {
        let of_chain = |c: &&clinic_server::store::Change| c.thing == Thing::Chain(chain);
        changes.changes.iter().find(of_chain).unwrap().revision
    };
    assert!(revision(&changes) > revision(&position));
    let clinic = store.chain(roster(1).id).unwrap().unwrap();
    assert_eq!(clinic.standing, Standing::Admitted);
}

fn a_space_can_go_alone(store: &dyn Store) {
    fill(store);
    let chain = patient(2).id;
    let before = guard(store, chain);
    assert_eq!(leave(store, vec![space()], false), Outcome::Stored);
    assert_ne!(
        guard(store, chain),
        before,
        "who decided before decides anew"
    );
    assert_eq!(store.departed(space().into()).unwrap(), Some(receipt()));
    assert_eq!(store.departed(chain).unwrap(), None);
    assert_eq!(store.space(space()).unwrap(), None);
    let info = store.chain(chain).unwrap().unwrap();
    assert_eq!(info.standing, Standing::Admitted);
    assert_eq!(store.statements(chain, 0, ALL).unwrap().items.len(), 1);
    let private = runs(SpaceId([112; 32]), vec![run(3, 1, 5)]);
    assert_eq!(store.push(&private).unwrap(), Outcome::Stored);
    // And then the rest.
    let rest: Vec<_> = spaces().into_iter().filter(|s| *s != space()).collect();
    assert_eq!(leave(store, rest, true), Outcome::Stored);
    assert_eq!(store.departed(space().into()).unwrap(), Some(receipt()));
    assert_eq!(store.departed(chain).unwrap().unwrap().receipt, b"1 5");
}

fn nothing_goes_where_something_moved(store: &dyn Store) {
    fill(store);
    let chain = patient(2).id;
    let moved = Leaving {
        chain,
        spaces: spaces(),
        everything: true,
        leave: None,
        guards: vec![clinic_server::store::Guard {
            revision: guard(store, chain).revision + 1,
            chain,
        }],
        receipt: &|_| Some(Vec::new()),
    };
    assert_eq!(store.leave(&moved).unwrap(), Outcome::Moved);
    let foreign = Leaving {
        spaces: vec![SpaceId([5; 32])],
        everything: false,
        guards: Vec::new(),
        ..moved
    };
    assert_eq!(store.leave(&foreign).unwrap(), Outcome::Moved);
    let unsigned = Leaving {
        spaces: spaces(),
        receipt: &|_| None,
        ..foreign
    };
    assert!(store.leave(&unsigned).is_err());
    assert_eq!(pulled(store, space(), &[]).len(), 3);
    assert_eq!(store.departed(chain).unwrap(), None);
}

fn a_receipt_key_is_kept(store: &dyn Store) {
    assert_eq!(store.receipt_seed(&[1; 32]).unwrap(), [1; 32]);
    assert_eq!(store.receipt_seed(&[2; 32]).unwrap(), [1; 32]);
}

#[test]
fn nothing_of_who_left_is_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let word = b"canary-of-a-patient-who-leaves";
    store.found(&patient(2)).unwrap();
    let mut statement = append_to(&store, patient(2).id, 90);
    statement.statement.bytes = word.repeat(300);
    store.append(&statement).unwrap();
    for (beat, times) in [(1, 20), (2, 400), (3, 4000)] {
        let mut new = run(1, beat, 0);
        new.bytes = word.repeat(times);
        assert_eq!(
            store.push(&runs(space(), vec![new])).unwrap(),
            Outcome::Stored
        );
    }
    let found = || {
        let files = dir.path().read_dir().unwrap();
        let mut files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.any(|bytes| bytes.windows(word.len()).any(|w| w == word))
    };
    assert!(found());
    assert_eq!(leave(&store, spaces(), true), Outcome::Stored);
    assert!(!found());
    drop(store);
    assert!(!found());
    let kept = SqliteStore::open(dir.path()).unwrap();
    assert!(kept.departed(ChainId([102; 32])).unwrap().is_some());
}
