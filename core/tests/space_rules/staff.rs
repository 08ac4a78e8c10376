//! By which statement a workstation left a team.

use clinic_api::chain::roster::{Roster, RosterStep};
use clinic_api::id::{DeviceId, PersonId};
use clinic_api::member::{Role, Team};
use companion_core::space::clinic;

use super::vectors::fixed;
use super::vectors::world::World;

/// Everybody is in; the next statement is number 9.
fn all_in(world: &World) -> Roster {
    let mut roster = Roster::found(&world.roster_statements[0]).unwrap();
    for next in &world.roster_statements[1..9] {
        roster.append(next).unwrap();
    }
    roster
}

fn say(world: &World, roster: &mut Roster, step: RosterStep) {
    let env = fixed::env("staff");
    let next = clinic::sign(&env, &world.root, Some(roster.tip()), step);
    roster.append(&next).unwrap();
}

fn person(roster: &Roster, device: DeviceId) -> PersonId {
    roster.workstation(device).unwrap().person
}

fn left(roster: &Roster, device: DeviceId) -> [Option<u64>; 2] {
    [Team::Care, Team::Front].map(|team| roster.left_team(device, team))
}

#[test]
fn who_is_in_left_nothing_and_neither_did_who_never_was() {
    let world = World::new();
    let roster = all_in(&world);
    for device in [&world.anna, &world.ben, &world.desk, &world.phone] {
        assert_eq!(left(&roster, device.id()), [None, None]);
    }
}

#[test]
fn a_workstation_that_is_put_out_leaves_all_its_teams() {
    let world = World::new();
    assert_eq!(left(&world.roster, world.ben.id()), [Some(9), Some(9)]);
    let mut roster = all_in(&world);
    let device = world.desk.id();
    say(
        &world,
        &mut roster,
        RosterStep::WorkstationRemoved { device },
    );
    assert_eq!(left(&roster, device), [None, Some(9)]);
}

#[test]
fn a_person_who_leaves_takes_their_workstation_along() {
    let world = World::new();
    let mut roster = all_in(&world);
    let person = person(&roster, world.ben.id());
    say(&world, &mut roster, RosterStep::PersonRemoved { person });
    assert_eq!(left(&roster, world.ben.id()), [Some(9), Some(9)]);
}

#[test]
fn another_role_leaves_the_teams_that_do_not_include_it() {
    let world = World::new();
    let mut roster = all_in(&world);
    let device = world.ben.id();
    let person = person(&roster, device);
    let roles = [
        (Role::FrontDesk, [Some(9), None]),
        (Role::Administrator, [Some(9), None]),
        (Role::Clinician, [None, None]),
        (Role::FrontDesk, [Some(12), None]),
    ];
    for (role, due) in roles {
        say(
            &world,
            &mut roster,
            RosterStep::RoleChanged { person, role },
        );
        assert_eq!(left(&roster, device), due, "{role:?}");
    }
    // Put out later: what was left before stays as it was.
    say(
        &world,
        &mut roster,
        RosterStep::WorkstationRemoved { device },
    );
    assert_eq!(left(&roster, device), [Some(12), Some(13)]);
    let role = Role::Clinician;
    say(
        &world,
        &mut roster,
        RosterStep::RoleChanged { person, role },
    );
    assert_eq!(left(&roster, device), [Some(12), Some(13)], "not its own");
}
