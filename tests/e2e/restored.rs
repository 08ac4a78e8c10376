//! A server that lost its machine and came back from a backup, as its clients meet it.

use std::process::Stdio;

use companion_core::sync::Alarm;
use companion_tests::patient::Patient;
use companion_tests::process::{command, run};
use companion_tests::site::Site;
use serde_json::json;

/// What a command of the server says; it has to end well.
fn server(arguments: &[&str]) -> String {
    let ended = run(command("clinic-server")
        .args(arguments)
        .stdin(Stdio::null()));
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.err);
    ended.out
}

#[test]
fn what_a_backup_lacks_is_named_and_nobody_loses_what_they_hold() {
    let mut site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    patient.log(&["4", "--note", "a before", "--share"]);
    patient.sync();
    site.office.sync();
    // While it serves, and the patient's device writes.
    let (dir, to) = (site.server.dir().to_owned(), site.path().join("backups"));
    let (store, backups) = (dir.to_str().unwrap(), to.to_str().unwrap());
    let made = std::thread::scope(|scope| {
        let made = scope.spawn(|| server(&["backup", "--dir", store, "--to", backups]));
        for note in ["b meanwhile", "c meanwhile"] {
            patient.log(&["5", "--note", note, "--share"]);
            patient.sync();
        }
        made.join().unwrap()
    });
    let backup = made.lines().next().unwrap();
    let backup = backup.strip_prefix("backup ").unwrap();
    patient.log(&["6", "--note", "d after", "--share"]);
    patient.sync();
    site.office.sync();
    let all = ["a before", "b meanwhile", "c meanwhile", "d after"];
    assert_eq!(site.office.notes(chain), all);

    lose(&mut site, backup);

    // Nobody loses what they hold, whatever the server lacks.
    patient.json(&["sync"]);
    site.office.try_sync().unwrap();
    assert_eq!(site.office.notes(chain), all);
    assert_eq!(patient.notes(true).len(), all.len());
    // Who writes again learns that the server ends before what it had
    // acknowledged, says so, and goes on in another log.
    patient.log(&["7", "--note", "e since", "--share"]);
    let report = patient.json(&["sync"]);
    assert_eq!(report["alarms"], json!(["own-log-longer"]));
    let office = site.office.try_sync().unwrap();
    let named = |alarm: &Alarm| matches!(alarm, Alarm::OwnLogLonger(_));
    assert!(
        !office.alarms.is_empty() && office.alarms.iter().all(named),
        "{:?}",
        office.alarms
    );
    assert_eq!(site.office.notes(chain), [&all[..], &["e since"]].concat());
    assert_eq!(patient.notes(true).len(), all.len() + 1);
    // By then each knows from the other's word what the server should hold, and
    // names that it does not, for as long as it does not. All else goes on.
    patient.log(&["7", "--note", "f since", "--share"]);
    let report = patient.json(&["sync"]);
    assert_eq!(report["alarms"], json!(["withheld"]));
    site.office.try_sync().unwrap();
    assert!(site.office.notes(chain).contains(&"f since".to_owned()));
    site.server.stop();
    server(&["check", "--dir", store]);
}

/// The server's machine is lost, and the backup restored on another.
fn lose(site: &mut Site, backup: &str) {
    site.server.kill();
    let dir = site.server.dir().to_owned();
    std::fs::rename(&dir, site.path().join("lost")).unwrap();
    let said = server(&["restore", "--from", backup, "--dir", dir.to_str().unwrap()]);
    assert!(said.starts_with("restored and verified: "), "{said}");
    site.server.again();
}

#[test]
fn who_enrolled_after_the_backup_has_to_be_invited_anew() {
    let mut site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let to = site.path().join("backups");
    let arguments = ["backup", "--dir", site.server.dir().to_str().unwrap()];
    let made = server(&[&arguments[..], &["--to", to.to_str().unwrap()]].concat());
    let backup = made.lines().next().unwrap();
    let late = Patient::new(site.path(), "late");
    let late_chain = site.enrol(&late, "Kim Late", "1990-01-02");
    late.log(&["5", "--note", "mine"]);
    lose(&mut site, backup.strip_prefix("backup ").unwrap());

    let (_, code, _) = late.problem(&["sync"]);
    assert_eq!(code, "server-refused");
    assert_eq!(late.notes(false), ["mine"]);
    // The workstation names what is missing, and works on for all others.
    let report = site.office.try_sync().unwrap();
    assert_eq!(report.alarms, [Alarm::ChainForked(late_chain)]);
    patient.log(&["5", "--note", "still here", "--share"]);
    patient.json(&["sync"]);
    site.office.try_sync().unwrap();
    assert_eq!(site.office.notes(chain), ["still here"]);
}
