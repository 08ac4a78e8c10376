//! Long files: read as a stream, a huge note to its last character.

use std::io::{Cursor, Read};

use companion_core::import::own::Checked;
use companion_core::journal::Mood;

use crate::support::{START, noted};
use crate::{PRIVATE, exported, go_on, import, joined, lines};

/// A file that is made while it is read.
struct Made {
    line: String,
    left: u64,
    now: Cursor<Vec<u8>>,
}

impl Read for Made {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = self.now.read(to)?;
        if read > 0 || self.left == 0 {
            return Ok(read);
        }
        self.left -= 1;
        let id = format!("{:032x}", self.left);
        let line = self.line.replace("ffffffffffffffffffffffffffffffff", &id);
        self.now = Cursor::new(if self.left == 0 {
            b"]}".to_vec()
        } else if self.left == 1 {
            line.into_bytes()
        } else {
            (line + ",").into_bytes()
        });
        self.read(to)
    }
}

#[test]
fn a_hundred_thousand_events_are_read_as_they_come() {
    let device = joined(1);
    let journal = device.companion.journal();
    journal.record(&noted("one", START), Some(false)).unwrap();
    let file = exported(&device.companion);
    let line = lines(&file)[0];
    let id = &line[7..39];
    let start = file.split(line).next().unwrap();
    let made = Made {
        line: line.replace(id, "ffffffffffffffffffffffffffffffff"),
        left: 100_001,
        now: Cursor::new(start.as_bytes().to_vec()),
    };
    let checked = Checked::read(made).unwrap();
    assert_eq!((checked.events, checked.own), (100_000, 100_000));
}

#[test]
fn the_largest_entry_comes_back() {
    let device = joined(1);
    let journal = device.companion.journal();
    let words: Vec<String> = (0..50).map(|_| "\u{1f9dc}".repeat(100)).collect();
    let largest = Mood {
        words: words.clone(),
        circumstances: words,
        ..noted(&"\u{1}\u{1f9dc}".repeat(10_000), START)
    };
    let id = journal.record(&largest, Some(false)).unwrap();
    let new = joined(2);
    import(&new.companion, &exported(&device.companion), PRIVATE).unwrap();
    let back = new.companion.journal().entry(id).unwrap().unwrap();
    assert!(back.mood == largest);
}

#[test]
fn pages_come_together_without_a_gap() {
    let device = joined(1);
    let journal = device.companion.journal();
    // Not a multiple of a page.
    for n in 0..700 {
        journal
            .record(&noted(&format!("n{n}"), START + n), Some(n % 2 == 0))
            .unwrap();
    }
    let mut bytes = Vec::new();
    let mut seen = Vec::new();
    let export = device.companion.export();
    let exported = export
        .write(&mut bytes, &mut |progress| {
            seen.push((progress.done, progress.of));
            go_on(progress)
        })
        .unwrap();
    assert_eq!(exported.events, 700);
    assert_eq!(seen, [(256, 700), (512, 700), (700, 700)]);
    let text = String::from_utf8(bytes).unwrap();
    for n in 0..700 {
        assert_eq!(text.matches(&format!("\"note\":\"n{n}\"")).count(), 1);
    }
}
