//! Making, opening, refusing: each failure is told apart from the others.

use companion_core::companion::{Companion, VIEWS};
use companion_core::problem::{Kind, Problem};
use companion_core::vault::{Cost, KeyStore, KeyStoreError, PassphraseFile, Vault, VaultError};
use std::io::{BufRead, BufReader};

use crate::child;
use crate::support::{
    PASSPHRASE, START, copy_folder, env, key_file, keys, keys_with, noted, open, patient,
    quick_folder,
};

/// The vault's file, opened with its key and nothing of ours in between.
pub fn raw(dir: &std::path::Path) -> rusqlite::Connection {
    let (env, _) = env(1);
    let key = keys(dir, &env).load().unwrap().unwrap();
    let conn = rusqlite::Connection::open(dir.join("vault.db")).unwrap();
    let hex = data_encoding::HEXLOWER.encode(key.expose());
    conn.pragma_update(None, "key", format!("x'{hex}'"))
        .unwrap();
    conn
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let id = companion
        .journal()
        .record(&noted("still here", START), None)
        .unwrap();
    drop(companion);
    let again = open(dir.path(), &env).unwrap();
    let entry = again.journal().entry(id).unwrap().unwrap();
    assert_eq!(entry.mood.note.as_deref(), Some("still here"));
    assert_eq!(again.journal().count().unwrap(), 1);
}

#[test]
fn the_database_is_as_promised() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    companion.vault().with(|v| {
        let text = |name| -> String {
            v.reader()
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(text("journal_mode"), "Text(\"wal\")");
        // 2 is FULL.
        assert_eq!(text("synchronous"), "Integer(2)");
        assert!(text("cipher_version").starts_with("Text(\"4."));
    });
}

#[test]
fn there_is_none_or_one_already() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    let missing = dir.path().join("no/such/folder");
    assert_eq!(open(&missing, &env).unwrap_err(), VaultError::NotFound);
    assert_eq!(open(dir.path(), &env).unwrap_err(), VaultError::NotFound);
    assert!(!missing.exists(), "looking makes no folder");
    drop(patient(dir.path(), &env));
    assert!(Vault::exists(dir.path()));
    let again = Vault::create(dir.path(), &keys(dir.path(), &env), env.clone(), VIEWS);
    assert_eq!(again.unwrap_err(), VaultError::Exists);
}

#[test]
fn another_passphrase_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    drop(patient(dir.path(), &env));
    let before = files(dir.path());
    for wrong in ["", "A passphrase for tests", "a passphrase for tests "] {
        let error = Companion::open(dir.path(), &keys_with(dir.path(), &env, wrong), env.clone())
            .unwrap_err();
        assert_eq!(error, VaultError::Key(KeyStoreError::WrongPassphrase));
        let problem = Problem::from(error);
        assert_eq!(
            (problem.kind, problem.code),
            (Kind::Locked, "wrong-passphrase")
        );
    }
    assert_eq!(files(dir.path()), before);
    drop(open(dir.path(), &env).unwrap());
}

fn files(dir: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_file())
        .map(|p| (p.display().to_string(), std::fs::read(&p).unwrap()))
        .collect();
    all.sort();
    all
}

/// A key store whose key is another vault's.
struct OtherKey;

impl KeyStore for OtherKey {
    fn load(&self) -> Result<Option<companion_core::space::keys::Seed>, KeyStoreError> {
        Ok(Some(companion_core::space::keys::Seed::new([7; 32])))
    }
    fn save(&self, _: &companion_core::space::keys::Seed) -> Result<(), KeyStoreError> {
        Err(KeyStoreError::Unavailable)
    }
}

#[test]
fn another_key_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    drop(patient(dir.path(), &env));
    let error = Companion::open(dir.path(), &OtherKey, env.clone()).unwrap_err();
    assert_eq!(error, VaultError::WrongKey);
    drop(open(dir.path(), &env).unwrap());
}

#[test]
fn a_newer_vault_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    companion
        .journal()
        .record(&noted("n", START), None)
        .unwrap();
    drop(companion);
    let conn = raw(dir.path());
    let version: i64 = conn
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    conn.pragma_update(None, "user_version", version + 1)
        .unwrap();
    drop(conn);
    let error = open(dir.path(), &env).unwrap_err();
    assert_eq!(error, VaultError::Newer);
    assert_eq!(Problem::from(error).kind, Kind::Version);
    let conn = raw(dir.path());
    conn.pragma_update(None, "user_version", version).unwrap();
    drop(conn);
    assert_eq!(
        open(dir.path(), &env).unwrap().journal().count().unwrap(),
        1
    );
}

#[test]
fn one_at_a_time_in_this_process_and_in_another() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let error = open(dir.path(), &env).unwrap_err();
    assert_eq!(error, VaultError::InUse);
    assert!(Problem::from(error).retry);
    let mended = Companion::mend(dir.path(), &keys(dir.path(), &env), env.clone());
    assert_eq!(mended.unwrap_err(), VaultError::InUse);
    let output = child::command("try", dir.path(), &[]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("InUse"));
    // The one that has it goes on undisturbed.
    companion
        .journal()
        .record(&noted("n", START), None)
        .unwrap();
    drop(companion);

    let mut other = child::spawn("hold", dir.path());
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    while lines.next().unwrap().unwrap() != "held" {}
    assert_eq!(open(dir.path(), &env).unwrap_err(), VaultError::InUse);
    // Killed, it leaves no lock behind.
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(
        open(dir.path(), &env).unwrap().journal().count().unwrap(),
        1
    );
}

/// While other threads start programs, a vault that was closed can be opened at once.
#[test]
fn starting_programs_keeps_no_vault_locked() {
    let dir = quick_folder();
    let (env, _) = env(1);
    drop(patient(dir.path(), &env));
    let stop = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(order) {
                    std::process::Command::new("true").status().unwrap();
                }
            });
        }
        let errors: Vec<_> = (0..300)
            .filter_map(|_| open(dir.path(), &env).err())
            .collect();
        stop.store(true, order);
        assert_eq!(errors, []);
    });
}

#[test]
fn many_threads_may_open_vaults_at_once() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let first = dir.path().join("0");
    drop(patient(&first, &env));
    for n in 1..child::CROWD {
        copy_folder(&first, &dir.path().join(n.to_string()));
    }
    for round in 0..60 {
        let output = child::command("crowd", dir.path(), &[]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            text.matches("opened").count(),
            child::CROWD,
            "{round}: {text}"
        );
    }
}

/// Cut short at each step, making a vault is made good by making it again.
#[test]
fn a_creation_that_was_cut_short() {
    let whole = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    drop(patient(whole.path(), &env));
    let steps: [&[&str]; 6] = [
        &[],
        &["vault.lock"],
        &["vault.lock", "vault.key"],
        &["vault.lock", "vault.key", "empty vault.db"],
        &["vault.lock", "vault.key", "vault.db"],
        &["vault.lock", "vault.key", "vault.check"],
    ];
    for step in steps {
        let dir = tempfile::tempdir().unwrap();
        for name in step {
            match name.strip_prefix("empty ") {
                Some(name) => std::fs::write(dir.path().join(name), b"").unwrap(),
                None => {
                    std::fs::copy(whole.path().join(name), dir.path().join(name)).unwrap();
                }
            }
        }
        // A half-written file beside its place is no vault either.
        std::fs::write(dir.path().join("vault.new"), b"half").unwrap();
        assert_eq!(
            open(dir.path(), &env).unwrap_err(),
            VaultError::NotFound,
            "{step:?}"
        );
        let companion = patient(dir.path(), &env);
        companion
            .journal()
            .record(&noted("n", START), None)
            .unwrap();
        drop(companion);
        let again = open(dir.path(), &env).unwrap();
        assert_eq!(again.journal().count().unwrap(), 1, "{step:?}");
    }
}

/// The check value is lost; the journal is not.
#[test]
fn a_vault_without_its_check_value_keeps_what_is_in_it() {
    for broken in [None, Some(&b""[..]), Some(&[1; 32][..])] {
        let dir = tempfile::tempdir().unwrap();
        let (env, _) = env(1);
        let companion = patient(dir.path(), &env);
        companion
            .journal()
            .record(&noted("n", START), None)
            .unwrap();
        drop(companion);
        let check = dir.path().join("vault.check");
        match broken {
            None => std::fs::remove_file(&check).unwrap(),
            Some(bytes) => std::fs::write(&check, bytes).unwrap(),
        }
        let again =
            Companion::open_or_create(dir.path(), &keys(dir.path(), &env), env.clone()).unwrap();
        assert_eq!(again.journal().count().unwrap(), 1);
        drop(again);
        drop(open(dir.path(), &env).unwrap());
    }
}

#[test]
fn key_files_that_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    drop(patient(dir.path(), &env));
    let good = std::fs::read(key_file(dir.path())).unwrap();
    let with = |bytes: &[u8]| {
        std::fs::write(key_file(dir.path()), bytes).unwrap();
        open(dir.path(), &env).unwrap_err()
    };
    for length in [0, 1, good.len() / 2, good.len() - 1] {
        let error = with(&good[..length]);
        assert_eq!(error, VaultError::Key(KeyStoreError::Damaged), "{length}");
    }
    assert_eq!(
        with(&[good.as_slice(), b"x"].concat()),
        VaultError::Key(KeyStoreError::Damaged)
    );
    assert_eq!(with(b"garbage"), VaultError::Key(KeyStoreError::Damaged));
    // Another version, by a map with another first value and with a shape not known here.
    let kept = |version: u8, memory: u64, passes: u64, lanes: u64| {
        let mut e = minicbor::Encoder::new(Vec::new());
        e.map(4).unwrap();
        e.u8(0).unwrap().u8(version).unwrap();
        e.u8(1).unwrap().map(3).unwrap();
        e.u8(0).unwrap().u64(memory).unwrap();
        e.u8(1).unwrap().u64(passes).unwrap();
        e.u8(2).unwrap().u64(lanes).unwrap();
        e.u8(2).unwrap().bytes(&[0; 16]).unwrap();
        e.u8(3).unwrap().bytes(&[0; 48]).unwrap();
        e.into_writer()
    };
    assert_eq!(
        with(&kept(2, 64, 1, 1)),
        VaultError::Key(KeyStoreError::Newer)
    );
    let mut newer = minicbor::Encoder::new(Vec::new());
    newer.map(2).unwrap();
    newer.u8(0).unwrap().u8(2).unwrap();
    newer.u8(9).unwrap().str("of a shape to come").unwrap();
    assert_eq!(
        with(&newer.into_writer()),
        VaultError::Key(KeyStoreError::Newer)
    );
    // Costs that no machine has, or that Argon2 doesn't know: refused at once.
    for (memory, passes, lanes) in [
        (u64::from(u32::MAX), 1, 1),
        (5 * 1024 * 1024, 1, 1),
        (64, u64::from(u32::MAX), 1),
        (64, 1, u64::from(u32::MAX)),
        (0, 0, 0),
        (64, 0, 1),
        (8, 1, 64),
    ] {
        let started = std::time::Duration::from_secs(2);
        let clock = Stopwatch::start();
        assert_eq!(
            with(&kept(1, memory, passes, lanes)),
            VaultError::Key(KeyStoreError::Damaged)
        );
        assert!(clock.elapsed() < started);
    }
    // The right file again: nothing was lost by all of that.
    std::fs::write(key_file(dir.path()), &good).unwrap();
    drop(open(dir.path(), &env).unwrap());
    std::fs::remove_file(key_file(dir.path())).unwrap();
    assert_eq!(
        open(dir.path(), &env).unwrap_err(),
        VaultError::Key(KeyStoreError::Unavailable)
    );
}

struct Stopwatch(std::time::Instant);

#[expect(
    clippy::disallowed_methods,
    reason = "how long a test takes is the test's business"
)]
impl Stopwatch {
    fn start() -> Self {
        Self(std::time::Instant::now())
    }
    fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

/// What a passphrase file's cost means is recorded: a file of another cost opens.
#[test]
fn the_cost_is_read_from_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    drop(patient(dir.path(), &env));
    let dearer = Cost {
        memory: 128,
        passes: 2,
        lanes: 2,
    };
    let path = key_file(dir.path());
    let other = PassphraseFile::new(path, PASSPHRASE.to_owned(), dearer, env.clone());
    drop(Companion::open(dir.path(), &other, env.clone()).unwrap());
}
