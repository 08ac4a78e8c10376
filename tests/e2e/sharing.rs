//! Who reads what: private stays private, taken back disappears, and what is read leaves a trace.

use clinic_api::id::ChainId;
use companion_core::care::{ReviewState, ReviewedVersion};
use companion_core::journal::Entry;
use companion_tests::site::Site;
use serde_json::json;

fn unreviewed(site: &Site, patient: ChainId) -> u64 {
    let care = site.office.companion().care();
    care.standing(patient).unwrap().unreviewed
}

fn review(site: &Site, patient: ChainId, entry: &Entry) -> u64 {
    let seen = ReviewedVersion {
        entry: entry.id,
        version: entry.version,
    };
    let care = site.office.companion().care();
    care.review(patient, &[seen], ReviewState::Reviewed)
        .unwrap()
}

#[test]
fn the_clinic_reads_what_is_shared_and_nothing_else() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let read = |wanted: &[&str]| {
        patient.sync();
        site.office.sync();
        assert_eq!(site.office.notes(chain), wanted);
    };
    // Unless said otherwise, an entry is the patient's own.
    let secret = patient.log(&["3", "--note", "a mine"]);
    patient.log(&["3", "--note", "b mine, too", "--private"]);
    let open = patient.log(&["6", "--note", "c ours", "--share"]);
    read(&["c ours"]);

    patient.json(&["share", &secret]);
    read(&["a mine", "c ours"]);
    patient.json(&["unshare", &open]);
    read(&["a mine"]);
    // What is changed while it is private stays unknown, until it is shared again.
    patient.json(&["edit", &open, "--note", "c changed"]);
    read(&["a mine"]);
    patient.json(&["share", &open]);
    read(&["a mine", "c changed"]);
    assert_eq!(patient.notes(false), ["b mine, too"]);
    assert_eq!(patient.entries().len(), 3);
}

#[test]
fn sharing_by_default_is_chosen_at_enrolment() {
    let site = Site::new();
    let patient = companion_tests::patient::Patient::new(site.path(), "patient");
    let invitation = site.office.invite("Robin Sand", "1979-05-06");
    let args = ["enrol", "--invite", &invitation.qr, "--share-by-default"];
    let digits = patient.json(&args)["digits"].as_str().unwrap().to_owned();
    // Written before the clinic has admitted anybody: it waits.
    patient.log(&["5", "--note", "early"]);
    patient.log(&["5", "--note", "alone", "--private"]);
    for _ in 0..2 {
        assert_eq!(patient.sync()["alarms"], json!([]));
    }
    let admitted = site
        .office
        .admit(&invitation, &digits, "Robin Sand", "1979-05-06");
    let chain = admitted.unwrap();
    patient.sync();
    site.office.sync();
    assert_eq!(site.office.notes(chain), ["early"]);
}

#[test]
fn a_change_is_a_new_version_to_review() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let id = patient.log(&["4", "--note", "first", "--share"]);
    patient.sync();
    site.office.sync();
    assert_eq!(unreviewed(&site, chain), 1);
    let seen = site.office.entries(chain).remove(0);
    assert_eq!(review(&site, chain, &seen), 1);
    assert_eq!(unreviewed(&site, chain), 0);

    patient.json(&["edit", &id, "--note", "second"]);
    patient.sync();
    site.office.sync();
    assert_eq!(unreviewed(&site, chain), 1);
    // A review of what was seen before does not count for what stands there now.
    review(&site, chain, &seen);
    assert_eq!(unreviewed(&site, chain), 1);
    let now = site.office.entries(chain).remove(0);
    assert!(now.edited && now.mood.note.as_deref() == Some("second"));
    review(&site, chain, &now);
    assert_eq!(unreviewed(&site, chain), 0);
    site.office.sync();
    assert_eq!(patient.sync()["events_received"], 3);
}

#[test]
fn the_patient_sees_who_reads() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    for note in ["one", "two", "three"] {
        patient.log(&["5", "--note", note, "--share"]);
    }
    patient.sync();
    site.office.sync();
    assert_eq!(patient.json(&["status"])["entries_read"], 0);
    let shown: Vec<_> = site
        .office
        .entries(chain)
        .iter()
        .take(2)
        .map(|e| e.id)
        .collect();
    let care = site.office.companion().care();
    assert_eq!(care.note_reading(chain, &shown).unwrap(), 2);
    assert_eq!(care.note_reading(chain, &shown).unwrap(), 0);
    site.office.sync();
    patient.sync();
    let status = patient.json(&["status"]);
    assert_eq!(status["entries_read"], 2);
    assert_eq!(status["readers"], json!(["Dr. Ines Falk"]));
}

#[test]
fn patients_are_strangers_to_each_other() {
    let site = Site::new();
    let (one, first) = site.enrolled("Robin Sand", "1979-05-06");
    let other = companion_tests::patient::Patient::new(site.path(), "other");
    let second = site.enrol(&other, "Kim Wood", "1990-01-01");
    one.log(&["5", "--note", "of the first", "--share"]);
    other.log(&["5", "--note", "of the second", "--share"]);
    for patient in [&one, &other, &one] {
        patient.sync();
    }
    site.office.sync();
    assert_eq!(site.office.notes(first), ["of the first"]);
    assert_eq!(site.office.notes(second), ["of the second"]);
    assert_eq!(one.notes(true), ["of the first"]);
    assert_eq!(other.notes(true), ["of the second"]);
}

#[test]
fn years_of_a_journal_go_over_in_one_round() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let mut csv = "full_date,date,weekday,time,mood,activities,note\n".to_owned();
    let mut notes = Vec::new();
    for n in 0..4_000 {
        let (year, month, day, hour) =
            (2010 + n / 1008, n / 84 % 12 + 1, n / 3 % 28 + 1, n % 3 + 9);
        let note = format!("entry {n:04}");
        csv.push_str(&format!(
            "{year}-{month:02}-{day:02},x,x,{hour}:00,good,\"\",\"{note}\"\n"
        ));
        notes.push(note);
    }
    let file = site.path().join("years.csv");
    std::fs::write(&file, csv).unwrap();
    let imported = patient.json(&["import", file.to_str().unwrap(), "--share"]);
    assert_eq!(imported["added"], 4_000);
    assert_eq!(patient.sync()["frames_pushed"], 4_000);
    site.office.sync();
    assert_eq!(site.office.notes(chain), notes);
}
