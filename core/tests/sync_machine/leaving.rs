//! A server that says that somebody left: it is believed on their own word, and on nothing else.

use clinic_api::http::problem::{Code, Problem};
use clinic_api::id::{ChainId, SpaceId};
use clinic_api::leave::{Departure, Leave, Receipt, SignedLeave, SignedReceipt};
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use companion_core::care::ReviewState;
use companion_core::sync::{Alarm, Reply, SyncError};

use crate::support::world::{Device, World, present, put_out, second_phone};
use crate::support::{START, noted};

/// Three entries that the clinic has, of which it took the first into its record.
fn world() -> World {
    let mut world = World::settled();
    let journal = world.phone.companion.journal();
    let taken = journal.record(&noted("taken", START), Some(true)).unwrap();
    journal.record(&noted("read", START), Some(true)).unwrap();
    journal.record(&noted("seen", START), Some(true)).unwrap();
    journal.record(&noted("own", START), Some(false)).unwrap();
    world.settle();
    let version = present(&world, taken);
    let care = world.desk.companion.care();
    let state = ReviewState::Incorporated;
    assert_eq!(care.review(world.chain, &[version], state).unwrap(), 1);
    world.settle();
    world
}

/// A word by a device, on top of a chain as that device knows it.
fn word(world: &World, by: &Device, spaces: Option<Vec<SpaceId>>) -> SignedLeave {
    let chain = world.chain;
    by.with(|vault| {
        let device = vault.device().unwrap();
        vault.load_patient(chain).unwrap();
        let known = vault.chains().patient(chain).unwrap();
        let leave = Leave::new(known, device.id().into(), START, spaces);
        SignedLeave::new(&leave, |bytes| device.log().sign(bytes))
    })
}

fn receipt(chain: ChainId, word: &SignedLeave) -> SignedReceipt {
    SignedReceipt::new(receipt_body(chain, word), &[9; 32]).unwrap()
}

fn receipt_body(chain: ChainId, word: &SignedLeave) -> Receipt {
    Receipt {
        chain,
        spaces: SpaceKind::OF_PATIENT.map(|kind| kind.id(chain)).to_vec(),
        request: Some(word.hash()),
        erased_at: START / 1000,
        backups_expire_at: START / 1000 + 86_400,
        runs: 3,
        bytes: 1_000,
        key: [0; 32],
    }
}

fn told(world: &World, word: &SignedLeave) -> Departure {
    Departure {
        leave: Some(word.to_bytes().into()),
        receipt: receipt(world.chain, word).to_bytes().into(),
    }
}

/// From now on the server says that the patient is gone, and shows this.
fn gone(world: &mut World, departure: Option<Departure>) {
    let chain = world.chain;
    let mut names = vec![format!("/{chain}")];
    names.extend(SpaceKind::OF_PATIENT.map(|kind| format!("/{}", kind.id(chain))));
    world.api.bend(move |request, reply| {
        if request.path.ends_with("/leave") {
            assert!(!request.signed, "nobody is left there who could sign");
            return match &departure {
                Some(departure) => Reply::Ok(wire::encode(departure)),
                None => Reply::Problem(Problem::new(Code::UnknownChain)),
            };
        }
        if names.iter().any(|name| request.path.contains(name)) {
            return Reply::Problem(Problem::new(Code::Gone));
        }
        reply
    });
}

fn nothing_is_let_go_of(world: &mut World, departure: Option<Departure>, why: &str) {
    gone(world, departure);
    for _ in 0..2 {
        let report = world.desk.round(&mut world.api).unwrap();
        assert_eq!(report.alarms, [Alarm::GoneUnproven(world.chain)], "{why}");
        assert_eq!(report.left, [], "{why}");
    }
    let mut kept = world.read_by_clinic();
    kept.sort();
    assert_eq!(kept, ["read", "seen", "taken"], "{why}");
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::GoneUnproven(world.chain)], "{why}");
    assert_eq!(
        world.phone.companion.leaving().left().unwrap(),
        None,
        "{why}"
    );
    // Once the server says the truth again, all goes on as before.
    world.api.be_honest();
    assert_eq!(
        world.desk.round(&mut world.api).unwrap().alarms,
        [],
        "{why}"
    );
}

#[test]
fn without_proof_nothing_is_let_go_of() {
    let mut world = world();
    let (chain, desk_space) = (world.chain, world.space(SpaceKind::Desk));
    nothing_is_let_go_of(&mut world, None, "no word");
    let honest = word(&world, &world.phone, None);
    let silent = Departure {
        leave: None,
        ..told(&world, &honest)
    };
    nothing_is_let_go_of(&mut world, Some(silent), "the operator's word alone");
    let staff = word(&world, &world.desk, None);
    let departure = told(&world, &staff);
    nothing_is_let_go_of(&mut world, Some(departure), "staff");
    let mut bent = honest.clone();
    bent.signature[7] ^= 1;
    let departure = told(&world, &bent);
    nothing_is_let_go_of(&mut world, Some(departure), "a bent signature");
    let part = word(&world, &world.phone, Some(vec![desk_space]));
    let departure = told(&world, &part);
    nothing_is_let_go_of(&mut world, Some(departure), "a word about another space");
    let other = Departure {
        receipt: receipt(chain, &part).to_bytes().into(),
        ..told(&world, &honest)
    };
    nothing_is_let_go_of(&mut world, Some(other), "a receipt for another word");
    let less = Receipt {
        spaces: vec![desk_space],
        ..receipt_body(chain, &honest)
    };
    let less = Departure {
        receipt: SignedReceipt::new(less, &[9; 32])
            .unwrap()
            .to_bytes()
            .into(),
        ..told(&world, &honest)
    };
    nothing_is_let_go_of(&mut world, Some(less), "a receipt for one space alone");
    let forged = {
        let mut receipt = receipt(chain, &honest);
        receipt.body[40] ^= 1;
        receipt.to_bytes().into()
    };
    let forged = Departure {
        receipt: forged,
        ..told(&world, &honest)
    };
    nothing_is_let_go_of(&mut world, Some(forged), "a forged receipt");

    // A word from before a statement that everybody has seen, and that of a device put out since.
    let second = second_phone(&mut world, 7);
    let of_second = word(&world, &second, None);
    world.settle();
    let departure = told(&world, &honest);
    nothing_is_let_go_of(&mut world, Some(departure), "an outdated word");
    put_out(&mut world, second.id);
    world.settle();
    let departure = told(&world, &of_second);
    nothing_is_let_go_of(&mut world, Some(departure), "a device that was put out");
}

#[test]
fn with_proof_all_goes_but_what_the_clinic_took() {
    let mut world = world();
    let chain = world.chain;
    let care = world.space(SpaceKind::Care);
    let indexed = |device: &Device| -> i64 {
        device.with(|vault| {
            let sql = "SELECT count(*) FROM view_entry_search";
            vault.reader().query_row(sql, [], |row| row.get(0)).unwrap()
        })
    };
    assert_eq!(indexed(&world.desk), 3);
    let honest = word(&world, &world.phone, None);
    let departure = told(&world, &honest);
    gone(&mut world, Some(departure));
    let report = world.desk.round(&mut world.api).unwrap();
    assert_eq!((report.left, report.alarms), (vec![chain], vec![]));
    assert_eq!(world.read_by_clinic(), ["taken"]);
    assert_eq!(indexed(&world.desk), 1);
    let events = world.desk.with(|vault| vault.events(care).unwrap().len());
    assert_eq!(events, 2, "the entry, and the review that took it");
    let handle = world.desk.companion.care();
    assert!(handle.left_ms(chain).unwrap().is_some());
    let taken = handle.reviews(chain).unwrap();
    assert_eq!(taken.len(), 1);
    // Nothing more is written about them, and nothing asked for.
    assert_eq!(handle.note_reading(chain, &[taken[0].entry]).unwrap(), 0);
    let before = world.api.requests.len();
    let report = world.desk.round(&mut world.api).unwrap();
    assert_eq!((report.left, report.alarms), (vec![], vec![]));
    let asked = &world.api.requests[before..];
    let of_patient = |path: &str| path.contains(&chain.to_string());
    assert!(!asked.iter().any(|(_, request)| of_patient(&request.path)));
    // It is the same after views were rebuilt, and after a restart.
    world.desk.with(|vault| vault.rebuild_views().unwrap());
    assert_eq!(world.read_by_clinic(), ["taken"]);

    // The patient's own device keeps everything, as nobody's but theirs.
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!((report.left, report.alarms), (vec![chain], vec![]));
    let journal = world.phone.companion.journal();
    let kept = journal.list(i64::MIN, i64::MAX, 9).unwrap();
    assert_eq!(kept.len(), 4);
    assert!(kept.iter().all(|entry| !entry.shared));
    let left = world.phone.companion.leaving().left().unwrap().unwrap();
    assert_eq!(left.incorporated.len(), 1);
    assert_eq!(left.receipt.request, Some(honest.hash()));
    let refused = world.phone.companion.sync().server();
    assert!(matches!(refused, Ok(None)));
    let preview = world.phone.companion.leaving().preview();
    assert_eq!(preview.unwrap_err(), SyncError::Left);
}
