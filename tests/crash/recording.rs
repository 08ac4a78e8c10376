//! `companion log`, killed: what it called saved is saved.

use companion_tests::chance::Chance;
use companion_tests::site::Site;

use crate::rounds::{cut, rounds, takes};

#[test]
fn what_was_called_saved_is_there_once() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let mut chance = Chance::new("recording");
    let usual = takes(&mut patient.command(&["log", "5", "--note", "first", "--share"]));
    let mut saved = vec![("first".to_owned(), true)];
    let mut tried = saved.clone();
    rounds(&mut chance, usual, |chance, number, after| {
        let (note, share) = (format!("round {number}"), chance.below(2) == 0);
        let shared = if share { "--share" } else { "--private" };
        let ended = cut(
            &mut patient.command(&["log", "5", "--note", &note, shared]),
            after,
        );
        let acknowledged = ended.out.contains("Saved.");
        assert!(acknowledged || !ended.done);
        if acknowledged {
            saved.push((note.clone(), share));
        }
        tried.push((note, share));
        acknowledged
    });
    patient.sync();
    site.office.sync();
    for shared in [true, false] {
        let notes = patient.notes(shared);
        once(&notes, &of(&saved, shared), &of(&tried, shared));
        if shared {
            assert_eq!(site.office.notes(chain), notes);
        }
    }
}

fn of(all: &[(String, bool)], shared: bool) -> Vec<&str> {
    let kind = all.iter().filter(|(_, s)| *s == shared);
    kind.map(|(note, _)| note.as_str()).collect()
}

/// Every one of `saved` is there, nothing but `tried` is, and nothing twice.
fn once(there: &[String], saved: &[&str], tried: &[&str]) {
    for note in saved {
        let times = there.iter().filter(|n| n == note).count();
        assert_eq!(times, 1, "{note}");
    }
    for note in there {
        assert!(tried.contains(&note.as_str()), "{note}");
        let times = there.iter().filter(|n| *n == note).count();
        assert_eq!(times, 1, "{note}");
    }
}
