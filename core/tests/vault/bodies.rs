//! Bodies that no device of ours would write: kept, named, in no view.

use clinic_api::id::ChainId;
use clinic_api::space::SpaceKind;
use companion_core::care::PatientWelcomed;
use companion_core::event::{EntryId, Envelope};
use companion_core::front::PatientAdmitted;
use companion_core::journal::{Mood, MoodRecorded, Sleep};
use companion_core::space::authority::Author;
use companion_core::vault::Judgement;
use minicbor::bytes::ByteVec;

use super::remote::{CLINIC, arrived, envelope, everywhere};
use crate::support::world::entry_of;
use crate::support::{START, mood, noted};

fn come_to(space: SpaceKind, author: Author, envelope: Envelope) -> Judgement {
    let (_dir, companion, chain, _) = everywhere();
    let run = arrived(
        entry_of(space, chain, CLINIC),
        7,
        Some(author),
        vec![envelope],
    );
    let came = companion.vault().with(|v| v.take(run).unwrap());
    // Whatever it is, reading and rebuilding go on.
    companion.vault().with(|v| v.rebuild_views().unwrap());
    companion.journal().list(i64::MIN, i64::MAX, 10).unwrap();
    companion.front().patients().unwrap();
    came[0]
}

#[test]
fn moods_that_no_device_of_ours_would_write() {
    let out_of_range: Vec<(&str, Mood)> = vec![
        (
            "anxiety",
            Mood {
                anxiety: Some(11),
                ..mood(0.0, START)
            },
        ),
        (
            "energy",
            Mood {
                energy: Some(255),
                ..mood(0.0, START)
            },
        ),
        (
            "hours",
            Mood {
                sleep: Some(Sleep {
                    hours: Some(24.1),
                    quality: None,
                }),
                ..mood(0.0, START)
            },
        ),
        (
            "hours",
            Mood {
                sleep: Some(Sleep {
                    hours: Some(f64::NAN),
                    quality: None,
                }),
                ..mood(0.0, START)
            },
        ),
        (
            "quality",
            Mood {
                sleep: Some(Sleep {
                    hours: None,
                    quality: Some(11),
                }),
                ..mood(0.0, START)
            },
        ),
        ("note", noted(&"ü".repeat(20_001), START)),
        (
            "feeling",
            Mood {
                feelings: vec!["melancholic".to_owned()],
                ..mood(0.0, START)
            },
        ),
        (
            "words",
            Mood {
                words: vec!["w".to_owned(); 51],
                ..mood(0.0, START)
            },
        ),
        ("year", mood(0.0, i64::MIN)),
        ("year", mood(0.0, i64::MAX)),
        ("offset", with_offset(i32::MIN)),
        ("offset", with_offset(i32::MAX)),
        ("zone", with_zone("")),
        ("zone", with_zone("Europe/Ber lin")),
        ("zone", with_zone(&"Z".repeat(65))),
    ];
    for (what, mood) in out_of_range {
        let body = MoodRecorded {
            entry: EntryId([9; 16]),
            replaces: Vec::new(),
            mood,
        };
        let judged = come_to(SpaceKind::Care, Author::Patient, envelope(1, START, &body));
        assert_eq!(judged, Judgement::Malformed, "{what}");
    }
    // A valence out of range can't be made by our types: by hand, then.
    for valence in [1.0001, -1.0001, f64::INFINITY, f64::NAN] {
        let judged = come_to(
            SpaceKind::Care,
            Author::Patient,
            with_body(100, &raw_mood(valence)),
        );
        assert_eq!(judged, Judgement::Malformed, "{valence}");
    }
    let judged = come_to(
        SpaceKind::Care,
        Author::Patient,
        with_body(100, &raw_mood(1.0)),
    );
    assert_eq!(judged, Judgement::Applied);
}

fn with_offset(offset: i32) -> Mood {
    let mut mood = mood(0.0, START);
    mood.felt.offset = offset;
    mood
}

fn with_zone(zone: &str) -> Mood {
    let mut mood = mood(0.0, START);
    mood.felt.zone = zone.to_owned();
    mood
}

pub fn with_body(kind: u32, body: &[u8]) -> Envelope {
    Envelope {
        kind,
        body: ByteVec::from(body.to_vec()),
        ..envelope(1, START, &PatientWelcomed {})
    }
}

/// `MoodRecorded` with nothing but a valence and a moment, byte by byte.
fn raw_mood(valence: f64) -> Vec<u8> {
    let mut e = minicbor::Encoder::new(Vec::new());
    e.map(3).unwrap();
    e.u8(0).unwrap().bytes(&[9; 16]).unwrap();
    e.u8(1).unwrap().array(0).unwrap();
    e.u8(2).unwrap().map(6).unwrap();
    e.u8(0).unwrap().f64(valence).unwrap();
    e.u8(1).unwrap().array(3).unwrap();
    e.i64(START).unwrap().i32(0).unwrap().str("UTC").unwrap();
    for list in [5, 6, 7, 8] {
        e.u8(list).unwrap().array(0).unwrap();
    }
    e.into_writer()
}

#[test]
fn bodies_that_are_none() {
    let places = [
        (100, SpaceKind::Care, Author::Patient),
        (101, SpaceKind::Care, Author::Patient),
        (200, SpaceKind::Care, Author::Clinician),
        (201, SpaceKind::Care, Author::Clinician),
        (202, SpaceKind::Care, Author::Clinician),
        (300, SpaceKind::Front, Author::FrontDesk),
    ];
    for (kind, space, author) in places {
        for body in [
            &b""[..],
            b"\xff",
            b"\x80\x80",
            b"\x9f\x9f\x9f\x9f",
            &[0x5a, 0xff, 0xff, 0xff, 0xff],
        ] {
            let judged = come_to(space, author, with_body(kind, body));
            assert_eq!(judged, Judgement::Malformed, "{kind} {body:?}");
        }
    }
}

#[test]
fn people_who_can_not_be() {
    let good = PatientAdmitted {
        patient: ChainId([3; 32]),
        name: "Robin".to_owned(),
        birth_date: "1990-04-05".to_owned(),
    };
    let judge = |person: PatientAdmitted| {
        come_to(
            SpaceKind::Front,
            Author::FrontDesk,
            envelope(1, START, &person),
        )
    };
    assert_eq!(judge(good.clone()), Judgement::Applied);
    for name in ["", "   ", "a\u{0}b", "two\nlines", &"x".repeat(201)] {
        let bad = PatientAdmitted {
            name: name.to_owned(),
            ..good.clone()
        };
        assert_eq!(judge(bad), Judgement::Malformed, "{name:?}");
    }
    for date in [
        "",
        "1990-02-30",
        "05.04.1990",
        "<script>",
        "1899-12-31",
        "1990-04-05T00:00",
    ] {
        let bad = PatientAdmitted {
            birth_date: date.to_owned(),
            ..good.clone()
        };
        assert_eq!(judge(bad), Judgement::Malformed, "{date:?}");
    }
}
