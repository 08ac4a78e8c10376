//! `companion demo`: the main job, as somebody sees it who has just cloned this.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use companion_tests::console::Browser;
use companion_tests::process::{Ended, PATIENCE, Process, command, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// As the demo prints it.
const PASSPHRASE: &str = "only for this demo";

fn demo(dir: &Path, more: &[&str]) -> Command {
    let mut demo = command("companion");
    demo.args(["demo", "--json"]).args(more);
    demo.arg("--dir").arg(dir);
    demo
}

fn shown(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    serde_json::from_str(&ended.out).expect("one JSON object")
}

fn fixture(name: &str) -> String {
    format!("{}/fixtures/daylio/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs `companion` on the demo's patient.
fn patient(dir: &Path, args: &[&str]) -> Value {
    let passphrase = dir.join("passphrase");
    std::fs::write(&passphrase, PASSPHRASE).unwrap();
    let mut companion = command("companion");
    companion.args(args).arg("--json");
    companion.arg("--dir").arg(dir.join("patient"));
    companion.arg("--passphrase-file").arg(&passphrase);
    shown(&run(&mut companion))
}

#[test]
fn shows_the_main_job_and_goes_on_from_there() {
    let dir = TempDir::new().unwrap();
    let first = shown(&run(&mut demo(dir.path(), &["--exit"])));
    // The built-in journal has 184 lines; of today's 3 entries 1 is private.
    for (key, value) in [
        ("entries_imported", 184),
        ("entries_already", 0),
        ("lines_left_out", 0),
        ("entries_recorded", 3),
        ("frames_pushed", 187),
        ("entries_read_by_clinic", 186),
        ("plaintext_hits_in_server", 0),
    ] {
        assert_eq!(first[key], value, "{key}");
    }
    assert!(first["plaintext_needles"].as_u64().unwrap() > 1000);
    // 187 frames of at least 512 bytes each.
    assert!(first["bytes_on_wire"].as_u64().unwrap() > 187 * 512);
    assert!(first["server_bytes"].as_u64().unwrap() > 187 * 512);
    let url = first["console_url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let seconds = first["seconds"].as_object().unwrap();
    let steps = [
        "server", "clinic", "enrol", "import", "record", "sync", "read", "search", "console",
    ];
    for step in steps {
        assert!(seconds[step].as_f64().unwrap() < 60.0, "{step}");
    }
    assert_eq!(seconds.len(), steps.len());

    let second = shown(&run(&mut demo(dir.path(), &["--exit"])));
    for (key, value) in [
        ("entries_imported", 0),
        ("entries_already", 184),
        ("entries_recorded", 3),
        ("frames_pushed", 3),
        ("entries_read_by_clinic", 188),
        ("plaintext_hits_in_server", 0),
    ] {
        assert_eq!(second[key], value, "{key}");
    }
    assert_eq!(patient(dir.path(), &["status"])["entries"], 190);
}

#[test]
fn takes_the_users_own_export() {
    let dir = TempDir::new().unwrap();
    let file = fixture("scales.csv");
    let args = [
        "--exit",
        "--import",
        &file,
        "--mood",
        "bien=0.5",
        "--mood",
        "bof=-0.2",
        "--mood",
        "à plat=-0.7",
    ];
    let shown = shown(&run(&mut demo(dir.path(), &args)));
    assert_eq!(shown["entries_imported"], 4);
    assert_eq!(shown["frames_pushed"], 7);
    assert_eq!(shown["entries_read_by_clinic"], 6);
    assert_eq!(shown["plaintext_hits_in_server"], 0);
    let day = patient(dir.path(), &["list", "--day", "2026-02-09"]);
    assert_eq!(day["entries"][0]["valence"], -0.7);
    assert_eq!(
        day["entries"][0]["note"],
        "Rentré, couché.\nDemain on verra."
    );
}

#[test]
fn writes_nothing_while_a_mood_has_no_value() {
    let dir = TempDir::new().unwrap();
    let file = fixture("scales.csv");
    let args = ["--exit", "--import", &file, "--mood", "bien=0.5"];
    let ended = run(&mut demo(dir.path(), &args));
    assert_eq!(ended.code, Some(65));
    let said: Value = serde_json::from_str(&ended.out).unwrap();
    let advice = said["problem"]["advice"].as_str().unwrap();
    assert!(advice.contains("--mood 'bof=…'") && advice.contains("--mood 'à plat=…'"));
    assert!(!advice.contains("bien") && !advice.contains("good"));
    assert_eq!(patient(dir.path(), &["list"])["total"], 0);
}

#[test]
fn stays_up_until_it_is_told_to_end() {
    for signal in ["INT", "TERM"] {
        let dir = TempDir::new().unwrap();
        let mut running = Process::start(&mut demo(dir.path(), &[]));
        running.line(|line| line == "}");
        let said: Value = serde_json::from_str(&running.printed()).unwrap();
        let url = said["console_url"].as_str().unwrap();

        let mut browser = Browser::open(url);
        assert!(browser.page.contains("Unlock the console"));
        browser.unlock(PASSPHRASE);
        assert!(browser.page.contains("Alex Morgan"));
        let link = browser.after("<a href=\"/patients/").unwrap();
        let page = format!("/patients/{link}");
        assert_eq!(browser.visit(&page), 200);
        assert!(browser.page.contains("Walked around the block in the rain"));
        assert!(!browser.page.contains("This one stays with me"));
        let entry = browser.value("entry");
        let status = browser.send(&format!("{page}/reviewed"), &[("entry", &entry)]);
        assert_eq!(status, 200);
        assert!(browser.page.contains("Marked 1 entry as reviewed."));
        assert!(browser.page.contains("Reviewed by Dr. Mara Lindqvist"));
        let shown = browser.page.matches("<article").count();
        assert_eq!(browser.send("/sync", &[("back", "/patients")]), 200);

        running.signal(signal);
        assert!(running.wait(PATIENCE).success());
        nobody_listens(&[url, said["server_url"].as_str().unwrap()]);

        // What was opened is known to the patient after the next sync.
        run(&mut demo(dir.path(), &["--exit"]));
        let status = patient(dir.path(), &["status"]);
        assert_eq!(status["entries_read"], shown);
        assert_eq!(status["readers"], json!(["Dr. Mara Lindqvist"]));
    }
}

fn nobody_listens(urls: &[&str]) {
    for url in urls {
        let address = url.strip_prefix("http://").unwrap();
        let address = address.split('/').next().unwrap();
        assert!(TcpStream::connect(address).is_err(), "{address} listens");
    }
}

#[test]
fn leaves_nothing_behind_when_it_is_ended_early() {
    let folder = TempDir::new().unwrap();
    // Without a folder of its own: then it uses a temporary one, and removes it.
    let mut early = command("companion");
    early.arg("demo").env("TMPDIR", folder.path());
    let mut running = Process::start(&mut early);
    running.line(|line| line.contains("Clinic API started"));
    running.signal("TERM");
    let status = running.wait(Duration::from_secs(10));
    assert_eq!(status.code(), Some(128 + 15));
    let group = running.id().to_string();
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let left = Command::new("pgrep").args(["-g", &group]).output().unwrap();
        if left.stdout.is_empty() {
            break;
        }
        assert!(Instant::now() < until, "a process was left running");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_not_whole_or_not_there() {
    let dir = TempDir::new().unwrap();
    let half = fixture("half.csv");
    let shown = shown(&run(&mut demo(dir.path(), &["--exit", "--import", &half])));
    assert_eq!(
        (&shown["entries_imported"], &shown["lines_left_out"]),
        (&json!(2), &json!(1))
    );
    let ended = run(&mut demo(
        dir.path(),
        &["--exit", "--import", "nowhere.csv"],
    ));
    assert_eq!(ended.code, Some(65));
    let said: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(said["problem"]["code"], "file-unreadable");
}
