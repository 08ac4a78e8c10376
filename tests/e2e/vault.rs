//! The journal's folder in bad states: each is told apart, and nothing in it is touched.

use std::process::Stdio;

use companion_core::env::Env;
use companion_tests::office;
use companion_tests::patient::Patient;
use companion_tests::process::{command, run};
use companion_tests::search::files;
use serde_json::json;
use tempfile::TempDir;

#[test]
fn a_first_command_makes_the_journal() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::without_journal(dir.path(), "patient");
    let id = patient.log(&["6", "--note", "the first"]);
    assert_eq!(patient.json(&["show", &id])["entry"]["note"], "the first");
    let status = patient.json(&["status"]);
    assert_eq!(
        (&status["entries"], &status["server"]),
        (&json!(1), &json!(null))
    );
}

#[test]
fn a_passphrase_that_does_not_fit_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    patient.log(&["6"]);
    let before = files(patient.dir());
    let wrong = dir.path().join("wrong");
    let attempt = |text: &str| {
        std::fs::write(&wrong, text).unwrap();
        let mut list = command("companion");
        list.args(["list", "--json", "--dir"]).arg(patient.dir());
        run(list.arg("--passphrase-file").arg(&wrong))
    };
    for text in ["another passphrase", "", "correct horse battery staple "] {
        let ended = attempt(text);
        assert_eq!(ended.code, Some(77));
        assert!(ended.out.contains("\"wrong-passphrase\""));
    }
    assert_eq!(files(patient.dir()), before);
    // A new journal wants a longer one, and is not made.
    let new = dir.path().join("new");
    let mut log = command("companion");
    log.args(["log", "5", "--json", "--dir"]).arg(&new);
    std::fs::write(&wrong, "short").unwrap();
    let ended = run(log.arg("--passphrase-file").arg(&wrong));
    assert_eq!(ended.code, Some(65));
    assert!(ended.out.contains("\"passphrase-short\"") && !new.exists());
    // Without any it says so rather than waiting.
    let mut list = command("companion");
    list.args(["list", "--json", "--dir"]).arg(patient.dir());
    let ended = run(list.stdin(Stdio::null()));
    assert_eq!(ended.code, Some(65));
    assert!(ended.out.contains("\"passphrase-needed\""));
}

#[test]
fn two_programs_do_not_open_one_journal() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    let other = office::open(patient.dir(), Env::system());
    let (exit, name, problem) = patient.problem(&["log", "5"]);
    assert_eq!((exit, name.as_str()), (73, "vault-in-use"));
    assert_eq!(problem["retry"], true);
    drop(other);
    patient.log(&["5"]);
}

#[test]
fn damage_is_named_and_kept() {
    let whole = TempDir::new().unwrap();
    let patient = Patient::new(whole.path(), "patient");
    for n in 0..20 {
        patient.log(&["5", "--note", &format!("entry {n}")]);
    }
    let db = std::fs::read(patient.dir().join("vault.db")).unwrap();
    let key = std::fs::read(patient.dir().join("vault.key")).unwrap();
    let mut bent = db.clone();
    bent[100] ^= 1;
    let mut bent_key = key.clone();
    bent_key.truncate(20);
    for (file, bytes, code) in [
        (
            "vault.db",
            b"not a database at all".to_vec(),
            "vault-damaged",
        ),
        ("vault.db", bent, "vault-damaged"),
        ("vault.db", db[..db.len() / 2].to_vec(), "vault-damaged"),
        ("vault.key", bent_key, "key-store"),
        ("vault.key", Vec::new(), "key-store"),
    ] {
        let path = patient.dir().join(file);
        let before = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        let (exit, name, _) = patient.problem(&["list"]);
        assert_eq!(
            (exit, name.as_str()),
            (74, code),
            "{file} of {} bytes",
            bytes.len()
        );
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{file} is as it was");
        std::fs::write(&path, before).unwrap();
    }
    assert_eq!(patient.entries().len(), 20);
}
