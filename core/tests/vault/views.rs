//! Views are a function of the set of events: whatever the order, however often each arrives.

use clinic_api::id::{ChainId, DeviceId, HeadHash, HeaderHash, LogId};
use clinic_api::log::LogTip;
use clinic_api::space::SpaceKind;
use companion_core::care::{
    EntriesRead, EntryReviewed, PatientWelcomed, ReviewState, ReviewedVersion,
};
use companion_core::companion::VIEWS;
use companion_core::event::{EntryId, Envelope, EventId, Hlc};
use companion_core::front::PatientAdmitted;
use companion_core::journal::{EntryErased, EntryUnshared, MoodRecorded};
use companion_core::space::authority::Author;
use companion_core::vault::{Arrived, SpaceEntry, Vault};
use proptest::prelude::*;

use super::kill::view_rows;
use super::remote::{CLINIC, moment};
use crate::support::world::entry_of;
use crate::support::{DAY, START, env, keys, noted, opened, quick_folder};

const PATIENT: ChainId = ChainId([0xaa; 32]);

/// What one event says; which log it stands in and when are apart.
#[derive(Debug, Clone)]
enum Saying {
    Mood {
        private: bool,
        entry: u8,
        replaces: Vec<u8>,
    },
    Unshare {
        entry: u8,
        versions: Vec<u8>,
    },
    Erase {
        private: bool,
        entry: u8,
    },
    Review {
        entry: u8,
        version: u8,
        incorporated: bool,
    },
    Read {
        entry: u8,
    },
    Welcome,
    Admit {
        patient: u8,
        name: u8,
    },
}

#[derive(Debug, Clone)]
struct Event {
    log: u8,
    ms: i64,
    counter: u32,
    saying: Saying,
}

fn saying() -> impl Strategy<Value = Saying> {
    let some = || prop::collection::vec(0_u8..24, 0..3);
    prop_oneof![
        6 => (any::<bool>(), 0_u8..3, some())
            .prop_map(|(private, entry, replaces)| Saying::Mood { private, entry, replaces }),
        2 => (0_u8..3, some()).prop_map(|(entry, versions)| Saying::Unshare { entry, versions }),
        1 => (any::<bool>(), 0_u8..3).prop_map(|(private, entry)| Saying::Erase { private, entry }),
        2 => (0_u8..3, 0_u8..24, any::<bool>())
            .prop_map(|(entry, version, incorporated)| Saying::Review { entry, version, incorporated }),
        4 => (0_u8..2).prop_map(|entry| Saying::Read { entry }),
        2 => Just(Saying::Welcome),
        2 => (0_u8..2, any::<u8>()).prop_map(|(patient, name)| Saying::Admit { patient, name }),
    ]
}

/// Clocks that collide often, and some that are a year ahead.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let ms = prop_oneof![8 => 0_i64..4, 1 => Just(365 * DAY)];
    let event = (0_u8..3, ms, 0_u32..2, saying()).prop_map(|(log, ms, counter, saying)| Event {
        log,
        ms: START + ms,
        counter,
        saying,
    });
    prop::collection::vec(event, 1..24)
}

fn name(n: u8) -> EventId {
    EventId([n; 16])
}

/// The event as its log holds it: where, by whom, and its envelope.
fn placed(number: u8, event: &Event) -> (SpaceEntry, Author, Envelope) {
    let hlc = Hlc {
        ms: event.ms,
        counter: event.counter,
    };
    let at = moment(event.ms);
    let entry = |n: u8| EntryId([n; 16]);
    let names = |all: &[u8]| all.iter().map(|n| name(*n)).collect();
    let id = name(number);
    match &event.saying {
        Saying::Mood {
            private,
            entry: e,
            replaces,
        } => {
            let kind = if *private {
                SpaceKind::Private
            } else {
                SpaceKind::Care
            };
            let body = MoodRecorded {
                entry: entry(*e),
                replaces: names(replaces),
                mood: noted(&format!("note {number}"), START + i64::from(number)),
            };
            (of(kind), Author::Patient, Envelope::new(id, hlc, at, &body))
        }
        Saying::Unshare { entry: e, versions } => {
            let body = EntryUnshared {
                entry: entry(*e),
                versions: names(versions),
            };
            (
                of(SpaceKind::Care),
                Author::Patient,
                Envelope::new(id, hlc, at, &body),
            )
        }
        Saying::Erase { private, entry: e } => {
            let kind = if *private {
                SpaceKind::Private
            } else {
                SpaceKind::Care
            };
            let body = EntryErased {
                entry: entry(*e),
                frames: Vec::new(),
            };
            (of(kind), Author::Patient, Envelope::new(id, hlc, at, &body))
        }
        Saying::Review {
            entry: e,
            version,
            incorporated,
        } => {
            let versions = vec![ReviewedVersion {
                entry: entry(*e),
                version: name(*version),
            }];
            let state = if *incorporated {
                ReviewState::Incorporated
            } else {
                ReviewState::Reviewed
            };
            let body = EntryReviewed { versions, state };
            (
                of(SpaceKind::Care),
                Author::Clinician,
                Envelope::new(id, hlc, at, &body),
            )
        }
        Saying::Read { entry: e } => {
            let body = EntriesRead {
                entries: vec![entry(*e)],
            };
            (
                of(SpaceKind::Care),
                Author::Clinician,
                Envelope::new(id, hlc, at, &body),
            )
        }
        Saying::Welcome => (
            of(SpaceKind::Care),
            Author::Clinician,
            Envelope::new(id, hlc, at, &PatientWelcomed {}),
        ),
        Saying::Admit { patient, name } => {
            let body = PatientAdmitted {
                patient: ChainId([*patient; 32]),
                name: format!("Person {name}"),
                birth_date: "1990-04-05".to_owned(),
            };
            (
                of(SpaceKind::Front),
                Author::FrontDesk,
                Envelope::new(id, hlc, at, &body),
            )
        }
    }
}

fn of(kind: SpaceKind) -> SpaceEntry {
    entry_of(kind, PATIENT, CLINIC)
}

/// A vault that has taken these, in this order, each as a run of its own.
fn taken(events: &[Event], order: &[usize]) -> (tempfile::TempDir, Vault) {
    let dir = quick_folder();
    let (env, _) = env(5);
    let mut vault = Vault::create(dir.path(), &keys(dir.path(), &env), env.clone(), VIEWS).unwrap();
    for kind in SpaceKind::OF_PATIENT
        .into_iter()
        .chain(SpaceKind::OF_CLINIC)
    {
        vault.follow_space(&of(kind)).unwrap();
    }
    for at in order {
        let number = u8::try_from(*at).unwrap();
        let (space, author, envelope) = placed(number, &events[*at]);
        // Authors of different quality are different devices.
        let device = events[*at].log * 8 + author as u8;
        vault
            .take(Arrived {
                space,
                device: DeviceId([device; 32]),
                author: Some(author),
                tip: LogTip {
                    log: LogId([device; 16]),
                    beat: 1,
                    head: HeadHash([0; 32]),
                    number: 1,
                    header: HeaderHash([0; 32]),
                },
                heard_ms: 0,
                seen: Vec::new(),
                bulletin: None,
                frames: vec![opened(u64::from(number) + 1, vec![envelope])],
                missing: Vec::new(),
            })
            .unwrap();
    }
    (dir, vault)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_changes_nothing(
        (events, order) in events().prop_flat_map(|events| {
            let once: Vec<usize> = (0..events.len()).collect();
            let again = prop::collection::vec(0..events.len(), 0..6);
            let order = again.prop_flat_map(move |again| {
                let all: Vec<usize> = once.iter().copied().chain(again).collect();
                Just(all).prop_shuffle()
            });
            (Just(events), order)
        })
    ) {
        let straight: Vec<usize> = (0..events.len()).collect();
        let (_one, mut first) = taken(&events, &straight);
        let (_two, mut second) = taken(&events, &order);
        let rows = view_rows(&first);
        prop_assert_eq!(&rows, &view_rows(&second));
        first.rebuild_views().unwrap();
        prop_assert_eq!(&rows, &view_rows(&first));
        second.rebuild_views().unwrap();
        prop_assert_eq!(&rows, &view_rows(&second));
        // Each event once, whatever arrived how often; nothing of what was erased.
        let erased = |event: &&Event| match event.saying {
            Saying::Mood { private, entry, .. } => events.iter().any(|other| {
                let Saying::Erase { private: p, entry: e } = other.saying else { return false };
                (p, e) == (private, entry)
            }),
            _ => false,
        };
        let remain = events.len() - events.iter().filter(erased).count();
        let kept: usize = SpaceKind::OF_PATIENT.into_iter().chain(SpaceKind::OF_CLINIC)
            .map(|kind| second.events(of(kind).space).unwrap().len())
            .sum();
        prop_assert_eq!(kept, remain);
    }
}

/// By hand, from the rule: of versions that nothing replaces the greatest clock counts, then
/// the log, then the name; the others stay readable.
#[test]
fn concurrent_edits_come_to_one_and_the_other_is_kept() {
    let version = |log: u8, ms: i64, replaces: Vec<u8>| Event {
        log,
        ms: START + ms,
        counter: 0,
        saying: Saying::Mood {
            private: false,
            entry: 1,
            replaces,
        },
    };
    // 0 is replaced by 1 (later clock) and by 2 (another log): 2 has the greater log.
    let events = [
        version(0, 9, vec![]),
        version(0, 5, vec![0]),
        version(2, 5, vec![0]),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
        let (_dir, vault) = taken(&events, &order);
        let current: [u8; 16] = vault
            .reader()
            .query_row("SELECT event FROM view_entry", [], |row| row.get(0))
            .unwrap();
        assert_eq!(current, [2; 16], "{order:?}");
        let count: u32 = vault
            .reader()
            .query_row("SELECT versions FROM view_entry", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 3);
    }
}
