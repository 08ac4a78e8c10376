//! Backups of a running server, and what comes back of them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rusqlite::Connection;

use crate::support::clinic::Clinic;
use crate::support::process::Server;
use crate::support::space::{Log, push};
use crate::writers::{Scene, Written, pause, scene, stored, write_until_gone};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clinic-server"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[track_caller]
fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaints}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fail(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

fn backup(dir: &Path, to: &Path) -> PathBuf {
    let said = succeed(&["backup", "--dir", text(dir), "--to", text(to)]);
    said.lines()
        .next()
        .unwrap()
        .strip_prefix("backup ")
        .unwrap()
        .into()
}

/// How much of what each device wrote is on a server: a beginning of it.
fn kept(server: &Server, scene: &Scene, written: &[Written]) -> Vec<usize> {
    let mut rest = stored(server, scene);
    let count = |written: &Written| {
        let under_way = written.under_way.iter().map(|(run, _)| run);
        let all = written.acknowledged.iter().chain(under_way);
        let all: Vec<_> = all.take_while(|run| rest.contains(run)).cloned().collect();
        rest.retain(|run| !all.contains(run));
        all.len()
    };
    let counts = written.iter().map(count).collect();
    assert!(
        rest.is_empty(),
        "what nobody wrote, or with something missing before it"
    );
    counts
}

/// The drill: devices write, a backup is made, they write on, the machine is
/// lost, the backup is restored.
#[test]
fn all_that_was_acknowledged_before_a_backup_is_in_it() {
    let root = tempfile::tempdir().unwrap();
    let (dir, to) = (root.path().join("store"), root.path().join("backups"));
    let clinic = Clinic::new(10);
    let founded = clinic.root_id();
    let server = Server::start(&dir, founded);
    let scene = scene(&server, clinic, &[50, 51, 52]);
    let mut written = vec![Written::default(); scene.devices.len()];
    write_until_gone(&server, &scene, &mut written, || {
        pause(200);
        server.signal("TERM");
    });
    server.wait();
    let server = Server::start(&dir, founded);
    let before: Vec<_> = written.iter().map(|w| w.acknowledged.len()).collect();
    assert!(before.iter().all(|n| *n > 0));
    let mut made = PathBuf::new();
    write_until_gone(&server, &scene, &mut written, || {
        pause(100);
        made = backup(&dir, &to);
        pause(300);
        server.signal("KILL");
    });
    server.wait();
    let restored = root.path().join("restored");
    let said = succeed(&["restore", "--from", text(&made), "--dir", text(&restored)]);
    assert!(said.starts_with("restored and verified: "), "{said}");
    let server = Server::start(&restored, founded);
    let kept = kept(&server, &scene, &written);
    let total: Vec<_> = written.iter().map(|w| w.acknowledged.len()).collect();
    for ((before, kept), total) in before.iter().zip(&kept).zip(&total) {
        assert!(before <= kept && kept < total, "{before} {kept} {total}");
    }
    // A device that goes on where it was is told that frames are missing.
    for (device, written) in scene.devices.iter().zip(&written) {
        let mut log = Log::new(device, scene.space, 1, scene.epoch);
        log.tip = written.tip;
        let body = push(&[log.run(&[64], 9)]);
        let path = format!("/v1/spaces/{}/runs", scene.space);
        let answer = server.call(device, server.now(), "POST", &path, &body);
        assert_eq!(answer.unwrap().refused(), (409, "run-gap"));
    }
    // And who sends again from there on is heard.
    let path = format!("/v1/spaces/{}/runs", scene.space);
    for ((device, written), kept) in scene.devices.iter().zip(&written).zip(kept) {
        let missing = push(&written.acknowledged[kept.min(written.acknowledged.len())..]);
        let answer = server.call(device, server.now(), "POST", &path, &missing);
        answer.unwrap().expect(200);
    }
    server.stop();
    succeed(&["check", "--dir", text(&restored)]);
}

#[test]
fn a_check_finds_what_is_wrong() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("store");
    let clinic = Clinic::new(10);
    let server = Server::start(&dir, clinic.root_id());
    let scene = scene(&server, clinic, &[50]);
    let device = &scene.devices[0];
    let mut log = Log::new(device, scene.space, 1, scene.epoch);
    let path = format!("/v1/spaces/{}/runs", scene.space);
    for fill in 0..3 {
        let body = push(&[log.run(&[200, 300], fill)]);
        let answer = server.call(device, server.now(), "POST", &path, &body);
        answer.unwrap().expect(200);
    }
    // While it is served, and after.
    let said = succeed(&["check", "--dir", text(&dir)]);
    // A roster and a patient; two and three spaces; one log of six frames.
    assert_eq!(said, "verified: 2 chains, 5 spaces, 1 logs, 6 frames\n");
    server.stop();
    let wrongs = [
        "UPDATE runs SET bytes = (SELECT bytes FROM runs WHERE beat = 1) WHERE beat = 2",
        "DELETE FROM runs WHERE beat = 2",
        "DELETE FROM runs WHERE beat = 3",
        "UPDATE logs SET head = zeroblob(32)",
        "UPDATE statements SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'00' AS BLOB) WHERE number = 1",
        "DELETE FROM statements WHERE number = 0",
        "PRAGMA foreign_keys = OFF; DELETE FROM logs",
    ];
    for (count, wrong) in wrongs.iter().enumerate() {
        let other = root.path().join(format!("wrong{count}"));
        std::fs::create_dir(&other).unwrap();
        std::fs::copy(dir.join("clinic.db"), other.join("clinic.db")).unwrap();
        let connection = Connection::open(other.join("clinic.db")).unwrap();
        connection.execute_batch(wrong).unwrap();
        drop(connection);
        let said = fail(&["check", "--dir", text(&other)]);
        assert!(said.contains("damaged"), "{wrong}: {said}");
    }
    let broken = root.path().join("broken");
    std::fs::create_dir(&broken).unwrap();
    let mut bytes = std::fs::read(dir.join("clinic.db")).unwrap();
    let length = bytes.len();
    bytes[length / 2..length / 2 + 2000].fill(0xa5);
    std::fs::write(broken.join("clinic.db"), bytes).unwrap();
    let said = fail(&["check", "--dir", text(&broken)]);
    assert!(said.contains("damaged"), "{said}");
    fail(&["check", "--dir", text(root.path())]);
}

#[test]
fn backups_expire_and_nothing_else_does() {
    let root = tempfile::tempdir().unwrap();
    let (dir, to) = (root.path().join("store"), root.path().join("backups"));
    let server = Server::start(&dir, Clinic::new(10).root_id());
    let first = backup(&dir, &to);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&to), mode(&first)), (0o700, 0o600));
    let name = first.file_name().unwrap().to_str().unwrap();
    assert_eq!(name.len(), "clinic-2026-01-01T00-00-00Z.db".len());
    assert!(
        name.starts_with("clinic-2") && name.ends_with("Z.db"),
        "{name}"
    );
    // What is not of ours, or young, stays.
    let old = [
        "clinic-2001-02-03T04-05-06Z.db",
        "clinic-2020-12-31T23-59-59Z.db",
    ];
    let others = [
        "clinic-2001-02-03T04-05-06Z.db.gpg",
        "clinic-9001-02-03T04-05-06Z.db",
        "clinic-older.db",
        "notes",
    ];
    for name in old.iter().chain(&others) {
        std::fs::write(to.join(name), "x").unwrap();
    }
    pause(1100);
    let arguments = [
        "backup",
        "--dir",
        text(&dir),
        "--to",
        text(&to),
        "--keep",
        "30",
    ];
    let said = succeed(&arguments);
    let deleted: Vec<_> = said
        .lines()
        .filter_map(|l| l.strip_prefix("deleted "))
        .collect();
    assert_eq!(deleted, old.map(|name| text(&to.join(name)).to_owned()));
    let left = std::fs::read_dir(&to).unwrap().count();
    assert_eq!(left, others.len() + 2);
    assert!(first.exists() && others.iter().all(|o| to.join(o).exists()));
    assert!(
        !run(&[
            "backup",
            "--dir",
            text(&dir),
            "--to",
            text(&to),
            "--keep",
            "0"
        ])
        .status
        .success()
    );
    server.stop();
}

#[test]
fn nothing_is_made_of_what_is_no_backup_or_over_a_store() {
    let root = tempfile::tempdir().unwrap();
    let (dir, to) = (root.path().join("store"), root.path().join("backups"));
    let nothing = fail(&["backup", "--dir", text(&dir), "--to", text(&to)]);
    assert!(nothing.contains("there is no store"), "{nothing}");
    assert!(!dir.exists());
    Server::start(&dir, Clinic::new(10).root_id()).stop();
    let made = backup(&dir, &to);
    let occupied = fail(&["restore", "--from", text(&made), "--dir", text(&dir)]);
    assert!(occupied.contains("holds a store already"), "{occupied}");
    let new = root.path().join("new");
    let restore = |from: &Path| fail(&["restore", "--from", text(from), "--dir", text(&new)]);
    let foreign = root.path().join("foreign.db");
    let connection = Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(connection);
    assert!(restore(&foreign).contains("is not a store"));
    std::fs::write(&foreign, "some words, and no database of any kind").unwrap();
    assert!(restore(&foreign).contains("is not a store"));
    let mut bytes = std::fs::read(&made).unwrap();
    let length = bytes.len();
    bytes[length / 2..].fill(0xa5);
    std::fs::write(&foreign, &bytes).unwrap();
    assert!(restore(&foreign).contains("damaged"));
    std::fs::write(&foreign, &bytes[..length / 2]).unwrap();
    restore(&foreign);
    restore(&root.path().join("missing"));
    assert!(!new.join("clinic.db").exists());
    // Where there is no room, or no right, no half backup is left.
    let file = root.path().join("file");
    std::fs::write(&file, "x").unwrap();
    fail(&["backup", "--dir", text(&dir), "--to", text(&file)]);
    let names: Vec<_> = std::fs::read_dir(&to)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(names, [made]);
}
