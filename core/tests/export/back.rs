//! Reading an export back: the same events, once, and nothing published by it.

use clinic_api::space::SpaceKind;
use companion_core::import::own::{ArchiveError, Checked, Options, Restored};
use companion_core::journal::{Journal, Mood, Sleep};
use serde_json::json;

use crate::support::world::Device;
use crate::support::{DAY, MINUTE, START, env, mood, noted, patient, quick_folder};
use crate::{PRIVATE, SHARE, events, exported, go_on, import, joined, lines};

/// A journal with every kind of thing that a patient does.
fn lived(seed: u64) -> Device {
    let device = joined(seed);
    let journal = device.companion.journal();
    let clock = &device.clock;
    let full = Mood {
        energy: Some(0),
        anxiety: Some(10),
        sleep: Some(Sleep {
            hours: Some(7.1),
            quality: None,
        }),
        feelings: vec!["calm".into(), "hopeful".into()],
        associations: vec!["work".into()],
        words: vec!["like after rain".into()],
        circumstances: vec!["the old boat".into()],
        ..noted("private\nand long", START - 3 * DAY)
    };
    let first = journal.record(&full, Some(false)).unwrap();
    clock.advance(MINUTE);
    let late = journal.record(&noted("late", START), Some(false)).unwrap();
    clock.advance(MINUTE);
    journal.record(&noted("shared", START), Some(true)).unwrap();
    let back = journal
        .record(&noted("taken back", START), Some(true))
        .unwrap();
    clock.advance(MINUTE);
    journal.edit(first, &mood(-0.3, START)).unwrap();
    journal.share(late).unwrap();
    journal.unshare(back).unwrap();
    clock.advance(MINUTE);
    let gone = journal.record(&noted("gone", START), Some(true)).unwrap();
    journal.erase(gone).unwrap();
    device
}

fn notes(journal: &Journal, shared: bool) -> Vec<String> {
    let all = journal.list(i64::MIN, i64::MAX, 100).unwrap();
    let of = all.into_iter().filter(|e| e.shared == shared);
    let mut notes: Vec<String> = of.filter_map(|e| e.mood.note).collect();
    notes.sort();
    notes
}

#[test]
fn what_was_exported_comes_back_event_for_event() {
    let old = lived(1);
    let file = exported(&old.companion);
    // Three of `late` and `taken back` beside one each of the rest, and what took back and erased.
    assert_eq!(lines(&file).len(), 9);
    let new = joined(2);
    let came = import(&new.companion, &file, SHARE).unwrap();
    assert_eq!((came.added, came.already), (9, 0));
    let again = exported(&new.companion);
    for (before, after) in events(&file).iter().zip(events(&again)) {
        let mut before = before.clone();
        if before["body"]["entry"] == after["body"]["entry"] && before["kind"] == "mood-recorded" {
            // What was taken back is not published again: it is private now.
            let taken_back = before["body"]["mood"]["note"] == "taken back";
            if taken_back {
                before["space"] = json!("private");
            }
        }
        assert_eq!(before, after);
    }
    assert_eq!(lines(&again).len(), 9);
    let (from, to) = (old.companion.journal(), new.companion.journal());
    for shared in [true, false] {
        assert_eq!(notes(&from, shared), notes(&to, shared));
    }
    assert_eq!(notes(&to, true), ["late", "shared"]);
    let versions = |j: &Journal| {
        let all = j.list(i64::MIN, i64::MAX, 100).unwrap();
        let of = all
            .iter()
            .map(|e| (e.id, e.version, j.versions(e.id).unwrap().len()));
        of.collect::<Vec<_>>()
    };
    assert_eq!(versions(&from), versions(&to));
}

#[test]
fn a_second_import_adds_nothing_wherever_the_first_went() {
    let file = exported(&lived(1).companion);
    for (first, second) in [(SHARE, SHARE), (SHARE, PRIVATE), (PRIVATE, PRIVATE)] {
        let new = joined(2);
        import(&new.companion, &file, first).unwrap();
        let before = exported(&new.companion);
        let came = import(&new.companion, &file, second).unwrap();
        assert_eq!(came.added, 0, "{first:?} {second:?}");
        assert_eq!(exported(&new.companion), before);
    }
    // Into the journal that it came from, too.
    let old = lived(1);
    for options in [PRIVATE, SHARE] {
        let came = import(&old.companion, &file, options).unwrap();
        assert_eq!((came.added, came.already, came.differing), (0, 9, 0));
    }
    assert_eq!(exported(&old.companion), file);
}

#[test]
fn nothing_is_shared_unless_the_person_says_so() {
    let file = exported(&lived(1).companion);
    let new = joined(2);
    let came = import(&new.companion, &file, PRIVATE).unwrap();
    // Shared were: `late` once, `shared`, `taken back` in its first version.
    assert_eq!((came.shared, came.made_private, came.moot), (0, 3, 1));
    let care = new.with(|v| {
        let all = v.spaces().unwrap();
        let care = all.into_iter().find(|s| s.kind == SpaceKind::Care).unwrap();
        v.events(care.space).unwrap().len()
    });
    assert_eq!(care, 0);
    let journal = new.companion.journal();
    assert_eq!(notes(&journal, true), Vec::<String>::new());
    assert_eq!(notes(&journal, false), ["late", "shared", "taken back"]);
    assert_eq!(journal.count().unwrap(), 4);
    // Said afterwards, it is as if it had been said at once.
    let came = import(&new.companion, &file, SHARE).unwrap();
    assert_eq!((came.shared, came.differing), (2, 0));
    assert_eq!(notes(&journal, true), ["late", "shared"]);
    assert_eq!(journal.count().unwrap(), 4);
}

#[test]
fn no_version_of_what_was_taken_back_is_published_again() {
    let old = joined(1);
    let journal = old.companion.journal();
    let id = journal
        .record(&noted("first draft", START), Some(true))
        .unwrap();
    journal.edit(id, &noted("second draft", START)).unwrap();
    journal.unshare(id).unwrap();
    let new = joined(2);
    import(&new.companion, &exported(&old.companion), SHARE).unwrap();
    let again = exported(&new.companion);
    let shared: Vec<&str> = lines(&again)
        .into_iter()
        .filter(|line| line.contains("\"space\":\"care\""))
        .collect();
    assert_eq!(shared.len(), 1);
    assert!(shared[0].contains("entry-unshared"));
    let here = new.companion.journal();
    assert_eq!(notes(&here, false), ["second draft"]);
    assert_eq!(here.versions(id).unwrap().len(), 3);
    // Shared once more, it is shared there, too.
    journal.share(id).unwrap();
    import(&new.companion, &exported(&old.companion), SHARE).unwrap();
    assert_eq!(notes(&here, true), ["second draft"]);
}

#[test]
fn without_a_clinic_all_of_it_is_private() {
    let file = exported(&lived(1).companion);
    let dir = quick_folder();
    let (env, _) = env(7);
    let alone = patient(dir.path(), &env);
    let refused = import(&alone, &file, SHARE).unwrap_err();
    assert_eq!(refused, ArchiveError::NoClinic);
    assert_eq!(alone.journal().count().unwrap(), 0);
    let came = import(&alone, &file, PRIVATE).unwrap();
    assert_eq!((came.made_private, came.shared), (3, 0));
    assert_eq!(alone.journal().count().unwrap(), 4);
}

#[test]
fn what_was_erased_stays_erased() {
    // Erased after the export.
    let old = joined(1);
    let journal = old.companion.journal();
    let private = journal
        .record(&noted("first words", START), Some(false))
        .unwrap();
    let shared = journal
        .record(&noted("second words", START), Some(true))
        .unwrap();
    journal.share(private).unwrap();
    let file = exported(&old.companion);
    journal.erase(private).unwrap();
    journal.erase(shared).unwrap();
    for options in [PRIVATE, SHARE] {
        let came = import(&old.companion, &file, options).unwrap();
        assert_eq!((came.added, came.gone), (0, 3), "{options:?}");
        assert_eq!(journal.count().unwrap(), 0);
    }
    assert!(!exported(&old.companion).contains("first words"));

    // Erased in one space only, and brought in another.
    let here = joined(2);
    let journal = here.companion.journal();
    import(&here.companion, &file, PRIVATE).unwrap();
    journal.erase(private).unwrap();
    journal.erase(shared).unwrap();
    let came = import(&here.companion, &file, SHARE).unwrap();
    assert_eq!((came.added, came.gone, journal.count().unwrap()), (0, 3, 0));
}

#[test]
fn an_erasure_comes_back_and_erases_what_an_older_file_brought() {
    let old = joined(1);
    let journal = old.companion.journal();
    let id = journal.record(&noted("once", START), Some(true)).unwrap();
    let older = exported(&old.companion);
    journal.erase(id).unwrap();
    let newer = exported(&old.companion);
    assert!(!newer.contains("once"));

    let new = joined(2);
    let journal = new.companion.journal();
    import(&new.companion, &older, SHARE).unwrap();
    assert_eq!(journal.count().unwrap(), 1);
    let only_tried = Options {
        share: true,
        dry_run: true,
    };
    assert_eq!(
        import(&new.companion, &newer, only_tried).unwrap().erased,
        1
    );
    assert_eq!(journal.count().unwrap(), 1);
    let came = import(&new.companion, &newer, SHARE).unwrap();
    assert_eq!((came.added, came.erased), (1, 1));
    assert_eq!(journal.count().unwrap(), 0);

    // The other way around, it never appears.
    let new = joined(3);
    import(&new.companion, &newer, PRIVATE).unwrap();
    let came = import(&new.companion, &older, SHARE).unwrap();
    assert_eq!((came.added, came.gone), (0, 1));
    assert_eq!(new.companion.journal().count().unwrap(), 0);
}

#[test]
fn trying_saves_nothing() {
    let file = exported(&lived(1).companion);
    let new = joined(2);
    let before = exported(&new.companion);
    let options = Options {
        share: true,
        dry_run: true,
    };
    let tried = import(&new.companion, &file, options).unwrap();
    assert_eq!(exported(&new.companion), before);
    assert_eq!(tried, import(&new.companion, &file, SHARE).unwrap());
}

#[test]
fn a_stopped_import_goes_on_where_it_was() {
    let old = joined(1);
    let journal = old.companion.journal();
    for n in 0..450 {
        old.clock.advance(MINUTE);
        journal
            .record(&noted(&n.to_string(), START), Some(false))
            .unwrap();
    }
    let file = exported(&old.companion);
    let checked = Checked::read(file.as_bytes()).unwrap();
    assert_eq!((checked.events, checked.own), (450, 450));
    let new = joined(2);
    let restore = new.companion.restore();
    let mut seen = Vec::new();
    let came = restore
        .run(file.as_bytes(), &checked, PRIVATE, &mut |progress| {
            seen.push((progress.done, progress.of));
            false
        })
        .unwrap();
    assert_eq!(seen, [(200, 450)]);
    assert_eq!((came.added, came.stopped), (200, true));
    assert_eq!(new.companion.journal().count().unwrap(), 200);
    let rest = restore
        .run(file.as_bytes(), &checked, PRIVATE, &mut go_on)
        .unwrap();
    let expected = Restored {
        added: 250,
        already: 200,
        ..Restored::default()
    };
    assert_eq!(rest, expected);
    assert_eq!(events(&exported(&new.companion)), events(&file));
}

#[test]
fn what_is_written_after_an_import_comes_after_it() {
    let old = joined(1);
    old.clock.advance(2 * MINUTE);
    let id = old
        .companion
        .journal()
        .record(&noted("before", START), Some(false))
        .unwrap();
    // This device's clock is behind.
    let new = joined(2);
    let journal = new.companion.journal();
    import(&new.companion, &exported(&old.companion), PRIVATE).unwrap();
    journal.edit(id, &noted("after", START)).unwrap();
    let now = journal.entry(id).unwrap().unwrap();
    assert_eq!(now.mood.note.as_deref(), Some("after"));
    let versions = journal.versions(id).unwrap();
    assert_eq!(versions[0].id, now.version);
}
