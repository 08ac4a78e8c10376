//! The table of authority, cell by cell, against a table written by hand.

use clinic_api::space::SpaceKind;
use companion_core::event::Kind;
use companion_core::space::authority::{Author, may_write};

/// For each kind a row; in it private, care, desk, front, clinic; in each of
/// these P(atient), A(dministrator), C(linician), F(ront desk), or `.`.
const TABLE: [(Kind, &str); 9] = [
    (Kind::MoodRecorded, "P...|P...|....|....|...."),
    (Kind::EntryUnshared, "....|P...|....|....|...."),
    (Kind::EntryErased, "P...|P...|....|....|...."),
    (Kind::EntryReviewed, "....|..C.|....|....|...."),
    (Kind::EntriesRead, "....|..C.|....|....|...."),
    (Kind::PatientWelcomed, "....|..C.|....|....|...."),
    (Kind::PatientAdmitted, "....|....|....|.ACF|...."),
    (Kind::DeviceNamed, "P...|....|....|....|...."),
    (Kind::KitChecked, "P...|....|....|....|...."),
];

#[test]
fn every_cell_is_as_in_the_table() {
    let spaces = [
        SpaceKind::Private,
        SpaceKind::Care,
        SpaceKind::Desk,
        SpaceKind::Front,
        SpaceKind::Clinic,
    ];
    let authors = [
        Author::Patient,
        Author::Administrator,
        Author::Clinician,
        Author::FrontDesk,
    ];
    assert_eq!(TABLE.map(|(kind, _)| kind), Kind::ALL);
    let mut cells = 0;
    for (kind, row) in TABLE {
        for (space, cell) in spaces.into_iter().zip(row.split('|')) {
            for (author, mark) in authors.into_iter().zip(cell.chars()) {
                let found = may_write(kind, space, author);
                assert_eq!(found, mark != '.', "{kind:?} {space:?} {author:?}");
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 9 * 5 * 4);
}

#[test]
fn kinds_keep_their_numbers() {
    let numbers = [100, 101, 102, 200, 201, 202, 300, 400, 410];
    assert_eq!(Kind::ALL.map(Kind::code), numbers);
    assert!(Kind::from_code(103).is_none());
    let critical = Kind::ALL.map(Kind::critical);
    assert_eq!(
        critical,
        [true, true, true, false, false, false, true, false, false]
    );
}
