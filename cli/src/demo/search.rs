//! Looks for a patient's words in everything that the server keeps.

use std::collections::BTreeSet;
use std::path::Path;

use companion_core::journal::Entry;

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// How many words and phrases were looked for.
    pub needles: usize,
    /// How many of them stand in the server's files.
    pub hits: usize,
    /// How many bytes were searched.
    pub bytes: usize,
    /// A few of these bytes.
    pub sample: Vec<String>,
}

/// The words (of seven letters and more) and phrases (of three words) of entries.
pub fn needles(entries: &[Entry]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in entries {
        let mood = &entry.mood;
        let texts = mood
            .words
            .iter()
            .chain(&mood.circumstances)
            .chain(&mood.note);
        for text in texts {
            let words: Vec<&str> = text.split_whitespace().collect();
            all.extend(
                words
                    .windows(3)
                    .map(|w| w.join(" "))
                    .filter(|p| p.len() >= 10),
            );
            let bare = words
                .iter()
                .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()));
            all.extend(bare.filter(|w| w.chars().count() >= 7).map(str::to_owned));
        }
    }
    all
}

/// Every byte of the files below a folder.
pub fn read_all(dir: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else {
        return all;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(read_all(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            all.extend(bytes);
        }
    }
    all
}

/// The needles that stand in a haystack, in any of the encodings that text is kept in.
pub fn hits(haystack: &[u8], needles: &BTreeSet<String>) -> BTreeSet<String> {
    let mut index: Vec<Vec<usize>> = vec![Vec::new(); 65_536];
    for (at, pair) in haystack.windows(2).enumerate() {
        if let [first, second] = pair
            && let Some(slot) = index.get_mut(usize::from(*first) << 8 | usize::from(*second))
        {
            slot.push(at);
        }
    }
    let contains = |needle: &[u8]| {
        let [first, second, ..] = needle else {
            return false;
        };
        let places = index.get(usize::from(*first) << 8 | usize::from(*second));
        places.is_some_and(|all| {
            all.iter()
                .any(|at| haystack.get(*at..at + needle.len()) == Some(needle))
        })
    };
    let found = |needle: &&String| {
        let wide: Vec<u8> = needle.encode_utf16().flat_map(u16::to_le_bytes).collect();
        contains(needle.as_bytes()) || contains(&wide)
    };
    needles.iter().filter(found).cloned().collect()
}

/// A few lines of a haystack's end, as hexadecimal and text.
pub fn sample(haystack: &[u8]) -> Vec<String> {
    let from = haystack.len().saturating_sub(haystack.len() / 3);
    let part = haystack.get(from..).unwrap_or_default();
    // Skip what a store leaves empty.
    let begin = part
        .windows(64)
        .position(|w| w.iter().filter(|b| **b == 0).count() < 4);
    let part = part.get(begin.unwrap_or(0)..).unwrap_or_default();
    part.chunks(16)
        .take(4)
        .map(|bytes| {
            let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
            let text: String = bytes
                .iter()
                .map(|b| {
                    if b.is_ascii_graphic() {
                        char::from(*b)
                    } else {
                        '.'
                    }
                })
                .collect();
            format!("{:<47}  {text}", hex.join(" "))
        })
        .collect()
}
