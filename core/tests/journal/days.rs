//! Days and ranges: what the clocks showed where it was felt.

use companion_core::companion::Companion;
use companion_core::event::Moment;
use companion_core::journal::{Mood, Valence};
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

use crate::support::{DAY, START, env, mood, noted, patient, quick_folder};

fn felt(companion: &Companion, at: &str, zone: &str) {
    let at: Timestamp = at.parse().unwrap();
    let felt = Moment::of(at, &TimeZone::get(zone).unwrap());
    let mood = Mood {
        note: Some(at.to_string()),
        ..Mood::new(Valence::clamped(0.0), felt)
    };
    companion.journal().record(&mood, None).unwrap();
}

fn on(companion: &Companion, y: i16, m: i8, d: i8) -> Vec<String> {
    let entries = companion.journal().day(date(y, m, d)).unwrap();
    entries.into_iter().map(|e| e.mood.note.unwrap()).collect()
}

#[test]
fn a_day_is_the_one_on_the_clock_where_it_was_felt() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    // One instant, two sides of the date line: 13 hours ahead and 11 behind.
    felt(&companion, "2026-03-01T10:30:00Z", "Pacific/Auckland");
    felt(&companion, "2026-03-01T10:30:01Z", "Pacific/Pago_Pago");
    // A quarter to midnight in Kathmandu (+05:45) and at the same instant in London.
    felt(&companion, "2026-03-01T18:14:00Z", "Asia/Kathmandu");
    felt(&companion, "2026-03-01T18:15:00Z", "Asia/Kathmandu");
    assert_eq!(
        on(&companion, 2026, 3, 1),
        ["2026-03-01T18:14:00Z", "2026-03-01T10:30:00Z"]
    );
    assert_eq!(on(&companion, 2026, 2, 28), ["2026-03-01T10:30:01Z"]);
    assert_eq!(on(&companion, 2026, 3, 2), ["2026-03-01T18:15:00Z"]);
}

/// Berlin, 2026: forward at 01:00Z on 29 March, back at 01:00Z on 25 October.
#[test]
fn days_of_23_and_of_25_hours() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let zone = "Europe/Berlin";
    let all = [
        "2026-03-28T22:59:59Z",
        "2026-03-28T23:00:00Z",
        "2026-03-29T21:59:59Z",
        "2026-03-29T22:00:00Z",
        "2026-10-24T21:59:59Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T22:59:59Z",
        "2026-10-25T23:00:00Z",
    ];
    for at in all {
        felt(&companion, at, zone);
    }
    assert_eq!(on(&companion, 2026, 3, 29), [all[2], all[1]]);
    assert_eq!(
        on(&companion, 2026, 10, 25),
        [all[8], all[7], all[6], all[5]]
    );
    // Half past two came twice; both are there, in the order in which they were.
    let twice = companion.journal().day(date(2026, 10, 25)).unwrap();
    let clock = |at: usize| twice[at].mood.felt.local().time().to_string();
    assert_eq!(
        (clock(1), clock(2)),
        ("02:30:00".to_owned(), "02:30:00".to_owned())
    );
    assert_eq!(
        (twice[1].mood.felt.offset, twice[2].mood.felt.offset),
        (3_600, 7_200)
    );
}

#[test]
fn ranges_hold_their_beginning_and_not_their_end() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    for n in 0..5 {
        journal
            .record(&noted(&n.to_string(), START + n), None)
            .unwrap();
    }
    let notes = |from, to, most| -> Vec<String> {
        let found = journal.list(from, to, most).unwrap();
        found.into_iter().map(|e| e.mood.note.unwrap()).collect()
    };
    assert_eq!(notes(START + 1, START + 3, 10), ["2", "1"]);
    assert_eq!(notes(START, START + 5, 2), ["4", "3"]);
    assert_eq!(
        notes(i64::MIN, i64::MAX, u32::MAX),
        ["4", "3", "2", "1", "0"]
    );
    assert!(notes(START + 3, START + 1, 10).is_empty());
    assert!(notes(i64::MIN, i64::MAX, 0).is_empty());
    assert_eq!(journal.count().unwrap(), 5);
}

#[test]
fn an_entry_moves_with_the_moment_that_an_edit_gives_it() {
    let dir = quick_folder();
    let (env, clock) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    let id = journal.record(&mood(0.0, START), None).unwrap();
    assert!(!journal.entry(id).unwrap().unwrap().backdated());
    clock.advance(1_000);
    journal.edit(id, &mood(0.0, START - 3 * DAY)).unwrap();
    assert_eq!(on(&companion, 2026, 3, 2).len(), 0);
    let entries = journal.day(date(2026, 2, 27)).unwrap();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].backdated() && entries[0].edited);
    assert_eq!(journal.count().unwrap(), 1);
}
