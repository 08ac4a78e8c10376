//! A vault that was damaged comes back: from what is left of it, and from the clinic API.

use std::path::Path;

use clinic_api::space::SpaceKind;
use companion_core::companion::Companion;
use companion_core::sync::Alarm;

use crate::support::world::{Cut, Device, World};
use crate::support::{START, keys, noted};

const PAGE: usize = 4096;

fn record(world: &World, note: &str, share: bool) {
    let journal = world.phone.companion.journal();
    journal.record(&noted(note, START), Some(share)).unwrap();
}

fn notes(device: &Device) -> Vec<String> {
    let all = device.companion.journal().list(i64::MIN, i64::MAX, 1_000);
    let mut notes: Vec<_> = all
        .unwrap()
        .into_iter()
        .filter_map(|e| e.mood.note)
        .collect();
    notes.sort();
    notes
}

/// Puts the process down, does something to its folder, and starts it again.
fn damaged(device: &mut Device, work: impl FnOnce(&Path)) {
    let other = Device::new(99);
    let Device {
        dir,
        env,
        clock,
        companion,
        id,
    } = std::mem::replace(device, other);
    drop(companion);
    work(dir.path());
    let keys = keys(dir.path(), &env);
    let companion = Companion::mend(dir.path(), &keys, env.clone());
    *device = Device {
        dir,
        env,
        clock,
        companion: companion.unwrap(),
        id,
    };
}

/// Nothing of the file is left.
fn lost(dir: &Path) {
    let db = dir.join("vault.db");
    let length = std::fs::metadata(&db).unwrap().len();
    std::fs::write(db, vec![0xa5; usize::try_from(length).unwrap()]).unwrap();
}

/// The first page is gone, and with it SQLite's way to all the others.
fn headless(dir: &Path) {
    let db = dir.join("vault.db");
    let mut bytes = std::fs::read(&db).unwrap();
    bytes[..PAGE].fill(0);
    std::fs::write(db, bytes).unwrap();
}

/// The first page is gone but for the salt, and nothing beside the file says whose it is.
fn alone(dir: &Path) {
    let db = dir.join("vault.db");
    let mut bytes = std::fs::read(&db).unwrap();
    bytes[16..PAGE].fill(0);
    std::fs::write(db, bytes).unwrap();
    std::fs::remove_file(dir.join("vault.identity")).unwrap();
}

/// A world in which entries were exchanged, private ones and shared ones.
fn written() -> World {
    let mut world = World::settled();
    for n in 0..8 {
        record(&world, &format!("private {n}"), false);
        record(&world, &format!("shared {n}"), true);
    }
    world.settle();
    world
}

#[test]
fn what_the_clinic_has_comes_back_by_syncing() {
    let mut world = written();
    let before = notes(&world.phone);
    assert_eq!(before.len(), 16);
    let own = |world: &World, kind| {
        let space = world.space(kind);
        world.phone.with(|v| v.own_log(space).unwrap().log)
    };
    let old = [SpaceKind::Private, SpaceKind::Care].map(|kind| own(&world, kind));
    let id = world.phone.id;
    damaged(&mut world.phone, lost);
    let told = world.phone.companion.mended().unwrap().unwrap();
    assert_eq!((told.salvaged, told.identity), (0, true));
    assert_eq!(world.phone.with(|v| v.device().unwrap().id()), id);
    assert_eq!(notes(&world.phone), [""; 0]);

    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!((report.alarms, report.frames_pushed), (vec![], 0));
    assert_eq!(notes(&world.phone), before);
    // It goes on in logs of its own, and never in the old ones.
    record(&world, "private 8", false);
    record(&world, "shared 8", true);
    world.settle();
    assert_eq!(world.read_by_clinic().len(), 9);
    let new = [SpaceKind::Private, SpaceKind::Care].map(|kind| own(&world, kind));
    assert!(new.iter().all(|log| !old.contains(log)));
    let report = world.phone.round(&mut world.api).unwrap();
    assert_eq!((report.alarms, report.requests > 0), (vec![], true));
    let desk = world.desk.round(&mut world.api).unwrap();
    assert_eq!(desk.alarms, []);
}

/// Ends a round of the phone's where it pushes into *care*.
fn cut_at_push(world: &mut World, cut: Cut) {
    let care = world.space(SpaceKind::Care);
    for at in 1.. {
        world.phone.round_cut(&mut world.api, at, cut).unwrap();
        let waiting = world.phone.with(|v| v.runs_out(care, 9).unwrap().len());
        if waiting > 0 {
            return;
        }
    }
}

/// Entries that were sealed and never left, whose answer was lost, and that were never sealed.
#[test]
fn what_was_not_sent_comes_back_from_what_can_be_read() {
    for cut in [Cut::BeforeSend, Cut::ReplyLost] {
        for damage in [headless as fn(&Path), alone] {
            let mut world = written();
            record(&world, "sealed", true);
            cut_at_push(&mut world, cut);
            record(&world, "never sealed", true);
            record(&world, "private", false);
            let before = notes(&world.phone);
            assert_eq!(before.len(), 19);
            damaged(&mut world.phone, damage);
            let told = world.phone.companion.mended().unwrap().unwrap();
            assert!(told.identity);
            // All of it is there before any syncing.
            assert_eq!(notes(&world.phone), before);
            world.settle();
            assert_eq!(notes(&world.phone), before, "{cut:?}");
            let read = world.read_by_clinic();
            assert_eq!(read.len(), 10, "{cut:?}: {read:?}");
            assert_eq!(world.phone.with(|v| v.unsent().unwrap()), 0);
            let report = world.phone.round(&mut world.api).unwrap();
            assert_eq!(report.alarms, []);
        }
    }
}

/// One page of the file at a time: whatever it was, all is there after a sync, but for what was
/// not sent and stood on that page.
#[test]
fn any_one_page() {
    let pages = {
        let mut world = written();
        damaged(&mut world.phone, |_| {});
        let db = world.phone.path().join("vault.db");
        usize::try_from(std::fs::metadata(db).unwrap().len()).unwrap() / PAGE
    };
    for page in (0..pages).step_by(4) {
        let mut world = written();
        record(&world, "never sealed", true);
        damaged(&mut world.phone, |dir| {
            let db = dir.join("vault.db");
            let mut bytes = std::fs::read(&db).unwrap();
            bytes[page * PAGE + 33] ^= 8;
            std::fs::write(db, bytes).unwrap();
        });
        assert!(
            world.phone.companion.mended().unwrap().is_some(),
            "page {page}"
        );
        world.settle();
        let found = notes(&world.phone);
        let sent = found.iter().filter(|note| *note != "never sealed").count();
        assert_eq!(sent, 16, "page {page}");
        let report = world.phone.round(&mut world.api).unwrap();
        assert_eq!(report.alarms, [], "page {page}");
        let read = world.read_by_clinic();
        assert!(
            read.len() >= 8 && found.len() >= 16,
            "page {page}: {read:?}"
        );
    }
}

/// A server that uses the moment to show an older state of a chain, or another: what the vault
/// had verified is believed, and nothing else.
#[test]
fn chains_are_not_rolled_back_at_that_moment() {
    let chains = |world: &World| {
        [
            world.chain,
            world.roster,
            world.space(SpaceKind::Care).into(),
            world.space(SpaceKind::Private).into(),
        ]
    };
    for at in 0..chains(&World::settled()).len() {
        let mut world = written();
        let chain = chains(&world)[at];
        let count = world.phone.with(|v| v.statement_count(chain).unwrap());
        damaged(&mut world.phone, lost);
        let kept = world.api.chains.get_mut(&chain).unwrap();
        kept.pop();
        if kept.is_empty() {
            world.api.chains.remove(&chain);
        }
        let report = world.phone.round(&mut world.api).unwrap();
        let alarm = Alarm::ChainForked(chain);
        assert!(report.alarms.contains(&alarm), "{at}: {:?}", report.alarms);
        let now = world.phone.with(|v| v.statement_count(chain).unwrap());
        assert_eq!(now, count, "{at}");
    }
}

/// And one that then keeps entries back, of the person's own or of others.
#[test]
fn entries_are_not_kept_back_at_that_moment() {
    for kind in [SpaceKind::Private, SpaceKind::Care] {
        let mut world = written();
        let space = world.space(kind);
        let log = world.phone.with(|v| v.own_log(space).unwrap().log);
        // Where the logs end is written down when the program ends, at the latest.
        damaged(&mut world.phone, |_| {});
        damaged(&mut world.phone, lost);
        let runs = world
            .api
            .logs
            .get_mut(&space)
            .unwrap()
            .get_mut(&log)
            .unwrap();
        let last = runs.pop().unwrap();
        let report = world.phone.round(&mut world.api).unwrap();
        assert_eq!(report.alarms, [Alarm::Withheld(space, log)]);
        // It ends when all is served.
        let runs = world
            .api
            .logs
            .get_mut(&space)
            .unwrap()
            .get_mut(&log)
            .unwrap();
        runs.push(last);
        let report = world.phone.round(&mut world.api).unwrap();
        assert_eq!(report.alarms, []);
        assert_eq!(notes(&world.phone).len(), 16);
    }
}

/// A clinic's workstation: its founder's keys, and from there all its patients.
#[test]
fn a_workstation_comes_back() {
    for damage in [lost as fn(&Path), headless] {
        let mut world = written();
        let before = world.read_by_clinic();
        let root = world.desk.with(|v| v.root().unwrap().unwrap().id());
        damaged(&mut world.desk, damage);
        let told = world.desk.companion.mended().unwrap().unwrap();
        assert!(told.identity);
        let report = world.desk.round(&mut world.api).unwrap();
        assert_eq!(report.alarms, []);
        assert_eq!(world.read_by_clinic(), before);
        assert_eq!(world.desk.with(|v| v.root().unwrap().unwrap().id()), root);
        record(&world, "later", true);
        world.settle();
        assert_eq!(world.read_by_clinic().len(), before.len() + 1);
        let report = world.phone.round(&mut world.api).unwrap();
        assert_eq!(report.alarms, []);
    }
}

/// A second time before any sync.
#[test]
fn damage_twice() {
    let mut world = written();
    record(&world, "never sealed", true);
    let before = notes(&world.phone);
    damaged(&mut world.phone, headless);
    damaged(&mut world.phone, headless);
    assert_eq!(notes(&world.phone), before);
    let folders = std::fs::read_dir(world.phone.path()).unwrap();
    let asides = folders.filter(|e| e.as_ref().unwrap().path().is_dir());
    assert_eq!(asides.count(), 2);
    world.settle();
    assert_eq!(notes(&world.phone), before);
    assert_eq!(world.read_by_clinic().len(), 9);
}

/// What was erased doesn't come back with the rest, nor by the clinic API.
#[test]
fn what_was_erased_stays_erased() {
    for damage in [headless as fn(&Path), alone] {
        let mut world = written();
        let journal = world.phone.companion.journal();
        let all = journal.list(i64::MIN, i64::MAX, 100).unwrap();
        let of = |note: &str| {
            let found = all.iter().find(|e| e.mood.note.as_deref() == Some(note));
            found.unwrap().id
        };
        journal.erase(of("shared 3")).unwrap();
        journal.erase(of("private 3")).unwrap();
        drop(journal);
        let before = notes(&world.phone);
        assert_eq!(before.len(), 14);
        damaged(&mut world.phone, damage);
        assert_eq!(notes(&world.phone), before);
        world.settle();
        assert_eq!(notes(&world.phone), before);
        assert!(!world.read_by_clinic().contains(&"shared 3".to_owned()));
        assert_eq!(world.read_by_clinic().len(), 7);
        // And where nothing could be read, the clinic API has it no more either.
        damaged(&mut world.phone, lost);
        let report = world.phone.round(&mut world.api).unwrap();
        assert_eq!(report.alarms, []);
        assert_eq!(notes(&world.phone), before);
    }
}
