//! A server that lies: each lie is named by its alarm, and nothing foreign is applied.

use std::cell::RefCell;
use std::rc::Rc;

use clinic_api::http::problem::{Code, Problem};
use clinic_api::id::SpaceId;
use clinic_api::log::{Header, Item, Run};
use clinic_api::message::{ChainPage, Pulled};
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use companion_core::sync::{Alarm, Reply, Request};

use crate::support::world::{World, second_phone};
use crate::support::{START, noted};

fn written(lines: &[&str]) -> World {
    let mut world = World::settled();
    for line in lines {
        world
            .phone
            .companion
            .journal()
            .record(&noted(line, START), Some(true))
            .unwrap();
        world.phone.round(&mut world.api).unwrap();
    }
    world
}

fn on_pull(
    space: SpaceId,
    mut change: impl FnMut(&mut Pulled) + 'static,
) -> impl FnMut(&Request, Reply) -> Reply {
    let path = format!("/v1/spaces/{space}/pull");
    move |request, reply| match reply {
        Reply::Ok(body) if request.path == path => {
            let mut page: Pulled = wire::decode(&body).unwrap();
            change(&mut page);
            Reply::Ok(wire::encode(&page))
        }
        other => other,
    }
}

/// Every byte of a run, one at a time, changed: nothing of it is applied.
#[test]
fn a_changed_byte_anywhere_in_a_run() {
    let mut world = written(&["untouched"]);
    let care = world.space(SpaceKind::Care);
    let (log, at) = {
        let own = world.phone.with(|v| v.own_log(care).unwrap());
        (own.log, world.api.logs[&care][&own.log].len() - 1)
    };
    let honest = world.api.logs[&care][&log][at].clone();
    for position in (0..honest.len()).step_by(37) {
        let mut bent = honest.clone();
        bent[position] ^= 1;
        world
            .api
            .logs
            .get_mut(&care)
            .unwrap()
            .get_mut(&log)
            .unwrap()[at] = bent;
        let report = world.desk.round(&mut world.api).unwrap();
        assert_eq!(world.read_by_clinic(), Vec::<String>::new(), "{position}");
        assert_ne!(report.alarms, [], "byte {position} was changed unseen");
    }
    world
        .api
        .logs
        .get_mut(&care)
        .unwrap()
        .get_mut(&log)
        .unwrap()[at] = honest;
    world.settle();
    assert_eq!(world.read_by_clinic(), ["untouched"]);
}

#[test]
fn the_tail_of_a_log_is_withheld() {
    let mut world = written(&["first", "second"]);
    let care = world.space(SpaceKind::Care);
    let second = second_phone(&mut world, 6);
    world.settle();
    // The clinic has told the patient's log by its own head; the second phone gets less.
    let log = world.phone.with(|v| v.own_log(care).unwrap().log);
    world.api.bend(on_pull(care, move |page| {
        page.runs.retain(|bytes| {
            Run::from_bytes(bytes)
                .unwrap()
                .claimed_head()
                .unwrap()
                .log()
                != log
        });
    }));
    for _ in 0..2 {
        let report = second.round(&mut world.api).unwrap();
        assert_eq!(report.alarms, [Alarm::Withheld(care, log)]);
        assert_eq!(second.companion.journal().count().unwrap(), 0);
    }
    world.api.be_honest();
    let report = second.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    assert_eq!(second.companion.journal().count().unwrap(), 2);
}

#[test]
fn an_older_chain_is_served() {
    let world_chains = |world: &World| {
        [
            world.roster,
            world.chain,
            world.space(SpaceKind::Care).into(),
            world.space(SpaceKind::Private).into(),
        ]
    };
    let count = world_chains(&World::settled()).len();
    for at in 0..count {
        let mut world = written(&["one"]);
        let chain = world_chains(&world)[at];
        // One statement fewer than was shown before; none at all for a chain of one.
        let kept = world.api.chains.get_mut(&chain).unwrap();
        kept.pop();
        if kept.is_empty() {
            world.api.chains.remove(&chain);
        }
        let report = world.phone.round(&mut world.api).unwrap();
        assert!(
            report.alarms.contains(&Alarm::ChainForked(chain)),
            "chain {at}: {:?}",
            report.alarms
        );
        assert_eq!(world.phone.companion.journal().count().unwrap(), 1);
    }
}

/// Two successors of one statement: what was verified first stays.
#[test]
fn a_chain_is_forked() {
    let mut world = written(&["one"]);
    let care = world.space(SpaceKind::Care);
    let other = World::settled();
    // The last statement is another than the one that was shown before.
    let mut last = world.api.chains[&world.chain].last().unwrap().clone();
    let at = last.len() - 100;
    last[at] ^= 1;
    *world
        .api
        .chains
        .get_mut(&world.chain)
        .unwrap()
        .last_mut()
        .unwrap() = last;
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::ChainForked(world.chain)]);
    // A statement of somebody else's chain where the next should be.
    let mut world = written(&["two"]);
    let foreign = other.api.chains[&other.chain].last().unwrap().clone();
    world
        .api
        .chains
        .get_mut(&world.chain)
        .unwrap()
        .push(foreign);
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::ChainInvalid(world.chain)]);
    // An epoch of another space.
    let mut world = written(&["three"]);
    let foreign = world.api.chains[&world.space(SpaceKind::Private).into()][0].clone();
    world
        .api
        .chains
        .get_mut(&care.into())
        .unwrap()
        .push(foreign);
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::ChainInvalid(care.into())]);
}

#[test]
fn runs_of_another_space_are_served() {
    let mut world = written(&["for care"]);
    world
        .phone
        .companion
        .journal()
        .record(&noted("private", START), Some(false))
        .unwrap();
    world.phone.round(&mut world.api).unwrap();
    let (care, private) = (
        world.space(SpaceKind::Care),
        world.space(SpaceKind::Private),
    );
    let swapped: Vec<Vec<u8>> = world.api.logs[&private]
        .values()
        .flatten()
        .cloned()
        .collect();
    assert!(!swapped.is_empty());
    world.api.bend(on_pull(care, move |page| {
        page.runs = swapped.iter().map(|b| b.clone().into()).collect();
    }));
    let report = world.desk.round(&mut world.api).unwrap();
    assert!(
        report
            .alarms
            .iter()
            .all(|a| matches!(a, Alarm::RunInvalid(s, _) if *s == care))
            && !report.alarms.is_empty(),
        "{:?}",
        report.alarms
    );
    assert_eq!(world.read_by_clinic(), Vec::<String>::new());
    let aside = world.desk.with(|v| v.all_aside().unwrap());
    assert_eq!(aside.len(), 1);
    assert_eq!(
        (aside[0].space, aside[0].reason.as_str()),
        (care, "run-invalid")
    );
}

#[test]
fn another_patients_runs_are_served() {
    let mut world = written(&["mine"]);
    let mut other = World::of(101, 102);
    other.settle();
    other
        .phone
        .companion
        .journal()
        .record(&noted("somebody else's", START), Some(true))
        .unwrap();
    other.settle();
    let care = world.space(SpaceKind::Care);
    let foreign: Vec<Vec<u8>> = other.api.logs[&other.space(SpaceKind::Care)]
        .values()
        .flatten()
        .cloned()
        .collect();
    world.api.bend(on_pull(care, move |page| {
        page.runs.extend(foreign.iter().map(|b| b.clone().into()));
    }));
    let report = world.desk.round(&mut world.api).unwrap();
    assert!(
        report
            .alarms
            .contains(&Alarm::UnknownDevice(care, other.phone.id))
    );
    assert_eq!(world.read_by_clinic(), ["mine"]);
}

#[test]
fn a_log_of_a_device_that_is_in_no_chain() {
    for beat in [1, 2, u64::MAX] {
        by_a_stranger(beat);
    }
}

fn by_a_stranger(beat: u64) {
    let mut world = written(&["mine"]);
    let care = world.space(SpaceKind::Care);
    let stranger = crate::support::world::Device::new(66);
    let bytes = stranger.with(|v| {
        let device = v.device().unwrap();
        let cites = clinic_api::log::Cites {
            epoch: clinic_api::id::StatementHash([1; 32]),
            patient: clinic_api::id::StatementHash([1; 32]),
            roster: clinic_api::id::StatementHash([1; 32]),
        };
        let head = clinic_api::log::Head {
            version: wire::VERSION,
            suite: wire::SUITE,
            space: care,
            device: device.id(),
            nonce: [5; 16],
            beat,
            previous: None,
            number: u64::MAX,
            header: clinic_api::id::HeaderHash::NONE,
            seen: Vec::new(),
            patient: cites.patient,
            roster: cites.roster,
            at: 0,
            epoch: cites.epoch,
            bulletin: None,
        };
        Run::new(Vec::new(), &head, |b| device.log().sign(b)).to_bytes()
    });
    world.api.bend(on_pull(care, move |page| {
        page.runs.push(bytes.clone().into())
    }));
    let report = world.desk.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::UnknownDevice(care, stranger.id)]);
    assert_eq!(world.read_by_clinic(), ["mine"]);
}

#[test]
fn runs_repeated_and_out_of_order_come_to_the_same() {
    let mut world = written(&["a", "b", "c", "d"]);
    let care = world.space(SpaceKind::Care);
    world.api.bend(on_pull(care, |page| {
        let twice: Vec<_> = page
            .runs
            .iter()
            .flat_map(|r| [r.clone(), r.clone()])
            .collect();
        page.runs = twice;
    }));
    let report = world.desk.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    assert_eq!(world.read_by_clinic(), ["a", "b", "c", "d"]);

    // Last first: what has a gap before it waits, named, and comes in by later rounds.
    let mut world = written(&["a", "b", "c", "d"]);
    world.api.bend(on_pull(care, |page| page.runs.reverse()));
    let report = world.desk.round(&mut world.api).unwrap();
    assert!(matches!(report.alarms.as_slice(), [Alarm::RunInvalid(s, _)] if *s == care));
    assert_eq!(world.read_by_clinic(), Vec::<String>::new());
    world.api.be_honest();
    world.settle();
    assert_eq!(world.read_by_clinic(), ["a", "b", "c", "d"]);
}

#[test]
fn more_forever_ends() {
    let mut world = written(&["a", "b"]);
    let care = world.space(SpaceKind::Care);
    let pages = Rc::new(RefCell::new(0));
    let count = Rc::clone(&pages);
    world.api.bend(on_pull(care, move |page| {
        page.more = true;
        *count.borrow_mut() += 1;
        assert!(*count.borrow() < 20, "it asks forever");
    }));
    world.desk.round(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["a", "b"]);
    // And of a chain.
    let chains = Rc::new(RefCell::new(0));
    let count = Rc::clone(&chains);
    world.api.bend(move |request, reply| match reply {
        Reply::Ok(body) if request.path.starts_with("/v1/chains/") && request.method == "GET" => {
            let mut page: ChainPage = wire::decode(&body).unwrap();
            page.more = true;
            *count.borrow_mut() += 1;
            assert!(*count.borrow() < 60, "it asks forever");
            Reply::Ok(wire::encode(&page))
        }
        other => other,
    });
    world.desk.round(&mut world.api).unwrap();
}

/// A log that fails, longer than a page, must not starve the logs behind it.
#[test]
fn a_bad_log_keeps_nobody_else_waiting() {
    let mut world = World::settled();
    let care = world.space(SpaceKind::Care);
    let second = second_phone(&mut world, 6);
    world.settle();
    second.round(&mut world.api).unwrap();
    // Both phones write; whichever log is served first is bent at its beginning.
    for n in 0..4 {
        for phone in [&world.phone, &second] {
            let note = format!("{n}");
            phone
                .companion
                .journal()
                .record(&noted(&note, START), Some(true))
                .unwrap();
            phone.round(&mut world.api).unwrap();
        }
    }
    let own = [&world.phone, &second].map(|d| d.with(|v| v.own_log(care).unwrap().log));
    let first = own.into_iter().min().unwrap();
    let known = world.desk.with(|v| {
        v.log(care, first)
            .unwrap()
            .and_then(|l| l.tip)
            .map_or(0, |t| t.beat)
    });
    let run = &mut world
        .api
        .logs
        .get_mut(&care)
        .unwrap()
        .get_mut(&first)
        .unwrap()[usize::try_from(known).unwrap()];
    let at = run.len() - 5;
    run[at] ^= 1;
    world.api.page = 1;
    let report = world.desk.round(&mut world.api).unwrap();
    assert!(report.alarms.contains(&Alarm::RunInvalid(care, first)));
    assert_eq!(world.read_by_clinic(), ["0", "1", "2", "3"]);
}

#[test]
fn refusals_end_the_round_with_their_code_and_keep_everything() {
    use companion_core::sync::SyncError;
    let mut world = World::settled();
    world
        .phone
        .companion
        .journal()
        .record(&noted("kept", START), Some(true))
        .unwrap();
    for code in Code::ALL {
        let code = *code;
        world
            .api
            .bend(move |_, _| Reply::Problem(Problem::new(code)));
        let expected = if code == Code::DeviceRemoved {
            SyncError::Removed
        } else {
            SyncError::Refused(code)
        };
        assert_eq!(world.phone.round(&mut world.api).unwrap_err(), expected);
        assert_eq!(world.phone.companion.sync().unsent().unwrap(), 1);
    }
    world.api.be_honest();
    world.settle();
    assert_eq!(world.read_by_clinic(), ["kept"]);
}

/// A server that conflicts with everything must not make the device start logs without end.
#[test]
fn conflict_forever_ends() {
    let mut world = World::settled();
    world
        .phone
        .companion
        .journal()
        .record(&noted("kept", START), Some(true))
        .unwrap();
    let care = world.space(SpaceKind::Care);
    for code in [Code::RunConflict, Code::RunGap, Code::ChainConflict] {
        world.api.bend(move |request, reply| {
            if request.method == "POST" && !request.path.ends_with("/pull") {
                Reply::Problem(Problem::new(code))
            } else {
                reply
            }
        });
        assert!(world.phone.round(&mut world.api).is_err());
    }
    world.api.be_honest();
    world.settle();
    assert_eq!(world.read_by_clinic(), ["kept"]);
    let logs = world.phone.with(|v| v.logs(care).unwrap());
    assert!(logs.len() < 8, "{} logs", logs.len());
}

/// The log still verifies by its headers; that something was left out is named all the same.
#[test]
fn a_body_is_left_out() {
    let mut world = written(&["left out"]);
    let care = world.space(SpaceKind::Care);
    let phone = world.phone.id;
    world.api.bend(on_pull(care, move |page| {
        for bytes in &mut page.runs {
            let mut run = Run::from_bytes(bytes).unwrap();
            if run.claimed_head().unwrap().device != phone {
                continue;
            }
            for item in &mut run.items {
                if let Item::Body(body) = item {
                    *item = Item::Erased(Header::content_of(body));
                }
            }
            *bytes = run.to_bytes().into();
        }
    }));
    let log = world.phone.with(|v| v.own_log(care).unwrap()).log;
    let report = world.desk.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::BodyMissing(care, log)]);
    assert_eq!(world.read_by_clinic(), Vec::<String>::new());
}
