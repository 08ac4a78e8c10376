//! Who is in and who is out: racing for an epoch, new and removed members.

use clinic_api::http::problem::Code;
use clinic_api::id::{PersonId, StatementHash};
use clinic_api::member::Role;
use clinic_api::space::SpaceKind;
use companion_core::care::ReviewState;
use companion_core::event::EntryId;
use companion_core::space::epoch::EpochKey;
use companion_core::space::patient::remove_device;
use companion_core::sync::{Alarm, Machine, Next, SyncError};
use companion_core::vault::Judgement;

use crate::support::world::{
    Device, World, admit, change_role, dismiss, hire, join, present, second_phone,
};
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
    world.settle();
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
fn a_patient_is_welcomed_once() {
    let mut world = World::settled();
    let (new, _) = hire(&mut world, 7, Role::Clinician);
    for _ in 0..2 {
        new.round(&mut world.api).unwrap();
        world.settle();
    }
    let care = world.space(SpaceKind::Care);
    let events = world.phone.with(|v| v.events(care).unwrap());
    let welcomes = events.iter().filter(|e| e.envelope.kind == 202);
    assert_eq!(welcomes.count(), 1);
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
    review(&world, entry, &gone);
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

/// A settled clinic, its patient's entry, and a second clinician.
fn with_colleague() -> (World, EntryId, Device, PersonId) {
    let mut world = World::settled();
    let entry = world
        .phone
        .companion
        .journal()
        .record(&noted("mine", START), Some(true))
        .unwrap();
    world.settle();
    let (colleague, person) = hire(&mut world, 7, Role::Clinician);
    colleague.round(&mut world.api).unwrap();
    (world, entry, colleague, person)
}

fn review(world: &World, entry: EntryId, by: &Device) {
    let version = present(world, entry);
    by.companion
        .care()
        .review(world.chain, &[version], ReviewState::Incorporated)
        .unwrap();
}

/// The last epoch of the care space that a device knows, and its key.
fn last_epoch(world: &World, device: &Device) -> (StatementHash, EpochKey) {
    let care = world.space(SpaceKind::Care);
    device.with(|v| {
        let epoch = v.chains().epochs(care).unwrap().last().unwrap();
        let (hash, number) = (epoch.hash, epoch.number);
        (hash, v.epoch_key(care, hash, number).unwrap().unwrap())
    })
}

fn roster_tip(world: &World, device: &Device) -> StatementHash {
    device.with(|v| v.chains().roster(world.roster).unwrap().tip().hash)
}

/// A server that goes along with somebody who left: whatever roster they cite, what lies
/// beyond the head that the new epoch names is set aside.
#[test]
fn frames_of_a_removed_workstation_beyond_its_last_head_are_set_aside() {
    for cites_the_removal in [false, true] {
        let (mut world, entry, gone, _) = with_colleague();
        let before = gone.with(|v| v.statements(world.roster).unwrap().len());
        review(&world, entry, &gone);
        dismiss(&mut world, gone.id, Role::Clinician);
        world.settle();
        let statements = world.desk.with(|v| v.statements(world.roster).unwrap());
        for next in statements[before..].iter().filter(|_| cites_the_removal) {
            gone.with(|v| v.extend_roster(world.roster, next).unwrap().unwrap());
        }
        let (epoch, key) = last_epoch(&world, &gone);
        let roster = roster_tip(&world, &gone);
        put(&mut world, &gone, epoch, &key, roster);
        assert_set_aside(&mut world, &gone);
    }
}

/// A clinician went over to the front desk. Under the epoch and the roster from before they
/// would still be one; the epoch written since says what of theirs counts.
#[test]
fn a_former_clinician_writes_no_more_in_the_former_role() {
    let (mut world, entry, moved, person) = with_colleague();
    review(&world, entry, &moved);
    change_role(&mut world, person, Role::Clinician, Role::FrontDesk);
    world.settle();
    let (epoch, key) = last_epoch(&world, &moved);
    let roster = roster_tip(&world, &moved);
    put(&mut world, &moved, epoch, &key, roster);
    assert_set_aside(&mut world, &moved);
}

/// What was received before the next epoch was written is named in it, and counts.
#[test]
fn what_a_former_clinician_wrote_before_stays() {
    let (mut world, entry, moved, person) = with_colleague();
    review(&world, entry, &moved);
    moved.round(&mut world.api).unwrap();
    world.settle();
    change_role(&mut world, person, Role::Clinician, Role::FrontDesk);
    world.settle();
    // A device that comes later judges all of it by the new epoch.
    let second = second_phone(&mut world, 9);
    world.settle();
    let report = second.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    for device in [&world.phone, &second] {
        let reviews = device.companion.care().reviews(world.chain).unwrap();
        assert_eq!(reviews.len(), 1);
    }
}

/// What a workstation had pushed before it left counts, also where whoever writes the next
/// epoch had not pulled it yet.
#[test]
fn what_was_pushed_before_the_removal_counts() {
    let (mut world, entry, gone, _) = with_colleague();
    world.settle();
    review(&world, entry, &gone);
    gone.round(&mut world.api).unwrap();
    dismiss(&mut world, gone.id, Role::Clinician);
    // The phone is the first to come: it writes the epoch that closes the logs.
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    world.settle();
    for device in [&world.phone, &world.desk] {
        let reviews = device.companion.care().reviews(world.chain).unwrap();
        assert_eq!(reviews.len(), 1);
        assert_eq!(device.with(|v| v.all_aside().unwrap()), []);
    }
}

/// Who is still in has the new epoch's key, and cites the roster as it was before that epoch.
#[test]
fn a_later_epoch_with_an_earlier_roster_is_not_believed() {
    let (mut world, entry, stays, _) = with_colleague();
    let (other, _) = hire(&mut world, 8, Role::Clinician);
    other.round(&mut world.api).unwrap();
    let roster = roster_tip(&world, &stays);
    review(&world, entry, &stays);
    dismiss(&mut world, other.id, Role::Clinician);
    world.settle();
    let (epoch, key) = last_epoch(&world, &world.desk);
    put(&mut world, &stays, epoch, &key, roster);
    world.phone.round(&mut world.api).unwrap();
    let care = world.space(SpaceKind::Care);
    let unapplied = world.phone.with(|v| v.unapplied().unwrap());
    assert_eq!(unapplied, [(care, stays.id, Judgement::NotAllowed, 1)]);
    assert_eq!(
        world.phone.companion.care().reviews(world.chain).unwrap(),
        []
    );
}

/// Puts a run at the end of a device's care log, as a server would that goes along with it.
fn put(
    world: &mut World,
    device: &Device,
    epoch: StatementHash,
    key: &EpochKey,
    roster: StatementHash,
) {
    let care = world.entry(SpaceKind::Care);
    let bytes = forge::seal(device, &care, epoch, key, roster);
    let log = device.with(|v| v.own_log(care.space).unwrap().log);
    let logs = world.api.logs.get_mut(&care.space).unwrap();
    logs.entry(log).or_default().push(bytes);
}

fn assert_set_aside(world: &mut World, author: &Device) {
    let care = world.space(SpaceKind::Care);
    let log = author.with(|v| v.own_log(care).unwrap().log);
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::AfterRemoval(care, log)]);
    let reviews = world.phone.companion.care().reviews(world.chain).unwrap();
    assert_eq!(reviews, []);
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
            let tip = own.tip;
            let number = tip.map_or(1, |t| t.number + 1);
            let parties = v.chains().parties(entry);
            let cites = Cites {
                epoch,
                patient: parties.patient.unwrap().tip().hash,
                roster,
            };
            let place = frame::Place {
                space: entry.space,
                log: own.log,
                number,
                previous: tip.map_or(HeaderHash::NONE, |t| t.header),
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
                beat: tip.map_or(1, |t| t.beat + 1),
                previous: tip.map(|t| t.head),
                number,
                header: header.hash(entry.space),
                seen: Vec::new(),
                patient: cites.patient,
                roster: cites.roster,
                at: 0,
                epoch,
                bulletin: None,
            };
            Run::new(vec![Item::Body(body)], &head, |b| secrets.log().sign(b)).to_bytes()
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
    for _ in 0..2 {
        other.round(&mut world.api).unwrap();
        world.desk.round(&mut world.api).unwrap();
    }
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

/// Before the first phone has written the next epochs, the second can open nothing. An epoch of
/// its own would lead back to no key, and what it pulled would be set aside.
#[test]
fn a_new_phone_waits_for_the_epoch_that_leads_back() {
    let mut world = World::settled();
    let record = |device: &Device, note: &str, share: bool| {
        let journal = device.companion.journal();
        journal.record(&noted(note, START), Some(share)).unwrap();
    };
    record(&world.phone, "private before", false);
    record(&world.phone, "shared before", true);
    world.settle();
    let second = second_phone(&mut world, 6);
    record(&second, "written meanwhile", false);
    for _ in 0..2 {
        let report = second.light(&mut world.api).unwrap();
        assert_eq!(report.alarms, []);
        assert!(report.waiting.contains(&world.space(SpaceKind::Private)));
        assert_eq!(report.frames_pushed, 0);
    }
    assert_eq!(second.with(|v| v.all_aside().unwrap()), []);
    world.phone.round(&mut world.api).unwrap();
    let report = second.light(&mut world.api).unwrap();
    assert_eq!((report.alarms, report.waiting), (vec![], vec![]));
    let all = second.companion.journal().list(i64::MIN, i64::MAX, 10);
    let mut notes: Vec<_> = all
        .unwrap()
        .into_iter()
        .filter_map(|e| e.mood.note)
        .collect();
    notes.sort();
    assert_eq!(
        notes,
        ["private before", "shared before", "written meanwhile"]
    );
}

/// Where every other device is out, nobody else can write it.
#[test]
fn a_phone_that_is_left_alone_begins_anew() {
    let mut world = World::settled();
    let second = second_phone(&mut world, 6);
    let (chain, first) = (world.chain, world.phone.id);
    let gone = second.with(|v| {
        let device = v.device().unwrap();
        let now = v.chains().patient(chain).unwrap().clone();
        let next = remove_device(&second.env, &now, &device, first, Vec::new());
        v.extend_patient(chain, &next).unwrap().unwrap();
        next
    });
    world.api.append(chain, &gone).unwrap();
    let journal = second.companion.journal();
    journal.record(&noted("alone", START), Some(false)).unwrap();
    let report = second.round(&mut world.api).unwrap();
    assert_eq!(report.waiting, []);
    assert!(report.frames_pushed > 0);
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
