//! Activities and notes.

use std::collections::HashSet;

/// Names separated by ` | `: trimmed, each once, in their order.
pub(super) fn activities(cell: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    cell.split(" | ")
        .map(|part| part.trim_matches(|c: char| c.is_whitespace() || c == '|'))
        .filter(|name| !name.is_empty() && seen.insert(*name))
        .map(str::to_owned)
        .collect()
}

/// A title and a note as one text, joined by a blank line; `None` if both are empty.
pub(super) fn note(title: &str, note: &str) -> Option<String> {
    let (title, note) = (plain(title), plain(note));
    match (title.trim(), note.trim()) {
        ("", "") => None,
        (text, "") | ("", text) => Some(text.to_owned()),
        (title, note) => Some(format!("{title}\n\n{note}")),
    }
}

/// The text with white space of any kind and length as single spaces.
pub(super) fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `<br>` in all its spellings, CRLF and CR become line feeds.
fn plain(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut rest = cell;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(before);
        match break_tag(tag) {
            Some(after) => {
                text.push('\n');
                rest = after;
            }
            None => {
                text.push('<');
                rest = tag.strip_prefix('<').unwrap_or_default();
            }
        }
    }
    text.push_str(rest);
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// What follows `<br>`, `<br/>` or `<BR />`, if the text starts with one.
fn break_tag(text: &str) -> Option<&str> {
    const LONGEST: usize = "<br />".len();
    let end = text.bytes().take(LONGEST).position(|b| b == b'>')?;
    let (tag, after) = text.split_at_checked(end)?;
    let name = tag.strip_prefix('<')?.trim_end_matches(['/', ' ']);
    let after = after.strip_prefix('>')?;
    name.eq_ignore_ascii_case("br").then_some(after)
}
