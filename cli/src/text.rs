//! Entries in words, and as JSON.

use companion_core::env::Env;
use companion_core::journal::{Entry, Mood, Version};
use serde_json::{Value, json};

use crate::out::Out;
use crate::wrap::{WIDTH, shorten, wrap};

/// `1 entry`, `2 entries`.
pub fn entries(number: u64) -> String {
    let noun = if number == 1 { "entry" } else { "entries" };
    format!("{number} {noun}")
}

/// A day, as the person's clock has it.
pub fn day(env: &Env, ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    let there = env.zone().to_datetime(at);
    there.strftime("%-d %B %Y").to_string()
}

/// `7`, `7.5`: a place on the scale from 0 to 10.
pub fn scale(mood: &Mood) -> String {
    let value = (mood.valence.scale() * 10.0).round() / 10.0;
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// `Tue 24 Nov 2026, 08:30`, as the clocks there showed it.
pub fn when(mood: &Mood) -> String {
    mood.felt
        .local()
        .strftime("%a %-d %b %Y, %H:%M")
        .to_string()
}

/// An entry in a list: a line, and below it how its text begins.
pub fn line(out: &Out, entry: &Entry) -> String {
    let id: String = entry.id.to_string().chars().take(8).collect();
    let shared = if entry.shared { "shared" } else { "private" };
    let mut text = format!(
        "{}  {:<23} {}  {shared}{}",
        out.dim(&id),
        when(&entry.mood),
        out.bold(&format!("{:>4}/10", scale(&entry.mood))),
        marks(entry),
    );
    let said = [entry.mood.feelings.as_slice(), &entry.mood.words].concat();
    let said = match &entry.mood.note {
        Some(note) if !note.trim().is_empty() => note.clone(),
        Some(_) | None => said.join(", "),
    };
    let said = shorten(&said, WIDTH - 10);
    if !said.is_empty() {
        text.push_str(&format!("\n          {said}"));
    }
    text
}

/// What else is to be known of an entry.
fn marks(entry: &Entry) -> String {
    let mut marks = String::new();
    if entry.edited {
        marks.push_str(", edited");
    }
    if entry.backdated() {
        marks.push_str(", written later");
    }
    marks
}

/// When an entry was written, where that was on another day than it was felt.
pub fn written_later(entry: &Entry) -> Option<String> {
    entry.backdated().then(|| {
        let mut written = entry.mood.felt.clone();
        written.ms = entry.written_ms;
        let written = written.local().strftime("%a %-d %b %Y, %H:%M");
        format!("Written later: {written}.")
    })
}

/// All of an entry.
pub fn full(out: &Out, mood: &Mood) -> String {
    let mut lines = vec![format!(
        "{}   {}",
        when(mood),
        out.bold(&format!("{}/10", scale(mood)))
    )];
    let mut put = |name: &str, value: String| {
        if value.is_empty() {
            return;
        }
        let name = format!("  {name:<9} ");
        let whole = wrap(&value, name.len()).join("\n");
        let rest = whole.trim_start();
        lines.push(format!("{}{rest}", out.dim(&name)));
    };
    let of_ten = |value: Option<u8>| value.map(|v| format!("{v}/10")).unwrap_or_default();
    put("Energy", of_ten(mood.energy));
    put("Anxiety", of_ten(mood.anxiety));
    let sleep = mood.sleep.unwrap_or_default();
    let hours = sleep.hours.map(|h| format!("{h} h"));
    let quality = sleep.quality.map(|q| format!("{q}/10"));
    let sleep: Vec<_> = [hours, quality].into_iter().flatten().collect();
    put("Sleep", sleep.join(", "));
    put(
        "Feeling",
        [mood.feelings.as_slice(), &mood.words].concat().join(", "),
    );
    put(
        "About",
        [mood.associations.as_slice(), &mood.circumstances]
            .concat()
            .join(", "),
    );
    if let Some(note) = &mood.note {
        lines.push(String::new());
        lines.extend(wrap(note, 2));
    }
    lines.join("\n")
}

/// An entry as JSON.
pub fn entry_json(entry: &Entry) -> Value {
    let mut value = mood_json(&entry.mood);
    if let Some(object) = value.as_object_mut() {
        object.insert("id".into(), entry.id.to_string().into());
        object.insert("version".into(), entry.version.to_string().into());
        object.insert("shared".into(), entry.shared.into());
        object.insert("edited".into(), entry.edited.into());
        object.insert("backdated".into(), entry.backdated().into());
        object.insert("written_ms".into(), entry.written_ms.into());
    }
    value
}

/// A version as JSON.
pub fn version_json(version: &Version) -> Value {
    let mut value = mood_json(&version.mood);
    if let Some(object) = value.as_object_mut() {
        object.insert("version".into(), version.id.to_string().into());
        object.insert("written_ms".into(), version.written_ms.into());
    }
    value
}

fn mood_json(mood: &Mood) -> Value {
    json!({
        "valence": mood.valence.value(),
        "mood": mood.valence.scale(),
        "felt_ms": mood.felt.ms,
        "felt": mood.felt.local().to_string(),
        "offset_seconds": mood.felt.offset,
        "zone": mood.felt.zone,
        "energy": mood.energy,
        "anxiety": mood.anxiety,
        "sleep_hours": mood.sleep.and_then(|s| s.hours),
        "sleep_quality": mood.sleep.and_then(|s| s.quality),
        "feelings": mood.feelings,
        "words": mood.words,
        "associations": mood.associations,
        "circumstances": mood.circumstances,
        "note": mood.note,
    })
}
