//! What is shared arrives; what is not never leaves in readable form.

use clinic_api::http::problem::{Code, Problem};
use clinic_api::message::Push;
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use companion_core::care::ReviewState;
use companion_core::sync::{Machine, Next, Reply, SyncError};

use crate::support::world::{Device, World, present};
use crate::support::{START, noted};

#[test]
fn what_the_patient_shares_arrives_and_what_is_private_does_not() {
    let mut world = World::new();
    let journal = world.phone.companion.journal();
    journal
        .record(&noted("shared with the team", START), Some(true))
        .unwrap();
    journal
        .record(&noted("kept to myself", START), Some(false))
        .unwrap();
    world.settle();
    assert_eq!(world.read_by_clinic(), ["shared with the team"]);

    // The staff follow no private space, hold none of its keys, and the store shows no word.
    let private = world.space(SpaceKind::Private);
    let followed = world.desk.with(|v| v.spaces().unwrap());
    assert!(followed.iter().all(|s| s.space != private));
    let epoch = world.phone.with(|v| {
        let chain = v.chains().epochs(private).unwrap();
        let last = chain.last().unwrap();
        (last.hash, last.number)
    });
    assert!(
        world
            .phone
            .with(|v| v.epoch_key(private, epoch.0, epoch.1).unwrap())
            .is_some()
    );
    assert!(
        world
            .desk
            .with(|v| v.epoch_key(private, epoch.0, epoch.1).unwrap())
            .is_none()
    );
    assert!(world.api.runs(private) > 0, "the private log is backed up");
    let all = world.api.all_bytes();
    for word in ["shared with", "kept to myself", "Robin"] {
        assert!(!all.windows(word.len()).any(|w| w == word.as_bytes()));
    }
    // Nobody but its owner is served the private space.
    let request = companion_core::sync::Request::post(
        format!("/v1/spaces/{private}/pull"),
        wire::encode(&clinic_api::message::Pull { have: Vec::new() }),
    );
    let reply = world.api.serve(world.desk.id, &request);
    assert_eq!(
        reply.code(),
        Some(clinic_api::http::problem::Code::UnknownSpace)
    );
}

/// Whoever claimed an invite is nobody yet: the clinic compares digits first.
#[test]
fn nothing_goes_to_the_clinic_before_it_admitted_the_patient() {
    let mut world = World::new();
    let journal = world.phone.companion.journal();
    journal.record(&noted("early", START), Some(true)).unwrap();
    journal.record(&noted("own", START), Some(false)).unwrap();
    for _ in 0..3 {
        world.phone.round(&mut world.api).unwrap();
    }
    assert_eq!(world.api.runs(world.space(SpaceKind::Care)), 0);
    assert_eq!(world.api.runs(world.space(SpaceKind::Private)), 1);
    world.settle();
    assert_eq!(world.read_by_clinic(), ["early"]);
}

#[test]
fn reviews_and_readings_come_back_to_the_patient() {
    let mut world = World::settled();
    let entry = world
        .phone
        .companion
        .journal()
        .record(&noted("a hard day", START), Some(true))
        .unwrap();
    world.settle();
    let care = world.desk.companion.care();
    assert_eq!(care.note_reading(world.chain, &[entry]).unwrap(), 1);
    assert_eq!(
        care.review(
            world.chain,
            &[present(&world, entry)],
            ReviewState::Reviewed
        )
        .unwrap(),
        1
    );
    world.settle();
    let at_patient = world.phone.companion.care();
    let reviews = at_patient.reviews(world.chain).unwrap();
    assert_eq!(reviews.len(), 1);
    assert_eq!(
        (reviews[0].entry, reviews[0].device, reviews[0].state),
        (entry, world.desk.id, ReviewState::Reviewed)
    );
    let readings = at_patient.readings(world.chain).unwrap();
    assert_eq!((readings.len(), readings[0].entry), (1, entry));
    assert!(at_patient.welcomed_ms(world.chain).unwrap().is_some());
    assert_eq!(
        at_patient
            .person_at(world.chain, world.desk.id)
            .unwrap()
            .map(|(_, name)| name),
        Some("Dr. Adler".to_owned())
    );
}

#[test]
fn received_by_the_clinic_rests_on_the_clinics_own_head_and_then_all_is_silent() {
    let mut world = World::settled();
    world
        .phone
        .companion
        .journal()
        .record(&noted("one line", START), Some(true))
        .unwrap();
    let care = world.space(SpaceKind::Care);
    world.phone.round(&mut world.api).unwrap();
    let own = world.phone.with(|v| v.own_log(care).unwrap().tip.unwrap());
    assert!(!seen_by_clinic(&world, own.log, own.beat));
    world.desk.round(&mut world.api).unwrap();
    assert!(seen_by_clinic(&world, own.log, own.beat));

    world.settle();
    let before = world.stored();
    for _ in 0..2 {
        for device in [&world.phone, &world.desk] {
            let report = device.round(&mut world.api).unwrap();
            assert_eq!(report.frames_pushed, 0);
            assert_eq!(report.alarms, []);
        }
    }
    assert_eq!(world.stored(), before, "somebody goes on telling");
}

/// Whether a head of the clinic's says that it holds this head of the patient's log.
fn seen_by_clinic(world: &World, log: clinic_api::id::LogId, beat: u64) -> bool {
    let care = &world.api.logs[&world.space(SpaceKind::Care)];
    care.values().flatten().any(|bytes| {
        let run = clinic_api::log::Run::from_bytes(bytes).unwrap();
        let head = run.claimed_head().unwrap();
        head.device == world.desk.id && head.seen.iter().any(|s| s.log == log && s.beat >= beat)
    })
}

#[test]
fn a_retry_sends_the_same_bytes() {
    let mut world = World::settled();
    world
        .phone
        .companion
        .journal()
        .record(&noted("sent twice", START), Some(true))
        .unwrap();
    let pushes = |world: &World| -> Vec<Vec<u8>> {
        let all = world.api.requests.iter();
        all.filter(|(id, r)| *id == world.phone.id && r.path.ends_with("/runs"))
            .map(|(_, r)| r.body.clone())
            .collect()
    };
    let before = pushes(&world).len();
    world.api.bend(|request, reply| {
        if request.path.ends_with("/runs") {
            companion_core::sync::Reply::Unreachable
        } else {
            reply
        }
    });
    for _ in 0..3 {
        world.phone.clock.advance(60_000);
        assert_eq!(
            world.phone.round(&mut world.api).unwrap_err(),
            SyncError::Unreachable
        );
    }
    world.api.be_honest();
    world.phone = world.phone.restart();
    world.phone.round(&mut world.api).unwrap();
    let sent = pushes(&world);
    assert_eq!(sent.len(), before + 4);
    assert!(sent[before..].iter().all(|body| *body == sent[before]));
    let push: Push = wire::decode(&sent[before]).unwrap();
    assert_eq!(push.runs.len(), 1);
    world.settle();
    assert_eq!(world.read_by_clinic(), ["sent twice"]);
    assert_eq!(world.phone.companion.sync().unsent().unwrap(), 0);
}

#[test]
fn many_entries_travel_in_pages() {
    let mut world = World::settled();
    let journal = world.phone.companion.journal();
    for n in 0..20 {
        journal
            .record(&noted(&format!("line {n:02}"), START + n), Some(true))
            .unwrap();
        world.phone.round(&mut world.api).unwrap();
    }
    world.api.page = 3;
    world.api.chain_page = 1;
    let report = world.desk.round(&mut world.api).unwrap();
    assert_eq!(report.events_received, 20);
    assert_eq!(report.alarms, []);
    let all: Vec<String> = (0..20).map(|n| format!("line {n:02}")).collect();
    assert_eq!(world.read_by_clinic(), all);
}

/// A clinician's device reads thousands of entries at once; the trace must fit into frames.
#[test]
fn what_is_read_at_once_does_not_block_the_log() {
    let mut world = World::settled();
    let many: Vec<_> = (0..20_000_u32)
        .map(|n| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            companion_core::event::EntryId(id)
        })
        .collect();
    let care = world.desk.companion.care();
    assert_eq!(care.note_reading(world.chain, &many).unwrap(), 20_000);
    world.settle();
    assert_eq!(
        world
            .phone
            .companion
            .care()
            .readings(world.chain)
            .unwrap()
            .len(),
        20_000
    );
}

#[test]
fn nothing_syncs_before_a_clinic_was_joined() {
    let alone = Device::new(9);
    assert!(matches!(
        alone.with(|v| Machine::new(v)).unwrap_err(),
        SyncError::NoServer
    ));
    alone.companion.sync().set_up_patient().unwrap();
    assert!(matches!(
        alone.with(|v| Machine::new(v)).unwrap_err(),
        SyncError::NoServer
    ));
}

#[test]
fn an_answer_that_is_none_ends_the_round_and_loses_nothing() {
    let mut world = World::settled();
    world
        .phone
        .companion
        .journal()
        .record(&noted("still here", START), Some(true))
        .unwrap();
    for garbage in [
        Vec::new(),
        vec![0xff; 40],
        vec![0x9f; 100_000],
        b"<html>".to_vec(),
    ] {
        world
            .api
            .bend(move |_, _| companion_core::sync::Reply::Ok(garbage.clone()));
        assert!(matches!(
            world.phone.round(&mut world.api).unwrap_err(),
            SyncError::Answer(_)
        ));
    }
    world.api.be_honest();
    world.settle();
    assert_eq!(world.read_by_clinic(), ["still here"]);
}

/// What came last is another's, read from a clock behind this device's own.
#[test]
fn own_readings_grow_across_a_restart() {
    let mut world = World::settled();
    let journal = world.phone.companion.journal();
    let id = journal.record(&noted("one", START), Some(true)).unwrap();
    world.settle();
    let version = present(&world, id);
    world
        .desk
        .companion
        .care()
        .review(world.chain, &[version], ReviewState::Reviewed)
        .unwrap();
    world.phone.clock.advance(30_000);
    journal.edit(id, &noted("two", START)).unwrap();
    world.phone.round(&mut world.api).unwrap();
    world.desk.round(&mut world.api).unwrap();
    world.phone.round(&mut world.api).unwrap();
    drop(journal);
    world.phone = world.phone.restart();
    world.phone.clock.advance(-30_000);
    let journal = world.phone.companion.journal();
    journal.edit(id, &noted("three", START)).unwrap();
    let care = world.space(SpaceKind::Care);
    let events = world.phone.with(|v| v.events(care).unwrap());
    let own = events.iter().filter(|e| e.device == world.phone.id);
    let readings: Vec<_> = own.map(|e| e.envelope.hlc).collect();
    assert_eq!(readings.len(), 3);
    assert!(readings.is_sorted(), "{readings:?}");
}

#[test]
fn what_is_refused_about_one_patient_ends_no_round_of_a_workstation() {
    let mut world = World::settled();
    let entry = world.phone.companion.journal();
    let entry = entry.record(&noted("read", START), Some(true)).unwrap();
    world.settle();
    let care = world.desk.companion.care();
    care.note_reading(world.chain, &[entry]).unwrap();
    let path = format!("/v1/spaces/{}/runs", world.space(SpaceKind::Care));
    for code in [Code::StorageFull, Code::BodyTooLarge, Code::ChainInvalid] {
        let mut refused = 0;
        let mut machine = world.desk.with(|v| Machine::new(v)).unwrap();
        while let Next::Send(request) = world.desk.with(|v| machine.next(v)).unwrap() {
            let reply = if request.path == path {
                refused += 1;
                Reply::Problem(Problem::new(code))
            } else {
                world.api.serve(world.desk.id, &request)
            };
            world.desk.with(|v| machine.receive(v, reply)).unwrap();
        }
        assert_eq!(refused, 1, "{code:?}");
    }
    // It is sent when it is taken.
    world.settle();
    assert_eq!(
        world
            .phone
            .companion
            .care()
            .readings(world.chain)
            .unwrap()
            .len(),
        1
    );
}
