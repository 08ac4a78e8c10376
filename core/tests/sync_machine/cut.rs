//! The machine is dropped at every step, before a request left and after its
//! reply was lost; a new one converges and nothing is there twice.

use clinic_api::space::SpaceKind;

use crate::support::world::{Cut, Device, World};
use crate::support::{START, noted};

fn fill(world: &World) {
    let journal = world.phone.companion.journal();
    for n in 0..3 {
        let note = format!("line {n}");
        journal
            .record(&noted(&note, START + n), Some(true))
            .unwrap();
    }
    journal
        .record(&noted("private", START), Some(false))
        .unwrap();
}

fn check(world: &World, at: usize, cut: Cut) {
    let context = format!("cut at {at}, {cut:?}");
    assert_eq!(
        world.read_by_clinic(),
        ["line 0", "line 1", "line 2"],
        "{context}"
    );
    assert_eq!(
        world.phone.companion.journal().count().unwrap(),
        4,
        "{context}"
    );
    assert_eq!(
        world.phone.companion.sync().unsent().unwrap(),
        0,
        "{context}"
    );
    for device in [&world.phone, &world.desk] {
        assert_eq!(device.with(|v| v.all_aside().unwrap()), [], "{context}");
        for kind in [SpaceKind::Care, SpaceKind::Private, SpaceKind::Front] {
            let events = device.with(|v| v.events(world.space(kind)).unwrap());
            let mut ids: Vec<_> = events.iter().map(|e| e.envelope.id).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), events.len(), "{context}: an event twice");
        }
    }
    // One epoch each was enough: a lost reply is not answered with another epoch.
    for kind in [SpaceKind::Private, SpaceKind::Care, SpaceKind::Desk] {
        let chain = &world.api.chains[&world.space(kind).into()];
        assert_eq!(chain.len(), 1, "{context}: {kind:?}");
    }
}

fn every_step(cut: Cut, first: impl Fn(&World) -> &Device) {
    let mut at = 1;
    loop {
        let mut world = World::new();
        fill(&world);
        let device = first(&world);
        // The borrow ends before the API is needed mutably: the device is found again below.
        let is_phone = device.id == world.phone.id;
        let (api, phone, desk) = (&mut world.api, &world.phone, &world.desk);
        let device = if is_phone { phone } else { desk };
        let (_, ended) = device.round_cut(api, at, cut).unwrap();
        if is_phone {
            world.phone = world.phone.restart();
        } else {
            world.desk = world.desk.restart();
        }
        world.settle();
        check(&world, at, cut);
        if ended {
            assert!(at > 8, "a round of {at} requests is no round");
            return;
        }
        at += 1;
    }
}

#[test]
fn of_the_patients_round_before_the_request_left() {
    every_step(Cut::BeforeSend, |w| &w.phone);
}

#[test]
fn of_the_patients_round_after_the_server_did_it() {
    every_step(Cut::ReplyLost, |w| &w.phone);
}

#[test]
fn of_the_clinics_round_before_the_request_left() {
    every_step(Cut::BeforeSend, |w| &w.desk);
}

#[test]
fn of_the_clinics_round_after_the_server_did_it() {
    every_step(Cut::ReplyLost, |w| &w.desk);
}

/// The clinic pulls what the patient wrote, cut at each step.
#[test]
fn of_the_clinics_first_pull() {
    for cut in [Cut::BeforeSend, Cut::ReplyLost] {
        let mut at = 1;
        loop {
            let mut world = World::new();
            fill(&world);
            world.desk.round(&mut world.api).unwrap();
            world.phone.round(&mut world.api).unwrap();
            world.phone.round(&mut world.api).unwrap();
            world.api.page = 1;
            let (_, ended) = world.desk.round_cut(&mut world.api, at, cut).unwrap();
            world.desk = world.desk.restart();
            world.settle();
            check(&world, at, cut);
            if ended {
                break;
            }
            at += 1;
        }
    }
}
