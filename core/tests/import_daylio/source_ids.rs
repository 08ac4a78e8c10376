//! Importing again adds nothing, and a later export adds what is new.

use std::collections::HashSet;

use companion_core::import::daylio::{MoodMap, Plan, Reading};
use jiff::tz::TimeZone;

use crate::{HEADER, fixture, map, plan, plan_rows, zone};

fn ids(plan: &Plan) -> Vec<String> {
    let hex = |id: [u8; 16]| id.iter().map(|byte| format!("{byte:02x}")).collect();
    plan.entries.iter().map(|e| hex(e.source_id)).collect()
}

/// Computed from the description of the format by a few lines of Python
/// (`hashlib.sha256`). Were they to change, an import repeated after an update
/// would add every entry a second time.
#[test]
fn ids_are_those_of_the_published_format() {
    let row = "2023-06-04,June 4,Sunday,10:21 pm,Calm,tea | walk,,By the river\n";
    let reading = Reading::parse(format!("{HEADER}{row}{row}").as_bytes()).unwrap();
    let plan = reading.plan(&map(&["calm=0.4"]), &TimeZone::UTC).unwrap();
    assert_eq!(
        ids(&plan),
        [
            "431d8986f849ce509c4411e06e38fa93",
            "0c942e558001d6f6b1d465d59b013718",
        ]
    );
    let row = "2018-05-16,,,12:30,Zufrieden  mit mir,,,\n";
    let reading = Reading::parse(format!("{HEADER}{row}").as_bytes()).unwrap();
    let plan = reading
        .plan(&map(&["zufrieden mit mir=0.5"]), &TimeZone::UTC)
        .unwrap();
    assert_eq!(ids(&plan), ["2aa190a634392520b206d73bd5a9c0b9"]);
}

#[test]
fn the_same_moment_has_one_id_in_all_variants() {
    let variants = [
        "year,date,weekday,time,mood,activities,note\n\
         2018,18 May,Friday,11:54 pm,good,cook | music ,\"One\ntwo\"\n",
        "full_date,date,weekday,time,mood,activities,note\n\
         2018-05-18,18. Mai,Freitag,23:54,good,music | cook,One two\n",
        "full_date,date,weekday,time,mood,activities,note_title,note\n\
         2018-05-18,May 18,Friday,11:54\u{202f}PM,Good,cook | music,,One<br>two\n",
        "full_date,date,weekday,time,mood,activities,scales,note_title,note\n\
         2018-05-18,May 18,Friday,23:54,good,cook | music,Sleep: 7,,One<br/>two\n",
        "full_date;date;weekday;time;mood;activities;note_title;note\r\n\
         18.05.2018;18. Mai;Freitag;23:54:00;good;cook | music;One;two\r\n",
    ];
    let all: HashSet<Vec<String>> = variants.iter().map(|file| ids(&plan(file))).collect();
    assert_eq!(all.len(), 1);
}

#[test]
fn another_moment_mood_activity_or_note_is_another_entry() {
    let plan = plan_rows(
        "2018-05-18,,,12:00,good,tea,,note\n\
         2018-05-19,,,12:00,good,tea,,note\n\
         2018-05-18,,,12:01,good,tea,,note\n\
         2018-05-18,,,12:00,meh,tea,,note\n\
         2018-05-18,,,12:00,good,,,note\n\
         2018-05-18,,,12:00,good,te | a,,note\n\
         2018-05-18,,,12:00,good,tea note,,\n\
         2018-05-18,,,12:00,good,tea | note,,\n\
         2018-05-18,,,12:00,good,tea,,Note\n\
         2018-05-18,,,12:00,good,tea,,\n",
    );
    let all: HashSet<String> = ids(&plan).into_iter().collect();
    assert_eq!(all.len(), 10);
}

#[test]
fn zone_and_mapping_do_not_matter() {
    let reading = Reading::parse(&fixture("demo.csv")).unwrap();
    let here = reading.plan(&MoodMap::new(), &zone("Europe/Berlin"));
    let there = reading.plan(&map(&["good=0.9"]), &zone("Asia/Tokyo"));
    assert_eq!(ids(&here.unwrap()), ids(&there.unwrap()));
}

#[test]
fn equal_rows_are_entries_of_their_own_in_any_order() {
    let twice = "2018-05-18,,,12:00,good,tea,,\n";
    let other = "2018-05-17,,,12:00,good,tea,,\n";
    let one: HashSet<String> = ids(&plan_rows(&format!("{twice}{other}")))
        .into_iter()
        .collect();
    let two: HashSet<String> = ids(&plan_rows(&format!("{twice}{other}{twice}")))
        .into_iter()
        .collect();
    let turned: HashSet<String> = ids(&plan_rows(&format!("{other}{twice}{twice}")))
        .into_iter()
        .collect();
    assert_eq!((one.len(), two.len()), (2, 3));
    assert_eq!(two, turned);
    assert!(one.is_subset(&two));
}

#[test]
fn a_later_export_adds_only_what_is_new() {
    let later = String::from_utf8(fixture("demo.csv")).unwrap();
    // The export of a week before: without the ten newest lines.
    let earlier: String = later
        .split_inclusive('\n')
        .enumerate()
        .filter(|(at, _)| !(1..=10).contains(at))
        .map(|(_, line)| line)
        .collect();
    let later: HashSet<String> = ids(&plan(later)).into_iter().collect();
    let earlier: HashSet<String> = ids(&plan(earlier)).into_iter().collect();
    assert_eq!((earlier.len(), later.len()), (174, 184));
    assert!(earlier.is_subset(&later));
}
