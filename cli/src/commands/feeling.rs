//! From the command line's words to a mood.

use std::io::Read;
use std::sync::OnceLock;

use companion_core::env::Env;
use companion_core::event::Moment;
use companion_core::journal::{
    JournalError, Mood, NOTE_CHARACTERS, Sleep, is_association, is_feeling,
};
use companion_core::problem::{Kind, Problem};
use jiff::civil::{Date, DateTime};

use crate::args::Feeling;

/// Puts what was said into a mood; what was not said stays.
pub fn put(env: &Env, mood: &mut Mood, said: &Feeling) -> Result<(), Problem> {
    if let Some(at) = &said.at {
        mood.felt = moment(env, at)?;
    }
    mood.energy = said.energy.or(mood.energy);
    mood.anxiety = said.anxiety.or(mood.anxiety);
    if said.sleep.is_some() || said.sleep_quality.is_some() {
        let before = mood.sleep.unwrap_or_default();
        mood.sleep = Some(Sleep {
            hours: said.sleep.or(before.hours),
            quality: said.sleep_quality.or(before.quality),
        });
    }
    if !said.feelings.is_empty() {
        let (listed, own) = said.feelings.iter().cloned().partition(|w| is_feeling(w));
        (mood.feelings, mood.words) = (listed, own);
    }
    if !said.about.is_empty() {
        let (listed, own) = said.about.iter().cloned().partition(|w| is_association(w));
        (mood.associations, mood.circumstances) = (listed, own);
    }
    if let Some(note) = &said.note {
        mood.note = if note == "-" {
            Some(from_stdin()?)
        } else {
            Some(note.clone())
        };
    }
    Ok(())
}

/// What was read is kept: a command may be run a second time, after its journal was mended.
fn from_stdin() -> Result<String, Problem> {
    static READ: OnceLock<String> = OnceLock::new();
    if let Some(text) = READ.get() {
        return Ok(text.clone());
    }
    // Four bytes a character at the most, and one more to notice that it is too long.
    let most = NOTE_CHARACTERS as u64 * 4 + 1;
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(most).read_to_end(&mut bytes);
    let text = read
        .ok()
        .and_then(|_| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            Problem::new(
                Kind::Input,
                "note-not-text",
                "The note on standard input isn't UTF-8 text.",
            )
        })?;
    let text = READ.get_or_init(|| text.trim_end_matches('\n').to_owned());
    Ok(text.clone())
}

/// `2026-11-24` (noon), `2026-11-24T08:30`, or an instant with its offset.
fn moment(env: &Env, text: &str) -> Result<Moment, Problem> {
    let impossible = || {
        Problem::from(JournalError::Moment(
            companion_core::event::MomentError::OutOfRange,
        ))
    };
    let zone = env.zone();
    let at = if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        instant
    } else {
        let local = match text.parse::<DateTime>() {
            Ok(local) if text.contains([':', 'T']) => local,
            _ => text
                .parse::<Date>()
                .map_err(|_| impossible())?
                .at(12, 0, 0, 0),
        };
        zone.to_timestamp(local).map_err(|_| impossible())?
    };
    Ok(Moment::of(at, &zone))
}

/// A moment now.
pub fn now(env: &Env) -> Moment {
    Moment::of(env.now(), &env.zone())
}
