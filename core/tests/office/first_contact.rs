//! A console's first contact: is everybody whom *front* names a patient of this clinic?

use clinic_api::chain::patient::ClinicRef;
use clinic_api::id::{ChainId, MemberId};
use clinic_api::member::Role;
use companion_core::space::patient;

use super::house::hired;
use crate::support::world::{Device, World, admit};

#[test]
fn everybody_is_a_patient_of_this_clinic() {
    let mut world = World::settled();
    let (new, _) = hired(&mut world, 7, Role::FrontDesk);
    new.round(&mut world.api).unwrap();
    let check = new.companion.staff().check_front().unwrap();
    assert_eq!((check.agreeing, check.agrees()), (1, true));
}

#[test]
fn who_has_no_chain_or_joined_elsewhere_is_named() {
    let mut world = World::settled();
    let nobody = ChainId([7; 32]);
    admit(&world.desk, nobody, "Nobody");
    let other = Device::new(5);
    let chain = other.companion.sync().set_up_patient().unwrap();
    let statements = other.with(|v| {
        let device = v.device().unwrap();
        v.load_patient(chain).unwrap();
        let tip = v.chains().patient(chain).unwrap().tip();
        // This roster, and another root.
        let clinic = ClinicRef {
            roster: world.roster,
            root: MemberId([9; 32]),
        };
        let next = patient::join_clinic(&other.env, tip, &device, clinic);
        v.extend_patient(chain, &next).unwrap().unwrap();
        v.statements(chain).unwrap()
    });
    world.api.claim(&statements);
    admit(&world.desk, chain, "Zoe Elsewhere");
    world.desk.round(&mut world.api).ok();
    let (new, _) = hired(&mut world, 8, Role::FrontDesk);
    new.round(&mut world.api).ok();
    let check = new.companion.staff().check_front().unwrap();
    assert_eq!(check.missing, [nobody]);
    assert_eq!(check.foreign, [chain]);
    assert_eq!(check.agreeing, 1);
}
