//! The root key's own kit of 24 words.

use clinic_api::member::Role;
use companion_core::space::keys::{RootSecret, Seed};
use companion_core::space::words24::{Words, WordsError, parse};
use companion_core::sync::{RosterChange, StaffError};

use super::house::{change, hired};
use crate::support::world::World;

#[test]
fn the_words_are_the_root() {
    let world = World::settled();
    let staff = world.desk.companion.staff();
    let before = staff.root_kit().unwrap();
    assert!(before.root_here);
    assert_eq!((before.made_ms, before.checked_ms), (None, None));
    let words = staff.make_root_kit().unwrap();
    let root = RootSecret::new(parse(&words.text()).unwrap()).unwrap();
    let (fingerprint, ..) = world.desk.companion.office().identity().unwrap().unwrap();
    assert_eq!(root.id(), fingerprint);
    staff.check_root_kit(&words.text().to_uppercase()).unwrap();
    let after = staff.root_kit().unwrap();
    assert!(after.made_ms.is_some() && after.checked_ms.is_some());
}

#[test]
fn the_root_leaves_a_workstation_only_after_a_check_and_comes_back_by_the_words() {
    let mut world = World::settled();
    let (_, person) = hired(&mut world, 7, Role::FrontDesk);
    let staff = world.desk.companion.staff();
    let words = staff.make_root_kit().unwrap().text();
    assert_eq!(staff.forget_root().unwrap_err(), StaffError::NotChecked);
    let other = Words::of(&Seed::new([7; 32])).text();
    assert_eq!(
        staff.check_root_kit(&other).unwrap_err(),
        StaffError::OtherRoot
    );
    assert_eq!(staff.forget_root().unwrap_err(), StaffError::NotChecked);
    staff.check_root_kit(&words).unwrap();
    staff.forget_root().unwrap();

    // It is gone, also after a restart.
    drop(staff);
    let desk = world.desk.restart();
    let staff = desk.companion.staff();
    assert!(!staff.root_kit().unwrap().root_here);
    assert_eq!(staff.make_root_kit().err(), Some(StaffError::NoRoot));
    let removal = RosterChange::RemovePerson { person };
    let refused = change(&desk, &mut world.api, removal.clone());
    assert_eq!(refused.unwrap_err(), StaffError::NoRoot);

    staff.restore_root(&words).unwrap();
    change(&desk, &mut world.api, removal).unwrap();
    assert_eq!(staff.people().unwrap().all[1].role, None);
}

#[test]
fn the_root_goes_to_administrators_alone() {
    let mut world = World::settled();
    let words = world.desk.companion.staff().make_root_kit().unwrap().text();
    let (front, _) = hired(&mut world, 7, Role::FrontDesk);
    let (doctor, _) = hired(&mut world, 8, Role::Clinician);
    let restore =
        |device: &crate::support::world::Device| device.companion.staff().restore_root(&words);
    assert_eq!(restore(&front).unwrap_err(), StaffError::NotAdministrator);
    // As long as there is no administrator, the care team runs the clinic.
    restore(&doctor).unwrap();
    let (admin, _) = hired(&mut world, 9, Role::Administrator);
    restore(&admin).unwrap();
    let (late, _) = hired(&mut world, 10, Role::Clinician);
    assert_eq!(restore(&late).unwrap_err(), StaffError::NotAdministrator);
}

#[test]
fn mistyped_words_are_named_by_their_place() {
    let world = World::settled();
    let staff = world.desk.companion.staff();
    let words = staff.make_root_kit().unwrap().text();
    let fewer = words.rsplit_once(' ').unwrap().0;
    assert_eq!(
        staff.check_root_kit(fewer).unwrap_err(),
        StaffError::Words(WordsError::Count { found: 23 })
    );
    let unknown = words.replacen(words.split(' ').nth(2).unwrap(), "xylophonist", 1);
    let error = staff.check_root_kit(&unknown).unwrap_err();
    assert!(matches!(
        error,
        StaffError::Words(WordsError::Unknown { .. })
    ));
    assert!(!format!("{error:?} {error}").contains("xyloph"));
}
