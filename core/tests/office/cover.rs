//! Holiday cover: people come and go while patients' phones are off.

use clinic_api::member::Role;
use clinic_api::space::SpaceKind;
use companion_core::care::ReviewState;
use companion_core::sync::{RosterChange, SyncError};

use super::house::{change, hired, notes, opens_last};
use crate::support::world::{World, present};
use crate::support::{START, noted};

/// A clinic with a patient who wrote something, and switched the phone off.
fn phone_off() -> World {
    let mut world = World::settled();
    let journal = world.phone.companion.journal();
    journal
        .record(&noted("before cover", START), Some(true))
        .unwrap();
    world.settle();
    world
}

#[test]
fn who_covers_reads_all_history_while_phones_are_off() {
    let mut world = phone_off();
    let (cover, _) = hired(&mut world, 7, Role::Clinician);
    let report = cover.round(&mut world.api).unwrap();
    assert_eq!((report.alarms, report.waiting), (vec![], vec![]));
    assert_eq!(notes(&cover, world.chain), ["before cover"]);
}

#[test]
fn who_was_removed_while_phones_are_off_reads_nothing_new() {
    let mut world = phone_off();
    let (cover, person) = hired(&mut world, 7, Role::Clinician);
    cover.round(&mut world.api).unwrap();
    change(
        &world.desk,
        &mut world.api,
        RosterChange::RemovePerson { person },
    )
    .unwrap();
    // The phone is still off: the clinic's workstation writes all epochs.
    world.desk.round(&mut world.api).unwrap();
    for kind in [
        SpaceKind::Care,
        SpaceKind::Desk,
        SpaceKind::Front,
        SpaceKind::Clinic,
    ] {
        assert!(opens_last(&world, &world.desk, kind), "{kind:?}");
        assert!(!opens_last(&world, &cover, kind), "{kind:?}");
    }
    assert_eq!(cover.round(&mut world.api).unwrap_err(), SyncError::Removed);
    // It comes on again, and everybody who is in goes on.
    let journal = world.phone.companion.journal();
    let entry = journal
        .record(&noted("after cover", START), Some(true))
        .unwrap();
    world.settle();
    assert_eq!(world.read_by_clinic(), ["after cover", "before cover"]);
    let version = present(&world, entry);
    let care = world.desk.companion.care();
    care.review(world.chain, &[version], ReviewState::Reviewed)
        .unwrap();
    world.settle();
    let reviews = world.phone.companion.care().reviews(world.chain).unwrap();
    assert_eq!(reviews.len(), 1);
}

#[test]
fn a_lost_workstation_is_put_out_and_its_person_stays() {
    let mut world = phone_off();
    let (lost, person) = hired(&mut world, 7, Role::Clinician);
    lost.round(&mut world.api).unwrap();
    let desk = &world.desk;
    let out = RosterChange::RemoveWorkstation { device: lost.id };
    change(desk, &mut world.api, out).unwrap();
    world.desk.round(&mut world.api).unwrap();
    assert_eq!(lost.round(&mut world.api).unwrap_err(), SyncError::Removed);
    assert!(!opens_last(&world, &lost, SpaceKind::Care));
    let roster = world.roster;
    let new = super::house::workstation(&world.desk, &mut world.api, roster, 8, person);
    new.round(&mut world.api).unwrap();
    assert_eq!(notes(&new, world.chain), ["before cover"]);
}

#[test]
fn the_front_desk_that_becomes_a_clinician_reads_all_history() {
    let mut world = phone_off();
    let (moved, person) = hired(&mut world, 7, Role::FrontDesk);
    moved.round(&mut world.api).unwrap();
    let role = Role::Clinician;
    let promoted = RosterChange::ChangeRole { person, role };
    change(&world.desk, &mut world.api, promoted).unwrap();
    // Nobody else was there since: whoever was promoted writes the epochs that open for them, or
    // the team's keys before lead to the ones that stand.
    let report = moved.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    assert_eq!(notes(&moved, world.chain), ["before cover"]);
    assert!(opens_last(&world, &world.desk, SpaceKind::Care));
}

#[test]
fn a_clinician_who_becomes_the_front_desk_syncs_on_and_reads_nothing_new() {
    let mut world = phone_off();
    let (moved, person) = hired(&mut world, 7, Role::Clinician);
    moved.round(&mut world.api).unwrap();
    let role = Role::FrontDesk;
    let change_role = RosterChange::ChangeRole { person, role };
    change(&world.desk, &mut world.api, change_role).unwrap();
    world.desk.round(&mut world.api).unwrap();
    let report = moved.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    for (kind, opens) in [
        (SpaceKind::Care, false),
        (SpaceKind::Clinic, false),
        (SpaceKind::Desk, true),
        (SpaceKind::Front, true),
    ] {
        assert_eq!(opens_last(&world, &moved, kind), opens, "{kind:?}");
    }
}
