//! What the care team and the front desk do, at a workstation of a founded clinic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

#[path = "../support/mod.rs"]
mod support;

use clinic_api::id::ChainId;
use companion_core::care::{ReviewState, ReviewedVersion};
use companion_core::event::EntryId;
use companion_core::front::FrontError;
use companion_core::journal::JournalError;
use companion_core::problem::{Kind, Problem};
use companion_core::space::authority::Author;
use companion_core::vault::VaultError;
use support::world::World;
use support::{DAY, START, noted};

/// A patient's entry that the clinic has.
fn with_entry() -> (World, EntryId) {
    let mut world = World::settled();
    let id = world
        .phone
        .companion
        .journal()
        .record(&noted("first", START), Some(true))
        .unwrap();
    world.settle();
    (world, id)
}

#[test]
fn a_review_is_of_a_version_and_an_edit_is_a_new_one_to_review() {
    let (mut world, id) = with_entry();
    let care = world.desk.companion.care();
    let before = care.entries(world.chain, 0, i64::MAX, 9).unwrap()[0].version;
    let first = ReviewedVersion {
        entry: id,
        version: before,
    };
    let nobodys = ReviewedVersion {
        entry: EntryId([0; 16]),
        version: before,
    };
    assert_eq!(
        care.review(world.chain, &[first], ReviewState::Reviewed)
            .unwrap(),
        1
    );
    world.desk.clock.advance(1_000);
    assert_eq!(
        care.review(world.chain, &[first], ReviewState::Incorporated)
            .unwrap(),
        1
    );
    world
        .phone
        .companion
        .journal()
        .edit(id, &noted("second", START))
        .unwrap();
    world.settle();
    let now = care.entries(world.chain, 0, i64::MAX, 9).unwrap()[0].version;
    assert_ne!(now, before);
    let reviews = care.reviews(world.chain).unwrap();
    assert_eq!(
        reviews
            .iter()
            .map(|r| (r.version, r.state, r.at_ms))
            .collect::<Vec<_>>(),
        [
            (before, ReviewState::Incorporated, START + 1_000),
            (before, ReviewState::Reviewed, START)
        ]
    );
    // What isn't there, or no longer shared, can't be reviewed.
    assert_eq!(
        care.review(world.chain, &[nobodys], ReviewState::Reviewed)
            .unwrap(),
        0
    );
    world.phone.companion.journal().unshare(id).unwrap();
    world.settle();
    assert_eq!(
        care.review(world.chain, &[first], ReviewState::Reviewed)
            .unwrap(),
        0
    );
    assert_eq!(care.entries(world.chain, 0, i64::MAX, 9).unwrap(), []);
    assert_eq!(
        care.reviews(world.chain).unwrap().len(),
        2,
        "what was read stays read"
    );
}

#[test]
fn reading_leaves_one_trace() {
    let (world, id) = with_entry();
    let care = world.desk.companion.care();
    assert_eq!(care.note_reading(world.chain, &[id, id]).unwrap(), 1);
    world.desk.clock.advance(DAY);
    assert_eq!(care.note_reading(world.chain, &[id]).unwrap(), 0);
    let readings = care.readings(world.chain).unwrap();
    assert_eq!(readings.len(), 1);
    assert_eq!(
        (readings[0].device, readings[0].at_ms),
        (world.desk.id, START)
    );
}

#[test]
fn readers_are_the_care_team_by_name() {
    let mut world = World::settled();
    support::world::hire(&mut world, 7, clinic_api::member::Role::Clinician);
    support::world::hire(&mut world, 8, clinic_api::member::Role::FrontDesk);
    world.settle();
    let names: Vec<String> = world
        .phone
        .companion
        .care()
        .readers(world.chain)
        .unwrap()
        .into_iter()
        .map(|r| r.name)
        .collect();
    assert_eq!(names, ["Dr. Adler", "Colleague 7"]);
}

#[test]
fn silence_is_told_by_the_last_head() {
    let (mut world, _) = with_entry();
    let care = world.desk.companion.care();
    assert_eq!(care.last_heard_ms(world.chain).unwrap(), Some(START));
    world.phone.clock.advance(9 * DAY);
    world
        .phone
        .companion
        .journal()
        .record(&noted("x", START), Some(true))
        .unwrap();
    world.settle();
    assert_eq!(
        care.last_heard_ms(world.chain).unwrap(),
        Some(START + 9 * DAY)
    );
    let stranger = ChainId([1; 32]);
    assert_eq!(
        care.last_heard_ms(stranger).unwrap_err(),
        VaultError::NotSetUp
    );
    assert_eq!(
        care.entries(stranger, 0, 1, 1).unwrap_err(),
        VaultError::NotSetUp
    );
}

#[test]
fn admitting_takes_a_name_and_a_day_of_birth_that_can_be() {
    let world = World::new();
    let front = world.desk.companion.front();
    let admit =
        |name: &str, born: &str| front.admit(Author::Clinician, ChainId([5; 32]), name, born);
    for name in ["", "  ", "a\u{7}b", "one\ntwo", &"x".repeat(201)] {
        assert_eq!(admit(name, "1990-01-01").unwrap_err(), FrontError::Name);
    }
    // The workstation's clock stands at 2026-03-02.
    for born in [
        "",
        "1990",
        "1990-02-30",
        "2026-03-03",
        "1899-12-31",
        "01.02.1990",
        "1990-01-01x",
    ] {
        let error = admit("Sam", born).unwrap_err();
        assert_eq!(error, FrontError::BirthDate, "{born}");
        assert_eq!(Problem::from(error).kind, Kind::Input);
    }
    for (name, born) in [
        ("x".repeat(200).as_str(), "1900-01-01"),
        (" O'Brien; DROP TABLE ", "2026-03-02"),
    ] {
        admit(name, born).unwrap();
    }
    // The last word on a patient counts, and hostile text comes back as it was.
    let all = front.patients().unwrap();
    let sam = all.iter().find(|p| p.chain == ChainId([5; 32])).unwrap();
    assert_eq!(
        (sam.name.as_str(), sam.birth_date.as_str()),
        ("O'Brien; DROP TABLE", "2026-03-02")
    );
    assert_eq!(all.len(), 2);
    assert_eq!(format!("{all:?}"), "[Patient(..), Patient(..)]");
}

#[test]
fn a_workstation_writes_no_entries() {
    let (world, id) = with_entry();
    let journal = world.desk.companion.journal();
    let record = journal
        .record(&noted("not mine", START), Some(true))
        .unwrap_err();
    assert_eq!(record, JournalError::Vault(VaultError::NotAllowed));
    let edit = journal.edit(id, &noted("bent", START)).unwrap_err();
    assert_eq!(edit, JournalError::Vault(VaultError::NotAllowed));
    assert_eq!(world.read_by_clinic(), ["first"]);
    // A clinician who says that they are the front desk is not believed either.
    let error = world
        .desk
        .companion
        .front()
        .admit(Author::FrontDesk, ChainId([5; 32]), "Sam", "1990-01-01")
        .unwrap_err();
    assert_eq!(error, FrontError::Vault(VaultError::NotAllowed));
}
