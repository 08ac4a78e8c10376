//! The made-up people. Nobody here exists.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::service::{
    Applicant, EntryView, InviteState, InviteView, PatientPage, PatientRow, ReadTrace, ReaderView,
    ReviewState, ReviewView, TracedEntry, TrendPoint,
};
use crate::words::Moment;

use super::told::{JONAS, MARIA, Told, plain, wave};

const OWN: &str = "Dr. Ana Sousa";
const COLLEAGUE: &str = "Ruben Castro";

fn back(now: Timestamp, days: i64, hours: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(days * 24 + hours))
        .unwrap_or(now)
}

fn born(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).unwrap_or(Date::ZERO)
}

pub(super) fn invites(now: Timestamp) -> Vec<InviteView> {
    let invite = |id: &str, name: &str, birth_date, age: i64, state| InviteView {
        id: id.into(),
        applicant: Some(Applicant {
            name: name.into(),
            birth_date,
        }),
        created: back(now, age, 1),
        expires: back(now, age - 7, 1),
        state,
    };
    vec![
        invite(
            "inv-claimed",
            "Noor van Dijk",
            born(1979, 11, 2),
            0,
            InviteState::Claimed { digits_needed: 12 },
        ),
        invite(
            "inv-waiting",
            "Pedro Almeida",
            born(1991, 7, 19),
            1,
            InviteState::Waiting,
        ),
        invite(
            "inv-old",
            "Greta Lind",
            born(1966, 1, 30),
            12,
            InviteState::Expired,
        ),
        invite(
            "inv-done",
            "Maria Silva",
            born(1984, 5, 4),
            45,
            InviteState::Admitted,
        ),
    ]
}

/// Somebody who was admitted just now.
pub(super) fn newcomer(id: String, applicant: &Applicant, now: Timestamp) -> PatientPage {
    PatientPage {
        row: PatientRow {
            id,
            name: applicant.name.clone(),
            birth_date: applicant.birth_date,
            last_entry: None,
            unreviewed: 0,
            last_heard: Some(now),
            left: None,
            request_number: "0123abcd".into(),
        },
        trend: Vec::new(),
        infusions: Vec::new(),
        entries: Vec::new(),
        readers: readers(now, 0),
        trail: Vec::new(),
    }
}

fn readers(now: Timestamp, since_days: i64) -> Vec<ReaderView> {
    let reader = |who: &str, last_read| ReaderView {
        who: who.into(),
        role: "Care team".into(),
        since: back(now, since_days, 2),
        last_read,
    };
    vec![
        reader(OWN, Some(back(now, 1, 3))),
        reader(COLLEAGUE, Some(back(now, 6, 0))),
        reader("Ines Moreau", None),
    ]
}

pub(super) fn pages(now: Timestamp, zone: &TimeZone) -> Vec<PatientPage> {
    let mut maria = person("p-maria", "Maria Silva", born(1984, 5, 4), MARIA, now, zone);
    maria.row.last_heard = Some(back(now, 0, 1));
    maria.infusions = [(4, 11), (12, 9), (19, 10), (25, 11)]
        .iter()
        .rev()
        .map(|(days, hours)| Moment::in_zone(back(now, *days, *hours), zone))
        .collect();
    maria.readers = readers(now, 44);
    for (i, entry) in maria.entries.iter_mut().enumerate() {
        dress(entry, i);
        entry.review = (i >= 3).then(|| ReviewView {
            by: if i % 4 == 0 {
                COLLEAGUE.into()
            } else {
                OWN.into()
            },
            at: back(now, 1, 3),
            state: if i == 4 {
                ReviewState::Incorporated
            } else {
                ReviewState::Reviewed
            },
            outdated: i == 7,
        });
        entry.edited = i == 2 || i == 7;
        entry.backdated = i == 5;
    }
    let traced = |from: usize, n: usize| {
        let read = maria
            .entries
            .iter()
            .skip(from)
            .take(n)
            .map(|entry| TracedEntry {
                id: entry.id.clone(),
                felt: entry.felt,
            });
        read.rev().collect()
    };
    maria.trail = vec![
        ReadTrace {
            who: OWN.into(),
            at: back(now, 1, 3),
            entries: traced(1, 4),
        },
        ReadTrace {
            who: COLLEAGUE.into(),
            at: back(now, 6, 0),
            entries: traced(7, 9),
        },
        ReadTrace {
            who: OWN.into(),
            at: back(now, 14, 2),
            entries: traced(16, 1),
        },
    ];

    let jonas: Vec<Told> = (0..14)
        .zip(JONAS.iter().cycle())
        .map(|(i, valence)| plain(9 * 24 + 3 + i * 31, *valence))
        .collect();
    let mut jonas = person(
        "p-jonas",
        "Jonas Weber",
        born(1972, 9, 28),
        &jonas,
        now,
        zone,
    );
    jonas.row.last_heard = Some(back(now, 9, 2));
    jonas.infusions = vec![Moment::in_zone(back(now, 13, 4), zone)];
    jonas.readers = readers(now, 60);
    review_all(&mut jonas, now);

    let mut amina = person(
        "p-amina",
        "Amina Yusuf",
        born(1995, 2, 14),
        &[
            Told {
                ago: 11,
                valence: 10,
                labels: &["Tired"],
                about: &["Travel"],
                note: "Landed in Osaka. Everything is far away and that is good.",
            },
            plain(40, -15),
            plain(66, -40),
            plain(90, -35),
        ],
        now,
        &TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC),
    );
    amina.row.last_heard = Some(back(now, 0, 10));
    amina.readers = readers(now, 20);

    let mut tom = person(
        "p-tom",
        "Tom O’Neill",
        born(1988, 12, 24),
        &[plain(30, -20), plain(77, -55)],
        now,
        zone,
    );
    tom.row.last_heard = Some(back(now, 1, 6));
    tom.readers = readers(now, 5);
    review_all(&mut tom, now);

    let mut chen = person("p-chen", "Chen Lin 陳琳", born(2001, 3, 8), &[], now, zone);
    chen.readers = readers(now, 1);

    let year: Vec<Told> = (0..400).map(|i| plain(20 + i * 22, wave(i))).collect();
    let mut elodie = person(
        "p-elodie",
        "Élodie Marchand-Desrosiers",
        born(1959, 6, 11),
        &year,
        now,
        zone,
    );
    elodie.row.last_heard = Some(back(now, 0, 20));
    elodie.infusions = (0..9)
        .rev()
        .map(|i| Moment::in_zone(back(now, 12 + i * 40, 4), zone))
        .collect();
    elodie.readers = readers(now, 380);
    review_all(&mut elodie, now);

    vec![maria, jonas, amina, tom, chen, elodie]
}

fn review_all(page: &mut PatientPage, now: Timestamp) {
    for entry in &mut page.entries {
        entry.review = Some(ReviewView {
            by: OWN.into(),
            at: back(now, 1, 3),
            state: ReviewState::Reviewed,
            outdated: false,
        });
    }
}

fn dress(entry: &mut EntryView, i: usize) {
    let n = u8::try_from(i % 11).map_or(0.0, f64::from);
    entry.energy = i.is_multiple_of(2).then_some((n + 3.0) % 11.0);
    entry.anxiety = (i % 3 != 1).then_some((n * 3.0 + 2.0) % 11.0);
    entry.sleep_hours = i.is_multiple_of(2).then_some(5.5 + n / 4.0);
    entry.sleep_quality = i.is_multiple_of(4).then_some((n + 5.0) % 11.0);
}

fn person(
    id: &str,
    name: &str,
    birth_date: Date,
    told: &[Told],
    now: Timestamp,
    zone: &TimeZone,
) -> PatientPage {
    let entries: Vec<EntryView> = told
        .iter()
        .enumerate()
        .map(|(i, told)| EntryView {
            id: format!("{id}-e{i}"),
            felt: Moment::in_zone(back(now, 0, told.ago), zone),
            valence: f64::from(told.valence) / 100.0,
            energy: None,
            anxiety: None,
            sleep_hours: None,
            sleep_quality: None,
            labels: told.labels.iter().map(|label| (*label).into()).collect(),
            associations: told.about.iter().map(|about| (*about).into()).collect(),
            note: (!told.note.is_empty()).then(|| told.note.into()),
            edited: false,
            backdated: false,
            review: None,
        })
        .collect();
    PatientPage {
        row: PatientRow {
            id: id.into(),
            name: name.into(),
            birth_date,
            last_entry: None,
            unreviewed: 0,
            last_heard: None,
            left: None,
            request_number: "0123abcd".into(),
        },
        trend: entries
            .iter()
            .rev()
            .map(|entry| TrendPoint {
                felt: entry.felt,
                valence: entry.valence,
            })
            .collect(),
        infusions: Vec::new(),
        entries,
        readers: Vec::new(),
        trail: Vec::new(),
    }
}
