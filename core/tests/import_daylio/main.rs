//! Daylio exports, read through the public interface.
//!
//! Expected values are worked out by hand or by another program, never by the
//! code under test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod bad_input;
mod dates;
mod moods;
mod notes;
mod privacy;
mod properties;
mod source_ids;
mod variants;

use companion_core::import::daylio::{ImportedEntry, LeftOut, MoodMap, Plan, Reading, Reason};
use jiff::tz::TimeZone;

/// The header of the variant with titles.
const HEADER: &str = "full_date,date,weekday,time,mood,activities,note_title,note\n";

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/daylio");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

fn map(assignments: &[&str]) -> MoodMap {
    let mut moods = MoodMap::new();
    for assignment in assignments {
        moods.insert(assignment).unwrap();
    }
    moods
}

/// The plan of a file that uses the five default moods, in UTC.
fn plan(file: impl AsRef<[u8]>) -> Plan {
    let reading = Reading::parse(file.as_ref()).unwrap();
    reading.plan(&MoodMap::new(), &TimeZone::UTC).unwrap()
}

/// The plan of rows under [`HEADER`].
fn plan_rows(rows: &str) -> Plan {
    plan(format!("{HEADER}{rows}"))
}

/// The one entry of rows under [`HEADER`].
fn entry(row: &str) -> ImportedEntry {
    let plan = plan_rows(row);
    assert_eq!(plan.left_out, []);
    assert_eq!(plan.entries.len(), 1);
    plan.entries[0].clone()
}

fn left_out(line: u64, reason: Reason) -> LeftOut {
    LeftOut { line, reason }
}
