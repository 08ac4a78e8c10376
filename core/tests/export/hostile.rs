//! Files that were cut, changed, or made to do harm: each is named with its place, nothing of it
//! is saved, and nothing that it says is repeated.

use std::io::Read;

use companion_core::import::own::{ArchiveError, Checked, EVENT_BYTES, Odd};
use companion_core::problem::{Kind, Problem};

use crate::support::{START, noted};
use crate::{PRIVATE, exported, file_of, import, joined, lines};

/// Two events of a real export.
fn two() -> (String, Vec<String>) {
    let device = joined(1);
    let journal = device.companion.journal();
    journal
        .record(&noted("SECRET", START), Some(false))
        .unwrap();
    journal
        .record(&noted("SECRET", START), Some(false))
        .unwrap();
    let file = exported(&device.companion);
    let lines = lines(&file).into_iter().map(str::to_owned).collect();
    (file, lines)
}

fn error(file: &[u8]) -> ArchiveError {
    let error = Checked::read(file).unwrap_err();
    let told = format!("{error} {error:?} {}", Problem::from(error));
    assert!(!told.contains("SECRET"), "{told}");
    error
}

/// The second event, with something else in a place.
fn second(of: &str, by: &str) -> ArchiveError {
    let (_, events) = two();
    assert!(events[1].contains(of), "{of}");
    let bad = events[1].replacen(of, by, 1);
    error(file_of(&[events[0].clone(), bad]).as_bytes())
}

fn odd(odd: Odd) -> ArchiveError {
    ArchiveError::Event { event: 2, odd }
}

#[test]
fn a_file_that_is_not_ours_is_said_to_be_none() {
    for other in [
        "{}",
        "[]",
        "{\"a\":1}",
        "3",
        "{\"events\":[]}",
        "{\"format\":\"other\",\"version\":1}",
        "{\"format\":1}",
        "{\"format\":\"patient-companion-export\",\"version\":\"1\"}",
        "{\"format\":\"patient-companion-export\",\"version\":-1}",
        "{\"format\":\"patient-companion-export\",\"version\":1,\"exported_at\":\"\"}",
        "{\"format\":\"patient-companion-export\",\"version\":1,\"events\":{}}",
    ] {
        assert_eq!(error(other.as_bytes()), ArchiveError::NotOurs, "{other}");
    }
    let newer = "{\"format\":\"patient-companion-export\",\"version\":2,\"events\":[{\"new\":1}]}";
    let error = error(newer.as_bytes());
    assert_eq!(error, ArchiveError::Newer { found: 2 });
    assert_eq!(Problem::from(error).kind, Kind::Version);
}

#[test]
fn wherever_a_file_is_cut_it_is_said_to_be_cut() {
    let (file, _) = two();
    let whole = file.trim_end();
    for at in 1..whole.len() {
        let Some(start) = whole.get(..at) else {
            continue;
        };
        let error = error(start.as_bytes());
        assert!(
            matches!(error, ArchiveError::CutOff { .. }),
            "{at}: {error:?}"
        );
    }
    let new = joined(2);
    let half = &file[..file.len() / 2];
    assert!(import(&new.companion, half, PRIVATE).is_err());
    assert_eq!(new.companion.journal().count().unwrap(), 0);
}

#[test]
fn the_order_of_fields_and_white_space_do_not_matter() {
    let (_, events) = two();
    let sorted = format!(
        "\u{feff} {{ \"events\" : [\n\n{} ,\r\n\t{}] , \"exported_at\":\"\",\"format\":\
         \"patient-companion-export\",\"version\":1 }}\n",
        events[0], events[1]
    );
    assert_eq!(Checked::read(sorted.as_bytes()).unwrap().own, 2);
}

#[test]
fn what_is_no_event_is_named_by_its_number() {
    let id = "\"clock\":{";
    for (of, by) in [
        ("\"space\":\"private\"", "\"space\":\"front\""),
        (
            "\"space\":\"private\"",
            "\"space\":\"care\",\"space\":\"private\"",
        ),
        ("\"space\":\"private\",", ""),
        ("\"author\":\"patient\"", "\"author\":\"SECRET\""),
        (id, "\"extra\":\"SECRET\",\"clock\":{"),
        (id, "\"clock\":{\"more\":1,"),
        ("\"counter\":", "\"counter\":-"),
        ("\"counter\":", "\"counter\":4294967296"),
        ("\"id\":\"", "\"id\":\"zz"),
        ("\"code\":100", "\"code\":1e2"),
        ("\"code\":100", "\"code\":99999999999999999999"),
        ("\"critical\":true", "\"critical\":null"),
        (
            "\"note\":\"SECRET\"",
            "\"note\":\"SECRET\",\"note\":\"SECRET\"",
        ),
        ("\"note\":\"SECRET\"", "\"energy\":256"),
        ("\"note\":\"SECRET\"", "\"note\":[[[[[1]]]]]"),
        ("\"valence\":0.0", "\"valence\":\"0\""),
    ] {
        let found = second(of, by);
        let fields = matches!(
            found,
            ArchiveError::Event {
                event: 2,
                odd: Odd::Fields
            }
        );
        assert!(fields, "{by}: {found:?}");
    }
    for (of, by, why) in [
        ("\"code\":100", "\"code\":101", Odd::Kind),
        ("mood-recorded", "entry-reviewed", Odd::Kind),
        ("mood-recorded", "SECRET", Odd::Kind),
        ("00Z\",\"offset", "61Z\",\"offset", Odd::Moment),
        ("00Z\",\"offset", "00.0001Z\",\"offset", Odd::Moment),
        ("\"valence\":0.0", "\"valence\":1.01", Odd::Value),
        ("\"valence\":0.0", "\"valence\":1e999", Odd::Value),
        ("\"valence\":0.0", "\"valence\":-1e999", Odd::Value),
        ("\"note\":\"SECRET\"", "\"energy\":11", Odd::Value),
        (
            "\"note\":\"SECRET\"",
            "\"feelings\":[\"SECRET\"]",
            Odd::Value,
        ),
        (
            "\"note\":\"SECRET\"",
            "\"sleep\":{\"hours\":1e999}",
            Odd::Value,
        ),
        ("\"body\":{", "\"cbor\":\"SECRET!\",\"body\":{", Odd::Base64),
    ] {
        assert_eq!(second(of, by), odd(why), "{by}");
    }
    let (_, events) = two();
    let without = events[1].split(",\"body\"").next().unwrap().to_owned() + "}";
    let file = file_of(&[events[0].clone(), without]);
    assert_eq!(error(file.as_bytes()), odd(Odd::Body));
    let long = "x".repeat(20_001);
    assert_eq!(second("SECRET", &long), odd(Odd::Value));
    // A thousand replaced versions are fine, more than a frame carries are not.
    let replaced = vec!["\"00000000000000000000000000000000\""; 16_000].join(",");
    assert_eq!(
        second("\"replaces\":[]", &format!("\"replaces\":[{replaced}]")),
        odd(Odd::TooLong)
    );
}

#[test]
fn what_is_no_json_is_named_by_event_and_line() {
    for (of, by) in [
        ("\"clock\"", "'clock'"),
        ("\"clock\":{", "\"clock\":{,"),
        ("SECRET", "SECRET\u{1}"),
        ("SECRET", "SECRET\\ud800"),
        ("SECRET", "SECRET\\udc00\\ud800"),
        ("SECRET", "SECRET\\x41"),
        ("SECRET", "SECRET\n"),
        ("\"valence\":0.0", "\"valence\":NaN"),
        ("\"valence\":0.0", "\"valence\":00"),
        ("\"valence\":0.0", "\"valence\":.5"),
        ("\"clock\":{", "/* SECRET */\"clock\":{"),
    ] {
        let found = second(of, by);
        let named = matches!(found, ArchiveError::Malformed { event: 2, line: 1 });
        assert!(named, "{by}: {found:?}");
    }
    let (file, _) = two();
    let behind = error(format!("{file}x").as_bytes());
    assert!(
        matches!(behind, ArchiveError::Malformed { event: 2, .. }),
        "{behind:?}"
    );
    let lines: Vec<&str> = file.lines().collect();
    let bad = format!("{}\n{}\n{}\n?", lines[0], lines[1], lines[2]);
    assert_eq!(
        error(bad.as_bytes()),
        ArchiveError::Malformed { event: 0, line: 4 }
    );
    let twice = file.replacen("\"version\":1", "\"version\":1,\"version\":1", 1);
    assert!(matches!(
        error(twice.as_bytes()),
        ArchiveError::Malformed { event: 0, .. }
    ));
    // Deeper than anything of ours.
    let deep = format!("\"note\":{}", "[".repeat(100_000));
    let found = second("\"note\":\"SECRET\"", &deep);
    assert!(
        matches!(
            found,
            ArchiveError::Malformed { event: 2, .. } | ArchiveError::Event { event: 2, .. }
        ),
        "{found:?}"
    );
}

#[test]
fn what_is_no_text_is_named() {
    let (file, _) = two();
    for bad in [
        &b"\xff"[..],
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\xf4\x90\x80\x80",
    ] {
        let at = file.rfind("SECRET").unwrap();
        let bytes = [&file.as_bytes()[..at], bad, &file.as_bytes()[at..]].concat();
        assert_eq!(error(&bytes), ArchiveError::NotUtf8 { event: 2 });
    }
}

/// A file whose second event goes on for two gigabytes.
#[test]
fn an_endless_event_is_left_after_what_an_event_may_take() {
    struct Counted<R>(R, u64);
    impl<R: Read> Read for Counted<R> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let read = self.0.read(to)?;
            self.1 += read as u64;
            Ok(read)
        }
    }
    let (_, events) = two();
    let start = file_of(&[events[0].clone(), events[1].clone()]);
    let at = start.rfind("SECRET").unwrap();
    for fill in [b'x', b' ', b'9'] {
        let endless = std::io::repeat(fill).take(2 << 30);
        let mut from = Counted(start.as_bytes()[..at].chain(endless), 0);
        let error = Checked::read(&mut from).unwrap_err();
        assert_eq!(error, ArchiveError::TooLarge { event: 2 });
        assert!(from.1 < 2 * EVENT_BYTES, "{}", from.1);
    }
    // Before the first event, too.
    let endless = std::io::repeat(b'\n').take(2 << 30);
    let error = Checked::read(b"{".chain(endless)).unwrap_err();
    assert_eq!(error, ArchiveError::TooLarge { event: 0 });
}

/// CBOR that claims two billion items.
#[test]
fn a_body_that_claims_more_than_it_has_is_kept_in_the_file() {
    let (_, events) = two();
    // {0: h'00…', 1: [2147483648 items
    let claims = [
        &[0xa2, 0x00, 0x50][..],
        &[0; 16],
        &[0x01, 0x9a, 0x80, 0, 0, 0],
    ]
    .concat();
    let cbor = data_encoding::BASE64.encode(&claims);
    let (before, _) = events[1].split_once("\"body\"").unwrap();
    let bad = format!("{before}\"cbor\":\"{cbor}\"}}");
    let checked = Checked::read(file_of(&[events[0].clone(), bad]).as_bytes()).unwrap();
    assert_eq!((checked.own, checked.unread), (1, 1));
}

#[test]
fn a_changed_event_does_not_replace_the_one_that_is_here() {
    let device = joined(1);
    let journal = device.companion.journal();
    let id = journal.record(&noted("mine", START), Some(false)).unwrap();
    let file = exported(&device.companion).replace("mine", "other");
    let came = import(&device.companion, &file, PRIVATE).unwrap();
    assert_eq!((came.added, came.differing), (0, 1));
    let now = journal.entry(id).unwrap().unwrap();
    assert_eq!(now.mood.note.as_deref(), Some("mine"));
}

/// Names a clock far ahead: its event is taken in, and nobody's clock follows.
#[test]
fn a_clock_far_ahead_is_not_followed() {
    let (_, events) = two();
    let (before, after) = events[1].split_once("\"clock\":{\"ms\":").unwrap();
    let (_, after) = after.split_once(',').unwrap();
    let ahead = format!("{before}\"clock\":{{\"ms\":9223372036854775807,{after}");
    let new = joined(2);
    import(&new.companion, &file_of(&[ahead]), PRIVATE).unwrap();
    let journal = new.companion.journal();
    journal.record(&noted("now", START), Some(false)).unwrap();
    let export = exported(&new.companion);
    let now = lines(&export)[0];
    assert!(
        now.contains("\"now\"") && now.contains(&format!("\"ms\":{START}")),
        "{now}"
    );
}
