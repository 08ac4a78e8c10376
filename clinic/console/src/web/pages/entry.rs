//! One entry as a card.

use jiff::{SignedDuration, Timestamp};

use crate::service::{EntryView, ReviewState};
use crate::web::shell::Unlocked;
use crate::words::{hours, mood, name, number};

/// How far a phone's clock may be ahead before the entry says so.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// A longer note, in characters, is folded.
const LONG_NOTE: usize = 1_500;

pub(super) struct Card {
    pub(super) id: String,
    pub(super) when: String,
    pub(super) when_machine: String,
    pub(super) mood: Option<String>,
    pub(super) facts: Vec<Fact>,
    pub(super) labels: Vec<String>,
    pub(super) associations: Vec<String>,
    pub(super) note: Option<String>,
    /// How many characters, where the note is long enough to be folded.
    pub(super) folded: Option<usize>,
    /// What is to be known about how the entry came to be.
    pub(super) marks: Vec<&'static str>,
    pub(super) review: Option<String>,
    pub(super) awaits: bool,
}

pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
}

impl Card {
    pub(super) fn new(entry: &EntryView, who: &Unlocked) -> Self {
        Self {
            id: entry.id.clone(),
            when: entry.felt.day_and_time_seen_from(&who.zone),
            when_machine: entry.felt.rfc3339(),
            mood: mood(entry.valence).map(number),
            facts: facts(entry),
            labels: entry.labels.clone(),
            associations: entry.associations.clone(),
            note: entry.note.clone().filter(|note| !note.trim().is_empty()),
            folded: entry
                .note
                .as_ref()
                .map(|note| note.chars().count())
                .filter(|length| *length > LONG_NOTE),
            marks: marks(entry, who.now),
            review: review(entry, who),
            awaits: entry.awaits_review(),
        }
    }

    /// Whether there is more than a time and a mood.
    pub(super) fn says_more(&self) -> bool {
        !self.facts.is_empty()
            || !self.labels.is_empty()
            || !self.associations.is_empty()
            || self.note.is_some()
    }
}

fn facts(entry: &EntryView) -> Vec<Fact> {
    let of_ten = |value: f64| format!("{} of 10", number(value));
    [
        ("Energy", entry.energy.map(of_ten)),
        ("Anxiety", entry.anxiety.map(of_ten)),
        ("Sleep", entry.sleep_hours.map(hours)),
        ("Sleep quality", entry.sleep_quality.map(of_ten)),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        Some(Fact {
            name,
            value: value?,
        })
    })
    .collect()
}

fn marks(entry: &EntryView, now: Timestamp) -> Vec<&'static str> {
    let ahead = entry.felt.at.duration_since(now) > AHEAD;
    [
        (entry.edited, "Changed since it was first written"),
        (entry.backdated, "Written down later"),
        (ahead, "Dated ahead: the phone’s clock was wrong"),
    ]
    .into_iter()
    .filter_map(|(holds, text)| holds.then_some(text))
    .collect()
}

fn review(entry: &EntryView, who: &Unlocked) -> Option<String> {
    let review = entry.review.as_ref()?;
    let did = match review.state {
        ReviewState::Pending => return None,
        ReviewState::Reviewed => "Reviewed",
        ReviewState::Incorporated => "Taken into the clinic’s record",
    };
    let at = who.date(review.at);
    let after = if review.outdated {
        ". The patient has changed it since"
    } else {
        ""
    };
    Some(format!("{did} by {}, {at}{after}", name(&review.by)))
}
