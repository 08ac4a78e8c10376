//! What a removed device wrote beyond the last head that counts, for readers who had it already.

use clinic_api::member::Role;
use clinic_api::space::SpaceKind;
use companion_core::sync::Alarm;
use companion_core::vault::Judgement;

use crate::support::world::{Device, World, hire, put_out, second_phone};
use crate::support::{START, noted};

/// A second phone that wrote "counts", which everybody has, and then "beyond", which the clinic
/// has and the first phone has not.
fn with_a_lost_phone() -> (World, Device) {
    let mut world = World::settled();
    let lost = second_phone(&mut world, 9);
    world.settle();
    lost.round(&mut world.api).unwrap();
    write(&lost, "counts");
    lost.round(&mut world.api).unwrap();
    world.settle();
    write(&lost, "beyond");
    lost.round(&mut world.api).unwrap();
    world.desk.round(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["beyond", "counts"]);
    (world, lost)
}

fn write(device: &Device, note: &str) {
    let journal = device.companion.journal();
    journal.record(&noted(note, START), Some(true)).unwrap();
}

#[test]
fn a_removal_takes_back_what_a_reader_had_applied() {
    let (mut world, lost) = with_a_lost_phone();
    put_out(&mut world, lost.id);
    world.desk.round(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["counts"]);
    let care = world.space(SpaceKind::Care);
    let kept = world.desk.with(|v| v.unapplied().unwrap());
    assert_eq!(kept, [(care, lost.id, Judgement::AfterRemoval, 1)]);
    // A rebuild comes to the same, and so does who pulls only now.
    world.desk.with(|v| v.rebuild_views().unwrap());
    assert_eq!(world.read_by_clinic(), ["counts"]);
    let (new, _) = hire(&mut world, 7, Role::Clinician);
    let report = new.round(&mut world.api).unwrap();
    let log = lost.with(|v| v.own_log(care).unwrap().log);
    assert_eq!(report.alarms, [Alarm::AfterRemoval(care, log)]);
    let entries = new
        .companion
        .care()
        .entries(world.chain, i64::MIN, i64::MAX, 10);
    let notes: Vec<_> = entries
        .unwrap()
        .into_iter()
        .map(|e| e.mood.note.unwrap())
        .collect();
    assert_eq!(notes, ["counts"]);
}

#[test]
fn what_is_on_the_removed_device_stays_on_it() {
    let (mut world, lost) = with_a_lost_phone();
    put_out(&mut world, lost.id);
    let statements = world.phone.with(|v| v.statements(world.chain).unwrap());
    // It learns of its removal, by whatever way.
    lost.with(|v| {
        let next = statements.last().unwrap();
        v.extend_patient(world.chain, next).unwrap().unwrap();
        v.rebuild_views().unwrap();
    });
    assert_eq!(lost.companion.journal().count().unwrap(), 2);
}
