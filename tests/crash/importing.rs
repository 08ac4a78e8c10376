//! `companion import`, killed: doing it again brings the rest, and nothing twice.

use std::path::{Path, PathBuf};

use companion_tests::chance::Chance;
use companion_tests::site::Site;

use crate::rounds::{cut, rounds, takes};

/// More than fit in one transaction.
const LINES: u32 = 210;

/// A Daylio export of a year of its own.
fn export(dir: &Path, round: u32) -> PathBuf {
    let mut csv = "full_date,date,weekday,time,mood,activities,note\n".to_owned();
    for line in 0..LINES {
        let (month, day, hour) = (line / 84 + 1, line / 3 % 28 + 1, line % 3 + 9);
        csv.push_str(&format!(
            "{}-{month:02}-{day:02},x,x,{hour}:00,good,\"\",\"round {round} line {line}\"\n",
            1990 + round
        ));
    }
    let path = dir.join("export.csv");
    std::fs::write(&path, csv).unwrap();
    path
}

#[test]
fn an_import_that_was_cut_short_goes_on() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let mut chance = Chance::new("importing");
    let file = export(site.path(), 0);
    let args = ["import", file.to_str().unwrap(), "--share"];
    let usual = takes(&mut patient.command(&args));
    let mut whole = u64::from(LINES);
    rounds(&mut chance, usual, |_, number, after| {
        export(site.path(), number + 1);
        let ended = cut(&mut patient.command(&args), after);
        let there = patient.json(&["status"])["entries"].as_u64().unwrap() - whole;
        if ended.out.contains("210 entries added.") {
            assert_eq!(there, u64::from(LINES));
        } else {
            assert!(!ended.done);
        }
        // Most of what was cut short is done at once, some of it only by the next import.
        let again = patient.json(&args);
        assert_eq!(again["already"], there);
        assert_eq!(again["added"], u64::from(LINES) - there);
        whole += u64::from(LINES);
        ended.out.contains("added")
    });
    let mut notes = patient.notes(true);
    assert_eq!(notes.len() as u64, whole);
    notes.dedup();
    assert_eq!(notes.len() as u64, whole, "nothing twice");
    assert!(patient.sync()["frames_pushed"].as_u64().unwrap() >= whole);
    site.office.sync();
    assert_eq!(site.office.notes(chain), notes);
}
