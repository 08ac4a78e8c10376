//! What holds for any file.

use std::collections::HashSet;

use companion_core::import::daylio::{MoodMap, Plan, Reading};
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{HEADER, fixture};

/// A plan with a value for each mood, checked: each record is in one of both lists.
fn whole_plan(reading: &Reading) -> Plan {
    let mut moods = MoodMap::new();
    for mood in reading.mood_names() {
        moods.set(&mood.name, 0.0).unwrap();
    }
    let plan = reading.plan(&moods, &TimeZone::UTC).unwrap();
    let placed = plan.entries.iter().map(|e| e.line);
    let lines: Vec<u64> = placed.chain(plan.left_out.iter().map(|l| l.line)).collect();
    assert_eq!(lines.len() as u64, reading.records());
    let distinct: HashSet<u64> = lines.iter().copied().collect();
    assert_eq!(distinct.len(), lines.len());
    let ids: HashSet<[u8; 16]> = plan.entries.iter().map(|e| e.source_id).collect();
    assert_eq!(ids.len(), plan.entries.len());
    plan
}

/// Fields as the export writes them, nearly, and what breaks them.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        "20[0-9]{2}-[0-1][0-9]-[0-3][0-9]",
        "[0-2]?[0-9]:[0-9]{2}( ?[ap]m)?",
        "[0-3]?[0-9]\\.? (May|mai|июня|listopada|foo)",
        "good|bad|so-so|",
        "(tea|walk| ){0,4}( \\| (tea|work)){0,3}",
        "[a-z<>/br\"\n\r,;|\t ]{0,12}",
        any::<String>(),
    ]
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn any_bytes_give_a_reading_or_an_error(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(reading) = Reading::parse(&bytes) {
            whole_plan(&reading);
        }
    }

    #[test]
    fn any_bytes_below_a_header_give_a_reading_or_an_error(
        bytes in vec(prop_oneof![any::<u8>(), prop::sample::select(b",\"\r\n;|0-:".to_vec())], 0..400),
    ) {
        let file = [HEADER.as_bytes(), &bytes].concat();
        if let Ok(reading) = Reading::parse(&file) {
            whole_plan(&reading);
        }
    }

    #[test]
    fn each_record_is_placed_or_named(rows in vec(vec(field(), 2..10), 0..12)) {
        let mut file = HEADER.to_owned();
        for row in &rows {
            let fields: Vec<String> = row.iter().map(|f| quoted(f)).collect();
            file.push_str(&fields.join(","));
            file.push('\n');
        }
        let reading = Reading::parse(file.as_bytes()).unwrap();
        prop_assert_eq!(reading.records(), rows.len() as u64);
        whole_plan(&reading);
    }

    #[test]
    fn good_rows_are_placed_with_their_notes(
        notes in vec("[^<\r]{0,40}", 1..12),
        line_break in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let mut file = HEADER.trim_end().to_owned();
        for note in &notes {
            let note = quoted(note);
            file.push_str(&format!("{line_break}2023-06-04,,,12:00,meh,,,{note}"));
        }
        let reading = Reading::parse(file.as_bytes()).unwrap();
        let plan = whole_plan(&reading);
        let read: Vec<&str> = plan
            .entries
            .iter()
            .map(|e| e.note.as_deref().unwrap_or_default())
            .collect();
        let written: Vec<&str> = notes.iter().map(|n| n.trim()).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn a_file_cut_anywhere_keeps_its_whole_records(share in 0.0..1.0f64) {
        let whole = fixture("note-title.csv");
        let all = whole_plan(&Reading::parse(&whole).unwrap());
        let cut = (whole.len() as f64 * share) as usize;
        let Ok(reading) = Reading::parse(&whole[..cut]) else {
            // Without its first line nothing of it can be told.
            prop_assert!(cut < 3 + HEADER.len());
            return Ok(());
        };
        let plan = whole_plan(&reading);
        // Records start where a line starts with a date: counted without CSV.
        let starts: Vec<usize> = (1..whole.len())
            .filter(|at| whole[at - 1] == b'\n' && whole[*at..].starts_with(b"2023-"))
            .chain([whole.len()])
            .collect();
        let complete = starts.iter().filter(|at| **at <= cut).count().saturating_sub(1);
        prop_assert!(plan.entries.len() >= complete);
        prop_assert!(plan.entries.len() + plan.left_out.len() <= complete + 1);
        for (cut, whole) in plan.entries.iter().zip(&all.entries).take(complete) {
            prop_assert_eq!(cut, whole);
        }
    }
}
