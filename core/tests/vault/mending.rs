//! A damaged vault is set aside and a fresh one made of what is left: nothing that can be read is
//! lost, whatever the damage, and wherever mending is cut short.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::journal::JournalError;
use companion_core::vault::{Mended, Vault, VaultError};

use crate::support::{START, copy_folder, env, keys, keys_with, noted, open, patient, quick_folder};

const PAGE: usize = 4096;

fn mend(dir: &Path, env: &Env) -> Companion {
    Companion::mend(dir, &keys(dir, env), env.clone()).unwrap()
}

fn note(n: i64) -> String {
    format!("note {n} {}", "y".repeat(400))
}

/// A journal of a patient without a clinic: all of it is unsent.
fn filled(entries: i64) -> (tempfile::TempDir, Env) {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    for n in 0..entries {
        let mood = noted(&note(n), START + n);
        companion.journal().record(&mood, None).unwrap();
    }
    (dir, env)
}

fn notes(companion: &Companion) -> Result<BTreeSet<String>, JournalError> {
    let all = companion.journal().list(i64::MIN, i64::MAX, 10_000)?;
    Ok(all.into_iter().filter_map(|e| e.mood.note).collect())
}

/// Opens the journal and reads all of it, as an app would: damage that shows is mended.
fn read_or_mend(dir: &Path, env: &Env) -> Result<(BTreeSet<String>, Option<Mended>), VaultError> {
    let companion = Companion::open_or_mend(dir, &keys(dir, env), env.clone())?;
    let read = notes(&companion).and_then(|notes| {
        companion.vault().with(|v| {
            for space in v.spaces()? {
                v.events(space.space)?;
            }
            v.unsent()
        })?;
        Ok(notes)
    });
    match read {
        Ok(notes) => Ok((notes, companion.mended()?)),
        Err(JournalError::Vault(VaultError::Damaged)) => {
            drop(companion);
            let companion = Companion::mend(dir, &keys(dir, env), env.clone())?;
            let read = notes(&companion).map_err(|_| VaultError::Internal)?;
            Ok((read, companion.mended()?))
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x40;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_changed_byte_anywhere_costs_at_most_the_page_it_is_on() {
    let (dir, env) = filled(60);
    let length = std::fs::metadata(dir.path().join("vault.db")).unwrap().len();
    let pages = usize::try_from(length).unwrap() / PAGE;
    let all: BTreeSet<String> = (0..60).map(note).collect();
    let (mut mended, mut lossless) = (0, 0);
    for page in 0..pages {
        for within in [0, 20, 2000, 4095] {
            let copy = quick_folder();
            copy_folder(dir.path(), copy.path());
            flip(&copy.path().join("vault.db"), page * PAGE + within);
            let bent = std::fs::read(copy.path().join("vault.db")).unwrap();
            let (read, told) = read_or_mend(copy.path(), &env).unwrap();
            assert!(read.is_subset(&all));
            let Some(told) = told else {
                assert_eq!(read, all, "page {page}, byte {within}");
                continue;
            };
            mended += 1;
            lossless += usize::from(read == all);
            assert!(told.identity && told.aside.starts_with(copy.path()));
            assert!(told.unreadable || read == all);
            assert_eq!(std::fs::read(told.aside.join("vault.db")).unwrap(), bent);
            // A page holds fewer than nine of these.
            assert!(read.len() > 60 - 9, "page {page}, byte {within}: {}", read.len());
            assert_eq!(read.len() as u64, told.salvaged);
        }
    }
    assert!(mended > pages, "{mended} times in {pages} pages");
    assert!(lossless > mended / 3, "{lossless} of {mended}");
}
