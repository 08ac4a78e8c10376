//! What is erased is gone from the device: from lists, versions, search, rows and journal files.

use companion_core::companion::Companion;
use companion_core::journal::{Journal, JournalError, Mood};
use companion_core::vault::Vault;

use crate::support::{START, env, mood, noted, open, patient, quick_folder};

/// A word with no part that anything else in a vault has.
const WORD: &str = "Zwetschgenröster";

fn secret() -> Mood {
    Mood {
        words: vec![format!("{WORD} word")],
        circumstances: vec![format!("{WORD} circumstance")],
        ..noted(&format!("{WORD} note"), START)
    }
}

/// Whether any value of any table, those behind the search index included, has the word or
/// what the index makes of it.
fn anywhere(vault: &Vault) -> bool {
    let conn = vault.reader();
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main'";
    let mut tables = conn.prepare(sql).unwrap();
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(tables.iter().any(|t| t == "view_entry_search_data"));
    let needles = [WORD.as_bytes(), b"zwetschgenroster", b"wetschgenr"];
    tables.iter().any(|table| {
        let mut all = conn.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = all.column_count();
        let mut rows = all.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let value = row.get_ref(column).unwrap();
                let bytes = value.as_bytes().unwrap_or_default();
                if needles
                    .iter()
                    .any(|n| bytes.windows(n.len()).any(|w| w == *n))
                {
                    return true;
                }
            }
        }
        false
    })
}

fn notes(journal: &Journal) -> Vec<String> {
    let all = journal.list(i64::MIN, i64::MAX, 100).unwrap();
    all.into_iter().filter_map(|e| e.mood.note).collect()
}

fn found(companion: &Companion) -> usize {
    let page = companion.journal().search("zwetschgen", None, 10).unwrap();
    page.entries.len()
}

#[test]
fn an_erased_entry_is_nowhere() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    let other = journal.record(&noted("stays", START), None).unwrap();
    let id = journal.record(&secret(), None).unwrap();
    for _ in 0..3 {
        journal.edit(id, &secret()).unwrap();
    }
    assert_eq!(found(&companion), 1);
    assert!(companion.vault().with(|v| anywhere(v)));

    journal.erase(id).unwrap();

    assert!(journal.entry(id).unwrap().is_none());
    assert!(journal.versions(id).unwrap().is_empty());
    assert_eq!(notes(&journal), ["stays"]);
    assert_eq!(journal.count().unwrap(), 1);
    assert_eq!(found(&companion), 0);
    assert!(!companion.vault().with(|v| anywhere(v)));
    let journal_file = std::fs::metadata(dir.path().join("vault.db-wal")).unwrap();
    assert_eq!(journal_file.len(), 0);
    let overwrites: i64 = companion.vault().with(|v| {
        let sql = "PRAGMA secure_delete";
        v.reader().query_row(sql, [], |row| row.get(0)).unwrap()
    });
    assert_eq!(overwrites, 1, "freed pages are overwritten");

    // It is as if it had never been, but for its name.
    for result in [
        journal.erase(id),
        journal.edit(id, &mood(0.0, START)),
        journal.share(id),
    ] {
        assert_eq!(result.unwrap_err(), JournalError::NotFound);
    }
    drop((journal, companion));
    let again = open(dir.path(), &env).unwrap();
    again.vault().with(|v| v.rebuild_views().unwrap());
    assert!(again.journal().entry(id).unwrap().is_none());
    assert!(again.journal().entry(other).unwrap().is_some());
    assert!(!again.vault().with(|v| anywhere(v)));
}

#[test]
fn what_was_never_there_cannot_be_erased() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let unknown = companion_core::event::EntryId([7; 16]);
    let journal = companion.journal();
    assert_eq!(journal.erase(unknown).unwrap_err(), JournalError::NotFound);
}
