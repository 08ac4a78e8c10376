//! A clinic whose people change by the flows, and not by hand.

use clinic_api::id::{ChainId, DeviceId, PersonId};
use clinic_api::member::Role;
use companion_core::space::clinic;
use companion_core::space::epoch::EpochKey;
use companion_core::sync::{Next, RosterAct, RosterChange, StaffError};
use companion_core::vault::Me;

use crate::support::api::Api;
use crate::support::world::{Device, World, entry_of};

/// Runs an act at a workstation to its end.
pub fn change(desk: &Device, api: &mut Api, change: RosterChange) -> Result<(), StaffError> {
    let mut act = desk.with(|v| RosterAct::new(v, change))?;
    run(desk, api, &mut act)
}

pub fn run(desk: &Device, api: &mut Api, act: &mut RosterAct) -> Result<(), StaffError> {
    loop {
        let Next::Send(request) = desk.with(|v| act.next(v))? else {
            return Ok(());
        };
        let reply = api.serve(desk.id, &request);
        desk.with(|v| act.receive(v, reply))?;
    }
}

/// A person, added by the workstation that has the root.
pub fn person(desk: &Device, api: &mut Api, number: u8, role: Role) -> PersonId {
    let person = PersonId([number; 16]);
    let name = format!("Colleague {number}");
    change(desk, api, RosterChange::AddPerson { person, name, role }).unwrap();
    person
}

/// A new machine's keys and consent, as they come over to the workstation that adds it.
pub fn asks(desk: &Device, roster: ChainId, new: &Device, person: PersonId) -> RosterChange {
    let device = new.with(|v| v.device().unwrap());
    let consent = desk.with(|v| {
        v.load_roster(roster).unwrap();
        clinic::consent(v.chains().roster(roster).unwrap(), &device)
    });
    RosterChange::AddWorkstation {
        person,
        device: device.keys().clone(),
        consent,
    }
}

/// A workstation of somebody who is on the roster; it begins with the roster and nothing else.
pub fn workstation(
    desk: &Device,
    api: &mut Api,
    roster: ChainId,
    seed: u64,
    person: PersonId,
) -> Device {
    let new = Device::new(seed);
    let asked = asks(desk, roster, &new, person);
    change(desk, api, asked).unwrap();
    let statements = desk.with(|v| v.statements(roster).unwrap());
    new.with(|v| {
        for statement in &statements {
            v.extend_roster(roster, statement).unwrap().unwrap();
        }
        let front = clinic_api::space::SpaceKind::Front;
        v.follow_space(&entry_of(front, roster, roster)).unwrap();
        v.set_me(&Me::Staff { roster, person }).unwrap();
    });
    new
}

/// A person with a workstation.
pub fn hired(world: &mut World, seed: u8, role: Role) -> (Device, PersonId) {
    let person = person(&world.desk, &mut world.api, seed, role);
    let new = workstation(
        &world.desk,
        &mut world.api,
        world.roster,
        seed.into(),
        person,
    );
    (new, person)
}

/// Notes of the entries that a workstation shows, sorted.
pub fn notes(device: &Device, patient: ChainId) -> Vec<String> {
    let all = device
        .companion
        .care()
        .entries(patient, i64::MIN, i64::MAX, 100);
    let mut notes: Vec<String> = all
        .unwrap()
        .into_iter()
        .filter_map(|e| e.mood.note)
        .collect();
    notes.sort();
    notes
}

/// Whether every space's last epoch at the API opens for a device, told what the API has.
pub fn opens_last(world: &World, reader: &Device, kind: clinic_api::space::SpaceKind) -> bool {
    last_key(world, reader, kind).is_some()
}

fn last_key(
    world: &World,
    reader: &Device,
    kind: clinic_api::space::SpaceKind,
) -> Option<EpochKey> {
    let entry = world.entry(kind);
    let last = world.desk.with(|v| {
        v.load_space(&entry).unwrap();
        let last = v.chains().epochs(entry.space).unwrap().last().unwrap();
        (last.hash, last.number)
    });
    reader.with(|v| v.epoch_key(entry.space, last.0, last.1).unwrap())
}

/// The role of a workstation as the API has the roster.
pub fn role(world: &World, device: DeviceId) -> Option<Role> {
    world.desk.with(|v| {
        v.load_roster(world.roster).unwrap();
        let roster = v.chains().roster(world.roster).unwrap();
        roster.workstation_role(device, roster.tip().number)
    })
}
