//! The words of the FHIR PHR State-of-Mind profile: 38 feelings and 18 associations.
//!
//! They mirror Apple's `HKStateOfMind`, so one mapping serves both. A person's
//! own words are kept apart from these.

/// Feelings, alphabetically.
pub const FEELINGS: [&str; 38] = [
    "amazed",
    "amused",
    "angry",
    "annoyed",
    "anxious",
    "ashamed",
    "brave",
    "calm",
    "confident",
    "content",
    "disappointed",
    "discouraged",
    "disgusted",
    "drained",
    "embarrassed",
    "excited",
    "frustrated",
    "grateful",
    "guilty",
    "happy",
    "hopeful",
    "hopeless",
    "indifferent",
    "irritated",
    "jealous",
    "joyful",
    "lonely",
    "overwhelmed",
    "passionate",
    "peaceful",
    "proud",
    "relieved",
    "sad",
    "satisfied",
    "scared",
    "stressed",
    "surprised",
    "worried",
];

/// What a feeling can have to do with, alphabetically.
pub const ASSOCIATIONS: [&str; 18] = [
    "community",
    "currentEvents",
    "dating",
    "education",
    "family",
    "fitness",
    "friends",
    "health",
    "hobbies",
    "identity",
    "money",
    "partner",
    "selfCare",
    "spirituality",
    "tasks",
    "travel",
    "weather",
    "work",
];

/// Whether a word is one of [`FEELINGS`].
pub fn is_feeling(word: &str) -> bool {
    FEELINGS.contains(&word)
}

/// Whether a word is one of [`ASSOCIATIONS`].
pub fn is_association(word: &str) -> bool {
    ASSOCIATIONS.contains(&word)
}
