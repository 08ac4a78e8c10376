//! Versions and sharing: what the care team may read, and what they may no longer.

use clinic_api::id::{ChainId, MemberId};
use clinic_api::space::SpaceKind;
use companion_core::event::EntryId;
use companion_core::journal::{Journal, JournalError};

use crate::support::world::{Device, join_locally};
use crate::support::{START, env, mood, noted, patient, quick_folder};

struct Patient {
    device: Device,
    journal: Journal,
    chain: ChainId,
}

/// A patient with a clinic, so that care is there.
fn with_clinic() -> Patient {
    let device = Device::new(3);
    let chain = join_locally(&device, ChainId([0xc1; 32]), MemberId([0xc2; 32]));
    let journal = device.companion.journal();
    Patient {
        device,
        journal,
        chain,
    }
}

impl Patient {
    /// What the care space shows; the same view that a console reads.
    fn seen_by_clinic(&self) -> Vec<String> {
        let care = self.device.companion.care();
        let all = care.entries(self.chain, i64::MIN, i64::MAX, 100).unwrap();
        let mut notes: Vec<String> = all.into_iter().filter_map(|e| e.mood.note).collect();
        notes.sort();
        notes
    }

    fn note(&self, id: EntryId) -> String {
        self.journal.entry(id).unwrap().unwrap().mood.note.unwrap()
    }

    fn shared(&self, id: EntryId) -> bool {
        self.journal.entry(id).unwrap().unwrap().shared
    }

    /// Notes of all events in a space, readable or not in views.
    fn written_in(&self, kind: SpaceKind) -> usize {
        let space = kind.id(self.chain);
        self.device.with(|v| v.events(space).unwrap().len())
    }
}

#[test]
fn without_a_clinic_nothing_is_shared() {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let journal = companion.journal();
    assert!(!journal.share_by_default().unwrap());
    let id = journal.record(&mood(0.0, START), None).unwrap();
    assert_eq!(
        journal.record(&mood(0.0, START), Some(true)).unwrap_err(),
        JournalError::NoClinic
    );
    assert_eq!(journal.share(id).unwrap_err(), JournalError::NoClinic);
    journal.unshare(id).unwrap();
    assert_eq!(journal.count().unwrap(), 1);
    // Whoever says yes beforehand can go on writing.
    journal.set_share_by_default(true).unwrap();
    assert!(!journal.share_by_default().unwrap());
    journal.record(&mood(0.0, START), None).unwrap();
    assert_eq!(journal.count().unwrap(), 2);
}

#[test]
fn the_default_is_no_until_the_person_says_yes() {
    let p = with_clinic();
    assert!(!p.journal.share_by_default().unwrap());
    p.journal.record(&noted("private", START), None).unwrap();
    p.journal.set_share_by_default(true).unwrap();
    p.journal.record(&noted("by default", START), None).unwrap();
    p.journal
        .record(&noted("for once not", START), Some(false))
        .unwrap();
    p.journal.set_share_by_default(false).unwrap();
    p.journal
        .record(&noted("for once", START), Some(true))
        .unwrap();
    assert_eq!(p.seen_by_clinic(), ["by default", "for once"]);
    assert_eq!(p.journal.count().unwrap(), 4);
}

#[test]
fn every_version_is_kept() {
    let p = with_clinic();
    let id = p.journal.record(&noted("1", START), Some(true)).unwrap();
    assert!(!p.journal.entry(id).unwrap().unwrap().edited);
    for n in ["2", "3"] {
        p.device.clock.advance(1_000);
        p.journal.edit(id, &noted(n, START)).unwrap();
    }
    let entry = p.journal.entry(id).unwrap().unwrap();
    assert!(entry.edited && entry.written_ms == START + 2_000);
    let versions = p.journal.versions(id).unwrap();
    let notes: Vec<_> = versions
        .iter()
        .map(|v| v.mood.note.clone().unwrap())
        .collect();
    assert_eq!(notes, ["3", "2", "1"]);
    assert_eq!(versions[0].id, entry.version);
    assert!(versions.iter().all(|v| v.device == p.device.id));
    assert_eq!(p.seen_by_clinic(), ["3"]);
    assert_eq!(p.journal.count().unwrap(), 1);
    let nobody = EntryId([0; 16]);
    assert_eq!(
        p.journal.edit(nobody, &mood(0.0, START)).unwrap_err(),
        JournalError::NotFound
    );
    assert_eq!(p.journal.share(nobody).unwrap_err(), JournalError::NotFound);
    assert_eq!(
        p.journal.unshare(nobody).unwrap_err(),
        JournalError::NotFound
    );
    assert_eq!(p.journal.entry(nobody).unwrap(), None);
    assert_eq!(p.journal.versions(nobody).unwrap(), []);
}

#[test]
fn shared_late_shows_the_current_version_alone_and_then_every_edit() {
    let p = with_clinic();
    let id = p
        .journal
        .record(&noted("draft", START), Some(false))
        .unwrap();
    p.journal.edit(id, &noted("better", START)).unwrap();
    assert_eq!(p.written_in(SpaceKind::Care), 0);
    p.journal.share(id).unwrap();
    p.journal.share(id).unwrap();
    assert_eq!(p.written_in(SpaceKind::Care), 1, "the draft stays private");
    assert_eq!(p.seen_by_clinic(), ["better"]);
    assert!(p.shared(id));
    p.journal.edit(id, &noted("after", START)).unwrap();
    assert_eq!(p.seen_by_clinic(), ["after"]);
    assert_eq!(p.note(id), "after");
    assert_eq!(p.journal.count().unwrap(), 1);
}

#[test]
fn taken_back_an_entry_is_edited_in_private() {
    let p = with_clinic();
    let id = p
        .journal
        .record(&noted("shared", START), Some(true))
        .unwrap();
    p.journal.unshare(id).unwrap();
    p.journal.unshare(id).unwrap();
    assert_eq!(p.seen_by_clinic(), Vec::<String>::new());
    assert!(!p.shared(id));
    assert_eq!(p.note(id), "shared");
    let before = p.written_in(SpaceKind::Care);
    p.journal.edit(id, &noted("for me alone", START)).unwrap();
    assert_eq!(
        p.written_in(SpaceKind::Care),
        before,
        "the edit left the private space"
    );
    assert_eq!(p.note(id), "for me alone");
    assert_eq!(p.seen_by_clinic(), Vec::<String>::new());
    // And once more: shared again, the current version is what is seen.
    p.journal.share(id).unwrap();
    assert_eq!(p.seen_by_clinic(), ["for me alone"]);
    p.journal.unshare(id).unwrap();
    assert_eq!(p.seen_by_clinic(), Vec::<String>::new());
    assert_eq!(p.journal.count().unwrap(), 1);
    p.device.with(|v| v.rebuild_views().unwrap());
    assert_eq!(p.seen_by_clinic(), Vec::<String>::new());
    assert_eq!(p.note(id), "for me alone");
}
