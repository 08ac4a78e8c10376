//! SQLite's file: its schema, its damage, who may read it, and what is left in it.

use clinic_api::chain::ChainKind;
use clinic_api::id::ChainId;
use clinic_server::store::sqlite::SqliteStore;
use clinic_server::store::{Outcome, Scope, Store, StoreError};
use rusqlite::Connection;

use super::{feed, many, suite};

#[test]
fn a_write_waits_for_another_process() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    let other = Connection::open(dir.path().join("clinic.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| store.found(&suite::roster(1)).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!writing.is_finished());
        // Readers do not wait.
        assert_eq!(store.chain(suite::roster(1).id).unwrap(), None);
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(writing.join().unwrap(), Outcome::Stored);
    });
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    suite::fill(&store);
    drop(store);
    let file = dir.path().join("clinic.db");
    let raw = Connection::open(&file).unwrap();
    let known: i64 = raw
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    raw.pragma_update(None, "user_version", known + 1).unwrap();
    drop(raw);
    let refused = SqliteStore::open(dir.path()).unwrap_err();
    assert!(
        matches!(refused, StoreError::NewerSchema { found, known: k } if found == known + 1 && k == known)
    );
    let raw = Connection::open(&file).unwrap();
    raw.pragma_update(None, "user_version", known).unwrap();
    drop(raw);
    let store = SqliteStore::open(dir.path()).unwrap();
    assert!(store.chain(suite::roster(1).id).unwrap().is_some());
}

#[test]
fn a_file_of_another_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("clinic.db");
    let raw = Connection::open(&file).unwrap();
    raw.execute_batch("CREATE TABLE theirs (a TEXT)").unwrap();
    drop(raw);
    let theirs = std::fs::read(&file).unwrap();
    let refused = SqliteStore::open(dir.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Foreign), "{refused}");
    assert!(std::fs::read(&file).unwrap() == theirs);
    std::fs::write(&file, "not a database, but long enough to be one").unwrap();
    let refused = SqliteStore::open(dir.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Foreign), "{refused}");
}

#[test]
fn a_damaged_file_is_an_error_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    suite::fill(&store);
    drop(store);
    let file = dir.path().join("clinic.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let half = bytes.len() / 2;
    bytes.truncate(half);
    std::fs::write(&file, bytes).unwrap();
    let read = SqliteStore::open(dir.path())
        .and_then(|store| store.pull(suite::space(), &Default::default(), suite::ALL));
    assert!(read.is_err());
}

#[test]
#[cfg(unix)]
fn the_files_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("new")).unwrap();
    suite::fill(&store);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("new")), 0o700);
    for entry in dir.path().join("new").read_dir().unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_chain_of_another_kind_keeps_its_kind() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    suite::fill(&store);
    let kind = |id: ChainId| store.chain(id).unwrap().unwrap().kind;
    assert_eq!(kind(suite::roster(1).id), ChainKind::Roster);
    assert_eq!(kind(suite::patient(2).id), ChainKind::Patient);
    assert_eq!(kind(suite::space().into()), ChainKind::Epoch);
}

#[test]
fn a_store_of_schema_1_is_brought_up_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let raw = Connection::open(dir.path().join("clinic.db")).unwrap();
    raw.execute_batch(include_str!("schema-1.sql")).unwrap();
    drop(raw);
    let old = SqliteStore::open(dir.path()).unwrap();
    let new_dir = tempfile::tempdir().unwrap();
    let new = SqliteStore::open(new_dir.path()).unwrap();
    suite::fill(&new);
    assert_eq!(suite::everything(&old), suite::everything(&new));
    for scope in [
        Scope::Patient(suite::patient(2).id),
        Scope::Clinic(suite::roster(1).id),
    ] {
        assert_eq!(feed::things(&old, scope, 0), feed::things(&new, scope, 0));
    }
}

#[test]
fn who_listens_hears_of_another_process() {
    let dir = tempfile::tempdir().unwrap();
    let one = SqliteStore::open(dir.path()).unwrap();
    let two = SqliteStore::open(dir.path()).unwrap();
    let (told, heard) = std::sync::mpsc::channel();
    let told = std::sync::Mutex::new(told);
    one.listen(std::sync::Arc::new(move |signal| {
        let _ = told.lock().unwrap().send(signal);
    }))
    .unwrap();
    two.found(&suite::roster(1)).unwrap();
    let wait = std::time::Duration::from_secs(10);
    assert_eq!(heard.recv_timeout(wait).unwrap(), None);
    // Its own writes are told as what they are.
    one.found(&suite::patient(2)).unwrap();
    assert!(heard.recv_timeout(wait).unwrap().is_some());
}

#[test]
fn what_sqlite_cannot_take_fails_alone() {
    let dir = tempfile::tempdir().unwrap();
    many::an_impossible_push_fails_alone(&SqliteStore::open(dir.path()).unwrap());
}
