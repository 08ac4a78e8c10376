//! Notes and activities.

use companion_core::import::daylio::{NOTE_CHARACTERS, Reason};

use crate::{entry, left_out, plan_rows};

fn note(title: &str, note: &str) -> Option<String> {
    entry(&format!("2023-06-04,,,12:00,meh,,\"{title}\",\"{note}\"\n")).note
}

#[test]
fn a_title_and_its_note_are_joined_by_a_blank_line() {
    assert_eq!(note("Title", "Note").as_deref(), Some("Title\n\nNote"));
    assert_eq!(note("Title", "").as_deref(), Some("Title"));
    assert_eq!(note("", "Note").as_deref(), Some("Note"));
    assert_eq!(note("", ""), None);
    assert_eq!(note("  ", " \n<br> "), None);
}

#[test]
fn only_line_breaks_are_taken_out_of_markup() {
    for (written, expected) in [
        ("a<br>b", "a\nb"),
        ("a<br/>b<br />c<BR>d", "a\nb\nc\nd"),
        ("a<br><br>b", "a\n\nb"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("<b>bold</b> &amp; <i>so</i>", "<b>bold</b> &amp; <i>so</i>"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("1 < 2 <br 3 <brr> <", "1 < 2 <br 3 <brr> <"),
        ("<<br>>", "<\n>"),
        ("é<br>ü<é>", "é\nü<é>"),
        ("'; DROP TABLE entries; --", "'; DROP TABLE entries; --"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
    ] {
        assert_eq!(note("", written).as_deref(), Some(expected), "{written}");
    }
}

#[test]
fn a_note_at_the_limit_is_placed_and_one_above_is_named() {
    // Characters, not bytes: each of these has four.
    let longest = "🙂".repeat(NOTE_CHARACTERS);
    assert_eq!(note("", &longest), Some(longest.clone()));
    let plan = plan_rows(&format!(
        "2023-06-04,,,12:00,meh,,,{longest}!\n2023-06-04,,,13:00,meh,,,short\n"
    ));
    let reason = Reason::NoteTooLong { characters: 20_001 };
    assert_eq!(plan.left_out, [left_out(2, reason)]);
    assert_eq!(plan.entries.len(), 1);
    // The title counts, with the blank line between.
    let note = "x".repeat(NOTE_CHARACTERS - 2);
    let plan = plan_rows(&format!("2023-06-04,,,12:00,meh,,T,{note}\n"));
    assert_eq!(plan.left_out, [left_out(2, reason)]);
}

#[test]
fn activities_are_split_trimmed_and_each_once() {
    for (cell, expected) in [
        ("clean | cook | music", vec!["clean", "cook", "music"]),
        ("cook | stressed ", vec!["cook", "stressed"]),
        ("cook | stressed | ", vec!["cook", "stressed"]),
        ("cook | stressed |", vec!["cook", "stressed"]),
        (" | cook |  | cook | tea", vec!["cook", "tea"]),
        ("movies / tv", vec!["movies / tv"]),
        ("tea|coffee", vec!["tea|coffee"]),
        ("Work | work", vec!["Work", "work"]),
        ("|", vec![]),
        ("", vec![]),
    ] {
        let entry = entry(&format!("2023-06-04,,,12:00,meh,{cell},,\n"));
        assert_eq!(entry.activities, expected, "{cell}");
    }
}
