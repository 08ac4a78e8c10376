//! From the names of moods to values.

use std::collections::BTreeMap;
use std::fmt;

use super::{MappingError, text};

/// The names that Daylio starts with, and the valence of each.
const DEFAULTS: [(&str, f64); 5] = [
    ("rad", 1.0),
    ("good", 0.5),
    ("meh", 0.0),
    ("bad", -0.5),
    ("awful", -1.0),
];

/// Names are one if they differ in case or white space alone.
pub(super) fn key(name: &str) -> String {
    text::collapsed(name).to_lowercase()
}

pub(super) fn default_value(key: &str) -> Option<f64> {
    DEFAULTS
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, value)| *value)
}

/// A mood name that the placeable records of a file use.
///
/// Its debug text does not show the name.
#[derive(Clone, PartialEq)]
pub struct MoodName {
    /// The name as it is first written: the person's own word.
    pub name: String,
    /// How many records use it.
    pub count: u64,
    /// Its valence, −1 to 1, if it is one of the names that Daylio starts with.
    pub known: Option<f64>,
}

impl fmt::Debug for MoodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoodName")
            .field("count", &self.count)
            .field("known", &self.known.is_some())
            .finish_non_exhaustive()
    }
}

/// The values that a person gave to names of moods. Names are compared without
/// regard to case and white space.
///
/// A new map knows Daylio's own five: rad 1, good 0.5, meh 0, bad −0.5 and
/// awful −1. What the person gave goes before them. Its debug text shows no names.
#[derive(Clone, Default)]
pub struct MoodMap {
    given: BTreeMap<String, f64>,
}

impl MoodMap {
    /// A map that knows Daylio's own five names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `NAME=VALUE`, as a command line gives it. The name may hold `=`
    /// itself: the last one counts. A name given again takes the new value.
    ///
    /// # Errors
    /// As the variants of [`MappingError`] say; the map is unchanged. Ask again.
    pub fn insert(&mut self, assignment: &str) -> Result<(), MappingError> {
        let (name, value) = assignment.rsplit_once('=').ok_or(MappingError::NoValue)?;
        // A minus sign is often pasted from text in place of a hyphen.
        let value = value.trim().replace('\u{2212}', "-");
        let value = value.parse().map_err(|_| MappingError::NotANumber)?;
        self.set(name, value)
    }

    /// Gives `name` a valence of −1 to 1.
    ///
    /// # Errors
    /// As the variants of [`MappingError`] say; the map is unchanged. Ask again.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), MappingError> {
        let key = key(name);
        if key.is_empty() {
            return Err(MappingError::EmptyName);
        }
        if value.is_nan() {
            return Err(MappingError::NotANumber);
        }
        if !(-1.0..=1.0).contains(&value) {
            return Err(MappingError::OutOfRange);
        }
        // There is one zero: adding it turns −0 into 0.
        self.given.insert(key, value + 0.0);
        Ok(())
    }

    /// The valence of `name`, −1 to 1, if it was given or is one of the five.
    pub fn value(&self, name: &str) -> Option<f64> {
        let key = key(name);
        let given = self.given.get(&key).copied();
        given.or_else(|| default_value(&key))
    }
}

impl fmt::Debug for MoodMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoodMap")
            .field("given", &self.given.len())
            .finish_non_exhaustive()
    }
}
