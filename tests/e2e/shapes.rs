//! What docs/CLI.md promises: the shape of each command's JSON, and text that fits a terminal.

use std::collections::{BTreeMap, BTreeSet};

use companion_tests::patient::Patient;
use companion_tests::process::{command, run};
use companion_tests::site::Site;
use serde_json::Value;
use tempfile::TempDir;

fn page() -> String {
    let path = format!("{}/../docs/CLI.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The examples: the JSON below each heading that names a command.
fn examples() -> BTreeMap<String, Value> {
    let page = page();
    let mut all = BTreeMap::new();
    for section in page.split("\n### `").skip(1) {
        let (name, rest) = section.split_once('`').unwrap();
        let Some((_, json)) = rest.split_once("```json\n") else {
            continue;
        };
        let (json, _) = json.split_once("```").unwrap();
        all.insert(name.to_owned(), serde_json::from_str(json).unwrap());
    }
    all
}

/// Holds a result to an example: the same keys, and values of the same kind; `null` goes with all.
fn alike(example: &Value, found: &Value, at: &str) {
    match (example, found) {
        (Value::Null, _) | (_, Value::Null) => {}
        // By kind of event: which ones there are is not the shape.
        (Value::Object(_), Value::Object(_)) if at.ends_with(".of_others") => {}
        (Value::Object(example), Value::Object(found)) => {
            let keys =
                |o: &serde_json::Map<String, Value>| o.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(keys(example), keys(found), "{at}");
            for (key, value) in example {
                alike(value, &found[key], &format!("{at}.{key}"));
            }
        }
        (Value::Array(example), Value::Array(found)) => {
            if let (Some(example), Some(found)) = (example.first(), found.first()) {
                alike(example, found, &format!("{at}[]"));
            }
        }
        (a, b) => assert_eq!(
            std::mem::discriminant(a),
            std::mem::discriminant(b),
            "{at}: {a} {b}"
        ),
    }
}

#[test]
fn every_command_gives_the_shape_that_is_written_down() {
    let site = Site::new();
    let patient = Patient::new(site.path(), "patient");
    let mut found: BTreeMap<&str, Value> = BTreeMap::new();
    let invitation = site.office.invite("Robin Sand", "1979-05-06");
    let enrol = [
        "enrol",
        "--invite",
        &invitation.text,
        "--server",
        site.address(),
    ];
    found.insert("companion enrol", patient.json(&enrol));
    let digits = found["companion enrol"]["digits"]
        .as_str()
        .unwrap()
        .to_owned();
    let admitted = site
        .office
        .admit(&invitation, &digits, "Robin Sand", "1979-05-06");
    admitted.unwrap();
    let log = [
        "log",
        "7.5",
        "--note",
        "Rowed out.",
        "--share",
        "--sleep",
        "7",
        "--feeling",
        "calm",
    ];
    found.insert("companion log", patient.json(&log));
    let id = found["companion log"]["saved"].as_str().unwrap().to_owned();
    found.insert(
        "companion edit",
        patient.json(&["edit", &id, "--energy", "4"]),
    );
    patient.log(&["3"]);
    found.insert("companion list", patient.json(&["list", "--most", "1"]));
    found.insert("companion search", patient.json(&["search", "rowed"]));
    found.insert("companion show", patient.json(&["show", &id]));
    found.insert("companion sync", patient.sync());
    found.insert("companion kit make", patient.json(&["kit", "make"]));
    let code = found["companion kit make"]["qr"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, checked) = patient.typed(&["kit", "check"], &code);
    assert_eq!(checked["kit"], "checked");
    let new = Patient::without_journal(site.path(), "new");
    let (_, restored) = new.typed(&["kit", "restore"], &code);
    found.insert("companion kit restore", restored);
    found.insert("companion kit", patient.json(&["kit"]));
    found.insert("companion readers", patient.json(&["readers"]));
    found.insert("companion status", patient.json(&["status"]));
    found.insert("companion leave", patient.json(&["leave"]));
    let file = site.path().join("export.json");
    let file = file.to_str().unwrap();
    found.insert("companion export", patient.json(&["export", file]));
    found.insert("companion import", patient.json(&["import", file]));
    let daylio = format!("{}/fixtures/daylio/demo.csv", env!("CARGO_MANIFEST_DIR"));
    let daylio = ["import", &daylio, "--zone", "Europe/Berlin", "--dry-run"];
    found.insert("companion import, of Daylio's file", patient.json(&daylio));
    found.insert("companion unshare", patient.json(&["unshare", &id]));
    found.insert("companion share", patient.json(&["share", &id]));
    found.insert("companion erase", patient.json(&["erase", &id, "--yes"]));
    devices(&site, &patient, &mut found);
    let crisis = run(command("companion").args(["crisis", "--country", "DE", "--json"]));
    found.insert(
        "companion crisis",
        serde_json::from_str(&crisis.out).unwrap(),
    );
    let failed = run(patient.command(&["show", &id]).arg("--json"));
    found.insert("a failure", serde_json::from_str(&failed.out).unwrap());

    let examples = examples();
    for (name, value) in &found {
        let example = examples
            .get(*name)
            .unwrap_or_else(|| panic!("no example of {name}"));
        alike(example, value, name);
    }
    // The demo is held to its own page by the demo's tests.
    let told: BTreeSet<&str> = examples.keys().map(String::as_str).collect();
    assert_eq!(told, found.keys().copied().collect());
}

fn devices(site: &Site, patient: &Patient, found: &mut BTreeMap<&str, Value>) {
    let tablet = Patient::new(site.path(), "tablet");
    patient.sync();
    let offer = patient.json(&["devices", "pair"]);
    let code = offer["qr"].as_str().unwrap();
    let answer = tablet.json(&["enrol", "--pair", code, "--name", "Tablet"]);
    let digits = answer["digits"].as_str().unwrap();
    let shown = patient.json(&["devices", "pair", "--answer"]);
    found.insert("companion devices pair --answer", shown);
    let added = patient.json(&["devices", "pair", "--confirm", digits]);
    found.insert("companion devices pair --confirm", added);
    found.insert("companion devices pair", offer);
    found.insert("companion devices list", patient.json(&["devices", "list"]));
    let renamed = patient.json(&["devices", "rename", "Tablet", "Old tablet"]);
    found.insert("companion devices rename", renamed);
    let removed = patient.json(&["devices", "remove", "Old tablet", "--yes"]);
    found.insert("companion devices remove", removed);
    let adopted = patient.json(&["devices", "adopt", "Old tablet"]);
    found.insert("companion devices adopt", adopted);
}

#[test]
fn every_command_of_the_program_is_on_the_page() {
    let help = run(command("companion").arg("--help")).out;
    let commands = help
        .split_once("Commands:")
        .unwrap()
        .1
        .split_once("Options:")
        .unwrap()
        .0;
    let page = page();
    let mut count = 0;
    for line in commands
        .lines()
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
    {
        let name = line.split_whitespace().next().unwrap();
        if name != "help" {
            count += 1;
            assert!(page.contains(&format!("### `companion {name}")), "{name}");
        }
    }
    assert!(count >= 15, "{help}");
}

#[test]
fn text_fits_eighty_columns_and_moves_no_cursor() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    let long = "A long walk by the river. ".repeat(20) + &"ä".repeat(200) + &"猫".repeat(200);
    let sly = "\u{1b}[2J\u{1b}]0;title\u{7} \u{8}\r\u{202e}backwards";
    let feeling = "word ".repeat(20);
    let feeling = feeling.trim();
    let id = patient.log(&[
        "5",
        "--note",
        &long,
        "--feeling",
        feeling,
        "--about",
        feeling,
    ]);
    let other = patient.log(&["5.5", "--note", sly, "--feeling", sly, "--at", "2026-03-01"]);
    patient.json(&["edit", &id, "--energy", "4"]);
    let export = dir.path().join("e");
    let export = export.to_str().unwrap();
    let runs: Vec<Vec<&str>> = vec![
        vec!["list", "--most", "1"],
        vec!["list"],
        vec!["search", "long"],
        vec!["search", "nothing"],
        vec!["show", &id],
        vec!["show", &other],
        vec!["status"],
        vec!["kit"],
        vec!["readers"],
        vec!["export", export],
        vec!["import", export, "--dry-run"],
        vec!["erase", &other, "--yes"],
        vec!["log", "0"],
    ];
    for args in runs {
        let ended = patient.run(&args);
        assert_eq!(ended.code, Some(0), "{args:?} {}", ended.err);
        for line in ended.out.lines() {
            // A file's name is as long as it is.
            let wide: usize = line
                .replace(export, "")
                .chars()
                .map(|c| if c == '猫' { 2 } else { 1 })
                .sum();
            assert!(wide <= 80, "{args:?}: {wide} {line}");
            assert!(!line.chars().any(char::is_control), "{args:?}: {line:?}");
        }
    }
    for args in [
        &["--help"][..],
        &["list", "--help"],
        &["import", "--help"],
        &["log", "--help"],
    ] {
        let help = run(command("companion").args(args));
        assert_eq!(help.code, Some(0));
        assert!(!help.out.contains('\u{1b}'));
    }
}
