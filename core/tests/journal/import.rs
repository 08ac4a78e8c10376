//! Other apps' entries come in once, however often and however far an import went.

use companion_core::import::daylio::{ImportedEntry, MoodMap, Plan, Reading};
use jiff::tz::TimeZone;

use crate::support::{env, patient, quick_folder};

fn demo() -> Vec<ImportedEntry> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/daylio/demo.csv"
    );
    let reading = Reading::parse(&std::fs::read(file).unwrap()).unwrap();
    let plan = reading
        .plan(&MoodMap::new(), &TimeZone::get("Europe/Berlin").unwrap())
        .unwrap();
    assert!(plan.entries.len() > 150, "{}", plan.entries.len());
    plan.entries
}

#[test]
fn twice_adds_nothing() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    let all = demo();
    let first = journal.import(&all, false).unwrap();
    assert_eq!((first.added, first.already), (all.len() as u64, 0));
    let ids: Vec<_> = journal
        .list(i64::MIN, i64::MAX, 999)
        .unwrap()
        .into_iter()
        .map(|e| e.id)
        .collect();
    // An entry that was edited here since stays as it was edited.
    let mine = journal.entry(ids[0]).unwrap().unwrap();
    let edited = companion_core::journal::Mood {
        note: Some("mine".to_owned()),
        ..mine.mood
    };
    journal.edit(ids[0], &edited).unwrap();
    let second = journal.import(&all, false).unwrap();
    assert_eq!((second.added, second.already), (0, all.len() as u64));
    assert_eq!(journal.count().unwrap(), all.len() as u64);
    assert_eq!(
        journal.entry(ids[0]).unwrap().unwrap().mood.note.as_deref(),
        Some("mine")
    );
}

/// The file still holds it; the person wanted it gone.
#[test]
fn what_was_erased_is_not_brought_back() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    let all = demo();
    journal.import(&all, false).unwrap();
    let gone = journal.list(i64::MIN, i64::MAX, 1).unwrap()[0].id;
    journal.erase(gone).unwrap();
    let again = journal.import(&all, false).unwrap();
    assert_eq!((again.added, again.already), (0, all.len() as u64));
    assert!(journal.entry(gone).unwrap().is_none());
    assert_eq!(journal.count().unwrap(), all.len() as u64 - 1);
}

#[test]
fn one_list_that_holds_everything_twice() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let twice: Vec<_> = demo().into_iter().flat_map(|e| [e.clone(), e]).collect();
    let result = companion.journal().import(&twice, false).unwrap();
    let half = twice.len() as u64 / 2;
    assert_eq!((result.added, result.already), (half, half));
    let all = companion.journal().list(i64::MIN, i64::MAX, 999).unwrap();
    assert_eq!(all.len() as u64, half);
    assert!(all.iter().all(|e| !e.edited));
}

#[test]
fn an_entry_keeps_what_its_row_said() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let rows = "full_date,date,weekday,time,mood,activities,note_title,note\n\
                2026-10-25,October 25,Sunday,2:30 am,good,walk | tea,A title,\"It's <b>bold</b>; --\"\n";
    companion
        .journal()
        .import(&plan(rows).entries, false)
        .unwrap();
    let entry = &companion.journal().list(i64::MIN, i64::MAX, 9).unwrap()[0];
    assert_eq!(entry.mood.words, ["good"]);
    assert_eq!(entry.mood.circumstances, ["walk", "tea"]);
    assert_eq!(entry.mood.felt.zone, "Europe/Berlin");
    assert_eq!(entry.mood.felt.offset, 7_200);
    assert!(!entry.shared);
}

fn plan(rows: &str) -> Plan {
    let reading = Reading::parse(rows.as_bytes()).unwrap();
    reading
        .plan(&MoodMap::new(), &TimeZone::get("Europe/Berlin").unwrap())
        .unwrap()
}

/// Whatever a plan places, the journal takes: an import never ends in the middle for one row.
#[test]
fn what_a_plan_places_can_be_saved() {
    let many: Vec<String> = (0..51).map(|n| format!("activity {n}")).collect();
    let rows = [
        format!(
            "2026-01-01,January 1,Thursday,10:00,good,{},,",
            many.join(" | ")
        ),
        format!(
            "2026-01-02,January 2,Friday,10:00,good,{},,",
            "a".repeat(101)
        ),
        // In Berlin, 1900 began an hour before it did in UTC.
        "1900-01-01,January 1,Monday,00:10,good,,,".to_owned(),
        "2100-12-31,December 31,Friday,23:59,good,,,".to_owned(),
        "2026-01-03,January 3,Saturday,10:00,good,fine,,".to_owned(),
    ];
    let header = "full_date,date,weekday,time,mood,activities,note_title,note\n";
    let plan = plan(&format!("{header}{}\n", rows.join("\n")));
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let result = companion.journal().import(&plan.entries, false).unwrap();
    assert_eq!(result.added as usize + plan.left_out.len(), rows.len());
    let lines: Vec<u64> = plan.left_out.iter().map(|l| l.line).collect();
    assert_eq!(lines, [2, 3, 4]);
}
