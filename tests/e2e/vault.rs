//! The journal's folder in bad states: each is told apart, and nothing in it is touched.

use std::process::Stdio;

use companion_core::env::Env;
use companion_tests::office;
use companion_tests::patient::Patient;
use companion_tests::process::{command, run};
use companion_tests::search::files;
use companion_tests::site::Site;
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
fn a_damaged_key_is_named_and_kept() {
    let whole = TempDir::new().unwrap();
    let patient = Patient::new(whole.path(), "patient");
    patient.log(&["5"]);
    let path = patient.dir().join("vault.key");
    let key = std::fs::read(&path).unwrap();
    for bytes in [key[..20].to_vec(), Vec::new()] {
        std::fs::write(&path, &bytes).unwrap();
        let (exit, name, _) = patient.problem(&["list"]);
        assert_eq!((exit, name.as_str()), (74, "key-store"));
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "it is as it was");
    }
    std::fs::write(&path, &key).unwrap();
    assert_eq!(patient.entries().len(), 1);
}

/// Without a clinic, what can be read is all there is: it is told what came back, once.
#[test]
fn a_damaged_file_is_set_aside_and_the_person_told() {
    let whole = TempDir::new().unwrap();
    let first = Patient::new(whole.path(), "whole");
    for n in 0..40 {
        first.log(&["5", "--note", &format!("entry {n} {}", "z".repeat(300))]);
    }
    let db = std::fs::read(first.dir().join("vault.db")).unwrap();
    // The last pages are the newest: more than tables, less than all that was written.
    let most = db.len() - 6 * 4096;
    let mut head = db.clone();
    head[..4096].fill(0);
    let mut tail = db.clone();
    tail[most..].fill(0);
    let all: [(&str, Vec<u8>, std::ops::RangeInclusive<usize>); 4] = [
        ("head", head, 40..=40),
        ("tail", tail, 5..=40),
        ("cut", db[..most].to_vec(), 5..=40),
        ("other", b"not a database at all".to_vec(), 0..=0),
    ];
    for (name, bytes, back) in all {
        let patient = Patient::without_journal(whole.path(), name);
        for file in ["vault.db", "vault.key", "vault.check", "vault.identity"] {
            std::fs::copy(first.dir().join(file), patient.dir().join(file)).unwrap();
        }
        std::fs::write(patient.dir().join("vault.db"), &bytes).unwrap();
        let listed = patient.run(&["list", "--most", "100", "--json"]);
        assert_eq!(listed.code, Some(0), "{name}: {}", listed.out);
        for word in ["damaged", "nothing was deleted", "The old file is kept"] {
            assert!(listed.err.contains(word), "{name}: {}", listed.err);
        }
        assert!(!listed.err.contains("entry 1"), "{name}");
        let entries = patient.entries().len();
        let shown: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
        assert_eq!(shown["total"], entries, "{name}");
        assert!(back.contains(&entries), "{name}: {entries}");
        // From here on only who asks is told.
        let mended = &patient.json(&["status"])["mended"];
        assert_eq!(mended["identity"], true, "{name}");
        assert_eq!(mended["filled_ms"], json!(null), "{name}");
        let aside = std::path::Path::new(mended["aside"].as_str().unwrap());
        assert_eq!(std::fs::read(aside.join("vault.db")).unwrap(), bytes);
        let status = patient.run(&["status"]);
        assert!(status.out.contains("found damaged") && status.err.is_empty());
        patient.log(&["5", "--note", "goes on"]);
        assert_eq!(patient.entries().len(), entries + 1);
    }
    assert_eq!(first.json(&["status"])["mended"], json!(null));
}

/// With a clinic a sync brings back the rest, on both sides.
#[test]
fn a_sync_fills_what_damage_took() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    for n in 0..10 {
        patient.log(&["5", "--note", &format!("mine {n}")]);
        patient.log(&["6", "--note", &format!("ours {n}"), "--share"]);
    }
    patient.sync();
    site.office.sync();
    let (mine, ours) = (patient.notes(false), patient.notes(true));
    assert_eq!((mine.len(), ours.len()), (10, 10));
    // Nothing of the file is left.
    let db = patient.dir().join("vault.db");
    let length = std::fs::metadata(&db).unwrap().len();
    std::fs::write(&db, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
    let listed = patient.run(&["list"]);
    assert_eq!(listed.code, Some(0));
    assert!(listed.err.contains("companion sync"), "{}", listed.err);
    assert_eq!(patient.entries().len(), 0);
    // What is written before the sync is not lost to it.
    patient.log(&["7", "--note", "ours since", "--share"]);
    patient.sync();
    site.office.sync();
    assert_eq!(patient.notes(false), mine);
    let since = [ours.as_slice(), &["ours since".to_owned()]].concat();
    assert_eq!(patient.notes(true), since);
    assert_eq!(site.office.notes(chain), since);
    let mended = &patient.json(&["status"])["mended"];
    assert!(mended["filled_ms"].is_i64());
    // Once the old file is gone, there is nothing left to say.
    std::fs::remove_dir_all(mended["aside"].as_str().unwrap()).unwrap();
    assert_eq!(patient.json(&["status"])["mended"], json!(null));
}
