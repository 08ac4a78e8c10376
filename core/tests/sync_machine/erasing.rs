//! What a patient erased goes everywhere, and a body that nobody erased is missed.

use clinic_api::chain::roster::RosterStep;
use clinic_api::id::SpaceId;
use clinic_api::log::{FrameName, Item, Run};
use clinic_api::member::Role;
use clinic_api::message::Push;
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use companion_core::event::EntryId;
use companion_core::journal::{EntryErased, JournalError};
use companion_core::space::authority::Author;
use companion_core::sync::Alarm;
use companion_core::vault::Draft;

use crate::support::api::Api;
use crate::support::world::{Cut, Device, World, change_roster, hire, renew_keys, second_phone};
use crate::support::{START, noted};

fn record(device: &Device, note: &str) -> EntryId {
    let journal = device.companion.journal();
    journal.record(&noted(note, START), Some(true)).unwrap()
}

fn notes(device: &Device) -> Vec<String> {
    let all = device.companion.journal().list(0, i64::MAX, 100).unwrap();
    let mut notes: Vec<String> = all.into_iter().filter_map(|e| e.mood.note).collect();
    notes.sort();
    notes
}

/// How many frames the clinic API holds in *private* and *care*: with a body, and without.
fn held(world: &World) -> (usize, usize) {
    let (mut bodies, mut erased) = (0, 0);
    for kind in [SpaceKind::Private, SpaceKind::Care] {
        let logs = world.api.logs.get(&world.space(kind));
        for bytes in logs.into_iter().flat_map(|l| l.values()).flatten() {
            for item in Run::from_bytes(bytes).unwrap().items {
                match item {
                    Item::Body(_) => bodies += 1,
                    Item::Erased(_) => erased += 1,
                }
            }
        }
    }
    (bodies, erased)
}

/// A new workstation vault that reads everything from the start, and what alarms it.
fn fresh_reader(world: &mut World) -> (Vec<String>, Vec<Alarm>) {
    let mut phone = second_phone(world, 77);
    // The other phone lets it into the epochs.
    world.phone.round(&mut world.api).unwrap();
    std::mem::swap(&mut world.phone, &mut phone);
    let report = world.phone.round(&mut world.api).unwrap();
    std::mem::swap(&mut world.phone, &mut phone);
    (notes(&phone), report.alarms)
}

#[test]
fn an_erased_entry_leaves_every_device_and_the_server() {
    let mut world = World::settled();
    let id = record(&world.phone, "to be erased");
    record(&world.phone, "stays");
    // A copy in private, and an edit: three frames.
    let journal = world.phone.companion.journal();
    journal.unshare(id).unwrap();
    journal.share(id).unwrap();
    world.settle();
    assert_eq!(world.read_by_clinic(), ["stays", "to be erased"]);
    let (before, none) = held(&world);
    assert_eq!(none, 0);

    journal.erase(id).unwrap();
    let (report, _) = world
        .phone
        .round_cut(&mut world.api, usize::MAX, Cut::BeforeSend)
        .unwrap();
    assert_eq!(report.alarms, []);
    // First version, copy, second sharing; two events state it.
    assert_eq!(held(&world), (before - 3 + 2, 3));
    world.settle();
    assert_eq!(world.read_by_clinic(), ["stays"]);
    let care = world.space(SpaceKind::Care);
    let kept = world.desk.with(|v| v.events(care).unwrap());
    let bytes: Vec<u8> = kept.iter().flat_map(|e| e.envelope.body.to_vec()).collect();
    let word = b"to be erased";
    assert!(!bytes.windows(word.len()).any(|w| w == word));

    // Nothing more is asked, and who reads it all anew misses nothing.
    let asked = world.api.requests.len();
    world.phone.round(&mut world.api).unwrap();
    let later = &world.api.requests[asked..];
    assert!(later.iter().all(|(_, r)| !r.path.ends_with("/erasures")));
    assert_eq!(fresh_reader(&mut world), (vec!["stays".to_owned()], vec![]));
}

/// Cuts rounds until something of the care space is sealed and kept, and was not sent; or was,
/// and the reply lost.
fn seal(device: &Device, api: &mut Api, care: SpaceId, cut: Cut) {
    for at in 1..20 {
        let (_, ended) = device.round_cut(api, at, cut).unwrap();
        let sealed = device.with(|v| v.runs_out(care, 9).unwrap().len());
        if ended || sealed > 0 {
            break;
        }
    }
}

/// What was sealed stands on the server, or not: the device does not know.
#[test]
fn what_was_sealed_and_not_acknowledged_is_erased_too() {
    for (cut, there) in [(Cut::BeforeSend, 0), (Cut::ReplyLost, 1)] {
        let mut world = World::settled();
        let (before, _) = held(&world);
        let id = record(&world.phone, "second thoughts");
        let care = world.space(SpaceKind::Care);
        seal(&world.phone, &mut world.api, care, cut);
        assert_eq!(held(&world), (before + there, 0));
        world.phone.companion.journal().erase(id).unwrap();
        world.settle();
        assert_eq!(held(&world).1, there);
        assert_eq!(world.read_by_clinic(), Vec::<String>::new());
        assert_eq!(fresh_reader(&mut world), (vec![], vec![]));
    }
}

/// Wherever the round after it is cut, nobody meets a missing body before the word of it.
#[test]
fn the_word_goes_before_what_was_sealed_without_it() {
    for at in 1..20 {
        let mut world = World::settled();
        let id = record(&world.phone, "second thoughts");
        record(&world.phone, "stays");
        let care = world.space(SpaceKind::Care);
        seal(&world.phone, &mut world.api, care, Cut::BeforeSend);
        world.phone.companion.journal().erase(id).unwrap();
        let cut = Cut::BeforeSend;
        let (_, ended) = world.phone.round_cut(&mut world.api, at, cut).unwrap();
        assert_eq!(world.desk.round(&mut world.api).unwrap().alarms, [], "{at}");
        if ended {
            assert_eq!(world.read_by_clinic(), ["stays"]);
            return;
        }
    }
    panic!("the round does not end");
}

/// From the erasure on no request holds the body, nor does the vault.
#[test]
fn from_the_erasure_on_the_sealed_body_is_nowhere() {
    let mut world = World::settled();
    let id = record(&world.phone, "second thoughts");
    record(&world.phone, "stays");
    let care = world.space(SpaceKind::Care);
    seal(&world.phone, &mut world.api, care, Cut::BeforeSend);
    let bodies = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let body = |item| match item {
            Item::Body(body) => Some(body),
            Item::Erased(_) => None,
        };
        let items = Run::from_bytes(bytes).unwrap().items;
        items.into_iter().filter_map(body).collect()
    };
    let waiting = |world: &World| -> Vec<Vec<u8>> {
        let runs = world.phone.with(|v| v.runs_out(care, 9).unwrap());
        runs.iter().flat_map(|run| bodies(&run.bytes)).collect()
    };
    let [gone, stays] = waiting(&world).try_into().unwrap();
    world.phone.companion.journal().erase(id).unwrap();
    assert_eq!(waiting(&world), [stays]);

    let before = world.api.requests.len();
    world.settle();
    let mut sent = Vec::new();
    for (_, request) in &world.api.requests[before..] {
        if request.path == format!("/v1/spaces/{care}/runs") {
            let push: Push = wire::decode(&request.body).unwrap();
            sent.extend(push.runs.iter().flat_map(|run| bodies(run)));
        }
    }
    assert!(!sent.contains(&gone));
    assert_eq!(sent.len(), 2, "what stays, and the word");
    assert_eq!(world.read_by_clinic(), ["stays"]);
}

/// Nobody meets a missing body before the word of it: while a team's key is still to be issued,
/// nothing can be sealed, and nothing is asked for.
#[test]
fn the_word_goes_before_the_bodies() {
    let mut world = World::settled();
    let (leaves, _) = hire(&mut world, 7, Role::Clinician);
    leaves.round(&mut world.api).unwrap();
    let id = record(&world.phone, "to be erased");
    world.settle();
    let care = world.space(SpaceKind::Care);
    let (desk, api, roster) = (&world.desk, &mut world.api, world.roster);
    change_roster(desk, api, roster, |_, _, _| {
        RosterStep::WorkstationRemoved { device: leaves.id }
    });
    world.phone.companion.journal().erase(id).unwrap();
    let (_, before) = held(&world);
    let report = world.phone.round(&mut world.api).unwrap();
    assert!(report.waiting.contains(&care), "nothing can be sealed now");
    assert_eq!(held(&world).1, before, "no body is gone yet");

    renew_keys(&mut world, Role::Clinician);
    world.settle();
    assert_eq!(held(&world).1, before + 1);
    assert_eq!(world.read_by_clinic(), Vec::<String>::new());
    assert_eq!(world.desk.round(&mut world.api).unwrap().alarms, []);
}

#[test]
fn what_was_never_sealed_never_leaves() {
    let mut world = World::settled();
    let before = held(&world);
    let id = record(&world.phone, "unsaid");
    world.phone.companion.journal().erase(id).unwrap();
    world.settle();
    // One event that states it; and the workstation's receipts hold no frame.
    assert_eq!(held(&world), (before.0 + 1, 0));
}

/// The other phone edits while it does not know; the erasure wins, also over what comes late.
#[test]
fn an_erasure_wins_over_an_edit_that_comes_late() {
    let mut world = World::settled();
    let second = second_phone(&mut world, 6);
    let id = record(&world.phone, "one");
    world.settle();
    second.round(&mut world.api).unwrap();
    let other = second.companion.journal();
    other.edit(id, &noted("two", START)).unwrap();
    // Pushed before the other has heard of the erasure.
    second.round(&mut world.api).unwrap();
    world.phone.companion.journal().erase(id).unwrap();
    other.edit(id, &noted("three", START)).unwrap();
    for _ in 0..3 {
        world.phone.round(&mut world.api).unwrap();
        second.round(&mut world.api).unwrap();
        world.desk.round(&mut world.api).unwrap();
    }
    assert_eq!((notes(&world.phone), notes(&second)), (vec![], vec![]));
    assert_eq!(world.read_by_clinic(), Vec::<String>::new());
    let (_, erased) = held(&world);
    assert_eq!(erased, 2, "the first version and the edit");
    assert_eq!(fresh_reader(&mut world), (vec![], vec![]));
}

/// The same by light rounds, as a device that follows makes them.
#[test]
fn light_rounds_erase_too() {
    let mut world = World::settled();
    let second = second_phone(&mut world, 6);
    let id = record(&world.phone, "one");
    world.settle();
    for device in [&world.phone, &second, &world.desk] {
        device.light(&mut world.api).unwrap();
    }
    let other = second.companion.journal();
    other.edit(id, &noted("two", START)).unwrap();
    second.light(&mut world.api).unwrap();
    world.phone.companion.journal().erase(id).unwrap();
    for device in [&world.phone, &second, &world.desk] {
        let report = device.light(&mut world.api).unwrap();
        assert_eq!(report.alarms, []);
    }
    assert_eq!((notes(&world.phone), notes(&second)), (vec![], vec![]));
    assert_eq!(world.read_by_clinic(), Vec::<String>::new());
    assert_eq!(held(&world).1, 2, "the first version and the edit");
}

/// One phone erases what stands in private alone, while the other shares it.
#[test]
fn a_copy_that_was_made_meanwhile_goes_too() {
    let mut world = World::settled();
    let second = second_phone(&mut world, 6);
    let journal = world.phone.companion.journal();
    let id = journal
        .record(&noted("private", START), Some(false))
        .unwrap();
    world.settle();
    second.round(&mut world.api).unwrap();
    second.companion.journal().share(id).unwrap();
    journal.erase(id).unwrap();
    for _ in 0..3 {
        world.phone.round(&mut world.api).unwrap();
        second.round(&mut world.api).unwrap();
        world.desk.round(&mut world.api).unwrap();
    }
    assert_eq!((notes(&world.phone), notes(&second)), (vec![], vec![]));
    assert_eq!(world.read_by_clinic(), Vec::<String>::new());
    assert_eq!(held(&world).1, 1, "the copy in care was never sent");
}

/// Erased in one space by a device that did not know of the other's copy: nothing more is
/// written about it, and it is said as for any entry that is not there.
#[test]
fn what_was_erased_in_one_space_cannot_be_changed_in_the_other() {
    let world = World::settled();
    let id = record(&world.phone, "one");
    let journal = world.phone.companion.journal();
    journal.unshare(id).unwrap();
    journal.share(id).unwrap();
    let care = world.entry(SpaceKind::Care);
    world.phone.with(|v| {
        let frames = Vec::new();
        let body = EntryErased { entry: id, frames };
        v.append(Author::Patient, vec![vec![Draft::new(care, &body)]])
            .unwrap();
    });
    let events = |kind| {
        let space = world.space(kind);
        world.phone.with(|v| v.events(space).unwrap().len())
    };
    let before = [SpaceKind::Private, SpaceKind::Care].map(events);
    for result in [
        journal.edit(id, &noted("two", START)),
        journal.share(id),
        journal.unshare(id),
    ] {
        assert_eq!(result.unwrap_err(), JournalError::NotFound);
    }
    assert_eq!([SpaceKind::Private, SpaceKind::Care].map(events), before);
    journal.erase(id).unwrap();
    assert_eq!(notes(&world.phone), Vec::<String>::new());
}

/// The clinic API keeps the bodies and serves them to a new reader.
#[test]
fn a_server_that_does_not_erase_brings_nothing_back() {
    let mut world = World::settled();
    let id = record(&world.phone, "kept by the server");
    world.settle();
    let care = world.space(SpaceKind::Care);
    let before = world.api.logs[&care].clone();
    world.phone.companion.journal().erase(id).unwrap();
    world.settle();
    for (log, runs) in before {
        let now = world
            .api
            .logs
            .get_mut(&care)
            .unwrap()
            .get_mut(&log)
            .unwrap();
        now[..runs.len()].clone_from_slice(&runs);
    }
    let (_, erased) = held(&world);
    assert_eq!(erased, 0);
    assert_eq!(fresh_reader(&mut world), (vec![], vec![]));
}

/// A patient's word excuses what a patient wrote, and not a clinician's missing frame.
#[test]
fn nobody_erases_what_others_wrote() {
    let mut world = World::settled();
    let id = record(&world.phone, "reviewed");
    world.settle();
    let care = world.entry(SpaceKind::Care);
    let desk_log = world.desk.with(|v| v.own_log(care.space).unwrap().log);
    let desk_frames = world
        .desk
        .with(|v| v.log(care.space, desk_log).unwrap().unwrap());
    let frames = (1..=desk_frames.tip.unwrap().number)
        .map(|number| FrameName {
            log: desk_log,
            number,
            content: None,
        })
        .collect();
    world.phone.with(|v| {
        let body = EntryErased { entry: id, frames };
        v.append(Author::Patient, vec![vec![Draft::new(care, &body)]])
            .unwrap();
    });
    // The clinic API does not; one that does all the same is found out.
    world.settle();
    assert_eq!(held(&world).1, 1, "what the patient wrote, and no more");
    let runs = world.api.logs.get_mut(&care.space).unwrap();
    for bytes in runs.get_mut(&desk_log).unwrap() {
        let mut run = Run::from_bytes(bytes).unwrap();
        for item in &mut run.items {
            item.erase();
        }
        *bytes = run.to_bytes();
    }
    let (_, alarms) = fresh_reader(&mut world);
    assert_eq!(alarms, [Alarm::BodyMissing(care.space, desk_log)]);
}

/// A server that left a body out serves it after all: nothing is lost by its game.
#[test]
fn a_body_that_comes_later_is_taken_in() {
    let mut world = World::settled();
    record(&world.phone, "left out");
    record(&world.phone, "too");
    world.phone.round(&mut world.api).unwrap();
    let care = world.space(SpaceKind::Care);
    let log = world.phone.with(|v| v.own_log(care).unwrap().log);
    let whole = world.api.logs[&care][&log].clone();
    for bytes in world
        .api
        .logs
        .get_mut(&care)
        .unwrap()
        .get_mut(&log)
        .unwrap()
    {
        let mut run = Run::from_bytes(bytes).unwrap();
        run.items.iter_mut().for_each(|item| {
            item.erase();
        });
        *bytes = run.to_bytes();
    }
    let missing = Alarm::BodyMissing(care, log);
    for _ in 0..2 {
        let report = world.desk.round(&mut world.api).unwrap();
        assert_eq!(report.alarms, [missing], "as long as it is missing");
    }
    record(&world.phone, "goes on");
    world.phone.round(&mut world.api).unwrap();
    world.desk.round(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["goes on"]);

    // Another body in its place is not what the header says.
    let mut bent = whole.clone();
    for bytes in &mut bent {
        let mut run = Run::from_bytes(bytes).unwrap();
        for item in &mut run.items {
            if let Item::Body(body) = item {
                body[20] ^= 1;
            }
        }
        *bytes = run.to_bytes();
    }
    let put = |world: &mut World, runs: &[Vec<u8>]| {
        let now = world
            .api
            .logs
            .get_mut(&care)
            .unwrap()
            .get_mut(&log)
            .unwrap();
        now[..runs.len()].clone_from_slice(runs);
    };
    put(&mut world, &bent);
    let report = world.desk.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [missing]);
    assert_eq!(world.read_by_clinic(), ["goes on"]);

    put(&mut world, &whole);
    let report = world.desk.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    assert_eq!(world.read_by_clinic(), ["goes on", "left out", "too"]);
    assert_eq!(world.desk.round(&mut world.api).unwrap().events_received, 0);
}

/// A version that was here before the erasure, and that who erased did not know of: its frame is
/// named all the same. Sent or still waiting, nobody misses its body; one that waits is not sent.
#[test]
fn a_version_that_the_erasure_did_not_know_of_is_named_too() {
    for sent in [false, true] {
        let mut world = World::settled();
        let second = second_phone(&mut world, 6);
        let id = record(&world.phone, "one");
        world.settle();
        second.round(&mut world.api).unwrap();
        let other = second.companion.journal();
        other.edit(id, &noted("two", START)).unwrap();
        if sent {
            second.round(&mut world.api).unwrap();
        } else {
            // Sealed and kept, and the push never left.
            let care = world.space(SpaceKind::Care);
            seal(&second, &mut world.api, care, Cut::BeforeSend);
        }
        world.phone.companion.journal().erase(id).unwrap();
        for _ in 0..3 {
            world.phone.round(&mut world.api).unwrap();
            second.round(&mut world.api).unwrap();
        }
        let (_, erased) = held(&world);
        let expected = 1 + usize::from(sent);
        assert_eq!(erased, expected, "the first version, and the edit: {sent}");
        for device in [&world.phone, &second, &world.desk] {
            let report = device.round(&mut world.api).unwrap();
            assert_eq!(report.alarms, []);
        }
        assert_eq!(fresh_reader(&mut world), (vec![], vec![]));
    }
}
