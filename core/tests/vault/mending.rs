//! A damaged vault is set aside and a fresh one made of what is left: nothing that can be read is
//! lost, whatever the damage, and wherever mending is cut short.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::journal::JournalError;
use companion_core::vault::{Mended, Vault, VaultError};

use crate::support::{
    START, copy_folder, env, keys, keys_with, noted, open, patient, quick_folder,
};

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
    let length = std::fs::metadata(dir.path().join("vault.db"))
        .unwrap()
        .len();
    let pages = usize::try_from(length).unwrap() / PAGE;
    let all: BTreeSet<String> = (0..60).map(note).collect();
    let (mut mended, mut lossless) = (0, 0);
    for page in 0..pages {
        for within in [[0, 2000], [20, 4095]][page % 2] {
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
            assert!(
                read.len() > 60 - 9,
                "page {page}, byte {within}: {}",
                read.len()
            );
            assert_eq!(read.len() as u64, told.salvaged);
        }
    }
    assert!(mended > pages / 2, "{mended} times in {pages} pages");
    assert!(lossless > mended / 3, "{lossless} of {mended}");
}

/// What was done to the file, the note that survives all of it or not, and what is left of it.
#[test]
fn files_cut_short_emptied_overwritten_or_gone() {
    let (dir, env) = filled(200);
    let honest = std::fs::read(dir.path().join("vault.db")).unwrap();
    let half = honest.len() / 2 / PAGE * PAGE;
    let others: [(Vec<u8>, bool); 6] = [
        (Vec::new(), false),
        (honest[..100].to_vec(), false),
        (
            [&honest[..half], &vec![0; honest.len() - half]].concat(),
            true,
        ),
        (honest[..half + 77].to_vec(), true),
        ([&[0xa5; PAGE], &honest[PAGE..]].concat(), true),
        (b"not a vault at all ".repeat(3000), false),
    ];
    for (at, (bytes, some)) in others.into_iter().enumerate() {
        let copy = quick_folder();
        copy_folder(dir.path(), copy.path());
        let path = copy.path().join("vault.db");
        std::fs::write(&path, &bytes).unwrap();
        let before = open(dir.path(), &env).unwrap().sync().patient().unwrap();
        let (read, told) = read_or_mend(copy.path(), &env).unwrap();
        let told = told.unwrap();
        assert_eq!(std::fs::read(told.aside.join("vault.db")).unwrap(), bytes);
        assert_eq!((!read.is_empty(), told.identity), (some, true), "{at}");
        assert!(told.unreadable, "{at}");
        // It is the same person's, and goes on.
        let companion = open(copy.path(), &env).unwrap();
        assert_eq!(companion.sync().patient().unwrap(), before);
        companion
            .journal()
            .record(&noted("on", START), None)
            .unwrap();
        assert!(notes(&companion).unwrap().contains("on"));
    }
    // All but the first page was whole: nothing is missing.
    let copy = quick_folder();
    copy_folder(dir.path(), copy.path());
    std::fs::write(
        copy.path().join("vault.db"),
        [&[0; PAGE], &honest[PAGE..]].concat(),
    )
    .unwrap();
    assert_eq!(read_or_mend(copy.path(), &env).unwrap().0.len(), 200);
    // The file is gone altogether, with the check value or without it.
    for gone in [&["vault.db"][..], &["vault.db", "vault.check"]] {
        let copy = quick_folder();
        copy_folder(dir.path(), copy.path());
        for name in gone {
            std::fs::remove_file(copy.path().join(name)).unwrap();
        }
        let (read, told) = read_or_mend(copy.path(), &env).unwrap();
        assert_eq!((read.len(), told.unwrap().identity), (0, true));
    }
}

/// The vault was killed while it was open, so that part of it stands in its journal file; then
/// that is changed. SQLite alone would go on with an older state, and say nothing.
#[test]
fn a_changed_byte_in_the_journal_file() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let copies = quick_folder();
    for n in 0..12 {
        let mood = noted(&note(n), START + n);
        companion.journal().record(&mood, None).unwrap();
    }
    copy_folder(dir.path(), copies.path());
    drop(companion);
    let all: BTreeSet<String> = (0..12).map(note).collect();
    let wal = std::fs::read(copies.path().join("vault.db-wal")).unwrap();
    let frames = (wal.len() - 32) / (PAGE + 24);
    assert!(frames > 100, "{frames}");
    let mut places = vec![0, 9, 17, 25];
    for frame in (0..frames - 1).step_by(7) {
        let from = 32 + frame * (PAGE + 24);
        places.extend([from + 1, from + 6, from + 9, from + 17, from + 24 + 1000]);
    }
    let (mut mended, mut lossless) = (0, 0);
    for place in places {
        let copy = quick_folder();
        copy_folder(copies.path(), copy.path());
        let _ = std::fs::remove_file(copy.path().join("vault.db-shm"));
        flip(&copy.path().join("vault.db-wal"), place);
        let (read, told) = read_or_mend(copy.path(), &env).unwrap();
        assert!(read.is_subset(&all));
        // A page of the journal file costs one state of one page, which a later one replaces.
        assert!(read.len() >= 11, "byte {place}: {}", read.len());
        mended += usize::from(told.is_some());
        lossless += usize::from(read == all);
        assert!(told.is_some() || read == all, "byte {place}");
    }
    assert!(
        mended > 40 && lossless > mended * 9 / 10,
        "{lossless} of {mended}"
    );
}

/// A write that was cut short is none: nothing was acknowledged.
#[test]
fn a_journal_file_that_was_cut_short_is_no_damage() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    for n in 0..3 {
        let mood = noted(&note(n), START + n);
        companion.journal().record(&mood, None).unwrap();
    }
    let copies = quick_folder();
    copy_folder(dir.path(), copies.path());
    drop(companion);
    let wal = std::fs::read(copies.path().join("vault.db-wal")).unwrap();
    for length in (0..wal.len()).rev().step_by(1777) {
        let copy = quick_folder();
        copy_folder(copies.path(), copy.path());
        let _ = std::fs::remove_file(copy.path().join("vault.db-shm"));
        std::fs::write(copy.path().join("vault.db-wal"), &wal[..length]).unwrap();
        let (read, told) = read_or_mend(copy.path(), &env).unwrap();
        assert!(told.is_none() && read.len() <= 3, "{length}");
    }
}

#[test]
fn a_key_that_does_not_fit_mends_nothing() {
    let (dir, env) = filled(20);
    flip(&dir.path().join("vault.db"), 30);
    let look = |dir: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let mut all: Vec<_> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        all.sort();
        all
    };
    let before = look(dir.path());
    let wrong = keys_with(dir.path(), &env, "another passphrase for tests");
    let error = Companion::open_or_mend(dir.path(), &wrong, env.clone()).unwrap_err();
    assert!(matches!(error, VaultError::Key(_)));
    assert_eq!(look(dir.path()), before);
    // A store that gives another vault's key, with the check value and without it.
    let other = quick_folder();
    drop(patient(other.path(), &crate::support::env(77).0));
    let wrong = keys(other.path(), &env);
    for path in ["vault.db", "vault.check"] {
        for attempt in [Companion::open_or_mend, Companion::mend] {
            let error = attempt(dir.path(), &wrong, env.clone()).unwrap_err();
            assert_eq!(error, VaultError::WrongKey);
        }
        let left: Vec<_> = look(dir.path());
        assert!(
            left.iter().all(|file| before.contains(file)),
            "before {path}"
        );
        std::fs::remove_file(dir.path().join("vault.check")).ok();
    }
    // The right one finds all of it, by what else is left that can tell.
    let (read, told) = read_or_mend(dir.path(), &env).unwrap();
    assert_eq!((read.len(), told.unwrap().identity), (20, true));
}

#[test]
fn a_vault_that_is_whole_is_not_mended() {
    let (dir, env) = filled(5);
    let companion = mend(dir.path(), &env);
    assert_eq!(companion.mended().unwrap(), None);
    assert_eq!(notes(&companion).unwrap().len(), 5);
    drop(companion);
    let none = quick_folder();
    let error = Companion::mend(none.path(), &keys(none.path(), &env), env.clone());
    assert_eq!(error.unwrap_err(), VaultError::NotFound);
}

/// The damaged file itself still says whose it is.
#[test]
fn without_the_identity_beside_it() {
    let (dir, env) = filled(60);
    let patient = open(dir.path(), &env).unwrap().sync().patient().unwrap();
    std::fs::remove_file(dir.path().join("vault.identity")).unwrap();
    flip(&dir.path().join("vault.db"), 100);
    let (read, told) = read_or_mend(dir.path(), &env).unwrap();
    assert_eq!((read.len(), told.unwrap().identity), (60, true));
    let companion = open(dir.path(), &env).unwrap();
    assert_eq!(companion.sync().patient().unwrap(), patient);
}

#[test]
fn with_nothing_left_it_says_so() {
    let (dir, env) = filled(5);
    let before = open(dir.path(), &env).unwrap().sync().patient().unwrap();
    std::fs::remove_file(dir.path().join("vault.identity")).unwrap();
    std::fs::write(dir.path().join("vault.db"), vec![0; 5 * PAGE]).unwrap();
    let companion = Companion::open_or_mend(dir.path(), &keys(dir.path(), &env), env.clone());
    let told = companion.unwrap().mended().unwrap().unwrap();
    assert_eq!(
        (told.identity, told.unreadable, told.salvaged),
        (false, true, 0)
    );
    let companion = patient(dir.path(), &env);
    assert_ne!(companion.sync().patient().unwrap(), before);
    assert_eq!(companion.mended().unwrap(), Some(told));
}

/// The note of it is kept as long as the damaged file, and over another mending.
#[test]
fn the_person_is_told_until_all_is_settled() {
    let (dir, env) = filled(5);
    flip(&dir.path().join("vault.db"), 100);
    let (_, told) = read_or_mend(dir.path(), &env).unwrap();
    let companion = open(dir.path(), &env).unwrap();
    let told = told.unwrap();
    assert!(!told.told && told.filled_ms.is_none() && told.at_ms == START);
    companion.mended_told().unwrap();
    companion.vault().with(|v| v.settle(false)).unwrap();
    let again = companion.mended().unwrap().unwrap();
    assert_eq!(
        again,
        Mended {
            told: true,
            ..told.clone()
        }
    );
    companion.vault().with(|v| v.settle(true)).unwrap();
    let filled_ms = companion.mended().unwrap().unwrap().filled_ms;
    assert_eq!(filled_ms, Some(START));
    std::fs::remove_dir_all(&told.aside).unwrap();
    assert_eq!(companion.mended().unwrap(), None);
}

/// Killed at any moment, the next opening goes on with it.
#[test]
fn killed_while_mending() {
    let (dir, env) = filled(60);
    let mut left_behind = BTreeSet::new();
    for round in 0..24_u64 {
        let copy = quick_folder();
        copy_folder(dir.path(), copy.path());
        flip(&copy.path().join("vault.db"), 100);
        let bent = std::fs::read(copy.path().join("vault.db")).unwrap();
        for again in 0..3 {
            let mut child = crate::child::spawn("mend", copy.path());
            std::thread::sleep(std::time::Duration::from_millis(round * 5 + again * 7));
            child.kill().unwrap();
            child.wait().unwrap();
            left_behind.insert((
                copy.path().join("vault.mending").exists(),
                copy.path().join("mending/vault.db").exists(),
                copy.path().join("vault.db").exists(),
            ));
        }
        assert_resumes(copy.path(), &env, &bent);
    }
    assert!(
        left_behind.contains(&(true, true, false)),
        "{left_behind:?}"
    );
}

/// Each state that mending can be cut short in, made by hand from one that is ended.
#[test]
fn cut_short_between_its_steps() {
    let (dir, env) = filled(60);
    flip(&dir.path().join("vault.db"), 100);
    let bent = std::fs::read(dir.path().join("vault.db")).unwrap();
    // CBOR: {0: the folder, 1: when, 2: whether all was moved}.
    let aside = "set-aside-1772452800";
    let marker = |moved: u8| {
        let text = [&[0xa3, 0, 0x74], aside.as_bytes()].concat();
        [text.as_slice(), &[1, 0x18, 77, 2, moved]].concat()
    };
    let state = |all_moved: bool, work: &dyn Fn(&Path, &Path)| {
        let copy = quick_folder();
        copy_folder(dir.path(), copy.path());
        let marker = marker(if all_moved { 0xf5 } else { 0xf4 });
        std::fs::write(copy.path().join("vault.mending"), marker).unwrap();
        work(copy.path(), &copy.path().join(aside));
        assert_resumes(copy.path(), &env, &bent);
    };
    let moved = |dir: &Path, aside: &Path| {
        std::fs::create_dir(aside).unwrap();
        std::fs::rename(dir.join("vault.db"), aside.join("vault.db")).unwrap();
    };
    state(false, &|_, _| {});
    state(false, &|_, aside| std::fs::create_dir(aside).unwrap());
    state(false, &moved);
    let copied = |dir: &Path, aside: &Path| {
        moved(dir, aside);
        for name in ["vault.check", "vault.identity"] {
            std::fs::copy(dir.join(name), aside.join(name)).unwrap();
        }
    };
    state(false, &copied);
    state(true, &copied);
    state(true, &|dir, aside| {
        copied(dir, aside);
        std::fs::create_dir(dir.join("mending")).unwrap();
        std::fs::write(dir.join("mending/vault.db"), b"half").unwrap();
        std::fs::write(dir.join("mending/pages"), b"half").unwrap();
    });
    // All is done but the last step.
    state(true, &|at, aside| {
        let done = quick_folder();
        copy_folder(dir.path(), done.path());
        let companion = mend(done.path(), &env);
        let whole = companion.mended().unwrap().unwrap().aside;
        drop(companion);
        std::fs::rename(whole, aside).unwrap();
        for name in ["vault.db", "vault.identity"] {
            std::fs::copy(done.path().join(name), at.join(name)).unwrap();
        }
        std::fs::create_dir(at.join("mending")).unwrap();
    });
    // What says how far it came is itself damaged.
    state(false, &|dir, _| {
        std::fs::write(dir.join("vault.mending"), b"?").unwrap()
    });
}

/// Opening goes on with mending: all is back, and the damaged file is kept once.
fn assert_resumes(dir: &Path, env: &Env, bent: &[u8]) {
    if dir.join("vault.mending").exists() {
        assert_eq!(open(dir, env).unwrap_err(), VaultError::Damaged);
    }
    let (read, told) = read_or_mend(dir, env).unwrap();
    assert_eq!(read.len(), 60);
    let aside = told.unwrap().aside;
    assert_eq!(std::fs::read(aside.join("vault.db")).unwrap(), bent);
    assert!(!dir.join("vault.mending").exists() && !dir.join("mending").exists());
    let folders = std::fs::read_dir(dir).unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.is_dir() && path.join("vault.db").exists()
    });
    assert_eq!(folders.count(), 1);
    crate::kill::assert_whole(dir, env);
}

/// The identity beside the vault: no seed, no word of an entry, nothing readable at all.
#[test]
fn nothing_is_to_be_read_in_the_identity() {
    let (dir, env) = filled(3);
    let companion = open(dir.path(), &env).unwrap();
    companion.journal().set_share_by_default(true).unwrap();
    let (seeds, chain) = companion.vault().with(|v| {
        let device = v.device().unwrap();
        let seeds = device.seeds().map(|seed| seed.expose().to_vec());
        let patient = companion_core::vault::Me::Patient {
            chain: clinic_api::id::ChainId([0; 32]),
        };
        assert_ne!(v.me().unwrap(), Some(patient));
        let spaces = v.spaces().unwrap();
        (seeds, spaces[0].patient.unwrap().0.to_vec())
    });
    let file = std::fs::read(dir.path().join("vault.identity")).unwrap();
    for secret in seeds.iter().chain([&chain]) {
        assert!(!file.windows(8).any(|w| secret.windows(8).any(|s| s == w)));
    }
    for word in [&b"note 1"[..], b"yyyyyyyy", b"share_by_default", b"journal"] {
        assert!(!file.windows(word.len()).any(|w| w == word));
    }
    drop(companion);
    // A changed byte makes it none, not another.
    let honest = std::fs::read(dir.path().join("vault.identity")).unwrap();
    for at in 0..honest.len() {
        if at % 97 != 0 && at > 70 {
            continue;
        }
        flip(&dir.path().join("vault.identity"), at);
        // Opening mends the file where it shows, and takes nothing from it.
        assert_eq!(notes(&open(dir.path(), &env).unwrap()).unwrap().len(), 3);
        std::fs::write(dir.path().join("vault.identity"), &honest).unwrap();
    }
    std::fs::remove_file(dir.path().join("vault.identity")).unwrap();
    drop(open(dir.path(), &env).unwrap());
    // Written anew it is the same; with other content its key is another, too.
    let again = std::fs::read(dir.path().join("vault.identity")).unwrap();
    assert_eq!(again, honest);
    let journal = open(dir.path(), &env).unwrap().journal();
    journal.set_share_by_default(false).unwrap();
    let other = std::fs::read(dir.path().join("vault.identity")).unwrap();
    assert_eq!(other.len(), honest.len());
    assert!(other[1..33] != honest[1..33] && other[33..65] != honest[33..65]);
    assert!(Vault::exists(dir.path()));
}
