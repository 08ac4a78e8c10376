//! Nothing that a person wrote gets into debug or error texts.

use companion_core::import::daylio::{MoodMap, Reading};
use companion_core::problem::Problem;
use jiff::tz::TimeZone;

use crate::{HEADER, map};

const CANARY: &str = "zebrafinch";

#[test]
fn debug_and_error_texts_hold_nothing_personal() {
    let file = format!(
        "{}\n\
         2023-06-04,,,12:00,{CANARY},{CANARY} | tea,{CANARY},{CANARY},{CANARY}\n\
         {CANARY},,,12:00,{CANARY},,,,{CANARY}\n\
         2023-06-04,{CANARY},,{CANARY},{CANARY},,,,\n\
         {CANARY}\n\
         2023-06-04,,,12:00,good,,,,\"{CANARY}",
        HEADER
            .trim_end()
            .replace("note_title", &format!("{CANARY},note_title"))
    );
    let reading = Reading::parse(file.as_bytes()).unwrap();
    let unmapped = reading.plan(&MoodMap::new(), &TimeZone::UTC).unwrap_err();
    let moods = map(&[&format!("{CANARY}=0.5")]);
    let plan = reading.plan(&moods, &TimeZone::UTC).unwrap();
    assert_eq!((plan.entries.len(), plan.left_out.len()), (1, 4));
    let reasons: Vec<String> = plan.left_out.iter().map(|l| l.reason.to_string()).collect();

    let mut texts = vec![
        format!("{reading:?} {:?}", reading.mood_names()),
        format!("{plan:#?} {moods:?} {reasons:?}"),
        format!("{unmapped} {unmapped:?}"),
        format!("{:?}", Problem::from(unmapped)),
    ];
    for file in [
        format!("{CANARY},mood\n"),
        format!("{CANARY}\n{CANARY}"),
        format!("mood,mood,{CANARY}\n"),
    ] {
        let error = Reading::parse(file.as_bytes()).unwrap_err();
        texts.push(format!(
            "{error} {error:?} {}",
            Problem::from(error.clone())
        ));
    }
    for assignment in [
        CANARY.to_owned(),
        format!("{CANARY}=2"),
        format!("x={CANARY}"),
    ] {
        let error = MoodMap::new().insert(&assignment).unwrap_err();
        texts.push(format!("{error} {error:?} {}", Problem::from(error)));
    }
    for text in texts {
        assert!(!text.contains(CANARY));
    }
}

#[test]
fn the_count_of_unmapped_moods_is_told() {
    let file = format!("{HEADER}2023-06-04,,,12:00,a,,,\n2023-06-04,,,12:00,b,,,\n");
    let reading = Reading::parse(file.as_bytes()).unwrap();
    let error = reading.plan(&MoodMap::new(), &TimeZone::UTC).unwrap_err();
    assert_eq!(error.to_string(), "mood names that have no value yet: 2");
}
