//! In what quality a device wrote, by what its frame cites.

use clinic_api::chain::epoch::Parties;
use clinic_api::id::{DeviceId, StatementHash};
use clinic_api::log::Cites;
use clinic_api::space::SpaceKind;
use companion_core::space::authority::{Author, author_at};

use super::vectors::fixed;
use super::vectors::world::World;

const NONE: StatementHash = StatementHash::NONE;
/// Roster statements: all workstations are in after 8, Ben's is out after 9.
const ALL_IN: usize = 8;
/// Patient statements: the tablet is in after 2, out after 4.
const TABLET_IN: usize = 2;

fn ask(
    world: &World,
    kind: SpaceKind,
    device: DeviceId,
    patient: Option<usize>,
    roster: Option<usize>,
) -> Option<Author> {
    let parties = Parties {
        kind,
        patient: Some(&world.patient),
        roster: Some(&world.roster),
    };
    let cites = Cites {
        epoch: NONE,
        patient: patient.map_or(NONE, |n| world.patient_statements[n].hash()),
        roster: roster.map_or(NONE, |n| world.roster_statements[n].hash()),
    };
    author_at(parties, device, &cites)
}

#[test]
fn the_cited_place_decides_who_was_in() {
    let world = World::new();
    let tablet = world.tablet.id();
    let private = |n| ask(&world, SpaceKind::Private, tablet, Some(n), None);
    let found: Vec<_> = (0..5).map(private).collect();
    let patient = Some(Author::Patient);
    assert_eq!(found, [None, None, patient, patient, None]);
    let ben = world.ben.id();
    let front = |n| ask(&world, SpaceKind::Front, ben, None, Some(n));
    let found: Vec<_> = (5..12).map(front).collect();
    let clinician = Some(Author::Clinician);
    assert_eq!(
        found,
        [None, clinician, clinician, clinician, None, None, None]
    );
}

#[test]
fn each_author_in_each_kind_of_space() {
    let world = World::new();
    let devices = [world.phone.id(), world.anna.id(), world.desk.id()];
    let (p, c, f) = (
        Some(Author::Patient),
        Some(Author::Clinician),
        Some(Author::FrontDesk),
    );
    let table = [
        (SpaceKind::Private, [p, None, None]),
        (SpaceKind::Care, [p, c, None]),
        (SpaceKind::Desk, [p, c, f]),
        (SpaceKind::Front, [None, c, f]),
        (SpaceKind::Clinic, [None, c, None]),
    ];
    for (kind, due) in table {
        let patient = kind.of_patient().then_some(TABLET_IN);
        let roster = kind.team().map(|_| ALL_IN);
        let found = devices.map(|d| ask(&world, kind, d, patient, roster));
        assert_eq!(found, due, "{kind:?}");
    }
}

#[test]
fn citations_are_just_those_of_the_space_and_known() {
    let world = World::new();
    let (phone, anna) = (world.phone.id(), world.anna.id());
    let cases = [
        (SpaceKind::Private, phone, Some(0), Some(ALL_IN)),
        (SpaceKind::Private, phone, None, None),
        (SpaceKind::Care, phone, Some(1), None),
        (SpaceKind::Care, phone, None, Some(ALL_IN)),
        (SpaceKind::Care, anna, None, Some(ALL_IN)),
        (SpaceKind::Care, phone, Some(0), Some(ALL_IN)), // before joining
        (SpaceKind::Front, anna, Some(1), Some(ALL_IN)),
        (SpaceKind::Clinic, anna, None, None),
    ];
    for (kind, device, patient, roster) in cases {
        let found = ask(&world, kind, device, patient, roster);
        assert_eq!(found, None, "{kind:?} {patient:?} {roster:?}");
    }
    let parties = world.parties(1);
    let mut cites = world.cites(1);
    cites.roster = StatementHash([7; 32]);
    assert_eq!(author_at(parties, phone, &cites), None);
}

#[test]
fn staff_of_another_clinic_are_nobody() {
    let world = World::new();
    let other = companion_core::space::clinic::found(
        &fixed::env("another clinic"),
        &world.root,
        &world.anna,
        "Elsewhere",
        "Dr. Anna Vogel",
    );
    let other = other.unwrap().roster;
    let parties = Parties {
        kind: SpaceKind::Care,
        patient: Some(&world.patient),
        roster: Some(&other),
    };
    let cites = Cites {
        epoch: NONE,
        patient: world.patient.tip().hash,
        roster: other.tip().hash,
    };
    assert_eq!(author_at(parties, world.anna.id(), &cites), None);
    assert_eq!(author_at(parties, world.phone.id(), &cites), None);
}
