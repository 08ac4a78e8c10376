//! The format as it is written down, byte for byte; and what others wrote, kept in the file.

use clinic_api::id::{DeviceId, HeadHash, HeaderHash, LogId};
use clinic_api::log::LogTip;
use clinic_api::space::SpaceKind;
use companion_core::care::{EntriesRead, EntryReviewed, ReviewState, ReviewedVersion};
use companion_core::event::{Body, EntryId, Envelope, EventId, Hlc, Moment};
use companion_core::export::ExportError;
use companion_core::import::Format;
use companion_core::import::own::Checked;
use companion_core::journal::{Mood, MoodRecorded, Sleep};
use companion_core::space::authority::Author;
use companion_core::vault::{Arrived, VaultError};
use serde_json::json;

use crate::support::world::{Device, World};
use crate::support::{DAY, MINUTE, START, mood, noted, opened};
use crate::{SHARE, events, exported, import, joined, lines};

fn envelope<B: Body>(id: u8, ms: i64, body: &B) -> Envelope {
    let at = Moment {
        ms: START,
        offset: 0,
        zone: "UTC".to_owned(),
    };
    Envelope::new(EventId([id; 16]), Hlc { ms, counter: 0 }, at, body)
}

/// Events that come from elsewhere, as sync hands them over.
fn arrive(device: &Device, by: u8, author: Option<Author>, events: Vec<Envelope>) {
    device.with(|v| {
        let spaces = v.spaces().unwrap();
        let care = spaces.iter().find(|s| s.kind == SpaceKind::Care).unwrap();
        v.take(Arrived {
            space: *care,
            device: DeviceId([by; 32]),
            author,
            tip: LogTip {
                log: LogId([by; 16]),
                beat: 1,
                head: HeadHash([1; 32]),
                number: 1,
                header: HeaderHash([1; 32]),
            },
            heard_ms: START,
            seen: Vec::new(),
            bulletin: None,
            frames: vec![opened(1, events)],
            missing: Vec::new(),
        })
        .unwrap();
    });
}

/// A clinic's events, one of a kind that nobody knows, one that is not what it says, one with a
/// time beyond the calendar, and one that nobody may have written.
fn visited() -> Device {
    let device = joined(1);
    let (entry, version) = (EntryId([9; 16]), EventId([8; 16]));
    let reviewed = EntryReviewed {
        versions: vec![ReviewedVersion { entry, version }],
        state: ReviewState::Incorporated,
    };
    let read = EntriesRead {
        entries: vec![entry],
    };
    let mut unknown = envelope(3, START + 3, &read);
    (unknown.kind, unknown.critical) = (9_999, true);
    let mut not_what_it_says = envelope(4, START + 4, &reviewed);
    not_what_it_says.body = b"\x82\x01\x02".to_vec().into();
    let mut beyond = envelope(5, START + 5, &read);
    beyond.at.ms = i64::MAX;
    let clinic = vec![
        envelope(1, START + 1, &reviewed),
        envelope(2, START + 2, &read),
        unknown.clone(),
        not_what_it_says,
        beyond,
    ];
    arrive(&device, 0xd1, Some(Author::Clinician), clinic);
    let mut of_sibling = unknown;
    of_sibling.id = EventId([6; 16]);
    of_sibling.hlc.ms = START + 6;
    arrive(&device, 0xd2, Some(Author::Patient), vec![of_sibling]);
    let forged = MoodRecorded {
        entry,
        replaces: Vec::new(),
        mood: mood(-1.0, START),
    };
    arrive(&device, 0xd3, None, vec![envelope(7, START + 7, &forged)]);
    device
}

/// With each name replaced by a number in the order of first use: names are random.
fn renamed(file: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    let is_name =
        |text: &&str| [32, 64].contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let parts = file.split('"').map(|text| {
        if !is_name(&text) {
            return text.to_owned();
        }
        let known = names.iter().position(|name| *name == text);
        let number = known.unwrap_or_else(|| {
            names.push(text);
            names.len() - 1
        });
        format!("name {number} of {}", text.len())
    });
    parts.collect::<Vec<_>>().join("\"")
}

#[test]
fn the_file_is_as_it_was_written_down() {
    let device = joined(1);
    let journal = device.companion.journal();
    let full = Mood {
        energy: Some(0),
        anxiety: Some(10),
        sleep: Some(Sleep {
            hours: Some(7.1),
            quality: Some(3),
        }),
        feelings: vec!["calm".into()],
        associations: vec!["selfCare".into()],
        words: vec!["like after rain".into()],
        circumstances: vec!["the old boat".into()],
        ..noted("“Rowed out.”\n\tThen\u{7f} home\u{1f9dc}.", START - 3 * DAY)
    };
    device.clock.set_zone("Europe/Berlin");
    let first = journal.record(&full, Some(false)).unwrap();
    device.clock.advance(MINUTE + 1);
    journal.share(first).unwrap();
    journal.edit(first, &mood(0.1 + 0.2, START)).unwrap();
    journal.unshare(first).unwrap();
    let gone = journal.record(&noted("gone", START), Some(true)).unwrap();
    journal.erase(gone).unwrap();
    let golden = include_str!("golden.json");
    let written = exported(&device.companion);
    assert_eq!(renamed(&written), renamed(golden), "{written}");
    // What is written the same is the same.
    assert_eq!(exported(&device.companion), written);
    let new = joined(2);
    import(&new.companion, golden, SHARE).unwrap();
    assert_eq!(new.companion.journal().count().unwrap(), 1);
}

#[test]
fn what_others_wrote_is_in_the_file_and_stays_there() {
    let device = visited();
    let file = exported(&device.companion);
    let all = events(&file);
    let seen: Vec<_> = all
        .iter()
        .map(|e| {
            (
                e["kind"].as_str().unwrap(),
                e["author"].as_str(),
                e["cbor"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("entry-reviewed", Some("clinician"), None),
            ("entries-read", Some("clinician"), None),
            // {0: [h'0909…']}
            (
                "unknown",
                Some("clinician"),
                Some("oQCBUAkJCQkJCQkJCQkJCQkJCQk=")
            ),
            ("entry-reviewed", Some("clinician"), Some("ggEC")),
            ("entries-read", Some("clinician"), None),
            (
                "unknown",
                Some("patient"),
                Some("oQCBUAkJCQkJCQkJCQkJCQkJCQk=")
            ),
            ("mood-recorded", None, None),
        ]
    );
    assert_eq!(all[0]["body"]["state"], "incorporated");
    assert_eq!(all[2]["code"], 9_999);
    assert_eq!(all[4]["written_at"]["instant"], json!(i64::MAX));

    let checked = Checked::read(file.as_bytes()).unwrap();
    assert_eq!((checked.events, checked.own, checked.newer), (7, 0, 1));
    let of_others: Vec<_> = checked.of_others.into_iter().collect();
    let expected = [
        ("entries-read", 2),
        ("entry-reviewed", 2),
        ("mood-recorded", 1),
        ("unknown", 1),
    ];
    assert_eq!(of_others, expected);
    let new = joined(2);
    assert_eq!(import(&new.companion, &file, SHARE).unwrap().added, 0);
    assert!(lines(&exported(&new.companion)).is_empty());
    let journal = new.companion.journal();
    assert_eq!(journal.count().unwrap(), 0);
}

#[test]
fn the_order_is_that_of_the_clocks_whatever_came_in_first() {
    let device = joined(1);
    let body = |n: u8| MoodRecorded {
        entry: EntryId([n; 16]),
        replaces: Vec::new(),
        mood: mood(0.0, START),
    };
    for (id, ms) in [(2, 30), (3, 10), (1, 30), (4, 20)] {
        let event = envelope(id, START + ms, &body(id));
        arrive(&device, id, Some(Author::Patient), vec![event]);
    }
    let ids: Vec<_> = events(&exported(&device.companion))
        .iter()
        .map(|e| e["id"].as_str().unwrap()[..2].to_owned())
        .collect();
    assert_eq!(ids, ["03", "04", "01", "02"]);
}

#[test]
fn an_event_that_two_logs_hold_is_written_once() {
    let device = joined(1);
    device
        .companion
        .journal()
        .record(&noted("once", START), Some(true))
        .unwrap();
    let event = device.with(|v| {
        let care = v.spaces().unwrap();
        let care = care.iter().find(|s| s.kind == SpaceKind::Care).unwrap();
        let own = v.device().unwrap().id();
        let event = v.events(care.space).unwrap().remove(0).envelope;
        (own.0[0], event)
    });
    let own = device.with(|v| v.device().unwrap().id());
    device.with(|v| {
        let care = v.spaces().unwrap();
        let care = care.iter().find(|s| s.kind == SpaceKind::Care).unwrap();
        v.take(Arrived {
            space: *care,
            device: own,
            author: Some(Author::Patient),
            tip: LogTip {
                log: LogId([7; 16]),
                beat: 1,
                head: HeadHash([1; 32]),
                number: 1,
                header: HeaderHash([1; 32]),
            },
            heard_ms: START,
            seen: Vec::new(),
            bulletin: None,
            frames: vec![opened(1, vec![event.1])],
            missing: Vec::new(),
        })
        .unwrap();
        assert_eq!(v.events(care.space).unwrap().len(), 2);
    });
    assert_eq!(lines(&exported(&device.companion)).len(), 1);
}

#[test]
fn only_a_patient_takes_their_journal_along() {
    let world = World::new();
    let mut bytes = Vec::new();
    let refused = world
        .desk
        .companion
        .export()
        .write(&mut bytes, &mut |_| true);
    assert_eq!(refused, Err(ExportError::Vault(VaultError::NotSetUp)));
    assert!(bytes.is_empty());
}

#[test]
fn stopping_and_a_full_disk_are_told_apart() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let device = joined(1);
    let journal = device.companion.journal();
    journal.record(&noted("one", START), None).unwrap();
    let export = device.companion.export();
    assert_eq!(
        export.write(&mut Full, &mut |_| true),
        Err(ExportError::Full)
    );
    let stopped = export.write(&mut Vec::new(), &mut |_| false);
    assert_eq!(stopped, Err(ExportError::Stopped));
}

#[test]
fn a_file_is_known_by_how_it_begins() {
    let device = joined(1);
    let file = exported(&device.companion);
    for start in ["", "\u{feff}", "\n \t"] {
        assert_eq!(
            Format::detect(format!("{start}{file}").as_bytes()),
            Format::Own
        );
    }
    for other in ["", "full_date,date", "\u{feff}full_date", "[1]"] {
        assert_eq!(Format::detect(other.as_bytes()), Format::Daylio);
    }
}
