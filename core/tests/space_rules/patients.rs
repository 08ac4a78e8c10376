//! Who stays in a patient chain, and what of a removed device's logs counts.

use clinic_api::chain::patient::{PatientChain, PatientStep};
use clinic_api::chain::{Body, ChainError, ChainKind, Signed};
use clinic_api::id::HeadHash;
use companion_core::space::keys::DeviceSecrets;
use companion_core::space::patient;

use super::vectors::fixed;
use super::vectors::world::{Who, World};

const LAST: ChainError = ChainError::Rule("a chain keeps a device or a kit");

fn alone(world: &World) -> PatientChain {
    PatientChain::found(&world.patient_statements[0]).unwrap()
}

fn say(world: &World, who: Who, chain: &PatientChain, step: PatientStep) -> Signed {
    let (signer, sign) = world.signer(who);
    let body = Body::following(ChainKind::Patient, Some(chain.tip()), 0, signer, step);
    Signed::new(&body, sign)
}

fn out(device: clinic_api::id::DeviceId) -> PatientStep {
    PatientStep::DeviceRemoved {
        device,
        heads: Vec::new(),
    }
}

fn retired(world: &World) -> PatientStep {
    PatientStep::KitRetired {
        kit: world.kit.keys().id(),
    }
}

#[test]
fn the_last_device_without_a_kit_stays() {
    let world = World::new();
    let mut chain = alone(&world);
    let env = fixed::env("last");
    let phone = say(&world, Who::Phone, &chain, out(world.phone.id()));
    assert_eq!(chain.append(&phone), Err(LAST));
    // Beside another it goes, and then the other stays.
    let added = patient::add_device(&env, &chain, &world.phone, &world.tablet);
    chain.append(&added).unwrap();
    let phone = say(&world, Who::Phone, &chain, out(world.phone.id()));
    chain.append(&phone).unwrap();
    let tablet = say(&world, Who::Tablet, &chain, out(world.tablet.id()));
    assert_eq!(chain.append(&tablet), Err(LAST));
    assert!(chain.device_in(world.tablet.id(), chain.tip().number));
}

#[test]
fn a_kit_alone_stays_and_beside_a_device_it_goes() {
    let world = World::new();
    let env = fixed::env("last");
    let mut chain = alone(&world);
    let adopted = patient::adopt_kit(&env, &chain, &world.phone, &world.kit);
    chain.append(&adopted).unwrap();
    let mut beside = chain.clone();
    let gone = say(&world, Who::Phone, &beside, retired(&world));
    beside.append(&gone).unwrap();
    let phone = say(&world, Who::Phone, &beside, out(world.phone.id()));
    assert_eq!(beside.append(&phone), Err(LAST));
    // The kit may remain alone, and takes in a device again.
    let phone = say(&world, Who::Phone, &chain, out(world.phone.id()));
    chain.append(&phone).unwrap();
    let kit = say(&world, Who::Kit, &chain, retired(&world));
    assert_eq!(chain.append(&kit), Err(LAST));
    assert_eq!(chain.recipients_at(chain.tip().number).len(), 1);
}

/// Each device takes a wrap of some 1,200 bytes in every epoch, which has to fit into a statement.
#[test]
fn a_chain_has_at_most_64_devices_at_a_time() {
    let world = World::new();
    let env = fixed::env("many");
    let mut chain = alone(&world);
    let more = |chain: &PatientChain| {
        let new = DeviceSecrets::generate(&env).unwrap();
        patient::add_device(&env, chain, &world.phone, &new)
    };
    for _ in 1..64 {
        let next = more(&chain);
        chain.append(&next).unwrap();
    }
    let over = ChainError::Rule("more devices than a person has");
    let next = more(&chain);
    assert_eq!(chain.append(&next), Err(over));
    // One goes, one comes.
    let gone = chain.devices().last().unwrap().id;
    let next = say(&world, Who::Phone, &chain, out(gone));
    chain.append(&next).unwrap();
    let next = more(&chain);
    chain.append(&next).unwrap();
    let next = more(&chain);
    assert_eq!(chain.append(&next), Err(over));
}

#[test]
fn of_a_removed_device_the_named_head_counts_and_no_other_of_its_number() {
    let world = World::new();
    let (phone, tablet) = (world.phone.id(), world.tablet.id());
    let logs = &world.spaces[0].logs;
    let (its, other) = (logs[1].tip.unwrap(), logs[0].tip.unwrap());
    let counts = |beat, head| world.patient.counts(tablet, its.log, beat, head);
    assert!(counts(its.beat, its.head));
    assert!(!counts(its.beat, HeadHash([9; 32])));
    assert!(!counts(its.beat + 1, its.head));
    assert!(!world.patient.counts(tablet, other.log, 1, other.head));
    let of_phone = world.patient.counts(phone, other.log, 99, other.head);
    assert!(of_phone, "is in");
}
