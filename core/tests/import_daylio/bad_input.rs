//! Files and records that are not what they should be.

use companion_core::import::daylio::{FILE_BYTES, ImportError, MoodMap, Reading, Reason};
use companion_core::problem::{Kind, Problem};
use jiff::tz::TimeZone;

use crate::{HEADER, fixture, left_out, plan, plan_rows};

fn refused(file: impl AsRef<[u8]>) -> ImportError {
    Reading::parse(file.as_ref()).unwrap_err()
}

#[test]
fn half_a_file_gives_what_is_whole_and_names_the_rest() {
    let plan = plan(fixture("half.csv"));
    let lines: Vec<u64> = plan.entries.iter().map(|e| e.line).collect();
    assert_eq!(lines, [2, 4]);
    assert_eq!(plan.left_out, [left_out(5, Reason::CutOff)]);
}

#[test]
fn a_file_cut_between_fields_names_its_last_record() {
    let plan = plan_rows("2023-06-04,,,12:00,meh,,,x\n2023-06-03,June 3,Satur");
    assert_eq!(plan.entries.len(), 1);
    let reason = Reason::TooFewFields {
        found: 3,
        expected: 8,
    };
    assert_eq!(plan.left_out, [left_out(3, reason)]);
}

#[test]
fn a_file_cut_inside_a_character_names_its_last_record() {
    for quote in ["", "\""] {
        let mut file =
            format!("{HEADER}2023-06-04,,,12:00,meh,,,x\n2023-06-03,,,12:00,meh,,,{quote}gr")
                .into_bytes();
        file.extend_from_slice(&"ü".as_bytes()[..1]);
        let plan = plan(&file);
        assert_eq!(plan.entries.len(), 1);
        assert_eq!(plan.left_out, [left_out(3, Reason::CutOff)]);
    }
}

#[test]
fn a_last_record_needs_no_line_break() {
    for last in ["x", "\"x\"", "\"x\"\r", "\"x\"\r\n", "x\n\n\n"] {
        let plan = plan_rows(&format!("2023-06-04,,,12:00,meh,,,{last}"));
        assert_eq!(plan.left_out, [], "{last:?}");
        assert_eq!(plan.entries[0].note.as_deref(), Some("x"), "{last:?}");
    }
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    for line_break in ["\n", "\r\n", "\r"] {
        let file = [
            HEADER.trim_end(),
            "2023-06-04,,,12:00,meh,,,\"one",
            "two\"",
            "",
            "",
            "bad,row",
            "2023-06-03,,,12:00,meh,,,",
            "2023-06-02,,,25:00,meh,,,",
            "",
        ]
        .join(line_break);
        let plan = plan(file);
        let lines: Vec<u64> = plan.entries.iter().map(|e| e.line).collect();
        assert_eq!(lines, [2, 7], "{line_break:?}");
        let left: Vec<u64> = plan.left_out.iter().map(|l| l.line).collect();
        assert_eq!(left, [6, 8], "{line_break:?}");
    }
}

#[test]
fn records_with_too_few_or_too_many_fields_are_named() {
    let plan = plan_rows(
        "2023-06-04,,,12:00,meh,,\n\
         2023-06-03,,,12:00,meh,,,one, two\n\
         2023-06-02,,,12:00,,,,note without a mood\n\
         ,,,,,,,\n\
         2023-06-01,,,12:00,meh,,,fine\n",
    );
    let few = Reason::TooFewFields {
        found: 7,
        expected: 8,
    };
    let many = Reason::TooManyFields {
        found: 9,
        expected: 8,
    };
    assert_eq!(
        plan.left_out,
        [
            left_out(2, few),
            left_out(3, many),
            left_out(4, Reason::NoMood),
            left_out(5, Reason::Blank),
        ]
    );
    assert_eq!(plan.entries.len(), 1);
    assert_eq!(plan.entries[0].line, 6);
}

#[test]
fn what_is_not_utf_8_is_refused_with_its_place() {
    let mut file = format!("\u{feff}{HEADER}2023-06-04,,,12:00,meh,,,Caf").into_bytes();
    let position = file.len();
    file.extend_from_slice(b"\xe9 at noon\n");
    assert_eq!(refused(&file), ImportError::NotUtf8 { position });
    let utf_16: Vec<u8> = std::iter::once(0xfeff)
        .chain(HEADER.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(refused(utf_16), ImportError::NotUtf8 { position: 0 });
}

#[test]
fn an_empty_file_is_refused() {
    for file in ["", "\u{feff}", "\n\n", " \r\n\t"] {
        assert_eq!(refused(file), ImportError::Empty, "{file:?}");
    }
}

#[test]
fn a_file_of_something_else_is_refused() {
    let missing = |file: &str| {
        let ImportError::NotDaylio { missing } = refused(file) else {
            panic!("it was refused for another reason");
        };
        missing
    };
    assert_eq!(
        missing("date,steps\n2023-06-04,9000\n"),
        ["full_date", "time", "mood", "activities", "note"]
    );
    assert_eq!(
        missing("full_date,date,weekday,time,mood,activities,notes\n"),
        ["note"]
    );
    assert_eq!(
        missing("year,weekday,time,mood,activities,note\n"),
        ["date"]
    );
    assert_eq!(
        missing("full_date,date,week"),
        ["time", "mood", "activities", "note"]
    );
    assert_eq!(missing("{\"mood\": 3}").len(), 5);
    assert_eq!(missing("\"full_date,date").len(), 5);
    assert_eq!(
        refused("full_date,time,mood,mood,activities,note\n"),
        ImportError::RepeatedColumn { name: "mood" }
    );
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let mut file = vec![b' '; FILE_BYTES + 1];
    assert_eq!(refused(&file), ImportError::TooLarge);
    // At the limit it is read: here, a single record with a note too long.
    file.pop();
    let start = format!("{HEADER}2023-06-04,,,12:00,meh,,,x");
    file[..start.len()].copy_from_slice(start.as_bytes());
    file[FILE_BYTES - 1] = b'x';
    let plan = plan(&file);
    let characters = FILE_BYTES - start.len() + 1;
    assert_eq!(
        plan.left_out,
        [left_out(2, Reason::NoteTooLong { characters })]
    );
}

#[test]
fn more_records_than_a_life_holds_are_refused() {
    let rows = ",\n".repeat(1_000_001);
    assert_eq!(
        refused(format!("{HEADER}{rows}")),
        ImportError::TooManyRecords
    );
}

#[test]
fn a_stray_quote_swallows_no_record_in_silence() {
    let plan = plan_rows(
        "2023-06-04,,,12:00,meh,,,\"never closed\n\
         2023-06-03,,,12:00,meh,,,b\n\
         2023-06-02,,,12:00,meh,,,c\n",
    );
    assert!(plan.entries.is_empty());
    assert_eq!(plan.left_out, [left_out(2, Reason::CutOff)]);
}

#[test]
fn each_refusal_is_a_problem_with_a_code_of_its_own() {
    let reading = Reading::parse(format!("{HEADER}2023-06-04,,,12:00,x,,,\n").as_bytes()).unwrap();
    let unmapped = reading.plan(&MoodMap::new(), &TimeZone::UTC).unwrap_err();
    let unnamed = reading
        .plan(&MoodMap::new(), &TimeZone::unknown())
        .unwrap_err();
    let codes = [
        refused(vec![b' '; FILE_BYTES + 1]),
        ImportError::TooManyRecords,
        refused(b"\xff"),
        refused(""),
        refused("a,b\n"),
        refused("full_date,time,mood,mood,activities,note\n"),
        unmapped,
        unnamed,
    ]
    .map(|error| {
        let problem = Problem::from(error);
        assert_eq!(problem.kind, Kind::Input);
        assert!(!problem.retry);
        problem.code
    });
    assert_eq!(
        codes,
        [
            "import-too-large",
            "import-too-many-records",
            "import-not-utf8",
            "import-empty",
            "import-not-daylio",
            "import-repeated-column",
            "import-moods-unmapped",
            "import-zone-unnamed",
        ]
    );
}
