//! `companion erase`, `search` and pages of `list`, as processes.

use companion_tests::patient::Patient;
use companion_tests::site::Site;
use serde_json::{Value, json};
use tempfile::TempDir;

fn ids(page: &Value) -> Vec<String> {
    let entries = page["entries"].as_array().unwrap();
    let ids = entries.iter().map(|e| e["id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[test]
fn an_entry_is_erased_once_the_person_says_so() {
    let site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    let id = patient.log(&["3", "--note", "the heron", "--share"]);
    patient.json(&["edit", &id, "--note", "the grey heron"]);
    patient.sync();
    let (exit, code, _) = patient.problem(&["erase", &id]);
    assert_eq!((exit, code.as_str()), (65, "erase-not-confirmed"));
    // Without a terminal nobody can be asked.
    let text = patient.run(&["erase", &id]);
    assert_eq!((text.code, text.out.as_str()), (Some(65), ""));
    assert_eq!(patient.entries().len(), 1);
    let text = patient.run(&["erase", &id[..8], "--yes"]);
    assert_eq!(text.code, Some(0));
    for said in ["care team", "backups", "companion sync"] {
        assert!(text.out.contains(said), "{said}: {}", text.out);
    }
    assert_eq!(patient.entries(), Vec::<Value>::new());
    assert_eq!(patient.problem(&["show", &id]).1, "entry-not-found");
    assert_eq!(
        patient.problem(&["erase", &id, "--yes"]).1,
        "entry-not-found"
    );
    assert_eq!(patient.json(&["search", "heron"])["entries"], json!([]));
    patient.sync();
}

#[test]
fn without_a_clinic_it_was_nowhere_else() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    let id = patient.log(&["3"]);
    let text = patient.run(&["erase", &id, "--yes"]);
    assert_eq!(text.code, Some(0));
    assert!(!text.out.contains("care team"), "{}", text.out);
}

#[test]
fn pages_of_a_list_come_together() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    let mut saved = Vec::new();
    for day in 1..=7 {
        let at = format!("2026-03-{day:02}T08:30");
        saved.push(patient.log(&["5", "--at", &at, "--note", "Walked."]));
    }
    saved.reverse();
    for command in [&["list"][..], &["search", "walk"]] {
        let (mut seen, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut args = [command, &["--most", "3"]].concat();
            args.extend(next.iter().flat_map(|n| ["--next", n.as_str()]));
            let page = patient.json(&args);
            assert!(ids(&page).len() <= 3);
            seen.extend(ids(&page));
            next = page["next"].as_str().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        assert_eq!(seen, saved, "{command:?}");
    }
    let between = |args: &[&str]| ids(&patient.json(&[&["list"], args].concat())).len();
    assert_eq!(
        between(&["--after", "2026-03-02", "--before", "2026-03-05"]),
        2
    );
    assert_eq!(between(&["--from", "2026-03-02", "--to", "2026-03-05"]), 4);
    assert_eq!(between(&["--day", "2026-03-02"]), 1);
    for bad in [
        "",
        "1",
        "x.y",
        "1.00",
        "99999999999999999999.00000000000000000000000000000000",
    ] {
        assert_eq!(
            patient.problem(&["list", "--next", bad]).1,
            "cursor",
            "{bad}"
        );
    }
    let both = ["list", "--from", "2026-03-02", "--after", "2026-03-02"];
    assert_eq!(patient.run(&both).code, Some(2));
    assert_eq!(patient.run(&["list", "--most", "0"]).code, Some(2));
    assert_eq!(patient.run(&["search"]).code, Some(2));
}

#[test]
fn back_dated_entries_say_so() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    let later = patient.log(&["5", "--at", "2026-03-01T08:30"]);
    let listed = patient.run(&["list"]);
    assert!(listed.out.contains("written later"), "{}", listed.out);
    let shown = patient.run(&["show", &later]);
    assert!(shown.out.contains("Written later: "), "{}", shown.out);
    let now = patient.log(&["6"]);
    assert!(!patient.run(&["show", &now]).out.contains("Written later"));
    assert_eq!(patient.json(&["show", &later])["entry"]["backdated"], true);
}
