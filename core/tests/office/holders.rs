//! Two workstations that hold the root, and one that holds it without being of the care team.

use clinic_api::member::Role;
use companion_core::sync::{Next, RosterAct, RosterChange};

use super::house::{change, hired, notes, run};
use crate::support::world::{Device, World};
use crate::support::{START, noted};

/// An administrator at a second workstation, with the root brought there by its kit.
fn administrator(world: &mut World) -> Device {
    let (second, _) = hired(world, 6, Role::Administrator);
    second.round(&mut world.api).unwrap();
    let words = world.desk.companion.staff().make_root_kit().unwrap();
    second
        .companion
        .staff()
        .restore_root(&words.text())
        .unwrap();
    second
}

#[test]
fn another_holder_in_between_makes_it_look_again() {
    let mut world = World::settled();
    let (_, person) = hired(&mut world, 7, Role::Clinician);
    let second = administrator(&mut world);
    // The first has removed somebody, and not yet issued the keys.
    let removal = RosterChange::RemovePerson { person };
    let mut act = world.desk.with(|v| RosterAct::new(v, removal)).unwrap();
    for _ in 0..2 {
        let Next::Send(request) = world.desk.with(|v| act.next(v)).unwrap() else {
            panic!("more is to be sent");
        };
        let reply = world.api.serve(world.desk.id, &request);
        world.desk.with(|v| act.receive(v, reply)).unwrap();
    }
    super::house::person(&second, &mut world.api, 8, Role::FrontDesk);
    run(&world.desk, &mut world.api, &mut act).unwrap();
    let people = world.desk.companion.staff().people().unwrap();
    assert_eq!((people.unfinished, people.keys_due), (false, vec![]));
    let roles: Vec<_> = people.all.iter().map(|p| p.role).collect();
    assert_eq!(
        roles,
        [
            Some(Role::Clinician),
            None,
            Some(Role::Administrator),
            Some(Role::FrontDesk)
        ]
    );
    world.settle();
    let report = second.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
}

/// An administrator can't open the care team's key, so it is issued anew without sealing the one
/// before; the epochs lead back all the same.
#[test]
fn an_administrator_adds_a_clinician_who_reads_all_history() {
    let mut world = World::settled();
    let journal = world.phone.companion.journal();
    journal
        .record(&noted("long ago", START), Some(true))
        .unwrap();
    world.settle();
    let second = administrator(&mut world);
    let person = super::house::person(&second, &mut world.api, 8, Role::Clinician);
    let roster = world.roster;
    let new = super::house::workstation(&second, &mut world.api, roster, 8, person);
    // Somebody of the care team, or a phone, has to come once.
    world.desk.round(&mut world.api).unwrap();
    let report = new.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    assert_eq!(notes(&new, world.chain), ["long ago"]);
    let report = second.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    // And goes on: who was there before reads what comes.
    journal_after(&mut world, "now");
    new.round(&mut world.api).unwrap();
    assert_eq!(notes(&new, world.chain), ["long ago", "now"]);
    assert_eq!(world.read_by_clinic(), ["long ago", "now"]);
}

fn journal_after(world: &mut World, note: &str) {
    let journal = world.phone.companion.journal();
    journal.record(&noted(note, START), Some(true)).unwrap();
    world.settle();
}

/// The founder's workstation is stolen: an administrator brings the root back and shuts it out.
#[test]
fn a_stolen_founding_workstation_is_shut_out_by_the_kit() {
    let mut world = World::settled();
    let (cover, _) = hired(&mut world, 7, Role::Clinician);
    cover.round(&mut world.api).unwrap();
    let second = administrator(&mut world);
    let stolen = world.desk.id;
    let out = RosterChange::RemoveWorkstation { device: stolen };
    change(&second, &mut world.api, out).unwrap();
    let refused = world.desk.round(&mut world.api).unwrap_err();
    assert_eq!(refused, companion_core::sync::SyncError::Removed);
    cover.round(&mut world.api).unwrap();
    world.phone.round(&mut world.api).unwrap();
    let journal = world.phone.companion.journal();
    journal
        .record(&noted("not for thieves", START), Some(true))
        .unwrap();
    for _ in 0..2 {
        world.phone.round(&mut world.api).unwrap();
        cover.round(&mut world.api).unwrap();
    }
    assert_eq!(notes(&cover, world.chain), ["not for thieves"]);
}
