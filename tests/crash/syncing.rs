//! `companion sync` and the clinic API, killed while they talk.

use std::path::{Path, PathBuf};

use companion_tests::chance::Chance;
use companion_tests::patient::Patient;
use companion_tests::process::{PATIENCE, Process};
use companion_tests::site::Site;

use crate::rounds::{cut, rounds, takes};

const LINES: usize = 60;
/// More than four runs hold.
const MANY: usize = 2_300;

/// A few entries, by one quick import: a Daylio export of a year of its own.
fn write(patient: &Patient, dir: &Path, round: u32) -> Vec<String> {
    write_some(patient, dir, round, LINES)
}

fn write_some(patient: &Patient, dir: &Path, round: u32, lines: usize) -> Vec<String> {
    let notes: Vec<String> = (0..lines)
        .map(|n| format!("round {round} line {n:04}"))
        .collect();
    let mut csv = "full_date,date,weekday,time,mood,activities,note\n".to_owned();
    for (line, note) in notes.iter().enumerate() {
        let (month, day) = (line / 280 + 1, line / 10 % 28 + 1);
        let (year, hour) = (1950 + round, line % 10 + 9);
        csv.push_str(&format!(
            "{year}-{month:02}-{day:02},x,x,{hour}:00,good,\"\",\"{note}\"\n"
        ));
    }
    let path: PathBuf = dir.join("export.csv");
    std::fs::write(&path, csv).unwrap();
    let imported = patient.json(&["import", path.to_str().unwrap(), "--share"]);
    assert_eq!(imported["added"], lines);
    notes
}

#[test]
fn a_sync_that_was_cut_short_goes_on() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let mut chance = Chance::new("syncing");
    let mut written = write(&patient, site.path(), 0);
    let usual = takes(&mut patient.command(&["sync"]));
    rounds(&mut chance, usual, |chance, number, after| {
        written.extend(write(&patient, site.path(), number + 1));
        let ended = cut(&mut patient.command(&["sync"]), after);
        let done = ended.out.contains("Sent");
        if chance.below(3) == 0 {
            // Whatever the clinic sees by now is whole.
            site.office.sync();
            let seen = site.office.notes(chain);
            assert!(seen.iter().all(|note| written.contains(note)));
            if done {
                assert_eq!(seen.len(), written.len());
            }
        }
        done
    });
    all_there_once(&site, &patient, chain, written);
}

/// Of many runs the next is sealed while one is on its way: killed there, each is sent once.
#[test]
fn a_long_sync_that_was_cut_short_goes_on() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let mut chance = Chance::new("a long sync");
    let mut written = write_some(&patient, site.path(), 0, MANY);
    let usual = takes(&mut patient.command(&["sync"]));
    rounds(&mut chance, usual, |_, number, after| {
        written.extend(write_some(&patient, site.path(), number + 1, MANY));
        let ended = cut(&mut patient.command(&["sync"]), after);
        ended.out.contains("Sent")
    });
    all_there_once(&site, &patient, chain, written);
}

#[test]
fn a_server_that_was_killed_goes_on() {
    let mut site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let mut chance = Chance::new("killing the server");
    let mut written = write(&patient, site.path(), 0);
    let usual = takes(&mut patient.command(&["sync"]));
    rounds(&mut chance, usual, |_, number, after| {
        written.extend(write(&patient, site.path(), number + 1));
        let mut sync = Process::start(&mut patient.command(&["sync", "--json"]));
        std::thread::sleep(after);
        site.server.kill();
        let status = sync.wait(PATIENCE);
        let done = status.success();
        let ended = sync.ended(status);
        if !done {
            assert_eq!(ended.code, Some(69), "{}", ended.out);
            assert!(ended.out.contains("\"unreachable\""));
        }
        site.server.again();
        if done {
            // What was acknowledged outlived the server.
            site.office.sync();
            let mut wanted = written.clone();
            wanted.sort();
            assert_eq!(site.office.notes(chain), wanted);
        }
        done
    });
    all_there_once(&site, &patient, chain, written);
}

fn all_there_once(
    site: &Site,
    patient: &Patient,
    chain: clinic_api::id::ChainId,
    mut written: Vec<String>,
) {
    patient.sync();
    assert_eq!(patient.json(&["status"])["unsent"], 0);
    assert_eq!(patient.sync()["frames_pushed"], 0);
    site.office.sync();
    written.sort();
    assert_eq!(patient.notes(true), written);
    assert_eq!(site.office.notes(chain), written);
    // And so does the server hold them: one of the frames is the clinic's welcome.
    let store = rusqlite::Connection::open(site.server.dir().join("clinic.db")).unwrap();
    let frames: u64 = store
        .query_row(
            "SELECT total(number) FROM logs JOIN spaces USING (space) WHERE kind = 2",
            [],
            |row| row.get::<_, f64>(0),
        )
        .unwrap() as u64;
    assert_eq!(frames, written.len() as u64 + 1);
}
