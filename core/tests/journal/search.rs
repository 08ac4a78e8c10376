//! Searching: words from their beginning, whatever their case and accents.

use companion_core::companion::Companion;
use companion_core::journal::Mood;

use crate::support::{DAY, START, env, mood, noted, patient, quick_folder};

fn find(companion: &Companion, words: &str) -> Vec<String> {
    let page = companion.journal().search(words, None, 100).unwrap();
    assert!(page.next.is_none());
    let notes = page.entries.into_iter().filter_map(|e| e.mood.note);
    notes.collect()
}

#[test]
fn words_are_found_by_their_beginning() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    for (day, note) in [
        "Slept badly, walked by the lake",
        "sleeping better; the LAKE was frozen",
        "Café with Élodie",
        "Я спал хорошо",
        "don't want to talk",
        "100% \"fine\" AND (well) NEAR* column:thing -not ^",
    ]
    .into_iter()
    .enumerate()
    {
        let at = START + DAY * i64::try_from(day).unwrap();
        journal.record(&noted(note, at), None).unwrap();
    }
    let tagged = Mood {
        feelings: vec!["hopeless".to_owned()],
        words: vec!["wobbly".to_owned()],
        circumstances: vec!["the dentist".to_owned()],
        ..noted("tagged", START)
    };
    journal.record(&tagged, None).unwrap();

    let lake = [
        "sleeping better; the LAKE was frozen",
        "Slept badly, walked by the lake",
    ];
    assert_eq!(find(&companion, "lake"), lake);
    assert_eq!(find(&companion, "sle"), lake);
    assert_eq!(find(&companion, "LAKE badly"), lake[1..]);
    assert_eq!(find(&companion, "lake cafe"), Vec::<String>::new());
    assert_eq!(find(&companion, "cafe elodie"), ["Café with Élodie"]);
    assert_eq!(find(&companion, "СПАЛ"), ["Я спал хорошо"]);
    assert_eq!(find(&companion, "don't"), ["don't want to talk"]);
    for word in ["wobb", "dentist", "hopeless"] {
        assert_eq!(find(&companion, word), ["tagged"], "{word}");
    }
    // Not in the middle of a word.
    assert!(find(&companion, "ake").is_empty());
}

/// What FTS5 would take for operators is text like any other.
#[test]
fn nothing_that_is_typed_is_an_operator() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let note = "one AND two";
    companion
        .journal()
        .record(&noted(note, START), None)
        .unwrap();
    for words in [
        "",
        " ",
        "\"",
        "\"\"",
        "*",
        "^",
        "-",
        "(",
        ")",
        "()",
        ":",
        "{}",
        "+",
        "AND",
        "OR",
        "NOT",
        "one OR three",
        "text:one",
        "one AND",
        "NEAR(one two)",
        "'",
        "\0",
        "one\0two",
        "\u{200b}",
        "💧",
        "ーーー",
    ] {
        let found = find(&companion, words);
        let expected = ["AND", "one AND", "one\0two"].contains(&words);
        assert_eq!(found.len(), usize::from(expected), "{words:?}");
    }
    let long = "one ".repeat(10_000);
    assert_eq!(find(&companion, &long), [note]);
}

#[test]
fn the_present_version_counts_and_each_entry_once() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    let id = journal
        .record(&noted("before the storm", START), None)
        .unwrap();
    journal.edit(id, &noted("after the rain", START)).unwrap();
    assert!(find(&companion, "storm").is_empty());
    assert_eq!(find(&companion, "rain"), ["after the rain"]);
    journal.edit(id, &mood(0.5, START)).unwrap();
    assert!(find(&companion, "rain").is_empty());
    companion.vault().with(|v| v.rebuild_views().unwrap());
    journal.edit(id, &noted("sun", START)).unwrap();
    companion.vault().with(|v| v.rebuild_views().unwrap());
    assert_eq!(find(&companion, "sun"), ["sun"]);
}
