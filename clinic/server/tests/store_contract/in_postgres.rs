//! PostgreSQL: the contract, its schema, and several servers on one database.

use std::path::Path;
use std::time::Duration;

use clinic_api::id::SpaceId;
use clinic_server::store::memory::MemoryStore;
use clinic_server::store::postgres::{Address, PostgresStore};
use clinic_server::store::{Outcome, Store, StoreError};
use postgres::{Client, NoTls};

use super::group_commit;
use super::many;
use super::postgres_server::{Cluster, shared};
use super::suite::{self, Made};

pub fn open(address: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(Address::new(address, None).unwrap())
}

fn raw(address: &str) -> Client {
    Client::connect(address, NoTls).unwrap()
}

#[test]
fn postgres_keeps_the_contract() {
    suite::contract(&|| {
        let address = shared().database();
        let store = Box::new(open(&address).unwrap());
        let age = move || {
            raw(&address)
                .batch_execute("UPDATE feed SET stamp = stamp - 300000")
                .unwrap();
        };
        Made {
            store,
            age: Box::new(age),
        }
    });
}

#[test]
fn postgres_and_memory_hold_the_same_also_when_opened_again() {
    let address = shared().database();
    let (postgres, memory) = (open(&address).unwrap(), MemoryStore::new());
    suite::fill(&postgres);
    suite::fill(&memory);
    let expected = suite::everything(&memory);
    assert_eq!(suite::everything(&postgres), expected);
    drop(postgres);
    assert_eq!(suite::everything(&open(&address).unwrap()), expected);
}

#[test]
fn many_who_open_an_empty_database_at_once_make_one_schema() {
    let address = shared().database();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&address))).collect();
        for store in all {
            store.join().unwrap().unwrap().check().unwrap();
        }
    });
    let versions = raw(&address)
        .query("SELECT version FROM clinic_store", &[])
        .unwrap();
    assert_eq!(versions.len(), 1);
}

#[test]
fn a_newer_schema_and_another_programs_tables_are_refused() {
    let address = shared().database();
    suite::fill(&open(&address).unwrap());
    let mut client = raw(&address);
    client
        .batch_execute("UPDATE clinic_store SET version = version + 1")
        .unwrap();
    let refused = open(&address).err().unwrap();
    assert!(
        matches!(refused, StoreError::NewerSchema { found, known } if found == known + 1),
        "{refused}"
    );
    let address = shared().database();
    let mut client = raw(&address);
    client
        .batch_execute("CREATE TABLE theirs (a text)")
        .unwrap();
    let refused = open(&address).err().unwrap();
    assert!(matches!(refused, StoreError::Foreign), "{refused}");
    let tables = client
        .query("SELECT FROM pg_tables WHERE schemaname = 'public'", &[])
        .unwrap();
    assert_eq!(tables.len(), 1);
}

#[test]
fn two_servers_see_and_respect_each_other() {
    let address = shared().database();
    let (one, two) = (open(&address).unwrap(), open(&address).unwrap());
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

#[test]
fn an_address_shows_nothing_of_itself_and_keeps_to_this_machine_without_tls() {
    let address = |text: &str| Address::new(text, None);
    let unclear = address("postgres://u:canary@host:port/x").err().unwrap();
    assert!(!unclear.to_string().contains("canary"));
    let secret = address("postgres://u:canary@127.0.0.1/x").unwrap();
    assert!(!format!("{secret:?}").contains("canary"));
    let plain = address("postgres://u@db.example.org/x?sslmode=disable");
    assert!(plain.err().unwrap().to_string().contains("needs TLS"));
    assert!(address("postgres://u@db.example.org/x").is_ok());
    assert!(address("host=/run/postgresql dbname=x").is_ok());
}

#[test]
fn what_postgres_cannot_take_fails_alone() {
    many::an_impossible_push_fails_alone(&open(&shared().database()).unwrap());
}

#[test]
fn another_machine_is_spoken_to_by_tls_and_must_be_who_it_says() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let cluster = Cluster::with_tls(port);
    let certificate = cluster.dir.join("data/server.crt");
    let open = |host: &str, ca: Option<&Path>| {
        let text = format!("host={host} port={port} user=postgres sslmode=require");
        PostgresStore::open(Address::new(&text, ca).unwrap())
    };
    let store = open("localhost", Some(&certificate)).unwrap();
    let sessions = raw(&cluster.address("postgres"))
        .query(
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
             WHERE application_name = 'clinic-server'",
            &[],
        )
        .unwrap();
    assert!(!sessions.is_empty());
    assert!(sessions.iter().all(|row| row.get("ssl")));
    drop(store);
    let unknown = open("localhost", None).err().unwrap().to_string();
    assert!(unknown.contains("UnknownIssuer"), "{unknown}");
    let other = open("127.0.0.1", Some(&certificate)).err().unwrap();
    assert!(other.to_string().contains("not valid for name"), "{other}");
}

#[test]
fn pushes_at_once_share_transactions() {
    let address = shared().database();
    let store = std::sync::Arc::new(open(&address).unwrap());
    store.found(&suite::patient(2)).unwrap();
    group_commit::push_at_once_and_check(store);
    let transactions: i64 = raw(&address)
        .query_one("SELECT count(DISTINCT xmin::text) FROM runs", &[])
        .unwrap()
        .get(0);
    assert!((1..128).contains(&transactions), "{transactions} for 128");
}

#[test]
fn connections_that_were_ended_are_made_anew() {
    let address = shared().database();
    let store = open(&address).unwrap();
    suite::fill(&store);
    let expected = suite::everything(&store);
    let mut client = raw(&address);
    for round in 0..3 {
        client
            .batch_execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .unwrap();
        assert_eq!(suite::everything(&store), expected);
        client
            .batch_execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .unwrap();
        let log = 10 + round;
        let new = suite::runs(SpaceId([5; 32]), vec![suite::run(log, 1, 5)]);
        assert_eq!(store.push(&new).unwrap(), Outcome::Stored);
    }
}

#[test]
fn a_deadlock_is_tried_again_and_a_long_lock_is_busy() {
    let address = shared().database();
    let store = open(&address).unwrap();
    store.found(&suite::roster(1)).unwrap();
    let mut client = raw(&address);
    let mut new = suite::runs(SpaceId([5; 32]), vec![suite::run(1, 1, 5)]);
    new.guards = vec![suite::guard(&store, suite::roster(1).id)];
    std::thread::scope(|scope| {
        client
            .batch_execute("BEGIN; SELECT FROM spaces FOR UPDATE")
            .unwrap();
        let pushing = scope.spawn(|| store.push(&new));
        // It has locked the roster by now, and waits for the space.
        std::thread::sleep(Duration::from_millis(400));
        client
            .batch_execute("UPDATE chains SET charged = charged; COMMIT")
            .unwrap();
        assert_eq!(pushing.join().unwrap().unwrap(), Outcome::Stored);
    });
    client
        .batch_execute("BEGIN; SELECT FROM spaces FOR UPDATE")
        .unwrap();
    let new = suite::runs(SpaceId([5; 32]), vec![suite::run(1, 2, 5)]);
    let refused = store.push(&new).unwrap_err();
    assert!(matches!(refused, StoreError::Busy), "{refused}");
    client.batch_execute("ROLLBACK").unwrap();
    assert_eq!(store.push(&new).unwrap(), Outcome::Stored);
}
