//! What those hear whom a change concerns.

use clinic_api::member::Role;
use companion_core::sync::RosterChange;

use super::house::{change, hired, workstation};
use crate::support::world::{Device, World, second_phone};

fn texts(device: &Device) -> Vec<(String, bool)> {
    let told = device.companion.members().changes().unwrap();
    told.into_iter().map(|t| (t.text, t.new)).collect()
}

fn new_texts(device: &Device) -> Vec<String> {
    let told = device.companion.members().new_changes().unwrap();
    told.into_iter().map(|t| t.text).collect()
}

const JOINED: &str = "You joined Clinic. Its care team can read what you share; its front desk can see who you \
     are and your appointments.";
const LEE: &str =
    "Colleague 7 joined the care team and can read what you share, all of it since you joined.";

#[test]
fn a_patient_is_told_of_everybody_who_comes_and_goes() {
    let mut world = World::settled();
    assert_eq!(texts(&world.phone), [(JOINED.to_owned(), false)]);
    let (_, person) = hired(&mut world, 7, Role::Clinician);
    // Not before it was heard of.
    assert_eq!(texts(&world.phone), [(JOINED.to_owned(), false)]);
    world.phone.round(&mut world.api).unwrap();
    assert_eq!(new_texts(&world.phone), [LEE]);
    // It stays new until it was shown, also after a restart; then it is there, and not new.
    world.phone = world.phone.restart();
    let members = world.phone.companion.members();
    let told = members.changes().unwrap();
    assert_eq!(new_texts(&world.phone), [LEE]);
    members.shown(&told).unwrap();
    assert_eq!(new_texts(&world.phone), [""; 0]);
    assert_eq!(texts(&world.phone).len(), 2);

    let roster = world.roster;
    workstation(&world.desk, &mut world.api, roster, 8, person);
    let role = Role::FrontDesk;
    let moved = RosterChange::ChangeRole { person, role };
    change(&world.desk, &mut world.api, moved).unwrap();
    let left = RosterChange::RemovePerson { person };
    change(&world.desk, &mut world.api, left).unwrap();
    world.phone.round(&mut world.api).unwrap();
    assert_eq!(
        new_texts(&world.phone),
        [
            "Colleague 7 has another computer at the clinic. What you share can be read there, too.",
            "Colleague 7 moved from the care team to the front desk. They can read nothing new of \
             what you share; what they have read, they have read.",
            "Colleague 7 left the clinic and can see nothing new of you.",
        ]
    );
    // The phone wrote the next epoch in that round: it is in force.
    let told = members.changes().unwrap();
    assert!(told.iter().all(|t| t.in_force_ms.is_some()), "{told:?}");
}

#[test]
fn a_removal_is_in_force_when_somebody_has_written_the_next_key() {
    let mut world = World::settled();
    let (gone, person) = hired(&mut world, 7, Role::Clinician);
    gone.round(&mut world.api).unwrap();
    world.settle();
    let left = RosterChange::RemovePerson { person };
    change(&world.desk, &mut world.api, left).unwrap();
    let last = |world: &World| {
        let told = world.desk.companion.members().changes().unwrap();
        let last = told.last().unwrap();
        (last.text.clone(), last.in_force_ms.is_some())
    };
    let text = "Colleague 7 left the clinic. All their workstations are out.".to_owned();
    assert_eq!(last(&world), (text.clone(), false));
    world.desk.round(&mut world.api).unwrap();
    assert_eq!(last(&world), (text, true));
}

#[test]
fn colleagues_are_told_and_who_came_later_not_of_what_was_before() {
    let mut world = World::settled();
    let (early, _) = hired(&mut world, 7, Role::FrontDesk);
    early.round(&mut world.api).unwrap();
    let (late, _) = hired(&mut world, 8, Role::Clinician);
    for device in [&early, &late] {
        device.round(&mut world.api).unwrap();
    }
    let added = format!(
        "A workstation of Colleague 8's was added: {}.",
        &late.id.to_string()[..8]
    );
    assert_eq!(
        new_texts(&early),
        ["Colleague 8 joined the care team.".to_owned(), added]
    );
    assert_eq!(new_texts(&late), [""; 0]);
    assert_eq!(texts(&late).len(), texts(&early).len());
}

#[test]
fn a_second_phone_is_told_to_the_patient_and_the_care_team() {
    let mut world = World::settled();
    let second = second_phone(&mut world, 9);
    world.settle();
    let id = &second.id.to_string()[..8];
    // Who added it here knows; it is on the list all the same.
    assert_eq!(new_texts(&world.phone), [""; 0]);
    let text =
        format!("A device of yours was added: {id}. It can read everything in your journal.");
    assert_eq!(texts(&world.phone)[1], (text, false));
    let told = world.desk.companion.members().changes_of(world.chain);
    let told = told.unwrap();
    assert_eq!(
        told.last().unwrap().text,
        format!("The patient added a device: {id}.")
    );
    assert!(told.last().unwrap().in_force_ms.is_some());
}
