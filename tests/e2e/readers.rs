//! Who can read, what changed, and who read what, as the patient sees it.

use companion_tests::site::Site;
use serde_json::Value;

fn texts(value: &Value) -> Vec<(String, bool)> {
    let changes = value["changes"].as_array().unwrap().iter();
    let told = changes.map(|c| (c["text"].as_str().unwrap().to_owned(), c["new"].as_bool()));
    told.map(|(text, new)| (text, new.unwrap())).collect()
}

#[test]
fn a_patient_sees_who_reads_and_who_has_read() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let entry = patient.log(&["6", "--note", "ours", "--share"]);
    patient.log(&["3", "--note", "mine"]);
    patient.sync();
    site.office.sync();
    let care = site.office.companion().care();
    let shown = site.office.entries(chain);
    care.note_reading(chain, &[shown[0].id]).unwrap();
    site.office.sync();
    patient.sync();
    let seen = patient.json(&["readers"]);
    let [reader] = seen["readers"].as_array().unwrap().as_slice() else {
        panic!("one reader: {seen}");
    };
    assert_eq!(reader["name"], "Dr. Ines Falk");
    assert_eq!(reader["role"], "clinician");
    assert!(reader["heard_ms"].is_i64());
    let [reading] = seen["readings"].as_array().unwrap().as_slice() else {
        panic!("one reading: {seen}");
    };
    assert_eq!(reading["entry"], entry.as_str());
    assert_eq!(reading["name"], "Dr. Ines Falk");
    assert_eq!(seen["devices"].as_array().unwrap().len(), 1);
    assert_eq!(seen["kit"], "never-made");
}

#[test]
fn a_change_is_new_until_it_was_shown() {
    let site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    let before = texts(&patient.json(&["readers"])).len();
    patient.json(&["kit", "make"]);
    let first = texts(&patient.json(&["readers"]));
    assert_eq!(first.len(), before + 1);
    assert!(first.last().unwrap().0.contains("kit"), "{first:?}");
    let again = texts(&patient.json(&["readers"]));
    assert!(again.iter().all(|(_, new)| !new), "{again:?}");
}
