//! `companion export` and `import` of what it wrote, as processes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use companion_tests::patient::Patient;
use companion_tests::process::{Process, run};
use companion_tests::site::Site;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::oracle::reader;

fn docs(name: &str) -> String {
    format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Whether an outside validator finds that a file is as the schema says.
fn fits(file: &Path) -> bool {
    let mut node = Command::new("node");
    node.current_dir(reader()).stdin(Stdio::null());
    node.arg("schema.mjs")
        .arg(docs("export.schema.json"))
        .arg(file);
    let ended = run(&mut node);
    assert_eq!(ended.err, "");
    ended.code == Some(0)
}

fn events(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    whole["events"].as_array().unwrap().clone()
}

#[test]
fn a_journal_with_a_clinic_comes_back_and_fits_the_schema() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    patient.log(&["3", "--note", "a: mine", "--sleep", "7.1"]);
    let shared = patient.log(&["7.3", "--note", "b: shared", "--share", "--about", "work"]);
    patient.json(&["edit", &shared, "--energy", "4"]);
    let back = patient.log(&["5", "--note", "c: taken back", "--share"]);
    patient.sync();
    patient.json(&["unshare", &back]);
    let gone = patient.log(&["2", "--note", "d: gone", "--share"]);
    patient.json(&["erase", &gone, "--yes"]);
    patient.sync();
    site.office.sync();
    let shown: Vec<_> = site.office.entries(chain).iter().map(|e| e.id).collect();
    let care = site.office.companion().care();
    care.note_reading(chain, &shown).unwrap();
    site.office.sync();
    patient.sync();

    let dir = TempDir::new().unwrap();
    let file = dir.path().join("export.json");
    let name = file.to_str().unwrap();
    let exported = patient.json(&["export", name]);
    assert_eq!(
        (&exported["encrypted"], &exported["file"]),
        (&json!(false), &json!(name))
    );
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(fits(&file));
    let before = events(&file);
    assert_eq!(exported["events"], before.len());
    let of = |kind: &str| before.iter().filter(|e| e["kind"] == kind).count();
    assert_eq!(
        (of("mood-recorded"), of("entry-erased"), of("entries-read")),
        (5, 1, 1)
    );

    // Another person's device, with a clinic of its own.
    let other = Patient::new(dir.path(), "other");
    let alone = other.json(&["import", name]);
    assert_eq!((&alone["added"], &alone["shared"]), (&json!(6), &json!(0)));
    assert_eq!(alone["made_private"], 3);
    let kept = &alone["kept_in_file"]["of_others"];
    assert_eq!(kept, &json!({ "entries-read": 1, "patient-welcomed": 1 }));
    assert_eq!(other.notes(true), Vec::<String>::new());
    assert_eq!(
        other.notes(false),
        ["a: mine", "b: shared", "c: taken back"]
    );
    assert_eq!(other.problem(&["import", name, "--share"]).1, "no-clinic");
    assert_eq!(other.json(&["import", name])["added"], 0);

    site.enrol(&other, "Sam Rivers", "1980-01-02");
    let tried = other.json(&["import", name, "--share", "--dry-run"]);
    assert_eq!(
        (&tried["dry_run"], &tried["shared"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(other.json(&["status"])["unsent"], 0);
    let came = other.json(&["import", name, "--share"]);
    assert_eq!(
        (&came["shared"], &came["added"]),
        (&tried["shared"], &tried["added"])
    );
    assert_eq!(other.notes(true), ["b: shared"]);
    other.sync();

    // What both hold is the same, but for what names the device and what the clinic's server kept.
    let again = dir.path().join("again.json");
    other.json(&["export", again.to_str().unwrap()]);
    assert!(fits(&again));
    let after = events(&again);
    for event in before.iter().filter(|e| e["author"] == "patient") {
        let found = after.iter().find(|e| e["id"] == event["id"]).unwrap();
        for key in ["kind", "code", "critical", "clock", "written_at"] {
            assert_eq!(found[key], event[key], "{key}");
        }
        if event["kind"] != "entry-erased" {
            assert_eq!(found["body"], event["body"]);
        }
    }
}

#[test]
fn an_export_is_never_written_over_a_file_or_left_half_done() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    patient.log(&["5", "--note", "here"]);
    let folder = dir.path().join("to");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("export.json");
    std::fs::write(&file, "precious").unwrap();
    let name = file.to_str().unwrap();
    let (exit, code, _) = patient.problem(&["export", name]);
    assert_eq!((exit, code.as_str()), (73, "file-exists"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    patient.json(&["export", name, "--force"]);
    assert_eq!(events(&file).len(), 1);
    let nowhere = dir.path().join("no/such/folder.json");
    let (exit, code, _) = patient.problem(&["export", nowhere.to_str().unwrap()]);
    assert_eq!((exit, code.as_str()), (74, "export-not-writable"));
    let (exit, _, _) = patient.problem(&["export", "/dev/full/x"]);
    assert_eq!(exit, 74);
    let (exit, code, _) = patient.problem(&["export", folder.to_str().unwrap(), "--force"]);
    assert_eq!((exit, code.as_str()), (74, "export-not-writable"));
    let names = |at: &Path| -> Vec<String> {
        let all = std::fs::read_dir(at).unwrap();
        let mut names: Vec<_> = all
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&folder), ["export.json"]);
    assert!(
        names(dir.path())
            .iter()
            .all(|name| !name.contains("partial"))
    );

    let piped = patient.run(&["export", "-"]);
    assert_eq!(piped.code, Some(0));
    assert!(piped.err.contains("not encrypted"));
    let whole: Value = serde_json::from_str(&piped.out).unwrap();
    assert_eq!(whole["events"], json!(events(&file)));
    let text = patient.run(&["export", folder.join("text.json").to_str().unwrap()]);
    assert!(text.out.contains("not encrypted"), "{}", text.out);
}

/// The person's own file, changed: what is said names the place and nothing that was written.
#[test]
fn a_bad_file_is_named_with_its_place_and_saves_nothing() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    for _ in 0..3 {
        patient.log(&["5", "--note", "SECRET"]);
    }
    let file = dir.path().join("export.json");
    patient.json(&["export", file.to_str().unwrap()]);
    let good = std::fs::read_to_string(&file).unwrap();
    let other = Patient::new(dir.path(), "other");
    for (bad, exit, code) in [
        (good[..good.len() - 40].to_owned(), 65, "export-cut-off"),
        (
            good.replacen("\"version\":1", "\"version\":2", 1),
            78,
            "export-newer",
        ),
        (
            good.replacen("SECRET", "SECRET\\ud800", 3),
            65,
            "export-malformed",
        ),
        (
            good.replacen("\"note\"", "\"SECRET\"", 1),
            65,
            "export-event",
        ),
        ("{\"SECRET\":1}".to_owned(), 65, "export-not-ours"),
    ] {
        std::fs::write(&file, bad).unwrap();
        let found = other.problem(&["import", file.to_str().unwrap()]);
        assert_eq!((found.0, found.1.as_str()), (exit, code));
        let advice = found.2["advice"].as_str().unwrap();
        assert!(!advice.contains("SECRET"), "{advice}");
        let text = other.run(&["import", file.to_str().unwrap()]);
        assert!(!text.err.contains("SECRET") && text.out.is_empty());
    }
    assert_eq!(other.entries(), Vec::<Value>::new());
}

/// A file long enough that a signal arrives in the midst of it.
#[test]
fn ctrl_c_keeps_what_was_saved_and_the_next_import_goes_on() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    patient.log(&["5", "--note", "here"]);
    let one = dir.path().join("one.json");
    patient.json(&["export", one.to_str().unwrap()]);
    let text = std::fs::read_to_string(&one).unwrap();
    let line = text.lines().find(|l| l.starts_with("{\"id\"")).unwrap();
    let entry = line.split("\"entry\":\"").nth(1).unwrap()[..32].to_owned();
    let many: Vec<String> = (0..20_000)
        .map(|n| {
            let id = format!("{n:032x}");
            line.replace(&line[7..39], &id).replace(&entry, &id)
        })
        .collect();
    let file = dir.path().join("many.json");
    std::fs::write(&file, text.replace(line, &many.join(",\n"))).unwrap();
    let other = Patient::new(dir.path(), "other");
    let mut command = other.command(&["import", file.to_str().unwrap(), "--json"]);
    let mut importing = Process::start(&mut command);
    // It is saving once its journal has grown.
    let db = other.dir().join("vault.db-wal");
    let grown = || std::fs::metadata(&db).is_ok_and(|m| m.len() > 1_000_000);
    while !grown() && importing.runs() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    importing.signal("INT");
    let status = importing.wait(companion_tests::process::PATIENCE);
    let ended = importing.ended(status);
    assert_eq!(ended.code, Some(130), "{}{}", ended.out, ended.err);
    let problem: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(problem["problem"]["code"], "import-stopped");
    let kept = other.json(&["status"])["entries"].as_u64().unwrap();
    assert!(kept > 0 && kept < 20_000, "{kept}");
    let rest = other.json(&["import", file.to_str().unwrap()]);
    assert_eq!(rest["already"], kept);
    assert_eq!(rest["added"], 20_000 - kept);
}
