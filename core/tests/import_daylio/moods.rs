//! Names of moods and their values.

use companion_core::import::daylio::{ImportError, MappingError, MoodMap, Reading};
use companion_core::problem::{Kind, Problem};
use jiff::tz::{Offset, TimeZone};

use crate::{HEADER, entry, map};

fn reading(moods: &[&str]) -> Reading {
    let mut file = HEADER.to_owned();
    for mood in moods {
        file.push_str(&format!("2023-06-04,,,12:00,{mood},,,\n"));
    }
    Reading::parse(file.as_bytes()).unwrap()
}

#[test]
fn the_five_defaults_are_known_in_any_case() {
    for (name, value) in [
        ("rad", 1.0),
        ("good", 0.5),
        ("meh", 0.0),
        ("bad", -0.5),
        ("awful", -1.0),
        (" RAD ", 1.0),
        ("Good", 0.5),
    ] {
        let entry = entry(&format!("2023-06-04,,,12:00,{name},,,\n"));
        assert_eq!(entry.valence, value, "{name}");
        assert_eq!(entry.mood_name, name.trim());
    }
}

#[test]
fn names_come_in_order_of_first_use_with_counts() {
    let reading = reading(&["so-so", "good", "So-So", "tired", "good", "so-so "]);
    let names: Vec<_> = reading
        .mood_names()
        .into_iter()
        .map(|mood| (mood.name, mood.count, mood.known))
        .collect();
    assert_eq!(
        names,
        [
            ("so-so".to_owned(), 3, None),
            ("good".to_owned(), 2, Some(0.5)),
            ("tired".to_owned(), 1, None),
        ]
    );
}

#[test]
fn nothing_is_planned_until_the_mapping_is_whole() {
    let reading = reading(&["so-so", "good", "So-So", "tired"]);
    let unmapped = |moods: &MoodMap| reading.plan(moods, &TimeZone::UTC).unwrap_err();
    let names = vec!["so-so".to_owned(), "tired".to_owned()];
    assert_eq!(
        unmapped(&MoodMap::new()),
        ImportError::UnmappedMoods { names }
    );
    let names = vec!["tired".to_owned()];
    let half = map(&["SO-SO=0.1"]);
    assert_eq!(unmapped(&half), ImportError::UnmappedMoods { names });

    let whole = map(&["SO-SO=0.1", "tired=-0.2"]);
    let plan = reading.plan(&whole, &TimeZone::UTC).unwrap();
    let values: Vec<f64> = plan.entries.iter().map(|e| e.valence).collect();
    assert_eq!(values, [0.1, 0.5, 0.1, -0.2]);
}

#[test]
fn only_records_that_can_be_placed_ask_for_a_mood() {
    let file = format!("{HEADER}2023-06-31,,,12:00,gloomy,,,\n2023-06-30,,,12:00,good,,,\n");
    let reading = Reading::parse(file.as_bytes()).unwrap();
    assert_eq!(reading.mood_names().len(), 1);
    assert!(reading.plan(&MoodMap::new(), &TimeZone::UTC).is_ok());
}

#[test]
fn what_was_given_goes_before_the_defaults_and_the_last_counts() {
    let moods = map(&["good=0.1", "Meh = -0.25", "good=0.2"]);
    assert_eq!(moods.value("GOOD"), Some(0.2));
    assert_eq!(moods.value("meh"), Some(-0.25));
    assert_eq!(moods.value("rad"), Some(1.0));
    assert_eq!(moods.value("other"), None);
}

#[test]
fn a_mapping_is_checked() {
    let mut moods = MoodMap::new();
    for (assignment, error) in [
        ("calm", MappingError::NoValue),
        ("", MappingError::NoValue),
        ("=0.5", MappingError::EmptyName),
        ("  =0.5", MappingError::EmptyName),
        ("calm=", MappingError::NotANumber),
        ("calm=high", MappingError::NotANumber),
        ("calm=0,5", MappingError::NotANumber),
        ("calm=NaN", MappingError::NotANumber),
        ("calm=1.01", MappingError::OutOfRange),
        ("calm=-1.5", MappingError::OutOfRange),
        ("calm=7", MappingError::OutOfRange),
        ("calm=inf", MappingError::OutOfRange),
        ("calm=-inf", MappingError::OutOfRange),
    ] {
        assert_eq!(moods.insert(assignment), Err(error), "{assignment}");
        assert_eq!(moods.value("calm"), None);
    }
    assert_eq!(moods.set("calm", f64::NAN), Err(MappingError::NotANumber));
    let problem = Problem::from(MappingError::OutOfRange);
    assert_eq!(problem.kind, Kind::Input);
    assert_eq!(problem.code, "mood-value-out-of-range");
}

#[test]
fn ways_to_give_a_value() {
    for (assignment, name, value) in [
        ("calm=1", "calm", 1.0),
        ("calm=-1", "calm", -1.0),
        ("calm= +0.25 ", "Calm", 0.25),
        ("calm=\u{2212}0.5", "calm", -0.5),
        ("a=b=0.5", "a=b", 0.5),
        ("so  so=0.5", "so so", 0.5),
        ("🙂=0.5", "🙂", 0.5),
    ] {
        assert_eq!(map(&[assignment]).value(name), Some(value), "{assignment}");
    }
    let zero = map(&["calm=-0"]).value("calm").unwrap();
    assert!(zero == 0.0 && zero.is_sign_positive());
}

#[test]
fn a_zone_needs_a_name_to_be_kept() {
    let reading = reading(&["good"]);
    let plan = |zone: TimeZone| reading.plan(&MoodMap::new(), &zone);
    assert_eq!(
        plan(TimeZone::fixed(Offset::constant(2))),
        Err(ImportError::UnnamedZone)
    );
    assert_eq!(plan(TimeZone::unknown()), Err(ImportError::UnnamedZone));
    let entry = plan(TimeZone::UTC).unwrap().entries[0].clone();
    assert_eq!((entry.zone.as_str(), entry.offset_seconds), ("UTC", 0));
}
