//! Events of others: judged by who wrote them, kept whatever comes of them.

use clinic_api::id::{ChainId, DeviceId, HeadHash, HeaderHash, LogId};
use clinic_api::log::LogTip;
use clinic_api::space::SpaceKind;
use companion_core::care::{EntriesRead, EntryReviewed, PatientWelcomed, ReviewState};
use companion_core::companion::Companion;
use companion_core::event::{Body, EntryId, Envelope, EventId, Hlc, Kind, Moment};
use companion_core::front::PatientAdmitted;
use companion_core::journal::{EntryUnshared, MoodRecorded};
use companion_core::space::authority::{Author, may_write};
use companion_core::vault::{Arrived, Judgement, SpaceEntry};

use super::kill::view_rows;
use crate::support::world::entry_of;
use crate::support::{START, env, mood, noted, open, opened, patient, quick_folder};

pub const CLINIC: ChainId = ChainId([0xc1; 32]);

pub fn moment(ms: i64) -> Moment {
    Moment {
        ms,
        offset: 0,
        zone: "UTC".to_owned(),
    }
}

pub fn envelope<B: Body>(id: u8, ms: i64, body: &B) -> Envelope {
    Envelope::new(EventId([id; 16]), Hlc { ms, counter: 0 }, moment(ms), body)
}

/// A run of one frame, as sync would hand it over.
pub fn arrived(
    space: SpaceEntry,
    device: u8,
    author: Option<Author>,
    events: Vec<Envelope>,
) -> Arrived {
    Arrived {
        space,
        device: DeviceId([device; 32]),
        author,
        tip: LogTip {
            log: LogId([device; 16]),
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
    }
}

/// A patient's vault that follows every kind of space, so that each can be written into.
pub fn everywhere() -> (
    tempfile::TempDir,
    Companion,
    ChainId,
    companion_core::env::Env,
) {
    let dir = quick_folder();
    let (env, _) = env(1);
    let companion = patient(dir.path(), &env);
    let chain = companion.sync().patient().unwrap();
    companion.vault().with(|v| {
        for kind in SpaceKind::OF_PATIENT
            .into_iter()
            .chain(SpaceKind::OF_CLINIC)
        {
            v.follow_space(&entry_of(kind, chain, CLINIC)).unwrap();
        }
    });
    (dir, companion, chain, env)
}

fn bodies(chain: ChainId) -> Vec<Envelope> {
    let entry = EntryId([9; 16]);
    let version = EventId([1; 16]);
    vec![
        envelope(
            1,
            START,
            &MoodRecorded {
                entry,
                replaces: Vec::new(),
                mood: mood(0.5, START),
            },
        ),
        envelope(
            2,
            START,
            &EntryUnshared {
                entry,
                versions: vec![version],
            },
        ),
        envelope(
            3,
            START,
            &EntryReviewed {
                versions: vec![companion_core::care::ReviewedVersion { entry, version }],
                state: ReviewState::Reviewed,
            },
        ),
        envelope(
            4,
            START,
            &EntriesRead {
                entries: vec![entry],
            },
        ),
        envelope(5, START, &PatientWelcomed {}),
        envelope(
            6,
            START,
            &PatientAdmitted {
                patient: chain,
                name: "Robin".to_owned(),
                birth_date: "1990-04-05".to_owned(),
            },
        ),
    ]
}

/// The table of authority, typed from its page: (kind's code, space, author).
fn allowed(code: u32, space: SpaceKind, author: Author) -> bool {
    use Author::{Administrator, Clinician, FrontDesk, Patient};
    use SpaceKind::{Care, Front, Private};
    matches!(
        (code, space, author),
        (100, Private | Care, Patient)
            | (101, Care, Patient)
            | (200..=202, Care, Clinician)
            | (300, Front, Administrator | Clinician | FrontDesk)
    )
}

#[test]
fn every_kind_in_every_space_by_everybody() {
    let authors = [
        None,
        Some(Author::Patient),
        Some(Author::Administrator),
        Some(Author::Clinician),
        Some(Author::FrontDesk),
    ];
    let (dir, companion, chain, env) = everywhere();
    let empty = companion.vault().with(|v| view_rows(v));
    let mut refused = 0;
    let mut device = 1;
    for body in bodies(chain) {
        for kind in SpaceKind::OF_PATIENT
            .into_iter()
            .chain(SpaceKind::OF_CLINIC)
        {
            for author in authors {
                let right = author.is_some_and(|a| allowed(body.kind, kind, a));
                let table =
                    author.is_some_and(|a| may_write(Kind::from_code(body.kind).unwrap(), kind, a));
                assert_eq!(right, table, "{} {kind:?} {author:?}", body.kind);
                if right {
                    continue;
                }
                refused += 1;
                device += 1;
                let space = entry_of(kind, chain, CLINIC);
                let run = arrived(space, device, author, vec![body.clone()]);
                let came = companion.vault().with(|v| v.take(run).unwrap());
                assert_eq!(
                    came,
                    [Judgement::NotAllowed],
                    "{} {kind:?} {author:?}",
                    body.kind
                );
            }
        }
    }
    // Kept, named, and in no view; also after the views are made anew and after a restart.
    let check = |companion: &Companion| {
        let unapplied = companion.vault().with(|v| v.unapplied().unwrap());
        assert_eq!(unapplied.iter().map(|u| u.3).sum::<u64>(), refused);
        assert!(unapplied.iter().all(|u| u.2 == Judgement::NotAllowed));
        assert_eq!(companion.vault().with(|v| view_rows(v)), empty);
    };
    check(&companion);
    companion.vault().with(|v| v.rebuild_views().unwrap());
    check(&companion);
    drop(companion);
    check(&open(dir.path(), &env).unwrap());
}

#[test]
fn what_is_not_written_by_this_vaults_owner_is_refused_here_too() {
    use companion_core::vault::{Draft, VaultError};
    let (_dir, companion, chain, _) = everywhere();
    let id = companion
        .journal()
        .record(&noted("mine", START), Some(true))
        .unwrap();
    let version = companion.journal().entry(id).unwrap().unwrap().version;
    let seen = companion_core::care::ReviewedVersion { entry: id, version };
    let care = companion.care();
    assert_eq!(
        care.review(chain, &[seen], ReviewState::Reviewed)
            .unwrap_err(),
        VaultError::NotAllowed
    );
    assert_eq!(
        care.note_reading(chain, &[id]).unwrap_err(),
        VaultError::NotAllowed
    );
    let front = companion
        .front()
        .admit(Author::FrontDesk, chain, "Me", "1990-01-01");
    assert!(front.is_err());
    assert_eq!(care.reviews(chain).unwrap(), []);
    let desk = entry_of(SpaceKind::Desk, chain, CLINIC);
    let wrong = MoodRecorded {
        entry: id,
        replaces: Vec::new(),
        mood: mood(0.0, START),
    };
    let drafts = vec![vec![Draft::new(desk, &wrong)]];
    assert_eq!(
        companion
            .vault()
            .with(|v| v.append(Author::Patient, drafts))
            .unwrap_err(),
        VaultError::NotAllowed
    );
}

/// More than a frame holds could never be sent: it is refused before it is saved.
#[test]
fn an_event_that_no_frame_could_carry_is_refused() {
    use companion_core::vault::{Draft, VaultError};
    let (_dir, companion, chain, _) = everywhere();
    let care = entry_of(SpaceKind::Care, chain, CLINIC);
    let huge = MoodRecorded {
        entry: EntryId([1; 16]),
        replaces: vec![EventId([2; 16]); 16_000],
        mood: mood(0.0, START),
    };
    let before = companion.sync().unsent().unwrap();
    let groups = vec![vec![Draft::new(care, &huge)]];
    assert_eq!(
        companion
            .vault()
            .with(|v| v.append(Author::Patient, groups))
            .unwrap_err(),
        VaultError::TooLarge
    );
    let half = MoodRecorded {
        replaces: vec![EventId([2; 16]); 8_000],
        ..huge
    };
    let together = vec![vec![Draft::new(care, &half), Draft::new(care, &half)]];
    assert_eq!(
        companion
            .vault()
            .with(|v| v.append(Author::Patient, together))
            .unwrap_err(),
        VaultError::TooLarge
    );
    assert_eq!(companion.sync().unsent().unwrap(), before);
}

#[test]
fn a_kind_of_a_newer_version_is_kept_named_and_applied_after_an_upgrade() {
    let (dir, companion, chain, env) = everywhere();
    let care = entry_of(SpaceKind::Care, chain, CLINIC);
    let newer = super::bodies::with_body(199, b"whatever it will be");
    let run = arrived(care, 7, Some(Author::Patient), vec![newer.clone()]);
    assert_eq!(
        companion.vault().with(|v| v.take(run).unwrap()),
        [Judgement::UnknownKind]
    );
    let named = (care.space, DeviceId([7; 32]), Judgement::UnknownKind, 1);
    assert_eq!(companion.vault().with(|v| v.unapplied().unwrap()), [named]);
    let kept = companion.vault().with(|v| v.events(care.space).unwrap());
    assert_eq!(kept[0].envelope, newer);

    // An upgrade: a mood entry that an older version had taken in without knowing the kind.
    let body = MoodRecorded {
        entry: EntryId([9; 16]),
        replaces: Vec::new(),
        mood: noted("late", START),
    };
    let run = arrived(
        care,
        8,
        Some(Author::Patient),
        vec![envelope(8, START, &body)],
    );
    companion.vault().with(|v| v.take(run).unwrap());
    drop(companion);
    let conn = super::opening::raw(dir.path());
    conn.execute("UPDATE event SET judgement = 1 WHERE kind = 100", [])
        .unwrap();
    conn.execute_batch("DELETE FROM view_entry; DELETE FROM view_entry_version;")
        .unwrap();
    let shape: Vec<u8> = conn
        .query_row("SELECT value FROM meta WHERE name = 'views'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let older = String::from_utf8(shape).unwrap().replace(",100", "");
    conn.execute(
        "UPDATE meta SET value = ?1 WHERE name = 'views'",
        [older.as_bytes()],
    )
    .unwrap();
    drop(conn);
    let companion = open(dir.path(), &env).unwrap();
    assert_eq!(companion.journal().count().unwrap(), 1);
    assert_eq!(companion.vault().with(|v| v.unapplied().unwrap()), [named]);
}

/// A colleague's clock is a year ahead: its event is kept and marked, and drags nobody along.
#[test]
fn a_clock_a_year_ahead_is_not_followed() {
    let (_dir, companion, chain, _) = everywhere();
    let care = entry_of(SpaceKind::Care, chain, CLINIC);
    let ahead = START + 365 * crate::support::DAY;
    let entry = EntryId([9; 16]);
    let body = MoodRecorded {
        entry,
        replaces: Vec::new(),
        mood: noted("ahead", START),
    };
    let run = arrived(
        care,
        7,
        Some(Author::Patient),
        vec![envelope(1, ahead, &body)],
    );
    companion.vault().with(|v| v.take(run).unwrap());
    let journal = companion.journal();
    journal.record(&noted("now", START), Some(true)).unwrap();
    let kept = companion.vault().with(|v| v.events(care.space).unwrap());
    assert_eq!(
        kept.iter().map(|e| e.followed).collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!(
        kept[1].envelope.hlc,
        Hlc {
            ms: START,
            counter: 0
        }
    );
    // What was written after reading it replaces it all the same.
    journal.edit(entry, &noted("corrected", START)).unwrap();
    assert_eq!(
        journal.entry(entry).unwrap().unwrap().mood.note.as_deref(),
        Some("corrected")
    );
    // And taking it back takes it back, whatever the clocks say.
    let body = MoodRecorded {
        entry: EntryId([8; 16]),
        replaces: Vec::new(),
        mood: noted("private", START),
    };
    let mut run = arrived(
        care,
        6,
        Some(Author::Patient),
        vec![envelope(2, ahead, &body)],
    );
    run.tip.log = LogId([6; 16]);
    companion.vault().with(|v| v.take(run).unwrap());
    journal.unshare(EntryId([8; 16])).unwrap();
    let shared = companion
        .care()
        .entries(chain, i64::MIN, i64::MAX, 10)
        .unwrap();
    let mut notes: Vec<_> = shared.into_iter().filter_map(|e| e.mood.note).collect();
    notes.sort();
    assert_eq!(
        notes,
        ["corrected", "now"],
        "the one taken back is still shown"
    );
}
