//! The very first command, which makes the journal, killed: the next one goes on.

use companion_tests::chance::Chance;
use companion_tests::patient::Patient;
use tempfile::TempDir;

use crate::rounds::{cut, rounds, takes};

#[test]
fn a_journal_that_was_half_made_opens() {
    let dir = TempDir::new().unwrap();
    let mut chance = Chance::new("first command");
    let first = Patient::without_journal(dir.path(), "first");
    let args = ["log", "5", "--note", "first"];
    let usual = takes(&mut first.command(&args));
    rounds(&mut chance, usual, |_, number, after| {
        let patient = Patient::without_journal(dir.path(), &format!("patient {number}"));
        let ended = cut(&mut patient.command(&args), after);
        let acknowledged = ended.out.contains("Saved.");
        patient.log(&["6", "--note", "second"]);
        let notes = patient.notes(false);
        if acknowledged {
            assert_eq!(notes, ["first", "second"]);
        } else {
            assert!(notes == ["second"] || notes == ["first", "second"]);
        }
        acknowledged
    });
}
