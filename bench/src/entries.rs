//! The entries that are measured with: a mood and a note of 600 bytes.

use clinic_api::wire;
use companion_core::event::{Envelope, EventId, Hlc, Moment};
use companion_core::import::daylio::ImportedEntry;
use companion_core::journal::{Mood, MoodRecorded, Valence};
use jiff::Timestamp;

use crate::words::Words;

/// Bytes of a note.
pub const NOTE: usize = 600;
/// One hour in milliseconds.
const HOUR: i64 = 60 * 60 * 1000;

/// A moment in UTC.
pub fn moment(ms: i64) -> Moment {
    Moment {
        ms,
        offset: 0,
        zone: "UTC".to_owned(),
    }
}

/// A mood with a note of 600 bytes.
pub fn mood(words: &mut Words, ms: i64) -> Mood {
    let valence = words.below(21) as f64 / 10.0 - 1.0;
    Mood {
        note: Some(words.note(NOTE)),
        ..Mood::new(Valence::clamped(valence), moment(ms))
    }
}

/// So many entries of earlier days, an hour apart, none of the day of `now`.
pub fn earlier(words: &mut Words, now: Timestamp, count: usize) -> Vec<ImportedEntry> {
    let yesterday = now.as_millisecond() - 24 * HOUR;
    let each = |number: usize| {
        let number = number as u64;
        let mut source_id = [0; 16];
        source_id
            .iter_mut()
            .zip(number.to_be_bytes())
            .for_each(|(to, from)| *to = from);
        let ms = yesterday - HOUR * i64::try_from(number).unwrap_or(0);
        ImportedEntry {
            source_id,
            line: number + 1,
            felt_at: Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH),
            offset_seconds: 0,
            zone: "UTC".to_owned(),
            valence: words.below(21) as f64 / 10.0 - 1.0,
            mood_name: "so".to_owned(),
            activities: Vec::new(),
            note: Some(words.note(NOTE)),
        }
    };
    (0..count).map(each).collect()
}

/// An event as it is sealed: the plaintext of everything that is measured with these entries.
pub fn event(mood: Mood, entry: [u8; 16]) -> Vec<u8> {
    let at = mood.felt.clone();
    let hlc = Hlc {
        ms: at.ms,
        counter: 0,
    };
    let body = MoodRecorded {
        entry: companion_core::event::EntryId(entry),
        replaces: Vec::new(),
        mood,
    };
    wire::encode(&Envelope::new(EventId(entry), hlc, at, &body))
}
