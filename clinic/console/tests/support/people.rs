//! Patients for a test to fill in.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "helpers of tests; each test file uses some of them"
)]

use clinic_console::service::{EntryView, PatientPage, PatientRow, TrendPoint};
use clinic_console::words::Moment;
use jiff::civil::date;

pub fn moment(text: &str, offset_hours: i32) -> Moment {
    Moment::new(text.parse().unwrap(), offset_hours * 3600).unwrap()
}

pub fn entry(id: &str, felt: Moment) -> EntryView {
    EntryView {
        id: id.into(),
        felt,
        valence: 0.3,
        energy: None,
        anxiety: None,
        sleep_hours: None,
        sleep_quality: None,
        labels: Vec::new(),
        associations: Vec::new(),
        note: None,
        edited: false,
        backdated: false,
        review: None,
    }
}

pub fn patient(id: &str, name: &str, entries: Vec<EntryView>) -> PatientPage {
    PatientPage {
        row: PatientRow {
            id: id.into(),
            name: name.into(),
            birth_date: date(1990, 1, 1),
            last_entry: None,
            unreviewed: 0,
            last_heard: None,
            left: None,
            request_number: "0123abcd".into(),
        },
        trend: entries
            .iter()
            .map(|entry| TrendPoint {
                felt: entry.felt,
                valence: entry.valence,
            })
            .collect(),
        infusions: Vec::new(),
        entries,
        readers: Vec::new(),
        trail: Vec::new(),
    }
}
