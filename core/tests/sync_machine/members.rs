//! Who is in and who is out: racing for an epoch, new and removed members.

use clinic_api::http::problem::Code;
use clinic_api::member::Role;
use clinic_api::space::SpaceKind;
use companion_core::care::ReviewState;
use companion_core::sync::{Alarm, Machine, Next, SyncError};
use companion_core::vault::Judgement;

use crate::support::world::{Device, World, admit, dismiss, hire, join, second_phone};
use crate::support::{START, noted};

/// Both look, both find no epoch, both write one: the server takes the first.
#[test]
fn two_devices_race_for_the_first_epoch() {
    let mut world = World::new();
    world
        .phone
        .companion
        .journal()
        .record(&noted("raced", START), Some(true))
        .unwrap();
    // The clinic gets to know the patient's chain before anything is in their spaces.
    let care = format!("/v1/chains/{}", world.space(SpaceKind::Care));
    let mut machine = world.desk.with(|v| Machine::new(v)).unwrap();
    let desk_epoch = loop {
        match world.desk.with(|v| machine.next(v)).unwrap() {
            Next::Send(request) if request.method == "POST" && request.path == care => {
                break request;
            }
            Next::Send(request) => {
                let reply = world.api.serve(world.desk.id, &request);
                world.desk.with(|v| machine.receive(v, reply)).unwrap();
            }
            Next::Done => panic!("the clinic wrote no epoch in care"),
        }
    };
    world.phone.round(&mut world.api).unwrap();
    // Now the clinic's arrives, too late.
    let reply = world.api.serve(world.desk.id, &desk_epoch);
    assert_eq!(reply.code(), Some(Code::ChainConflict));
    world.desk.with(|v| machine.receive(v, reply)).unwrap();
    while let Next::Send(request) = world.desk.with(|v| machine.next(v)).unwrap() {
        let reply = world.api.serve(world.desk.id, &request);
        world.desk.with(|v| machine.receive(v, reply)).unwrap();
    }
    assert_eq!(machine.report().alarms, []);
    assert_eq!(world.read_by_clinic(), ["raced"]);
    assert_eq!(
        world.api.chains[&world.space(SpaceKind::Care).into()].len(),
        1
    );
}

#[test]
fn a_new_colleague_reads_all_history() {
    let mut world = World::settled();
    world
        .phone
        .companion
        .journal()
        .record(&noted("before you came", START), Some(true))
        .unwrap();
    world.settle();
    let (new, _) = hire(&mut world, 7, Role::Clinician);
    let report = new.round(&mut world.api).unwrap();
    assert_eq!((report.alarms, report.waiting), (vec![], vec![]));
    let entries = new
        .companion
        .care()
        .entries(world.chain, i64::MIN, i64::MAX, 10)
        .unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].mood.note.as_deref(), Some("before you came"));
}

#[test]
fn the_front_desk_knows_the_person_and_nothing_clinical() {
    let mut world = World::settled();
    world
        .phone
        .companion
        .journal()
        .record(&noted("for the care team", START), Some(true))
        .unwrap();
    world.settle();
    let (front, _) = hire(&mut world, 8, Role::FrontDesk);
    front.round(&mut world.api).unwrap();
    let patients = front.companion.front().patients().unwrap();
    assert_eq!(patients.len(), 1);
    assert_eq!(patients[0].name, "Robin Example");
    let care = world.space(SpaceKind::Care);
    assert_eq!(front.with(|v| v.events(care).unwrap().len()), 0);
    // Not even with all that the server holds: the key is not for this team.
    let epoch = world.desk.with(|v| {
        let last = v.chains().epochs(care).unwrap().last().unwrap().clone();
        (last.hash, last.number)
    });
    assert!(
        front
            .with(|v| v.epoch_key(care, epoch.0, epoch.1).unwrap())
            .is_none()
    );
}

#[test]
fn a_front_desk_workstation_syncs_what_it_may() {
    let mut world = World::settled();
    let (front, _) = hire(&mut world, 8, Role::FrontDesk);
    let report = front.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    let desk_space = world.space(SpaceKind::Desk);
    assert!(
        world
            .api
            .requests
            .iter()
            .any(|(id, r)| *id == front.id && r.path == format!("/v1/spaces/{desk_space}/pull"))
    );
}

#[test]
fn a_removed_workstation_is_refused_and_what_it_writes_later_is_not_applied() {
    let mut world = World::settled();
    let entry = world
        .phone
        .companion
        .journal()
        .record(&noted("reviewed by somebody", START), Some(true))
        .unwrap();
    world.settle();
    let (gone, _) = hire(&mut world, 7, Role::Clinician);
    gone.round(&mut world.api).unwrap();
    dismiss(&mut world, gone.id, Role::Clinician);
    gone.companion
        .care()
        .review(world.chain, &[entry], ReviewState::Incorporated)
        .unwrap();
    assert_eq!(gone.round(&mut world.api).unwrap_err(), SyncError::Removed);
    world.settle();
    // A new epoch was written, and the one who left can't open it.
    let care = world.space(SpaceKind::Care);
    assert_eq!(world.api.chains[&care.into()].len(), 2);
    let epoch = world.desk.with(|v| {
        let last = v.chains().epochs(care).unwrap().last().unwrap().clone();
        (last.hash, last.number)
    });
    assert!(
        gone.with(|v| v.epoch_key(care, epoch.0, epoch.1).unwrap())
            .is_none()
    );
    assert_eq!(
        world.phone.companion.care().reviews(world.chain).unwrap(),
        []
    );
}

/// A server that goes along with somebody who left: frames that cite the roster in which
/// they are out, or the new epoch with an older roster, are kept and not applied.
#[test]
fn frames_of_a_removed_workstation_are_judged_by_what_they_cite() {
    let mut world = World::settled();
    let entry = world
        .phone
        .companion
        .journal()
        .record(&noted("mine", START), Some(true))
        .unwrap();
    world.settle();
    let (gone, _) = hire(&mut world, 7, Role::Clinician);
    gone.round(&mut world.api).unwrap();
    let before = gone.with(|v| v.statements(world.roster).unwrap().len());
    dismiss(&mut world, gone.id, Role::Clinician);
    world.settle();
    gone.companion
        .care()
        .review(world.chain, &[entry], ReviewState::Incorporated)
        .unwrap();
    // It seals under the old epoch, and cites the roster as it is now.
    let care = world.entry(SpaceKind::Care);
    let statements = world.desk.with(|v| v.statements(world.roster).unwrap());
    gone.with(|v| {
        for next in &statements[before..] {
            v.extend_roster(world.roster, next).unwrap().unwrap();
        }
    });
    let now = gone.with(|v| {
        let epoch = v.chains().epochs(care.space).unwrap().last().unwrap();
        let (epoch, number) = (epoch.hash, epoch.number);
        let key = v.epoch_key(care.space, epoch, number).unwrap().unwrap();
        (
            epoch,
            key,
            v.chains().roster(world.roster).unwrap().tip().hash,
        )
    });
    put(
        &mut world,
        &gone,
        forge::seal(&gone, &care, now.0, &now.1, now.2),
    );
    world.phone.round(&mut world.api).unwrap();
    assert_kept_unapplied(&world, &gone);
}

/// Somebody hands the new epoch's key to one who left, who cites the roster as it was before.
#[test]
fn a_later_epoch_with_an_earlier_roster_is_not_believed() {
    let mut world = World::settled();
    let entry = world
        .phone
        .companion
        .journal()
        .record(&noted("mine", START), Some(true))
        .unwrap();
    world.settle();
    let (gone, _) = hire(&mut world, 7, Role::Clinician);
    gone.round(&mut world.api).unwrap();
    dismiss(&mut world, gone.id, Role::Clinician);
    world.settle();
    gone.companion
        .care()
        .review(world.chain, &[entry], ReviewState::Incorporated)
        .unwrap();
    let care = world.entry(SpaceKind::Care);
    let (epoch, key) = world.desk.with(|v| {
        let epoch = v.chains().epochs(care.space).unwrap().last().unwrap();
        let (epoch, number) = (epoch.hash, epoch.number);
        (
            epoch,
            v.epoch_key(care.space, epoch, number).unwrap().unwrap(),
        )
    });
    let before = gone.with(|v| v.chains().roster(world.roster).unwrap().tip().hash);
    put(
        &mut world,
        &gone,
        forge::seal(&gone, &care, epoch, &key, before),
    );
    world.phone.round(&mut world.api).unwrap();
    assert_kept_unapplied(&world, &gone);
}

/// Puts a run at the end of a device's care log, as a server would that goes along with it.
fn put(world: &mut World, device: &Device, bytes: Vec<u8>) {
    let care = world.space(SpaceKind::Care);
    let log = device.with(|v| v.own_log(care).unwrap().log);
    let logs = world.api.logs.get_mut(&care).unwrap();
    logs.entry(log).or_default().push(bytes);
}

fn assert_kept_unapplied(world: &World, author: &Device) {
    let care = world.space(SpaceKind::Care);
    assert_eq!(
        world.phone.companion.care().reviews(world.chain).unwrap(),
        []
    );
    let unapplied = world.phone.with(|v| v.unapplied().unwrap());
    assert_eq!(unapplied, [(care, author.id, Judgement::NotAllowed, 1)]);
}

/// What a device would push if its machine went that far.
mod forge {
    use clinic_api::id::{HeaderHash, StatementHash};
    use clinic_api::log::{Cites, Head, Item, Run};
    use clinic_api::wire::{SUITE, VERSION};
    use companion_core::event::Frame;
    use companion_core::space::epoch::EpochKey;
    use companion_core::space::frame;
    use companion_core::vault::SpaceEntry;

    use crate::support::world::Device;

    pub fn seal(
        device: &Device,
        entry: &SpaceEntry,
        epoch: StatementHash,
        key: &EpochKey,
        roster: StatementHash,
    ) -> Vec<u8> {
        device.with(|v| {
            let batches = v.unsealed(entry.space, 1, 1 << 20).unwrap();
            let own = v.own_log(entry.space).unwrap();
            assert!(own.tip.is_none_or(|t| t.number == 0));
            let parties = v.chains().parties(entry);
            let cites = Cites {
                epoch,
                patient: parties.patient.unwrap().tip().hash,
                roster,
            };
            let place = frame::Place {
                space: entry.space,
                log: own.log,
                number: 1,
                previous: HeaderHash::NONE,
                cites,
            };
            let plain = Frame {
                events: batches[0].events.clone(),
            };
            let (body, header) = frame::seal(&device.env, key, &place, &plain).unwrap();
            let secrets = v.device().unwrap();
            let head = Head {
                version: VERSION,
                suite: SUITE,
                space: entry.space,
                device: device.id,
                nonce: own.nonce.unwrap(),
                beat: own.tip.map_or(1, |t| t.beat + 1),
                previous: own.tip.map(|t| t.head),
                number: 1,
                header: header.hash(entry.space),
                seen: Vec::new(),
                patient: cites.patient,
                roster: cites.roster,
                at: 0,
            };
            Run::new(cites, vec![Item::Body(body)], &head, |b| {
                secrets.log().sign(b)
            })
            .to_bytes()
        })
    }
}

#[test]
fn one_patient_who_is_not_there_does_not_keep_the_others_from_syncing() {
    let mut world = World::settled();
    // Somebody on the list whose chain the server doesn't have.
    admit(&world.desk, clinic_api::id::ChainId([7; 32]), "Nobody");
    let other = crate::support::world::Device::new(5);
    let chain = join(&other, &mut world.api, world.roster);
    admit(&world.desk, chain, "Zoe Last");
    other
        .companion
        .journal()
        .record(&noted("am I heard", START), Some(true))
        .unwrap();
    other.round(&mut world.api).unwrap();
    world.desk.round(&mut world.api).unwrap();
    let entries = world
        .desk
        .companion
        .care()
        .entries(chain, i64::MIN, i64::MAX, 10)
        .unwrap();
    assert_eq!(entries.len(), 1);
}

#[test]
fn two_phones_of_one_patient_converge() {
    let mut world = World::settled();
    let second = second_phone(&mut world, 6);
    // The first phone writes the epoch in which the second is a member.
    world.settle();
    let id = world
        .phone
        .companion
        .journal()
        .record(&noted("from the first", START), Some(false))
        .unwrap();
    world.phone.round(&mut world.api).unwrap();
    second.round(&mut world.api).unwrap();
    let journal = second.companion.journal();
    assert_eq!(
        journal.entry(id).unwrap().unwrap().mood.note.as_deref(),
        Some("from the first")
    );
    journal.edit(id, &noted("from the second", START)).unwrap();
    second.round(&mut world.api).unwrap();
    world.settle();
    let here = world.phone.companion.journal();
    assert_eq!(
        here.entry(id).unwrap().unwrap().mood.note.as_deref(),
        Some("from the second")
    );
    assert_eq!(here.versions(id).unwrap(), journal.versions(id).unwrap());
}

/// The roster grows and an epoch cites it, between two requests of one round.
#[test]
fn a_chain_that_grows_in_the_middle_of_a_round_is_no_tampering() {
    let mut world = World::settled();
    let (gone, _) = hire(&mut world, 7, Role::Clinician);
    world.settle();
    let mut machine = world.phone.with(|v| Machine::new(v)).unwrap();
    let mut first = true;
    while let Next::Send(request) = world.phone.with(|v| machine.next(v)).unwrap() {
        let reply = world.api.serve(world.phone.id, &request);
        world.phone.with(|v| machine.receive(v, reply)).unwrap();
        if first {
            // The phone has the roster; now somebody leaves and the clinic writes the epochs.
            dismiss(&mut world, gone.id, Role::Clinician);
            world.desk.round(&mut world.api).unwrap();
            first = false;
        }
    }
    let alarms = machine.report().alarms.clone();
    assert_eq!(alarms, Vec::<Alarm>::new());
}
