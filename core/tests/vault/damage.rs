//! Bytes of the file are changed: that is damage, never a wrong passphrase, and nothing is deleted.

use companion_core::companion::Companion;
use companion_core::vault::VaultError;

use crate::support::{START, env, keys, noted, open, patient};

fn filled(entries: i64) -> (tempfile::TempDir, companion_core::env::Env) {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    for n in 0..entries {
        let note = format!("note {n} {}", "y".repeat(300));
        companion
            .journal()
            .record(&noted(&note, START + n), None)
            .unwrap();
    }
    drop(companion);
    assert!(
        !dir.path().join("vault.db-wal").exists(),
        "closing tidies up"
    );
    (dir, env)
}

#[test]
fn a_changed_byte_is_damage_or_does_no_harm() {
    let (dir, env) = filled(40);
    let path = dir.path().join("vault.db");
    let honest = std::fs::read(&path).unwrap();
    let mut named = 0;
    // Every page's beginning, middle and last bytes; SQLCipher's pages have 4,096 bytes.
    let pages = honest.len() / 4096;
    for page in 0..pages {
        for within in [0, 20, 2000, 4095] {
            let mut bent = honest.clone();
            bent[page * 4096 + within] ^= 0x40;
            std::fs::write(&path, &bent).unwrap();
            let outcome = open(dir.path(), &env).and_then(|c| {
                let journal = c.journal();
                let count = journal.count().map_err(vault_error)?;
                let all = journal.list(0, i64::MAX, 100).map_err(vault_error)?;
                for entry in &all {
                    journal.versions(entry.id).map_err(vault_error)?;
                }
                c.vault().with(|v| {
                    for space in v.spaces()? {
                        v.events(space.space)?;
                    }
                    v.unapplied()?;
                    v.unsent()
                })?;
                Ok((count, all.len()))
            });
            match outcome {
                Ok(found) => assert_eq!(found, (40, 40), "page {page}, byte {within}"),
                Err(error) => {
                    named += 1;
                    assert_eq!(error, VaultError::Damaged, "page {page}, byte {within}");
                }
            }
        }
    }
    assert!(named > pages, "{named} of {pages} pages");
}

fn vault_error(error: companion_core::journal::JournalError) -> VaultError {
    match error {
        companion_core::journal::JournalError::Vault(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_cut_short_or_of_something_else_is_damage() {
    let (dir, env) = filled(10);
    let path = dir.path().join("vault.db");
    let honest = std::fs::read(&path).unwrap();
    let others: [Vec<u8>; 5] = [
        honest[..100].to_vec(),
        honest[..4096].to_vec(),
        honest[..honest.len() / 2].to_vec(),
        b"SQLite format 3\0 and so on".repeat(400),
        vec![0; 8192],
    ];
    for (at, bytes) in others.into_iter().enumerate() {
        std::fs::write(&path, bytes).unwrap();
        let error = open(dir.path(), &env)
            .and_then(|c| c.journal().list(0, i64::MAX, 100).map_err(vault_error))
            .unwrap_err();
        assert_eq!(error, VaultError::Damaged, "{at}");
    }
}

/// An empty file under a valid check value: somebody or something deleted the content.
#[test]
fn an_emptied_file_is_damage_and_no_empty_journal() {
    let (dir, env) = filled(10);
    std::fs::write(dir.path().join("vault.db"), b"").unwrap();
    assert_eq!(open(dir.path(), &env).unwrap_err(), VaultError::Damaged);
}

#[test]
fn opening_or_creating_does_not_hide_damage() {
    let (dir, env) = filled(3);
    let path = dir.path().join("vault.db");
    let mut bent = std::fs::read(&path).unwrap();
    bent[30] ^= 1;
    std::fs::write(&path, &bent).unwrap();
    let keys = keys(dir.path(), &env);
    let error = Companion::open_or_create(dir.path(), &keys, env.clone()).unwrap_err();
    assert_eq!(error, VaultError::Damaged);
    std::fs::remove_file(dir.path().join("vault.check")).unwrap();
    let error = Companion::open_or_create(dir.path(), &keys, env.clone()).unwrap_err();
    assert_eq!(error, VaultError::Damaged);
    assert_eq!(
        std::fs::read(&path).unwrap(),
        bent,
        "and overwrites nothing"
    );
}
