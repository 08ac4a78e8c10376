//! Text for a terminal: no wider than 80 columns, and nothing in it that moves the cursor.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// As wide as any text gets.
pub const WIDTH: usize = 80;

/// Breaks each line of a text between words, and indents all of them. What is longer than a
/// line and has no space is broken anywhere.
pub fn wrap(text: &str, indent: usize) -> Vec<String> {
    let room = WIDTH.saturating_sub(indent).max(1);
    let before = " ".repeat(indent);
    let mut lines = Vec::new();
    for line in clean(text).lines() {
        let mut now = String::new();
        for word in line.split(' ') {
            let needed = now.width() + usize::from(!now.is_empty()) + word.width();
            if needed > room && !now.is_empty() {
                lines.push(std::mem::take(&mut now));
            } else if !now.is_empty() {
                now.push(' ');
            }
            for char in word.chars() {
                if now.width() + char.width().unwrap_or(0) > room {
                    lines.push(std::mem::take(&mut now));
                }
                now.push(char);
            }
        }
        lines.push(now);
    }
    let whole = |line: String| {
        if line.is_empty() {
            line
        } else {
            format!("{before}{line}")
        }
    };
    lines.into_iter().map(whole).collect()
}

/// The beginning of a text on one line of at most `width` columns.
pub fn shorten(text: &str, width: usize) -> String {
    let text = clean(text);
    let mut lines = text.lines().filter(|l| !l.trim().is_empty());
    let first = lines.next().unwrap_or_default().trim();
    if first.width() <= width && lines.next().is_none() {
        return first.to_owned();
    }
    let mut cut = String::new();
    for char in first.chars() {
        if cut.width() + char.width().unwrap_or(0) + 1 > width {
            break;
        }
        cut.push(char);
    }
    format!("{}…", cut.trim_end())
}

/// A text whose characters stay where they are put: a note may come from anywhere.
pub fn clean(text: &str) -> String {
    let one = |char: char| match char {
        '\n' => '\n',
        '\t' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        other if other.is_control() => '\u{fffd}',
        other => other,
    };
    text.replace("\r\n", "\n").chars().map(one).collect()
}
