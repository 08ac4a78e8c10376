//! One file for each variant of the export.

use companion_core::import::daylio::{MoodMap, Reading, Reason};
use jiff::tz::TimeZone;

use crate::{fixture, left_out, map, plan, zone};

/// What is compared of an entry: instant, offset, valence, mood, activities, note.
type Row<'a> = (&'a str, i32, f64, &'a str, &'a [&'a str], Option<&'a str>);

fn check(file: &str, moods: &[&str], zone_name: &str, expected: &[Row<'_>]) {
    let reading = Reading::parse(&fixture(file)).unwrap();
    let plan = reading.plan(&map(moods), &zone(zone_name)).unwrap();
    assert_eq!(plan.left_out, []);
    assert_eq!(plan.entries.len(), expected.len());
    for (entry, (instant, offset, valence, mood, activities, note)) in
        plan.entries.iter().zip(expected)
    {
        assert_eq!(entry.felt_at.to_string(), *instant);
        assert_eq!(entry.offset_seconds, *offset, "{instant}");
        assert_eq!(entry.zone, zone_name);
        assert_eq!(entry.valence, *valence, "{instant}");
        assert_eq!(entry.mood_name, *mood);
        assert_eq!(entry.activities, *activities, "{instant}");
        assert_eq!(entry.note.as_deref(), *note);
    }
}

#[test]
fn year_in_a_column_of_its_own() {
    let moods = ["happy=0.8", "average=0", "horrible=-1", "good-ish=0.3"];
    let quoted = "He said \"you look rested\" and I almost believed it";
    let lines = "Could not stop thinking about Monday.\nRead until two.\n\nThen it was quieter.";
    let slept = "Slept badly, got up anyway.";
    #[rustfmt::skip]
    check("year.csv", &moods, "Europe/Berlin", &[
        ("2018-05-18T21:54:00Z", 7200, 0.8, "happy", &["friends", "music", "good meal"], None),
        ("2018-05-18T06:05:00Z", 7200, 0.0, "average", &["work", "tired"], Some(slept)),
        ("2018-05-16T22:05:00Z", 7200, -1.0, "horrible", &[], Some(lines)),
        ("2018-05-16T20:21:00Z", 7200, 0.3, "good-ish", &["cook", "stressed"], Some(quoted)),
        ("2018-05-16T10:30:00Z", 7200, 0.8, "happy", &["walk"], None),
        ("2017-12-31T20:00:00Z", 3600, 0.0, "average", &["family", "movies"], None),
    ]);
}

#[test]
fn year_in_a_column_of_its_own_in_polish() {
    let moods = ["super=1", "dobrze=0.5", "tak sobie=0", "słabo=-0.5"];
    #[rustfmt::skip]
    check("year-pl.csv", &moods, "Europe/Warsaw", &[
        ("2018-12-31T23:40:00Z", 3600, 1.0, "super", &["przyjaciele", "muzyka"], None),
        ("2018-12-24T17:43:00Z", 3600, 0.5, "dobrze", &["rodzina", "dobre jedzenie"],
            Some("Cicho, spokojnie. Śnieg.")),
        ("2018-11-11T06:15:00Z", 3600, 0.0, "tak sobie", &["spacer"], None),
        ("2018-07-03T19:10:00Z", 7200, -0.5, "słabo", &[], Some("Upał, nie spałam.")),
    ]);
}

#[test]
fn full_date_with_more_than_five_moods() {
    let reading = Reading::parse(&fixture("full-date.csv")).unwrap();
    let names: Vec<(String, u64, Option<f64>)> = reading
        .mood_names()
        .into_iter()
        .map(|mood| (mood.name, mood.count, mood.known))
        .collect();
    let expected = [
        ("Müde", 1, None),
        ("Ok", 2, None),
        ("Gut", 1, None),
        ("Grau", 1, None),
        ("Richtig gut", 1, None),
        ("Lausig", 1, None),
        ("Unruhig", 1, None),
    ];
    assert_eq!(
        names,
        expected.map(|(name, count, known)| (name.to_owned(), count, known))
    );

    let moods = map(&[
        "Müde=-0.25",
        "Ok=0",
        "Gut=0.5",
        "Grau=-0.4",
        "Richtig gut=1",
        "Lausig=-1",
        "Unruhig=-0.6",
    ]);
    let plan = reading.plan(&moods, &zone("Europe/Berlin")).unwrap();
    assert_eq!(plan.left_out, []);
    let placed: Vec<(u64, String, f64)> = plan
        .entries
        .iter()
        .map(|e| (e.line, e.felt_at.to_string(), e.valence))
        .collect();
    // The note of the first record has two lines, so that the second is on line 4.
    let expected = [
        (2, "2021-03-02T21:10:00Z", -0.25),
        (4, "2021-03-02T12:02:00Z", 0.0),
        (5, "2021-03-02T06:30:00Z", 0.5),
        (6, "2021-03-01T20:45:00Z", -0.4),
        (7, "2021-02-28T18:05:00Z", 1.0),
        (8, "2021-02-27T22:59:00Z", -1.0),
        (9, "2021-02-27T09:00:00Z", -0.6),
        (10, "2021-02-26T19:20:00Z", 0.0),
    ];
    assert_eq!(
        placed,
        expected.map(|(line, at, valence)| (line, at.to_owned(), valence))
    );
}

#[test]
fn titles_twelve_hour_clock_and_line_breaks() {
    let moods = ["calm=0.4", "wired=-0.3", "numb=-0.7"];
    let river = "By the river\n\nSat on the bench for an hour.\nNobody needed anything.\n\n\
                 Came home hungry, which is new.";
    let week = "Long week\n\nMeeting, meeting, \"quick call\", meeting.\nNo lunch.";
    let swim = "First swim of the year\n\nCold! Laughed out loud.";
    let lunch = "Lunch with Ines";
    let awake = "Awake <b>again</b>. 3 < 4 & so on";
    #[rustfmt::skip]
    check("note-title.csv", &moods, "America/New_York", &[
        ("2023-06-05T02:21:00Z", -14400, 0.4, "calm", &["reading", "tea"], Some(river)),
        ("2023-06-04T12:05:00Z", -14400, 0.0, "meh", &["bad sleep"], None),
        ("2023-06-03T16:00:00Z", -14400, 0.5, "good", &["friends", "good meal"], Some(lunch)),
        ("2023-06-03T04:00:00Z", -14400, -0.3, "wired", &[], Some(awake)),
        ("2023-06-02T22:15:00Z", -14400, -0.5, "bad", &["work"], Some(week)),
        ("2023-06-02T01:40:00Z", -14400, -0.7, "numb", &["movies"], None),
        ("2023-06-01T01:12:00Z", -14400, 1.0, "rad", &["exercise", "music", "family"], Some(swim)),
    ]);
}

#[test]
fn scales_are_named_as_not_imported() {
    let reading = Reading::parse(&fixture("scales.csv")).unwrap();
    assert_eq!(reading.unread_columns(), ["scales"]);
    let moods = ["bien=0.6", "bof=0", "à plat=-0.6"];
    #[rustfmt::skip]
    check("scales.csv", &moods, "Europe/Paris", &[
        ("2026-02-11T20:30:00Z", 3600, 0.6, "bien", &["marche", "amis"],
            Some("Marché jusqu’au canal, puis une soupe chez Léa.")),
        ("2026-02-11T07:10:00Z", 3600, 0.0, "bof", &[], None),
        ("2026-02-10T21:45:00Z", 3600, 0.5, "good", &["travail", "lecture"],
            Some("Page 100\n\nEnfin retrouvé le plaisir de lire.")),
        ("2026-02-09T18:00:00Z", 3600, -0.6, "à plat", &["travail"],
            Some("Rentré, couché.\nDemain on verra.")),
    ]);
}

#[test]
fn an_empty_extra_column_is_not_worth_a_word() {
    let file = "full_date,time,mood,activities,scales,note\n2026-02-11,8:10,meh,,,\n";
    let reading = Reading::parse(file.as_bytes()).unwrap();
    assert_eq!(reading.unread_columns(), [""; 0]);
}

#[test]
fn saved_again_by_a_spreadsheet() {
    let plan = plan(fixture("spreadsheet.csv"));
    assert_eq!(plan.left_out, [left_out(4, Reason::Blank)]);
    let placed: Vec<_> = plan
        .entries
        .iter()
        .map(|e| (e.line, e.felt_at.to_string(), e.note.as_deref()))
        .collect();
    let morning = "Sonntag\n\nZu lange gearbeitet.\nMorgen nicht.";
    #[rustfmt::skip]
    assert_eq!(placed, [
        (2, "2024-11-05T20:15:00Z".to_owned(), Some("Küche fertig; Boden fertig.")),
        (3, "2024-11-04T07:00:00Z".to_owned(), None),
        (5, "2024-11-03T21:30:00Z".to_owned(), Some(morning)),
    ]);
}

#[test]
fn columns_in_another_order_and_tabs() {
    let file =
        "note\tMOOD\ttime\tactivities\tfull_date\nHello, you\tgood\t18:43\ta | b\t2023-06-04\n";
    let plan = plan(file);
    assert_eq!(plan.left_out, []);
    let entry = &plan.entries[0];
    assert_eq!(entry.felt_at.to_string(), "2023-06-04T18:43:00Z");
    assert_eq!(entry.mood_name, "good");
    assert_eq!(entry.activities, ["a", "b"]);
    assert_eq!(entry.note.as_deref(), Some("Hello, you"));
}

#[test]
fn the_demo_journal_needs_no_mapping() {
    let reading = Reading::parse(&fixture("demo.csv")).unwrap();
    let plan = reading
        .plan(&MoodMap::new(), &zone("Europe/Berlin"))
        .unwrap();
    assert_eq!(plan.left_out, []);
    assert_eq!(plan.entries.len(), 184);
    assert_eq!(reading.unread_columns(), [""; 0]);
    // Counted with grep.
    let count = |name: &str| plan.entries.iter().filter(|e| e.mood_name == name).count();
    assert_eq!(
        ["rad", "good", "meh", "bad", "awful"].map(count),
        [3, 76, 59, 40, 6]
    );
    let first = plan.entries.last().unwrap();
    assert_eq!(first.felt_at.to_string(), "2026-07-20T07:30:00Z");
    let last = plan.entries.first().unwrap();
    assert_eq!(last.felt_at.to_string(), "2026-11-22T18:35:00Z");
}

#[test]
fn column_names_alone_are_a_file_without_records() {
    for header in [crate::HEADER, crate::HEADER.trim_end()] {
        let reading = Reading::parse(header.as_bytes()).unwrap();
        assert_eq!(reading.records(), 0);
        assert_eq!(reading.mood_names(), []);
        let plan = reading.plan(&MoodMap::new(), &TimeZone::UTC).unwrap();
        assert_eq!((plan.entries.len(), plan.left_out.len()), (0, 0));
    }
}
