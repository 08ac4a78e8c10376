//! One suite for every store: what a store promises, whatever it is made of.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

#[path = "store_contract/again.rs"]
mod again;
#[path = "store_contract/bulletins.rs"]
mod bulletins;
#[path = "store_contract/erased.rs"]
mod erased;
#[path = "store_contract/feed.rs"]
mod feed;
#[path = "store_contract/group_commit.rs"]
mod group_commit;
#[path = "store_contract/in_postgres.rs"]
mod in_postgres;
#[path = "store_contract/leaving.rs"]
mod leaving;
#[path = "store_contract/many.rs"]
mod many;
#[path = "store_contract/pairings.rs"]
mod pairings;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with another test program")]
mod postgres_server;
#[path = "store_contract/rewriting.rs"]
mod rewriting;
#[path = "store_contract/sqlite_files.rs"]
mod sqlite_files;
#[path = "store_contract/suite.rs"]
mod suite;
#[path = "store_contract/values.rs"]
mod values;

use std::sync::Arc;

use clinic_server::store::grouped::Grouped;
use clinic_server::store::memory::MemoryStore;
use clinic_server::store::sqlite::SqliteStore;
use clinic_server::store::{Outcome, Store};
use rusqlite::Connection;
use suite::Made;

#[test]
fn memory_keeps_the_contract() {
    suite::contract(&|| {
        let clock = feed::SetClock::new();
        Made {
            store: Box::new(MemoryStore::with_clock(clock.clone())),
            age: Box::new(move || clock.advance(300)),
        }
    });
}

#[test]
fn a_store_whose_pushes_are_grouped_keeps_the_contract() {
    suite::contract(&|| {
        let clock = feed::SetClock::new();
        let inner = Arc::new(MemoryStore::with_clock(clock.clone()));
        Made {
            store: Box::new(Grouped::new(inner)),
            age: Box::new(move || clock.advance(300)),
        }
    });
}

#[test]
fn sqlite_keeps_the_contract() {
    let root = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    suite::contract(&|| {
        count.set(count.get() + 1);
        let dir = root.path().join(count.get().to_string());
        let store = Box::new(SqliteStore::open(&dir).unwrap());
        let raw = Connection::open(dir.join("clinic.db")).unwrap();
        let age = move || {
            raw.execute("UPDATE feed SET stamp = stamp - 300000", [])
                .unwrap();
        };
        Made {
            store,
            age: Box::new(age),
        }
    });
}

#[test]
fn sqlite_keeps_all_after_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let before = SqliteStore::open(dir.path()).unwrap();
    suite::fill(&before);
    let expected = suite::everything(&before);
    drop(before);
    let after = SqliteStore::open(dir.path()).unwrap();
    assert_eq!(suite::everything(&after), expected);
}

#[test]
fn memory_and_sqlite_hold_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (sqlite, memory) = (SqliteStore::open(dir.path()).unwrap(), MemoryStore::new());
    suite::fill(&sqlite);
    suite::fill(&memory);
    assert_eq!(suite::everything(&sqlite), suite::everything(&memory));
}

#[test]
fn two_open_stores_see_and_respect_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let one = SqliteStore::open(dir.path()).unwrap();
    let two = SqliteStore::open(dir.path()).unwrap();
    let roster = suite::roster(1);
    assert_eq!(one.found(&roster).unwrap(), Outcome::Stored);
    assert_eq!(two.found(&roster).unwrap(), Outcome::Moved);
    let next = suite::append_to(&two, roster.id, 40);
    assert_eq!(two.append(&next).unwrap(), Outcome::Stored);
    let rival = suite::Append {
        statement: suite::statement(41),
        ..next
    };
    assert_eq!(one.append(&rival).unwrap(), Outcome::Moved);
    assert_eq!(one.chain(roster.id).unwrap(), two.chain(roster.id).unwrap());
}
