//! A vault that went back in time: a restored backup, or a copy that both go on.

use clinic_api::log::{Item, Run};
use clinic_api::space::SpaceKind;
use companion_core::sync::Alarm;

use crate::support::world::{Cut, World};
use crate::support::{START, copy_folder, noted};

fn record(world: &World, note: &str) {
    world
        .phone
        .companion
        .journal()
        .record(&noted(note, START), Some(true))
        .unwrap();
}

fn notes(world: &World) -> Vec<String> {
    let all = world
        .phone
        .companion
        .journal()
        .list(i64::MIN, i64::MAX, 100)
        .unwrap();
    let mut notes: Vec<String> = all.into_iter().filter_map(|e| e.mood.note).collect();
    notes.sort();
    notes
}

/// Takes the phone's vault back to `backup`.
fn restore(world: &mut World, backup: &std::path::Path) {
    let path = world.phone.path().to_owned();
    world.phone = {
        let phone = std::mem::replace(&mut world.phone, crate::support::world::Device::new(99));
        let crate::support::world::Device {
            dir,
            env,
            clock,
            companion,
            id,
        } = phone;
        drop(companion);
        for entry in std::fs::read_dir(&path).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        copy_folder(backup, &path);
        let companion = crate::support::open(&path, &env).unwrap();
        crate::support::world::Device {
            dir,
            env,
            clock,
            companion,
            id,
        }
    };
}

fn backup(world: &World) -> tempfile::TempDir {
    let backup = tempfile::tempdir().unwrap();
    copy_folder(world.phone.path(), backup.path());
    backup
}

#[test]
fn a_restored_backup_goes_on_in_a_new_log_and_loses_nothing() {
    let mut world = World::settled();
    record(&world, "a");
    world.settle();
    let backup = backup(&world);
    record(&world, "b");
    world.settle();
    let care = world.space(SpaceKind::Care);
    let old = world.phone.with(|v| v.own_log(care).unwrap().log);

    restore(&mut world, backup.path());
    assert_eq!(notes(&world), ["a"]);
    record(&world, "c");
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, [Alarm::OwnLogLonger(care)]);
    let new = world.phone.with(|v| v.own_log(care).unwrap().log);
    assert_ne!(new, old);
    world.settle();
    assert_eq!(notes(&world), ["a", "b", "c"]);
    assert_eq!(world.read_by_clinic(), ["a", "b", "c"]);
    // And from here on there is peace.
    record(&world, "d");
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!(report.alarms, []);
    world.settle();
    assert_eq!(world.read_by_clinic(), ["a", "b", "c", "d"]);
}

/// The backup was made when a run was sealed and not yet acknowledged.
#[test]
fn a_backup_with_a_sealed_run_in_it() {
    for cut in [Cut::BeforeSend, Cut::ReplyLost] {
        let mut world = World::settled();
        record(&world, "a");
        let care = world.space(SpaceKind::Care);
        let path = format!("/v1/spaces/{care}/runs");
        let at = position_of(&mut world, &path);
        world.phone.round_cut(&mut world.api, at, cut).unwrap();
        assert_eq!(world.phone.with(|v| v.runs_out(care, 9).unwrap().len()), 1);
        let backup = backup(&world);
        world.settle();
        record(&world, "b");
        world.settle();

        restore(&mut world, backup.path());
        record(&world, "c");
        world.settle();
        assert_eq!(notes(&world), ["a", "b", "c"], "{cut:?}");
        assert_eq!(world.read_by_clinic(), ["a", "b", "c"], "{cut:?}");
        let entries = world.phone.companion.journal().count().unwrap();
        assert_eq!(entries, 3);
        assert_eq!(world.phone.companion.sync().unsent().unwrap(), 0);
    }
}

/// At which request of the phone's next round a path is asked for, found on a copy of the server.
fn position_of(world: &mut World, path: &str) -> usize {
    let before = world.api.requests.len();
    let mut machine = world
        .phone
        .with(|v| companion_core::sync::Machine::new(v))
        .unwrap();
    let mut at = 0;
    loop {
        let companion_core::sync::Next::Send(request) =
            world.phone.with(|v| machine.next(v)).unwrap()
        else {
            panic!("never asked for");
        };
        at += 1;
        if request.path == path {
            world.api.requests.truncate(before);
            return at;
        }
        let reply = world.api.serve(world.phone.id, &request);
        world.phone.with(|v| machine.receive(v, reply)).unwrap();
    }
}

/// Two vaults with one set of keys both go on. Whoever comes second starts a new log, and each
/// gets what the other wrote.
#[test]
fn a_copy_that_goes_on_beside_the_original() {
    let mut world = World::settled();
    record(&world, "a");
    world.settle();
    let folder = backup(&world);
    let copy_env = crate::support::env_on(77, &world.phone.clock);
    let copy = crate::support::open(folder.path(), &copy_env).unwrap();
    let care = world.space(SpaceKind::Care);
    copy.journal()
        .record(&noted("by the copy", START), Some(true))
        .unwrap();
    record(&world, "by the original");

    // Both pull before either pushes.
    let mut machine = copy
        .vault()
        .with(|v| companion_core::sync::Machine::new(v))
        .unwrap();
    let runs = format!("/v1/spaces/{care}/runs");
    let mut alarms = Vec::new();
    loop {
        let next = copy.vault().with(|v| machine.next(v)).unwrap();
        let companion_core::sync::Next::Send(request) = next else {
            break;
        };
        if request.path == runs && alarms.is_empty() {
            world.phone.round(&mut world.api).unwrap();
        }
        let reply = world.api.serve(world.phone.id, &request);
        copy.vault().with(|v| machine.receive(v, reply)).unwrap();
        alarms.clone_from(&machine.report().alarms);
    }
    assert_eq!(alarms, [Alarm::OwnLogLonger(care)]);
    // The original goes on, too, in the log that the copy gave up.
    record(&world, "more by the original");
    for _ in 0..3 {
        world.settle();
        let mut machine = copy
            .vault()
            .with(|v| companion_core::sync::Machine::new(v))
            .unwrap();
        while let companion_core::sync::Next::Send(request) =
            copy.vault().with(|v| machine.next(v)).unwrap()
        {
            let reply = world.api.serve(world.phone.id, &request);
            copy.vault().with(|v| machine.receive(v, reply)).unwrap();
        }
        assert_eq!(machine.report().alarms, []);
    }
    let expected = [
        "a",
        "by the copy",
        "by the original",
        "more by the original",
    ];
    assert_eq!(notes(&world), expected);
    assert_eq!(world.read_by_clinic(), expected);
    let mut of_copy: Vec<String> = copy
        .journal()
        .list(i64::MIN, i64::MAX, 100)
        .unwrap()
        .into_iter()
        .filter_map(|e| e.mood.note)
        .collect();
    of_copy.sort();
    assert_eq!(of_copy, expected);
}

/// What the new log's heads tell must include what only a lost head had told.
#[test]
fn what_a_lost_head_told_is_told_again() {
    let mut world = World::settled();
    record(&world, "heard?");
    world.phone.round(&mut world.api).unwrap();
    let care = world.space(SpaceKind::Care);
    let own = world.phone.with(|v| v.own_log(care).unwrap().tip.unwrap());
    // The clinic seals a head that tells of it, and it never arrives: its log goes on elsewhere.
    let path = format!("/v1/spaces/{care}/runs");
    world.api.bend(move |request, reply| {
        if request.path == path {
            let conflict = clinic_api::http::problem::Code::RunConflict;
            companion_core::sync::Reply::Problem(clinic_api::http::problem::Problem::new(conflict))
        } else {
            reply
        }
    });
    let stored = world.api.logs.clone();
    let _ = world.desk.round(&mut world.api);
    world.api.logs = stored;
    world.api.be_honest();
    world.settle();
    let told = world.api.logs[&care].values().flatten().any(|bytes| {
        let run = clinic_api::log::Run::from_bytes(bytes).unwrap();
        let head = run.claimed_head().unwrap();
        head.device == world.desk.id && head.seen.iter().any(|s| s.log == own.log)
    });
    assert!(told, "the patient never learns that the clinic received it");
}

/// The vault went back, and so did what the server shows of its log; but the clinic saw more.
#[test]
fn a_witness_of_the_own_logs_end_is_believed() {
    let mut world = World::settled();
    record(&world, "a");
    world.settle();
    let backup = backup(&world);
    record(&world, "b");
    world.settle();
    let care = world.space(SpaceKind::Care);
    let old = world.phone.with(|v| v.own_log(care).unwrap().log);
    restore(&mut world, backup.path());
    let kept = world.phone.with(|v| v.own_log(care).unwrap().tip.unwrap());
    let logs = world.api.logs.get_mut(&care).unwrap();
    let whole = logs[&old].clone();
    logs.get_mut(&old)
        .unwrap()
        .truncate(usize::try_from(kept.beat).unwrap());
    record(&world, "c");
    let report = world.phone.round(&mut world.api).unwrap();
    let expected = [Alarm::Withheld(care, old), Alarm::OwnLogLonger(care)];
    assert_eq!(report.alarms, expected);
    // No second head of a number: what the log held comes back, and nothing was lost.
    world.api.logs.get_mut(&care).unwrap().insert(old, whole);
    world.settle();
    assert_eq!(notes(&world), ["a", "b", "c"]);
    assert_eq!(world.read_by_clinic(), ["a", "b", "c"]);
}

/// Both branches of a copied vault sealed a frame of the same number; one was stored. Who erases
/// the other does not take it along.
#[test]
fn an_erasure_of_what_was_not_stored_spares_the_copys_frame() {
    let mut world = World::settled();
    let care = world.space(SpaceKind::Care);
    let first = backup(&world);
    record(&world, "erased");
    for at in 1..20 {
        let cut = Cut::BeforeSend;
        world.phone.round_cut(&mut world.api, at, cut).unwrap();
        if world.phone.with(|v| v.runs_waiting(care).unwrap()) > 0 {
            break;
        }
    }
    let sealed = backup(&world);
    restore(&mut world, first.path());
    record(&world, "stays");
    world.phone.round(&mut world.api).unwrap();

    restore(&mut world, sealed.path());
    let journal = world.phone.companion.journal();
    let [erased] = journal
        .list(i64::MIN, i64::MAX, 9)
        .unwrap()
        .try_into()
        .unwrap();
    journal.erase(erased.id).unwrap();
    world.settle();
    assert_eq!(notes(&world), ["stays"]);
    assert_eq!(world.read_by_clinic(), ["stays"]);
}

/// With the server's help two frames of one number were stored, one after the other. The erasure
/// of the one that is no longer shown spares the other, on the server and with its readers.
#[test]
fn an_erasure_spares_the_other_branch_of_a_forked_log() {
    let mut world = World::settled();
    let care = world.space(SpaceKind::Care);
    let (first, shown) = (backup(&world), world.api.logs.clone());
    record(&world, "erased");
    world.phone.round(&mut world.api).unwrap();
    let stored = backup(&world);
    world.api.logs = shown;
    restore(&mut world, first.path());
    record(&world, "stays");
    world.phone.round(&mut world.api).unwrap();

    restore(&mut world, stored.path());
    let journal = world.phone.companion.journal();
    let list = journal.list(i64::MIN, i64::MAX, 9).unwrap();
    let [erased] = list.try_into().unwrap();
    journal.erase(erased.id).unwrap();
    world.settle();
    let runs = world.api.logs[&care].values().flatten();
    let mut items = runs.flat_map(|bytes| Run::from_bytes(bytes).unwrap().items);
    assert!(items.all(|item| matches!(item, Item::Body(_))));
    assert_eq!(world.read_by_clinic(), ["stays"]);
}
