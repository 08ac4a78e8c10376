//! An id for a record that is the same each time the record is imported.

use std::collections::HashMap;

use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use super::reading::Row;
use super::{mood, text};

/// Names the format of what is hashed. With another, all ids are others, and
/// an import repeated after an update would add everything again.
const FORMAT: &str = "companion/import/daylio/1";

/// Hands out ids, counting equal rows.
///
/// A row's digest is SHA-256 of: the format's name; local date and time to the
/// minute (`2023-06-04T22:21`); the mood name, lower-case; the number of
/// activities, and each, sorted by bytes; the note. Texts have their white space
/// collapsed and are preceded by their length in bytes; numbers are 32 bits, big
/// endian. The id is the first half of SHA-256 of that digest and the number of
/// equal rows before this one.
#[derive(Default)]
pub(super) struct SourceIds {
    seen: HashMap<[u8; SHA256_OUTPUT_LEN], u32>,
}

impl SourceIds {
    pub(super) fn next(&mut self, row: &Row) -> [u8; 16] {
        let digest = digest(row);
        let before = self.seen.entry(digest).or_default();
        let mut hash = Hash::new();
        hash.0.update(&digest);
        hash.number(*before);
        *before = before.saturating_add(1);

        let mut id = [0; 16];
        id.iter_mut()
            .zip(hash.finish())
            .for_each(|(to, from)| *to = from);
        id
    }
}

fn digest(row: &Row) -> [u8; SHA256_OUTPUT_LEN] {
    let mut activities: Vec<String> = row.activities.iter().map(|a| text::collapsed(a)).collect();
    activities.sort_unstable();

    let mut hash = Hash::new();
    hash.text(FORMAT);
    hash.text(&row.at.strftime("%Y-%m-%dT%H:%M").to_string());
    hash.text(&mood::key(&row.mood));
    hash.number(u32::try_from(activities.len()).unwrap_or(u32::MAX));
    for activity in &activities {
        hash.text(activity);
    }
    hash.text(&text::collapsed(row.note.as_deref().unwrap_or_default()));
    hash.finish()
}

struct Hash(Context);

impl Hash {
    fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    fn number(&mut self, number: u32) {
        self.0.update(&number.to_be_bytes());
    }

    /// A file has at most 64 MiB, so that every length fits.
    fn text(&mut self, text: &str) {
        self.number(u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.0.update(text.as_bytes());
    }

    fn finish(self) -> [u8; SHA256_OUTPUT_LEN] {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        let digest = self.0.finish();
        bytes
            .iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        bytes
    }
}
