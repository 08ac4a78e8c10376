//! An act that is cut off anywhere, and what it refuses.

use clinic_api::bulletin::Seen;
use clinic_api::id::{BulletinHash, DeviceId, PersonId};
use clinic_api::member::{Role, Team};
use clinic_api::space::SpaceKind;
use companion_core::space::authority::Author;
use companion_core::sync::{Alarm, Next, RosterAct, RosterChange, StaffError};
use companion_core::vault::Arrived;

use super::house::{change, hired, run};
use crate::support::world::{Cut, Device, World};

/// Runs an act and drops it at its `at`-th request. Says whether it ended by itself.
fn cut_at(world: &mut World, change: RosterChange, at: usize, cut: Cut) -> bool {
    let desk = &world.desk;
    let mut act = desk.with(|v| RosterAct::new(v, change)).unwrap();
    for sent in 1.. {
        let Next::Send(request) = desk.with(|v| act.next(v)).unwrap() else {
            return true;
        };
        if sent == at && cut == Cut::BeforeSend {
            return false;
        }
        let reply = world.api.serve(desk.id, &request);
        if sent == at {
            return false;
        }
        desk.with(|v| act.receive(v, reply)).unwrap();
    }
    unreachable!()
}

fn finish(world: &mut World) {
    let unfinished = world.desk.with(RosterAct::unfinished).unwrap();
    if let Some(mut act) = unfinished {
        run(&world.desk, &mut world.api, &mut act).unwrap();
    }
}

fn restart(world: World) -> World {
    let World {
        api,
        phone,
        desk,
        chain,
        roster,
    } = world;
    World {
        api,
        phone,
        desk: desk.restart(),
        chain,
        roster,
    }
}

/// One statement says that the person leaves, and each of the two teams gets one key: no more, however often it was begun.
#[test]
fn an_act_that_is_cut_off_anywhere_is_finished_after_a_restart() {
    let mut ended = false;
    let mut at = 0;
    while !ended {
        at += 1;
        for cut in [Cut::BeforeSend, Cut::ReplyLost] {
            let mut world = World::settled();
            let (gone, person) = hired(&mut world, 7, Role::Clinician);
            gone.round(&mut world.api).unwrap();
            let before = world.api.chains[&world.roster].len();
            ended = cut_at(&mut world, RosterChange::RemovePerson { person }, at, cut);
            let mut world = restart(world);
            finish(&mut world);
            if at == 1 && !ended {
                // Nothing was known of the roster yet, so nothing was begun.
                assert_eq!(world.api.chains[&world.roster].len(), before);
                continue;
            }
            assert_eq!(
                world.api.chains[&world.roster].len(),
                before + 3,
                "{at} {cut:?}"
            );
            let people = world.desk.companion.staff().people().unwrap();
            assert_eq!((people.unfinished, people.keys_due), (false, vec![]));
            assert_eq!(people.all[1].role, None);
            world.desk.round(&mut world.api).unwrap();
        }
    }
    assert_eq!(at, 5, "a look, three statements, the end");
}

#[test]
fn what_was_begun_comes_before_anything_else() {
    let mut world = World::settled();
    let (_, person) = hired(&mut world, 7, Role::Clinician);
    let removal = RosterChange::RemovePerson { person };
    assert!(!cut_at(&mut world, removal.clone(), 3, Cut::BeforeSend));
    let people = world.desk.companion.staff().people().unwrap();
    assert!(people.unfinished);
    assert_eq!(people.keys_due, Team::ALL);
    let again = change(&world.desk, &mut world.api, RosterChange::RenewKeys);
    assert_eq!(again.unwrap_err(), StaffError::Unfinished);
    finish(&mut world);
    // Once more, it is so already.
    let before = world.api.chains[&world.roster].len();
    change(&world.desk, &mut world.api, removal).unwrap();
    assert_eq!(world.api.chains[&world.roster].len(), before);
}

#[test]
fn what_can_not_be_changes_nothing() {
    let mut world = World::settled();
    let (second, person) = hired(&mut world, 7, Role::FrontDesk);
    let founder = world.desk.companion.staff().people().unwrap().all[0].person;
    let before = world.api.chains[&world.roster].len();
    let stranger = PersonId([9; 16]);
    let role = Role::FrontDesk;
    for (wanted, refusal) in [
        (
            RosterChange::RemovePerson { person: founder },
            StaffError::Yourself,
        ),
        (
            RosterChange::RemoveWorkstation {
                device: world.desk.id,
            },
            StaffError::Yourself,
        ),
        (
            RosterChange::ChangeRole {
                person: founder,
                role,
            },
            StaffError::LastClinician,
        ),
        (
            RosterChange::ChangeRole {
                person: stranger,
                role,
            },
            StaffError::UnknownPerson,
        ),
        (
            RosterChange::RemovePerson { person: stranger },
            StaffError::UnknownPerson,
        ),
        (
            RosterChange::RemoveWorkstation {
                device: DeviceId([9; 32]),
            },
            StaffError::UnknownWorkstation,
        ),
    ] {
        let refused = change(&world.desk, &mut world.api, wanted.clone());
        assert_eq!(refused.unwrap_err(), refusal, "{wanted:?}");
        assert!(!world.desk.companion.staff().people().unwrap().unfinished);
    }
    let without_root = change(
        &second,
        &mut world.api,
        RosterChange::RemovePerson { person },
    );
    assert_eq!(without_root.unwrap_err(), StaffError::NoRoot);
    assert_eq!(world.api.chains[&world.roster].len(), before);
}

/// A new machine's consent is to one place in the roster, and no other.
#[test]
fn a_workstation_is_not_added_to_a_roster_that_it_did_not_see() {
    let mut world = World::settled();
    let person = super::house::person(&world.desk, &mut world.api, 7, Role::Clinician);
    let new = Device::new(8);
    let asked = super::house::asks(&world.desk, world.roster, &new, person);
    super::house::person(&world.desk, &mut world.api, 9, Role::FrontDesk);
    let refused = change(&world.desk, &mut world.api, asked);
    assert_eq!(refused.unwrap_err(), StaffError::Moved);
}

/// A patient can make a workstation believe that a bulletin is withheld, for good.
#[test]
fn what_looks_odd_elsewhere_keeps_nobody_in() {
    let mut world = World::settled();
    let (_, person) = hired(&mut world, 7, Role::Clinician);
    let care = world.entry(SpaceKind::Care);
    let (phone, log) = world
        .phone
        .with(|v| (v.device().unwrap().id(), v.own_log(care.space).unwrap()));
    world.desk.with(|v| {
        let seen = Seen {
            number: 1 << 40,
            hash: BulletinHash([7; 32]),
        };
        v.take(Arrived {
            space: care,
            device: phone,
            author: Some(Author::Patient),
            tip: log.tip.unwrap(),
            heard_ms: 0,
            seen: Vec::new(),
            bulletin: Some(seen),
            frames: Vec::new(),
            missing: Vec::new(),
        })
        .unwrap();
    });
    let report = world.desk.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::BulletinsWithheld(world.roster)]);
    let removal = RosterChange::RemovePerson { person };
    change(&world.desk, &mut world.api, removal).unwrap();
    let people = world.desk.companion.staff().people().unwrap().all;
    assert!(
        people
            .iter()
            .all(|p| p.person != person || p.role.is_none())
    );
}
