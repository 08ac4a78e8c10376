//! Dates in many languages, clocks of both kinds, and clock changes.

use companion_core::import::daylio::{MoodMap, Reading, Reason};

use crate::{HEADER, entry, left_out, plan, plan_rows, zone};

/// What comes of a day and month in the column `date`, in 2018 at noon.
fn day(cell: &str) -> Result<String, Reason> {
    let file =
        format!("year,date,weekday,time,mood,activities,note\n2018,\"{cell}\",,12:00,meh,,\n");
    let plan = plan(file);
    match (plan.entries.as_slice(), plan.left_out.as_slice()) {
        ([entry], []) => Ok(entry.felt_at.to_string().replace("T12:00:00Z", "")),
        ([], [left]) => Err(left.reason),
        _ => panic!("one record is one of both"),
    }
}

#[test]
fn months_of_ten_languages() {
    #[rustfmt::skip]
    let languages: [(&str, [&str; 12]); 10] = [
        ("en", ["January", "February", "March", "April", "May", "June", "July", "August",
                "September", "October", "November", "December"]),
        ("de", ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August",
                "September", "Oktober", "November", "Dezember"]),
        ("es", ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
                "septiembre", "octubre", "noviembre", "diciembre"]),
        ("fr", ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
                "septembre", "octobre", "novembre", "décembre"]),
        ("it", ["gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto",
                "settembre", "ottobre", "novembre", "dicembre"]),
        ("pt", ["janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto",
                "setembro", "outubro", "novembro", "dezembro"]),
        ("nl", ["januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus",
                "september", "oktober", "november", "december"]),
        ("pl", ["stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia",
                "września", "października", "listopada", "grudnia"]),
        ("sv", ["januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti",
                "september", "oktober", "november", "december"]),
        ("ru", ["января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа",
                "сентября", "октября", "ноября", "декабря"]),
    ];
    for (language, months) in languages {
        for (number, month) in (1..).zip(months) {
            let expected = Ok(format!("2018-{number:02}-18"));
            assert_eq!(day(&format!("18 {month}")), expected, "{language}");
            assert_eq!(day(&format!("{month} 18")), expected, "{language}");
            let upper = month.to_uppercase();
            assert_eq!(day(&format!("18 {upper}")), expected, "{language}");
        }
    }
}

#[test]
fn ways_to_write_a_day() {
    for cell in [
        "5. Mai",
        "5 de mayo",
        "5 de mai. de 2018",
        "May 5, 2018",
        "May 5. 2018",
        "May 5th",
        "5 мая 2018 г.",
        "  5  May ",
        "5\u{a0}May",
        "05 May",
    ] {
        assert_eq!(day(cell), Ok("2018-05-05".to_owned()), "{cell}");
    }
    assert_eq!(day("1er janvier"), Ok("2018-01-01".to_owned()));
    assert_eq!(day("1º de março"), Ok("2018-03-01".to_owned()));
    assert_eq!(day("28 févr."), Ok("2018-02-28".to_owned()));
}

#[test]
fn days_that_are_not_understood_are_named() {
    assert_eq!(day("18 toukokuuta"), Err(Reason::UnknownMonth));
    assert_eq!(day("18 5月"), Err(Reason::UnreadableDate));
    assert_eq!(day("18 May 5"), Err(Reason::UnreadableDate));
    assert_eq!(day("May"), Err(Reason::UnreadableDate));
    assert_eq!(day("18"), Err(Reason::UnreadableDate));
    assert_eq!(day("18 May June"), Err(Reason::UnreadableDate));
    assert_eq!(day(""), Err(Reason::UnreadableDate));
    assert_eq!(day("31 April"), Err(Reason::ImpossibleDate));
    assert_eq!(day("29 February"), Err(Reason::ImpossibleDate));
    assert_eq!(day("0 May"), Err(Reason::ImpossibleDate));
    assert_eq!(day("1234567890 May"), Err(Reason::UnreadableDate));
    // November in Polish, October in Croatian.
    assert_eq!(day("18 listopada"), Ok("2018-11-18".to_owned()));
    assert_eq!(day("18. listopada"), Err(Reason::UnknownMonth));
}

#[test]
fn full_dates() {
    let reason = |date: &str| {
        let plan = plan_rows(&format!("{date},,,12:00,meh,,,\n"));
        assert!(plan.entries.is_empty(), "{date}");
        assert_eq!(plan.left_out.len(), 1, "{date}");
        assert_eq!(plan.left_out[0].line, 2);
        plan.left_out[0].reason
    };
    assert_eq!(reason("2023-02-29"), Reason::ImpossibleDate);
    assert_eq!(reason("2023-13-01"), Reason::ImpossibleDate);
    assert_eq!(reason("2023-00-10"), Reason::ImpossibleDate);
    assert_eq!(reason("2023-06-31"), Reason::ImpossibleDate);
    assert_eq!(reason("2023-06-999"), Reason::ImpossibleDate);
    assert_eq!(reason("1899-12-31"), Reason::YearOutOfRange);
    assert_eq!(reason("2101-01-01"), Reason::YearOutOfRange);
    assert_eq!(reason("99999-01-01"), Reason::YearOutOfRange);
    assert_eq!(reason("-2023-01-01"), Reason::UnreadableDate);
    assert_eq!(reason("06/04/2023"), Reason::UnreadableDate);
    assert_eq!(reason("2023-06"), Reason::UnreadableDate);
    assert_eq!(reason("yesterday"), Reason::UnreadableDate);
    assert_eq!(reason(""), Reason::UnreadableDate);

    let day = |date: &str| {
        entry(&format!("{date},,,12:00,meh,,,\n"))
            .felt_at
            .to_string()
    };
    assert_eq!(day("1900-01-01"), "1900-01-01T12:00:00Z");
    assert_eq!(day("2100-12-31"), "2100-12-31T12:00:00Z");
    assert_eq!(day("2024-02-29"), "2024-02-29T12:00:00Z");
    assert_eq!(day(" 2023-06-04 "), "2023-06-04T12:00:00Z");
    assert_eq!(day("04.06.2023"), "2023-06-04T12:00:00Z");
}

#[test]
fn times() {
    let time = |cell: &str| {
        let entry = entry(&format!("2023-06-04,,,\"{cell}\",meh,,,\n"));
        entry.felt_at.to_string()[11..19].to_owned()
    };
    for (cell, expected) in [
        ("18:43", "18:43:00"),
        ("00:00", "00:00:00"),
        ("7:15", "07:15:00"),
        ("18.43", "18:43:00"),
        ("18 h 43", "18:43:00"),
        ("18:43:09", "18:43:09"),
        ("10:21 pm", "22:21:00"),
        ("8:05 AM", "08:05:00"),
        ("8:05\u{202f}AM", "08:05:00"),
        ("10:21\u{a0}PM", "22:21:00"),
        ("10:21pm", "22:21:00"),
        ("8:05 a.m.", "08:05:00"),
        ("8:05 p.\u{a0}m.", "20:05:00"),
        ("12:05 AM", "00:05:00"),
        ("12:05 pm", "12:05:00"),
        ("11:59 p.m.", "23:59:00"),
        ("8:05 nachm.", "20:05:00"),
        ("8:05 fm", "08:05:00"),
        ("8:05 em", "20:05:00"),
    ] {
        assert_eq!(time(cell), expected, "{cell}");
    }
}

#[test]
fn times_that_are_not_understood_are_named() {
    for (cell, reason) in [
        ("24:00", Reason::ImpossibleTime),
        ("25:99", Reason::ImpossibleTime),
        ("12:60", Reason::ImpossibleTime),
        ("13:00 pm", Reason::ImpossibleTime),
        ("0:10 am", Reason::ImpossibleTime),
        ("", Reason::UnreadableTime),
        ("noon", Reason::UnreadableTime),
        ("12", Reason::UnreadableTime),
        ("12:", Reason::UnreadableTime),
        (":30", Reason::UnreadableTime),
        ("-1:30", Reason::UnreadableTime),
        ("012:30", Reason::UnreadableTime),
        ("8:05 xm", Reason::UnreadableTime),
        ("8:05 am pm", Reason::UnreadableTime),
        ("1:2:3:4", Reason::UnreadableTime),
    ] {
        let plan = plan_rows(&format!("2023-06-04,,,\"{cell}\",meh,,,\n"));
        assert!(plan.entries.is_empty(), "{cell}");
        assert_eq!(plan.left_out, [left_out(2, reason)], "{cell}");
    }
}

/// Instant and offset of a local time in a zone.
fn placed(zone_name: &str, date: &str, time: &str) -> (String, i32) {
    let file = format!("{HEADER}{date},,,{time},meh,,,\n");
    let reading = Reading::parse(file.as_bytes()).unwrap();
    let plan = reading.plan(&MoodMap::new(), &zone(zone_name)).unwrap();
    let entry = &plan.entries[0];
    (entry.felt_at.to_string(), entry.offset_seconds)
}

#[test]
fn clock_changes() {
    let gap = placed("Europe/Berlin", "2026-03-29", "02:30");
    assert_eq!(gap, ("2026-03-29T01:30:00Z".to_owned(), 7200));
    let repeat = placed("Europe/Berlin", "2026-10-25", "02:30");
    assert_eq!(repeat, ("2026-10-25T00:30:00Z".to_owned(), 7200));
    let after = placed("Europe/Berlin", "2026-10-25", "03:00");
    assert_eq!(after, ("2026-10-25T02:00:00Z".to_owned(), 3600));
    // Half an hour, in the south.
    let gap = placed("Australia/Lord_Howe", "2026-10-04", "02:15");
    assert_eq!(gap, ("2026-10-03T15:45:00Z".to_owned(), 39600));
    // The 30th of December 2011 did not happen in Samoa.
    let skipped = placed("Pacific/Apia", "2011-12-30", "12:00");
    assert_eq!(skipped, ("2011-12-30T22:00:00Z".to_owned(), 50400));
}
