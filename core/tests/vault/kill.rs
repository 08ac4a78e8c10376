//! `kill -9` while recording and importing: what was acknowledged is there, once, and the
//! views are what the log says.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use companion_core::companion::VIEWS;
use companion_core::env::Env;
use companion_core::import::daylio::ImportedEntry;
use companion_core::vault::Vault;

use crate::child;
use crate::support::{env, keys, open, patient};

/// Every row of every view, as text; what a rebuild must give again.
pub fn view_rows(vault: &Vault) -> Vec<String> {
    let conn = vault.reader();
    let mut tables = conn
        .prepare(
            "SELECT name FROM pragma_table_list
             WHERE schema = 'main' AND type = 'table' AND name GLOB 'view_*' ORDER BY name",
        )
        .unwrap();
    let names: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    let mut all = Vec::new();
    for name in names {
        let mut rows = conn.prepare(&format!("SELECT * FROM {name}")).unwrap();
        // A row's own number is the table's affair.
        let first = usize::from(rows.column_names().next() == Some("id"));
        let width = rows.column_count();
        let mut found: Vec<String> = rows
            .query_map([], |row| {
                let values: Vec<String> = (first..width)
                    .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
                    .collect();
                Ok(format!("{name}: {}", values.join(", ")))
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        found.sort();
        all.extend(found);
    }
    let mut texts = conn
        .prepare(
            "SELECT e.space, e.entry, s.text FROM view_entry_search s
             LEFT JOIN view_entry e ON e.id = s.rowid ORDER BY 1, 2",
        )
        .unwrap();
    let texts = texts.query_map([], |row| {
        let [space, entry, text] = [0, 1, 2].map(|at| format!("{:?}", row.get_ref(at).unwrap()));
        Ok(format!("search: {space}, {entry}, {text}"))
    });
    all.extend(texts.unwrap().map(Result::unwrap));
    let sql = "INSERT INTO view_entry_search (view_entry_search) VALUES ('integrity-check')";
    conn.execute(sql, []).unwrap();
    all
}

/// The views are a function of the log, and SQLite finds nothing wrong.
pub fn assert_whole(dir: &Path, env: &Env) {
    let mut vault = Vault::open(dir, &keys(dir, env), env.clone(), VIEWS).unwrap();
    let before = view_rows(&vault);
    vault.rebuild_views().unwrap();
    assert!(before == view_rows(&vault), "views and log differ");
    let check: String = vault
        .reader()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

/// A sequence that looks random and is the same every time (splitmix64).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn while_recording() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    drop(patient(dir.path(), &env));
    let mut acknowledged = BTreeSet::new();
    let mut seed = 20_260_302;
    for round in 0..18 {
        let mut child = child::spawn("record", dir.path());
        let output = child.stdout.take().unwrap();
        // It is read in a thread of its own, so that a full pipe never holds the child back.
        let reader = std::thread::spawn(move || {
            BufReader::new(output)
                .lines()
                .map_while(Result::ok)
                .filter_map(|line| line.strip_prefix("saved ").map(str::to_owned))
                .collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_millis(30 + next(&mut seed) % 250));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(reader.join().unwrap());

        let companion = open(dir.path(), &env).unwrap();
        let journal = companion.journal();
        for id in &acknowledged {
            let entry = journal.entry(id.parse().unwrap()).unwrap();
            assert!(entry.is_some_and(|e| !e.edited), "round {round}: {id}");
            assert_eq!(journal.versions(id.parse().unwrap()).unwrap().len(), 1);
        }
        // At most one a round was saved and not told any more.
        let count = journal.count().unwrap();
        let told = acknowledged.len() as u64;
        assert!(
            (told..=told + round + 1).contains(&count),
            "{count} of {told}"
        );
        drop((journal, companion));
        assert_whole(dir.path(), &env);
    }
    assert!(acknowledged.len() > 50, "only {}", acknowledged.len());
}

/// More than an import's chunk holds.
pub fn many_imported() -> Vec<ImportedEntry> {
    let mut text = String::from("full_date,date,weekday,time,mood,activities,note_title,note\n");
    for n in 0..1_500 {
        let (day, hour, minute) = (1 + n / 60 % 28, n % 24, n % 60);
        text.push_str(&format!(
            "2023-06-{day:02},June {day},Monday,{hour:02}:{minute:02},good,walk,,line {n}\n"
        ));
    }
    let reading = companion_core::import::daylio::Reading::parse(text.as_bytes()).unwrap();
    let plan = reading
        .plan(
            &companion_core::import::daylio::MoodMap::new(),
            &jiff::tz::TimeZone::UTC,
        )
        .unwrap();
    assert_eq!(plan.entries.len(), 1_500);
    plan.entries
}

#[test]
fn while_importing() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    drop(patient(dir.path(), &env));
    let mut seed = 7;
    let mut counts = Vec::new();
    for _ in 0..8 {
        let mut child = child::spawn("import", dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while lines.next().unwrap().unwrap() != "started" {}
        std::thread::sleep(Duration::from_millis(next(&mut seed) % 120));
        child.kill().unwrap();
        child.wait().unwrap();
        counts.push(open(dir.path(), &env).unwrap().journal().count().unwrap());
        assert_whole(dir.path(), &env);
    }
    assert!(counts.is_sorted(), "{counts:?}");
    let companion = open(dir.path(), &env).unwrap();
    let last = counts.last().copied().unwrap();
    let rest = companion.journal().import(&many_imported(), false).unwrap();
    assert_eq!((rest.added, rest.already), (1_500 - last, last));
    assert_eq!(companion.journal().count().unwrap(), 1_500);
    let again = companion.journal().import(&many_imported(), false).unwrap();
    assert_eq!((again.added, again.already), (0, 1_500));
}
