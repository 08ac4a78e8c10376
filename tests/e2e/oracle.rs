//! What our client synced, read from the server's store by an independent implementation of the protocol.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use companion_core::companion::VIEWS;
use companion_core::env::Env;
use companion_core::vault::Vault;
use companion_tests::office::keys;
use companion_tests::process::{Ended, run};
use companion_tests::site::Site;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

pub fn reader() -> PathBuf {
    let node = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oracles/node");
    let there = node.join("node_modules").exists();
    assert!(
        there,
        "the reader's libraries are not there; first: npm ci in {}",
        node.display()
    );
    node
}

/// All that the server keeps, as `dump.mjs` takes it.
fn dump(store: &Path) -> Value {
    let store = rusqlite::Connection::open(store).unwrap();
    let pairs = |sql: &str| -> Vec<(String, String)> {
        let mut query = store.prepare(sql).unwrap();
        let hex = |row: &rusqlite::Row<'_>, at| row.get(at).map(|b: Vec<u8>| HEXLOWER.encode(&b));
        let rows = query.query_map([], |row| Ok((hex(row, 0)?, hex(row, 1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let grouped = |all: Vec<(String, String)>| {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (of, bytes) in all {
            groups.entry(of).or_default().push(bytes);
        }
        groups
    };
    let chains = grouped(pairs(
        "SELECT chain, bytes FROM statements ORDER BY chain, number",
    ));
    let runs = grouped(pairs(
        "SELECT space, bytes FROM runs ORDER BY space, log, beat",
    ));
    let of_kind = |kind: u8| -> Vec<String> {
        let sql = format!("SELECT chain, chain FROM chains WHERE kind = {kind}");
        pairs(&sql).into_iter().map(|(chain, _)| chain).collect()
    };
    json!({
        "chains": chains.into_values().collect::<Vec<_>>(),
        "runs": runs,
        "patients": of_kind(1),
        "roster": of_kind(2)[0],
    })
}

/// The seeds of the device whose vault this is.
fn seeds(dir: &Path) -> Value {
    let mut vault = Vault::open(dir, &keys(dir), Env::system(), VIEWS).unwrap();
    let device = vault.device().unwrap();
    let [log, request, kem] = device.seeds().map(|seed| HEXLOWER.encode(seed.expose()));
    json!({ "log": log, "request": request, "kem": kem })
}

/// What the reader makes of a dump with these seeds: an event a line.
fn read(at: &Path, dump: &Value, seeds: &Value) -> Vec<Value> {
    let (dump_file, seeds_file) = (at.join("dump.json"), at.join("seeds.json"));
    std::fs::write(&dump_file, dump.to_string()).unwrap();
    std::fs::write(&seeds_file, seeds.to_string()).unwrap();
    let mut node = Command::new("node");
    node.current_dir(reader()).stdin(Stdio::null());
    node.args(["read.mjs", "--server-dump"]).arg(&dump_file);
    let Ended { code, out, err } = run(node.arg("--device-seeds").arg(&seeds_file));
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains(" 0 refused"), "{err}");
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Of each mood entry: its space, note, valence and own words, in the order of writing.
fn moods(events: &[Value]) -> Vec<(String, String, f64, Value)> {
    let recorded = events.iter().filter(|e| e["name"] == "MoodRecorded");
    let mut moods: Vec<_> = recorded
        .map(|event| {
            assert_eq!(
                (&event["verdict"], &event["author"]),
                (&json!("apply"), &json!("patient"))
            );
            let mood = &event["decoded"]["2"];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let valence = mood["0"].as_f64().unwrap();
            (
                text(&event["space"]),
                text(&mood["9"]),
                valence,
                mood["7"].clone(),
            )
        })
        .collect();
    moods.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    moods
}

#[test]
fn another_implementation_reads_what_was_written() {
    let mut site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    patient.log(&[
        "7.5",
        "--share",
        "--note",
        "a: Größe, 猫, 🌊",
        "--feeling",
        "like after rain",
    ]);
    patient.log(&["0", "--note", "b: alone"]);
    let id = patient.log(&["10", "--share", "--note", "c: first"]);
    patient.sync();
    patient.json(&["edit", &id, "--note", "d: second", "--mood", "2"]);
    patient.json(&["unshare", &id]);
    patient.sync();
    site.office.sync();
    let shown: Vec<_> = site.office.entries(chain).iter().map(|e| e.id).collect();
    let reading = site.office.companion().care().note_reading(chain, &shown);
    assert_eq!(reading.unwrap(), 1);
    site.office.sync();
    site.office.close();
    site.server.stop();

    let kept = dump(&site.server.dir().join("clinic.db"));
    let mood = |space: &str, note: &str, valence: f64, words: &[&str]| {
        (space.to_owned(), note.to_owned(), valence, json!(words))
    };
    let shared = [
        mood("care", "a: Größe, 猫, 🌊", 0.5, &["like after rain"]),
        mood("care", "c: first", 1.0, &[]),
        mood("care", "d: second", -0.6, &[]),
    ];
    let mut all = shared.to_vec();
    all.insert(1, mood("private", "b: alone", -1.0, &[]));
    all.push(mood("private", "d: second", -0.6, &[]));

    let of_patient = read(site.path(), &kept, &seeds(patient.dir()));
    assert_eq!(moods(&of_patient), all);
    let named = |events: &[Value], name: &str| events.iter().filter(|e| e["name"] == name).count();
    assert_eq!(named(&of_patient, "EntryUnshared"), 1);
    assert_eq!(named(&of_patient, "EntriesRead"), 1);
    assert_eq!(named(&of_patient, "PatientAdmitted"), 0);

    let of_clinic = read(site.path(), &kept, &seeds(site.office.dir()));
    assert_eq!(moods(&of_clinic), shared);
    assert_eq!(named(&of_clinic, "PatientAdmitted"), 1);

    // Whoever else holds the store reads nothing.
    let elsewhere = Site::new();
    let (stranger, _) = elsewhere.enrolled("Kim Wood", "1990-01-01");
    let of_stranger = read(site.path(), &kept, &seeds(stranger.dir()));
    assert_eq!(of_stranger, Vec::<Value>::new());
}
