//! Light rounds: what changed alone, by the word of a server that nobody trusts.

use clinic_api::http::problem::{Code, Problem};
use clinic_api::id::MemberId;
use clinic_api::log::Run;
use clinic_api::member::Role;
use clinic_api::message::{ChangeKind, Feed, Pulled};
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use companion_core::care::ReviewState;
use companion_core::space::patient::remove_device;
use companion_core::sync::{Alarm, Machine, Reply, Report, Request, SyncError};

use crate::support::world::{Device, World, admit, hire, join, present, second_phone};
use crate::support::{START, noted};

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A world in which everybody has asked the feed, and nothing is new.
fn quiet() -> World {
    let mut world = World::settled();
    for _ in 0..3 {
        world.desk.light(&mut world.api).unwrap();
        world.phone.light(&mut world.api).unwrap();
    }
    world
}

fn write(world: &World, line: &str) {
    let journal = world.phone.companion.journal();
    journal.record(&noted(line, START), Some(true)).unwrap();
}

/// What a device asked since a place in the list of requests.
fn asked(world: &World, device: &Device, since: usize) -> Vec<String> {
    let all = world.api.requests[since..].iter();
    all.filter(|(id, _)| *id == device.id)
        .map(|(_, request)| format!("{} {}", request.method, request.path))
        .collect()
}

fn on_feed(mut change: impl FnMut(&mut Feed) + 'static) -> impl FnMut(&Request, Reply) -> Reply {
    move |request, reply| match reply {
        Reply::Ok(body) if request.path == "/v1/feed" => {
            let mut feed: Feed = wire::decode(&body).unwrap();
            change(&mut feed);
            Reply::Ok(wire::encode(&feed))
        }
        other => other,
    }
}

#[test]
fn where_nothing_is_new_one_request_says_so() {
    let mut world = quiet();
    for _ in 0..3 {
        world.phone.clock.advance(60_000);
        let before = world.api.requests.len();
        for device in [&world.phone, &world.desk] {
            let report = device.light(&mut world.api).unwrap();
            assert_eq!((report.requests, &report.alarms), (1, &vec![]));
            assert_eq!(asked(&world, device, before), ["GET /v1/feed"]);
        }
    }
    // Also by the process that is started next.
    world.phone = world.phone.restart();
    assert_eq!(world.phone.light(&mut world.api).unwrap().requests, 1);
}

#[test]
fn a_new_entry_costs_what_it_changes() {
    let mut world = quiet();
    let care = world.space(SpaceKind::Care);
    write(&world, "one line");
    let before = world.api.requests.len();
    let report = world.phone.light(&mut world.api).unwrap();
    // The private space keeps it, and the care team gets it.
    let private = world.space(SpaceKind::Private);
    let mut sent = asked(&world, &world.phone, before);
    sent.sort();
    let mut wanted = vec![
        "GET /v1/feed".to_owned(),
        format!("POST /v1/spaces/{care}/runs"),
    ];
    if report.frames_pushed == 2 {
        wanted.push(format!("POST /v1/spaces/{private}/runs"));
    }
    wanted.sort();
    assert_eq!(sent, wanted);
    let before = world.api.requests.len();
    let report = world.desk.light(&mut world.api).unwrap();
    assert_eq!(report.events_received, 1);
    assert_eq!(
        asked(&world, &world.desk, before),
        [
            "GET /v1/feed".to_owned(),
            format!("POST /v1/spaces/{care}/pull")
        ]
    );
    assert_eq!(world.read_by_clinic(), ["one line"]);
    // The feed names it once more, and there is nothing to do.
    assert_eq!(world.desk.light(&mut world.api).unwrap().requests, 1);
}

#[test]
fn what_a_stream_named_is_done_without_asking() {
    let mut world = quiet();
    let care = world.space(SpaceKind::Care);
    write(&world, "at once");
    let before = world.api.requests.len();
    world.phone.named(&mut world.api, &[]).unwrap();
    let sent = asked(&world, &world.phone, before);
    assert!(sent.contains(&format!("POST /v1/spaces/{care}/runs")));
    assert!(sent.iter().all(|s| s.ends_with("/runs")), "{sent:?}");
    let named = [(ChangeKind::Space, care.0), (ChangeKind::Space, care.0)];
    let report = world.desk.named(&mut world.api, &named).unwrap();
    assert_eq!((report.requests, report.events_received), (1, 1));
    assert_eq!(world.read_by_clinic(), ["at once"]);
}

#[test]
fn what_was_seen_is_told_when_it_is_due() {
    let mut world = quiet();
    let care = world.space(SpaceKind::Care);
    let told = |world: &World| -> bool {
        let own = world.phone.with(|v| v.own_log(care).unwrap().tip.unwrap());
        world.api.logs[&care].values().flatten().any(|bytes| {
            let head = Run::from_bytes(bytes).unwrap().claimed_head().unwrap();
            let seen = |s: &clinic_api::log::Seen| s.log == own.log && s.beat >= own.beat;
            head.device == world.desk.id && head.seen.iter().any(seen)
        })
    };
    write(&world, "seen?");
    world.phone.light(&mut world.api).unwrap();
    world.desk.light(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["seen?"]);
    assert!(!told(&world), "each pull would make a push");
    let machine = world.desk.with(|v| Machine::light(v)).unwrap().telling();
    let cut = crate::support::world::Cut::BeforeSend;
    world
        .desk
        .run(machine, &mut world.api, usize::MAX, cut)
        .unwrap();
    assert!(told(&world));
    assert_eq!(world.desk.with(|v| v.spaces_to_tell().unwrap()), []);
}

#[test]
fn a_feed_that_hides_something_delays_it_by_a_day() {
    let mut world = quiet();
    let care = world.space(SpaceKind::Care);
    world.api.bend(on_feed(|feed| feed.changes.clear()));
    write(&world, "hidden");
    world.phone.light(&mut world.api).unwrap();
    for hours in 0..23 {
        let report = world.desk.light(&mut world.api).unwrap();
        assert_eq!((report.requests, &report.alarms), (1, &vec![]), "{hours}");
        world.desk.clock.advance(DAY / 24);
    }
    assert_eq!(world.read_by_clinic(), Vec::<String>::new());
    world.desk.clock.advance(DAY / 24 + 1);
    let report = world.desk.light(&mut world.api).unwrap();
    assert_eq!((report.events_received, &report.alarms), (1, &vec![]));
    assert_eq!(world.read_by_clinic(), ["hidden"]);

    // What is withheld in truth is an alarm then, and not before.
    let second = second_phone(&mut world, 6);
    world.api.be_honest();
    world.settle();
    second.light(&mut world.api).unwrap();
    write(&world, "withheld");
    world.settle();
    let log = world.phone.with(|v| v.own_log(care).unwrap().log);
    let path = format!("/v1/spaces/{care}/pull");
    let mut hide = on_feed(|feed| feed.changes.clear());
    world
        .api
        .bend(move |request, reply| match hide(request, reply) {
            Reply::Ok(body) if request.path == path => {
                let mut page: Pulled = wire::decode(&body).unwrap();
                page.runs.retain(|bytes| {
                    let head = Run::from_bytes(bytes).unwrap().claimed_head().unwrap();
                    head.log() != log
                });
                Reply::Ok(wire::encode(&page))
            }
            other => other,
        });
    assert_eq!(second.light(&mut world.api).unwrap().alarms, []);
    second.clock.advance(DAY);
    let report = second.light(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::Withheld(care, log)]);
    // From here on each round looks at everything, until it is clean.
    assert_eq!(
        second.light(&mut world.api).unwrap().alarms,
        [Alarm::Withheld(care, log)]
    );
    world.api.be_honest();
    assert_eq!(second.light(&mut world.api).unwrap().alarms, []);
    // What it told meanwhile is named once more.
    second.light(&mut world.api).unwrap();
    assert_eq!(second.light(&mut world.api).unwrap().requests, 1);
}

#[test]
fn made_up_positions_and_names_do_no_lasting_harm() {
    let mut world = quiet();
    // A position from which nothing is ever new.
    world
        .api
        .bend(on_feed(|feed| feed.position = i64::MAX as u64));
    world.desk.light(&mut world.api).unwrap();
    world.api.be_honest();
    write(&world, "after it");
    world.phone.light(&mut world.api).unwrap();
    let _: Report = world.desk.light(&mut world.api).unwrap();
    world.desk.clock.advance(DAY);
    world.desk.light(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["after it"]);
    write(&world, "as before");
    world.phone.light(&mut world.api).unwrap();
    let report = world.desk.light(&mut world.api).unwrap();
    assert!(report.requests <= 3, "{}", report.requests);
    assert_eq!(world.read_by_clinic(), ["after it", "as before"]);

    // A feed without an end, of things that are nobody's.
    let mut fill = 0_u8;
    world.api.bend(on_feed(move |feed| {
        feed.more = true;
        for change in &mut feed.changes {
            fill = fill.wrapping_add(1);
            change.id = [fill; 32];
        }
    }));
    let report = world.phone.light(&mut world.api).unwrap();
    assert!(report.requests < 400, "{}", report.requests);
    assert_eq!(report.alarms, []);
    world.api.be_honest();
    let names: Vec<_> = [
        ChangeKind::Chain,
        ChangeKind::Epochs,
        ChangeKind::Space,
        ChangeKind::Invites,
    ]
    .into_iter()
    .map(|kind| (kind, [7; 32]))
    .collect();
    for device in [&world.phone, &world.desk] {
        let report = device.named(&mut world.api, &names).unwrap();
        assert_eq!(report.requests, 0);
    }
}

#[test]
fn a_server_without_a_feed_is_asked_everything() {
    let mut world = quiet();
    write(&world, "as ever");
    world.phone.light(&mut world.api).unwrap();
    world.api.bend(|request, reply| {
        if request.path == "/v1/feed" {
            Reply::Problem(Problem::new(Code::NotFound))
        } else {
            reply
        }
    });
    world.desk.light(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["as ever"]);
}

#[test]
fn a_broken_round_is_made_up_for() {
    for at in 1..=2 {
        let mut world = quiet();
        write(&world, "in the end");
        world.phone.light(&mut world.api).unwrap();
        let mut count = 0;
        world.api.bend(move |_, reply| {
            count += 1;
            if count == at {
                Reply::Unreachable
            } else {
                reply
            }
        });
        assert_eq!(
            world.desk.light(&mut world.api).unwrap_err(),
            SyncError::Unreachable
        );
        let report = world.desk.light(&mut world.api).unwrap();
        assert_eq!((report.requests, report.events_received), (2, 1));
        assert_eq!(world.read_by_clinic(), ["in the end"]);
    }
    // After an answer that makes no sense, everything is looked at.
    let mut world = quiet();
    world.api.bend(|_, _| Reply::Ok(b"<html>".to_vec()));
    assert!(world.desk.light(&mut world.api).is_err());
    world.api.be_honest();
    assert!(world.desk.light(&mut world.api).unwrap().requests > 5);
    assert_eq!(world.desk.light(&mut world.api).unwrap().requests, 1);
}

#[test]
fn the_feed_comes_in_pages() {
    let mut world = quiet();
    let second = join_another(&mut world, 21);
    world.api.feed_page = 1;
    write(&world, "paged");
    world.phone.light(&mut world.api).unwrap();
    second.light(&mut world.api).unwrap();
    world.desk.light(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["paged"]);
}

/// Another patient of the clinic, admitted at its workstation; nobody has synced since.
fn join_another(world: &mut World, seed: u64) -> Device {
    let phone = Device::new(seed);
    let chain = join(&phone, &mut world.api, world.roster);
    admit(&world.desk, chain, "Kim Wood");
    phone
}

#[test]
fn a_new_patient_is_followed_at_every_workstation() {
    let mut world = quiet();
    let (colleague, _) = hire(&mut world, 7, Role::Clinician);
    world.settle();
    colleague.light(&mut world.api).unwrap();
    let phone = join_another(&mut world, 21);
    let chain = phone.companion.sync().patient().unwrap();
    let journal = phone.companion.journal();
    journal.record(&noted("hello", START), Some(true)).unwrap();
    // As a stream would wake them, and once more, by the feed.
    world.desk.named(&mut world.api, &[]).unwrap();
    for _ in 0..2 {
        phone.light(&mut world.api).unwrap();
        colleague.light(&mut world.api).unwrap();
        world.desk.light(&mut world.api).unwrap();
    }
    for device in [&world.desk, &colleague] {
        let care = device.companion.care();
        let all = care.entries(chain, i64::MIN, i64::MAX, 10).unwrap();
        assert_eq!(all.len(), 1);
    }
}

/// A workstation that has not heard of a removal must not seal to who is out.
#[test]
fn nobody_seals_to_a_device_that_was_removed() {
    let mut world = quiet();
    let care = world.space(SpaceKind::Care);
    let second = second_phone(&mut world, 6);
    let entry = world
        .phone
        .companion
        .journal()
        .record(&noted("read by all", START), Some(true))
        .unwrap();
    world.settle();
    second.round(&mut world.api).unwrap();
    let epochs = world.api.chains[&care.into()].len();
    let next = world.phone.with(|v| {
        v.load_patient(world.chain).unwrap();
        let device = v.device().unwrap();
        let now = v.chains().patient(world.chain).unwrap().clone();
        remove_device(&world.phone.env, &now, &device, second.id, Vec::new())
    });
    world.api.append(world.chain, &next).unwrap();
    let seen = [present(&world, entry)];
    let review = world.desk.companion.care();
    review
        .review(world.chain, &seen, ReviewState::Reviewed)
        .unwrap();
    // No feed, no stream told of the removal: the push is refused, and all is done anew.
    let report = world.desk.named(&mut world.api, &[]).unwrap();
    assert_eq!((report.frames_pushed, &report.alarms), (1, &vec![]));
    let chain = world.api.chains[&care.into()].clone();
    assert_eq!(chain.len(), epochs + 1, "a new epoch");
    let (last, wraps) = world.desk.with(|v| {
        let epochs = v.chains().epochs(care).unwrap();
        let last = epochs.last().unwrap();
        let to: Vec<MemberId> = last.step.wraps.iter().map(|w| w.recipient).collect();
        (last.hash, to)
    });
    assert!(!wraps.contains(&MemberId::from(second.id)));
    let own = world.desk.with(|v| v.own_log(care).unwrap().log);
    let runs = &world.api.logs[&care][&own];
    let heads = runs
        .iter()
        .map(|bytes| Run::from_bytes(bytes).unwrap().claimed_head().unwrap());
    for head in heads {
        assert_eq!(head.epoch, last);
    }
    world.settle();
    let reviews = world.phone.companion.care().reviews(world.chain).unwrap();
    assert_eq!(reviews.len(), 1);
}

/// The server alone says that an epoch is outdated: no new log comes of it.
#[test]
fn an_epoch_is_outdated_by_the_chains_alone() {
    let mut world = quiet();
    let care = world.space(SpaceKind::Care);
    write(&world, "refused");
    let log = world.phone.with(|v| v.own_log(care).unwrap().log);
    world.api.bend(|request, reply| {
        if request.path.ends_with("/runs") {
            Reply::Problem(Problem::new(Code::EpochOutdated))
        } else {
            reply
        }
    });
    for _ in 0..2 {
        assert_eq!(
            world.phone.light(&mut world.api).unwrap_err(),
            SyncError::Refused(Code::EpochOutdated)
        );
    }
    assert_eq!(world.phone.with(|v| v.own_log(care).unwrap().log), log);
    world.api.be_honest();
    world.phone.light(&mut world.api).unwrap();
    world.desk.light(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["refused"]);
}
