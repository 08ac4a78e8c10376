//! Unmistakable words, written as a patient: in no byte of the vault's files, in no text that
//! this crate makes of its values.

use companion_core::journal::{Journal, JournalError, Mood, Sleep};
use companion_core::problem::Problem;
use companion_core::vault::{KeyStoreError, VaultError};

use crate::support::{DAY, START, env, mood, open, patient};

const CANARY: &str = "Zirbelkiefernhäherkanarienwort";

fn canary() -> Mood {
    Mood {
        energy: Some(3),
        anxiety: Some(9),
        sleep: Some(Sleep {
            hours: Some(4.5),
            quality: Some(2),
        }),
        feelings: vec!["hopeless".to_owned()],
        associations: vec!["family".to_owned()],
        words: vec![format!("{CANARY} word")],
        circumstances: vec![format!("{CANARY} circumstance")],
        note: Some(format!("{CANARY} note")),
        ..mood(-0.9, START)
    }
}

fn contains(bytes: &[u8], word: &str) -> bool {
    let utf16: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(word.len()).any(|w| w == word.as_bytes())
        || bytes.windows(utf16.len()).any(|w| w == utf16.as_slice())
}

#[test]
fn no_byte_of_the_folder_shows_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    let id = journal.record(&canary(), None).unwrap();
    journal.edit(id, &canary()).unwrap();
    journal.list(0, START + DAY, 10).unwrap();
    companion.vault().with(|v| v.rebuild_views().unwrap());
    let look = |when: &str| {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            for word in [
                &CANARY[..12],
                "hopeless",
                "view_entry",
                "MoodRecorded",
                "SQLite",
            ] {
                assert!(
                    !contains(&bytes, word),
                    "{when}: {} shows {word}",
                    path.display()
                );
            }
            names.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
        names.sort();
        names
    };
    let open_files = look("open");
    for name in [
        "vault.db",
        "vault.db-wal",
        "vault.db-shm",
        "vault.key",
        "vault.check",
    ] {
        assert!(
            open_files.iter().any(|n| n == name),
            "{name} in {open_files:?}"
        );
    }
    drop((journal, companion));
    look("closed");
    drop(open(dir.path(), &env).unwrap());
}

#[test]
fn nothing_that_is_printed_shows_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let journal: Journal = companion.journal();
    let id = journal.record(&canary(), None).unwrap();
    let space = companion.vault().with(|v| v.spaces().unwrap()[0]);
    let mut texts = vec![
        format!("{companion:?} {journal:?} {id:?} {id}"),
        format!("{:?}", journal.entry(id).unwrap()),
        format!("{:?}", journal.versions(id).unwrap()),
        format!("{:?}", canary()),
        format!("{:?}", companion.vault()),
        format!("{:?}", env),
    ];
    texts.push(
        companion
            .vault()
            .with(|v| format!("{v:?} {:?}", v.events(space.space).unwrap())),
    );
    texts.push(
        companion
            .vault()
            .with(|v| format!("{:?}", v.unsealed(space.space, 9, 9).unwrap())),
    );
    let bodies = companion_core::journal::MoodRecorded {
        entry: id,
        replaces: Vec::new(),
        mood: canary(),
    };
    texts.push(format!("{bodies:?}"));
    let draft = companion_core::vault::Draft::new(space, &bodies);
    texts.push(format!("{draft:?}"));
    // Every way in which an entry is refused.
    let long = format!("{CANARY}{}", "ä".repeat(20_000));
    let refused = [
        Mood {
            note: Some(long.clone()),
            ..canary()
        },
        Mood {
            words: vec![long.clone()],
            ..canary()
        },
        Mood {
            words: vec![CANARY.to_owned(); 51],
            ..canary()
        },
        Mood {
            feelings: vec![CANARY.to_owned()],
            ..canary()
        },
        Mood {
            energy: Some(11),
            ..canary()
        },
    ];
    for bad in refused {
        let error = journal.record(&bad, None).unwrap_err();
        texts.push(format!("{error} {error:?} {}", Problem::from(error)));
    }
    for error in [
        VaultError::Damaged,
        VaultError::Full,
        VaultError::Key(KeyStoreError::Damaged),
    ] {
        texts.push(format!("{error} {error:?} {:?}", Problem::from(error)));
    }
    let error = journal.share(id).unwrap_err();
    assert_eq!(error, JournalError::NoClinic);
    texts.push(format!("{error} {}", Problem::from(error)));
    for text in texts {
        for word in [&CANARY[..12], "hopeless", "family", "0.9"] {
            assert!(!text.contains(word), "{word} in: {text}");
        }
    }
}
