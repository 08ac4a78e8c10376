//! What may be recorded: the edges of every range, impossible dates, hostile strings.

use companion_core::event::{Moment, MomentError};
use companion_core::journal::{JournalError, Mood, NOTE_CHARACTERS, Sleep, Valence};
use companion_core::problem::{Kind, Problem};
use proptest::prelude::*;

use crate::support::{START, env, mood, noted, open, patient, quick_folder};

fn record(mood: &Mood) -> Result<(), JournalError> {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let result = companion.journal().record(mood, None).map(drop);
    let expected = u64::from(result.is_ok());
    assert_eq!(companion.journal().count().unwrap(), expected);
    assert_eq!(companion.sync().unsent().unwrap(), expected);
    if let Err(error) = &result {
        assert_eq!(Problem::from(*error).kind, Kind::Input);
    }
    result
}

#[test]
fn valence_and_its_scale() {
    for (value, scale) in [(-1.0, 0.0), (0.0, 5.0), (1.0, 10.0), (-0.5, 2.5)] {
        let valence = Valence::new(value).unwrap();
        assert!((valence.scale() - scale).abs() < 1e-12);
        let back = Valence::from_scale(scale).unwrap();
        assert!((back.value() - value).abs() < 1e-12);
    }
    for value in [
        1.0 + f64::EPSILON,
        -1.1,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        assert!(Valence::new(value).is_err(), "{value}");
    }
    for step in [-0.01, 10.01, f64::NAN, f64::INFINITY] {
        assert!(Valence::from_scale(step).is_err(), "{step}");
    }
    assert_eq!(Valence::clamped(7.0), Valence::new(1.0).unwrap());
    assert_eq!(Valence::clamped(f64::NAN), Valence::new(0.0).unwrap());
}

#[test]
fn each_number_to_its_edge_and_not_beyond() {
    let plain = || mood(0.0, START);
    let night = |hours, quality| Mood {
        sleep: Some(Sleep { hours, quality }),
        ..plain()
    };
    for (good, bad) in [
        (
            Mood {
                energy: Some(10),
                ..plain()
            },
            Mood {
                energy: Some(11),
                ..plain()
            },
        ),
        (
            Mood {
                energy: Some(0),
                ..plain()
            },
            Mood {
                energy: Some(255),
                ..plain()
            },
        ),
        (
            Mood {
                anxiety: Some(10),
                ..plain()
            },
            Mood {
                anxiety: Some(11),
                ..plain()
            },
        ),
        (night(Some(24.0), None), night(Some(24.01), None)),
        (night(Some(0.0), None), night(Some(-0.01), None)),
        (night(None, Some(10)), night(None, Some(11))),
        (night(Some(7.5), Some(5)), night(Some(f64::NAN), None)),
    ] {
        record(&good).unwrap();
        assert!(matches!(
            record(&bad).unwrap_err(),
            JournalError::OutOfRange { .. }
        ));
    }
}

#[test]
fn a_note_of_20_000_characters_and_one_more() {
    assert_eq!(NOTE_CHARACTERS, 20_000);
    for character in ["a", "é", "語", "🌧"] {
        let dir = quick_folder();
        let (env, _) = env(1);
        let companion = patient(dir.path(), &env);
        let longest = character.repeat(20_000);
        let id = companion
            .journal()
            .record(&noted(&longest, START), None)
            .unwrap();
        let kept = companion.journal().entry(id).unwrap().unwrap();
        assert!(kept.mood.note.as_deref() == Some(longest.as_str()));
        let longer = noted(&character.repeat(20_001), START);
        assert_eq!(
            companion.journal().record(&longer, None).unwrap_err(),
            JournalError::NoteTooLong
        );
        assert_eq!(
            companion.journal().edit(id, &longer).unwrap_err(),
            JournalError::NoteTooLong
        );
        assert_eq!(companion.journal().count().unwrap(), 1);
    }
}

/// The largest entry that is accepted can be sent.
#[test]
fn the_largest_entry_fits_into_a_frame() {
    let word = "🌧".repeat(100);
    let largest = Mood {
        words: vec![word.clone(); 50],
        circumstances: vec![word; 50],
        feelings: vec!["disappointed".to_owned(); 50],
        associations: vec!["currentEvents".to_owned(); 50],
        ..noted(&"🌧".repeat(20_000), START)
    };
    record(&largest).unwrap();
}

#[test]
fn fifty_words_of_a_hundred_characters() {
    let words = |count, length| Mood {
        words: vec!["ß".repeat(length); count],
        ..mood(0.0, START)
    };
    record(&words(50, 100)).unwrap();
    assert_eq!(
        record(&words(51, 1)).unwrap_err(),
        JournalError::TooManyWords
    );
    assert_eq!(
        record(&words(1, 101)).unwrap_err(),
        JournalError::TooManyWords
    );
    let unlisted = Mood {
        feelings: vec!["melancholic".to_owned()],
        ..mood(0.0, START)
    };
    assert_eq!(
        record(&unlisted).unwrap_err(),
        JournalError::NotInVocabulary
    );
}

#[test]
fn impossible_dates() {
    // 1900-01-01T00:00:00Z and 2101-01-01T00:00:00Z, by `date -u -d ... +%s`.
    let (first, after) = (-2_208_988_800_000, 4_133_980_800_000);
    record(&mood(0.0, first)).unwrap();
    record(&mood(0.0, after - 1)).unwrap();
    for ms in [first - 1, after, i64::MIN, i64::MAX] {
        let error = record(&mood(0.0, ms)).unwrap_err();
        assert_eq!(error, JournalError::Moment(MomentError::OutOfRange));
        assert_eq!(Problem::from(error).code, "impossible-date");
    }
    let at = |offset, zone: &str| Moment {
        ms: START,
        offset,
        zone: zone.to_owned(),
    };
    for good in [
        at(93_600, "UTC"),
        at(-93_600, "America/Argentina/ComodRivadavia"),
    ] {
        record(&Mood::new(Valence::clamped(0.0), good)).unwrap();
    }
    for bad in [
        at(93_601, "UTC"),
        at(-93_601, "UTC"),
        at(i32::MIN, "UTC"),
        at(i32::MAX, "UTC"),
        at(0, ""),
        at(0, "Europe/Zürich"),
        at(0, "a b"),
        at(0, &"Z".repeat(65)),
    ] {
        let error = record(&Mood::new(Valence::clamped(0.0), bad)).unwrap_err();
        assert_eq!(error, JournalError::Moment(MomentError::Zone));
    }
}

/// Strings that have broken other programs, in every field that takes text.
#[test]
fn hostile_strings_come_back_as_they_were() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let hostile = [
        "'; DROP TABLE event; --",
        "\" OR 1=1 --",
        "<script>alert(1)</script>",
        "{{7*7}} ${jndi:ldap://x} %s%n %00",
        "\u{0}inside\u{0}",
        "\u{202e}right to left\u{202c}",
        "a\u{301} \u{fffd} \u{feff} 👩‍👩‍👧‍👦",
        "line\r\nline\tend\u{2028}",
        "../../etc/passwd",
        "",
        "   ",
    ];
    let mut ids = Vec::new();
    for text in hostile {
        let mood = Mood {
            words: vec![text.to_owned()],
            circumstances: vec![text.to_owned()],
            ..noted(text, START)
        };
        ids.push((companion.journal().record(&mood, None).unwrap(), mood));
    }
    drop(companion);
    let companion = open(dir.path(), &env).unwrap();
    companion.vault().with(|v| v.rebuild_views().unwrap());
    for (id, mood) in ids {
        let entry = companion.journal().entry(id).unwrap().unwrap();
        assert!(entry.mood == mood);
    }
    assert_eq!(companion.journal().count().unwrap(), hostile.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_accepted_comes_back_as_it_was(
        valence in -1.0_f64..=1.0,
        ms in -2_208_988_800_000_i64..4_133_980_800_000,
        offset in -93_600_i32..=93_600,
        note in proptest::option::of(any::<String>()),
        words in prop::collection::vec(any::<String>(), 0..5),
        hours in proptest::option::of(0.0_f64..=24.0),
    ) {
        let dir = quick_folder();
        let (env, _) = env(1);
        let companion = patient(dir.path(), &env);
        let mood = Mood {
            words,
            note,
            sleep: Some(Sleep { hours, quality: None }),
            ..Mood::new(Valence::new(valence).unwrap(), Moment { ms, offset, zone: "Etc/UTC".to_owned() })
        };
        if mood.check().is_ok() {
            let id = companion.journal().record(&mood, None).unwrap();
            prop_assert!(companion.journal().entry(id).unwrap().unwrap().mood == mood);
            prop_assert!(companion.journal().list(ms, ms + 1, 1).unwrap()[0].mood == mood);
        }
    }
}
