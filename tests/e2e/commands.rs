//! Each command as a process: what it prints as JSON, and how it ends where the input is bad.

use companion_tests::patient::Patient;
use companion_tests::process::{command, run};
use companion_tests::site::Site;
use serde_json::{Value, json};
use tempfile::TempDir;

#[test]
fn every_command_speaks_json() {
    let site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    let saved = patient.json(&[
        "log",
        "7.5",
        "--energy",
        "6",
        "--anxiety",
        "2",
        "--sleep",
        "7.25",
        "--sleep-quality",
        "8",
        "--feeling",
        "calm",
        "--feeling",
        "like after rain",
        "--about",
        "family",
        "--about",
        "the old boat",
        "--note",
        "Rowed out.",
        "--at",
        "2026-03-01T08:30",
        "--share",
    ]);
    let id = saved["saved"].as_str().unwrap();
    assert_eq!((id.len(), &saved["help"]), (32, &json!(false)));

    let shown = patient.json(&["show", &id[..8]]);
    let entry = &shown["entry"];
    for (key, value) in [
        ("id", json!(id)),
        ("valence", json!(0.5)),
        ("mood", json!(7.5)),
        ("felt", json!("2026-03-01T08:30:00")),
        ("felt_ms", json!(1_772_353_800_000_i64)),
        ("offset_seconds", json!(0)),
        ("zone", json!("UTC")),
        ("energy", json!(6)),
        ("anxiety", json!(2)),
        ("sleep_hours", json!(7.25)),
        ("sleep_quality", json!(8)),
        ("feelings", json!(["calm"])),
        ("words", json!(["like after rain"])),
        ("associations", json!(["family"])),
        ("circumstances", json!(["the old boat"])),
        ("note", json!("Rowed out.")),
        ("shared", json!(true)),
        ("edited", json!(false)),
        ("backdated", json!(true)),
    ] {
        assert_eq!(entry[key], value, "{key}");
    }

    assert_eq!(
        patient.json(&["edit", id, "--note", "Rowed back."])["saved"],
        id
    );
    let versions = patient.json(&["show", id])["versions"].clone();
    let notes: Vec<&Value> = versions
        .as_array()
        .unwrap()
        .iter()
        .map(|v| &v["note"])
        .collect();
    assert_eq!(notes, ["Rowed back.", "Rowed out."]);

    assert_eq!(patient.json(&["unshare", id])["shared"], false);
    assert_eq!(patient.json(&["share", id])["shared"], true);
    let listed = patient.json(&["list", "--from", "2026-03-01", "--to", "2026-03-01"]);
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["entries"][0]["id"], id);
    assert_eq!(listed["entries"][0]["edited"], true);
    assert_eq!(
        patient.json(&["list", "--day", "2026-03-02"])["entries"],
        json!([])
    );

    let file = format!("{}/fixtures/daylio/demo.csv", env!("CARGO_MANIFEST_DIR"));
    let imported = patient.json(&["import", &file, "--zone", "Europe/Berlin"]);
    let nothing = json!([]);
    assert_eq!(imported["added"], 184);
    assert_eq!(
        (&imported["already"], &imported["left_out"]),
        (&json!(0), &nothing)
    );
    let again = patient.json(&["import", &file, "--zone", "Europe/Berlin"]);
    assert_eq!(
        (&again["added"], &again["already"]),
        (&json!(0), &json!(184))
    );

    let before = patient.json(&["status"]);
    assert_eq!(
        (&before["entries"], &before["admitted"]),
        (&json!(185), &json!(true))
    );
    assert!(before["unsent"].as_u64().unwrap() > 184);
    let synced = patient.sync();
    assert!(synced["frames_pushed"].as_u64().unwrap() > 184);
    assert_eq!(synced["waiting"], 0);
    let after = patient.json(&["status"]);
    assert_eq!(after["unsent"], 0);
    assert_eq!(after["server"], site.address());
    assert_eq!(patient.sync()["frames_pushed"], 0);

    let lowest = patient.json(&["log", "0", "--private"]);
    assert_eq!(lowest["help"], true);
    let crisis = patient.json(&["crisis", "--country", "DE"]);
    assert!(crisis.is_object());
}

#[test]
fn bad_input_is_named_and_writes_nothing() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    let long_note = "ä".repeat(20_001);
    let many: Vec<String> = (0..51).map(|n| format!("word{n}")).collect();
    let many: Vec<&str> = many.iter().flat_map(|w| ["--feeling", w]).collect();
    let too_many = [&["log", "5"], many.as_slice()].concat();
    let none = "0123456789abcdef0123456789abcdef";
    let fixture = |name| format!("{}/fixtures/daylio/{name}", env!("CARGO_MANIFEST_DIR"));
    let scales = fixture("scales.csv");
    let not_text = dir.path().join("latin1.csv");
    let latin =
        b"full_date,date,weekday,time,mood,activities,note\n2024-01-01,1,2,10:00,good,,M\xfcde\n";
    std::fs::write(&not_text, latin).unwrap();
    let not_text = not_text.to_str().unwrap().to_owned();
    for (args, code) in [
        (vec!["log", "10.5"], "out-of-range"),
        (vec!["log", "-1"], "out-of-range"),
        (vec!["log", "nan"], "out-of-range"),
        (vec!["log", "inf"], "out-of-range"),
        (vec!["log", "5", "--energy", "11"], "out-of-range"),
        (vec!["log", "5", "--sleep", "25"], "out-of-range"),
        (vec!["log", "5", "--sleep=-1"], "out-of-range"),
        (vec!["log", "5", "--sleep", "nan"], "out-of-range"),
        (vec!["log", "5", "--at", "2026-02-30"], "impossible-date"),
        (
            vec!["log", "5", "--at", "2026-02-03T25:00"],
            "impossible-date",
        ),
        (vec!["log", "5", "--at", "1800-01-01"], "impossible-date"),
        (vec!["log", "5", "--at", "yesterday"], "impossible-date"),
        (vec!["log", "5", "--note", &long_note], "note-too-long"),
        (too_many, "too-many-words"),
        (vec!["list", "--day", "2026-13-01"], "impossible-date"),
        (
            vec!["list", "--from", "'; DROP TABLE event"],
            "impossible-date",
        ),
        (vec!["show", none], "entry-not-found"),
        (vec!["show", "0123"], "entry-not-found"),
        (vec!["show", "%_%_%"], "entry-name"),
        (vec!["edit", none, "--mood", "3"], "entry-not-found"),
        (vec!["share", "zzzz"], "entry-name"),
        (vec!["import", &scales], "import-moods-unmapped"),
        (
            vec!["import", &scales, "--mood", "bien"],
            "mood-value-missing",
        ),
        (
            vec!["import", &scales, "--mood", "bien=2"],
            "mood-value-out-of-range",
        ),
        (
            vec!["import", &scales, "--zone", "Mars/Olympus"],
            "zone-unknown",
        ),
        (vec!["import", &not_text], "import-not-utf8"),
        (vec!["import", "/nowhere/at/all.csv"], "file-unreadable"),
    ] {
        let (exit, name, problem) = patient.problem(&args);
        assert_eq!((exit, name.as_str()), (65, code), "{args:?}");
        assert_eq!(problem["kind"], "input");
        assert_eq!(problem["retry"], false);
    }
    for args in [vec!["log", "5", "--share"], vec!["sync"]] {
        let (exit, name, _) = patient.problem(&args);
        assert_eq!((exit, name.as_str()), (77, "no-clinic"), "{args:?}");
    }
    // What can't be a command at all is for the parser: code 2, and no JSON.
    for args in [
        vec!["log"],
        vec!["log", "fine"],
        vec!["log", "5", "--share", "--private"],
        vec!["tell"],
    ] {
        let ended = patient.run(&args);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{args:?}");
    }
    assert_eq!(patient.entries(), Vec::<Value>::new());
    assert_eq!(patient.json(&["status"])["unsent"], 0);
}

#[test]
fn words_that_look_like_commands_stay_words() {
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    for note in [
        "'; DROP TABLE event; --",
        "<script>alert(1)</script>",
        "{{7*7}} ${HOME} $(reboot) `reboot`",
        "=cmd|' /C calc'!A0",
        "\u{202e}backwards\u{202c}, \u{200b}nothing, \u{1f9dc}\u{200d}\u{2640}\u{fe0f}",
        "two\nlines\r\nand\ta tab",
        "%s%n%x",
    ] {
        let id = patient.log(&["5", "--note", note, "--feeling", note, "--about", note]);
        let entry = &patient.json(&["show", &id])["entry"];
        assert_eq!(entry["note"], note);
        assert_eq!(entry["words"], json!([note]));
        assert_eq!(entry["circumstances"], json!([note]));
        assert_eq!(patient.run(&["show", &id]).code, Some(0));
    }
}

#[test]
fn help_needs_no_journal_no_passphrase_and_no_network() {
    let text = run(command("companion").args(["crisis", "--country", "US"]));
    assert_eq!(text.code, Some(0));
    assert!(text.out.contains("988") && text.out.contains("911"));
    // What is not understood never stands in the way of help.
    let odd = [
        "crisis",
        "--country",
        "'; DROP",
        "--region",
        "??",
        "--lang",
        "<b>",
        "--json",
    ];
    let odd = run(command("companion").args(odd));
    assert_eq!((odd.code, odd.err.as_str()), (Some(0), ""));
    assert!(serde_json::from_str::<Value>(&odd.out).unwrap().is_object());
    // Nor does a broken journal.
    let dir = TempDir::new().unwrap();
    let patient = Patient::new(dir.path(), "patient");
    std::fs::write(patient.dir().join("vault.db"), "broken").unwrap();
    assert_eq!(patient.run(&["crisis", "--country", "GB"]).code, Some(0));
}
