//! Entries in words, and as JSON.

use companion_core::journal::{Entry, Mood, Version};
use serde_json::{Value, json};

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

/// One line of a list.
pub fn line(entry: &Entry) -> String {
    let id: String = entry.id.to_string().chars().take(8).collect();
    let shared = if entry.shared { "shared" } else { "private" };
    let mut parts = vec![format!(
        "{id}  {:<24} {:>4}/10  {shared:<7}",
        when(&entry.mood),
        scale(&entry.mood)
    )];
    if entry.edited {
        parts.push("(edited)".to_owned());
    }
    if entry.backdated() {
        parts.push("(written later)".to_owned());
    }
    if let Some(note) = &entry.mood.note {
        parts.push(shorten(note, 48));
    }
    parts.join(" ")
}

/// The first line of a text, cut at a number of characters.
fn shorten(text: &str, most: usize) -> String {
    let first = text
        .lines()
        .find(|l| !l.trim().is_empty())
        .unwrap_or_default()
        .trim();
    if first.chars().count() <= most && first.len() == text.trim().len() {
        return first.to_owned();
    }
    let cut: String = first.chars().take(most).collect();
    format!("{}…", cut.trim_end())
}

/// All of an entry.
pub fn full(mood: &Mood) -> String {
    let mut lines = vec![format!("{}   {}/10", when(mood), scale(mood))];
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            lines.push(format!("  {name:<9} {value}"));
        }
    };
    put("Energy", mood.energy.map(|v| format!("{v}/10")));
    put("Anxiety", mood.anxiety.map(|v| format!("{v}/10")));
    put(
        "Sleep",
        mood.sleep.map(|s| {
            let hours = s.hours.map(|h| format!("{h} h"));
            let quality = s.quality.map(|q| format!("{q}/10"));
            [hours, quality]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(", ")
        }),
    );
    put(
        "Feeling",
        Some([mood.feelings.as_slice(), &mood.words].concat().join(", ")),
    );
    put(
        "About",
        Some(
            [mood.associations.as_slice(), &mood.circumstances]
                .concat()
                .join(", "),
        ),
    );
    if let Some(note) = &mood.note {
        lines.push(String::new());
        lines.extend(note.lines().map(|l| format!("  {l}")));
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
