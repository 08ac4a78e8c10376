//! What a mood entry holds, and what it may hold.

use minicbor::{Decode, Encode};

use super::error::JournalError;
use super::vocabulary::{is_association, is_feeling};
use crate::event::Moment;

/// Characters that a note may have.
pub const NOTE_CHARACTERS: usize = 20_000;
/// Words that each list of an entry may have.
pub const WORDS: usize = 50;
/// Characters that a word may have.
pub const WORD_CHARACTERS: usize = 100;

/// How pleasant a feeling is: −1 (very unpleasant) to 1 (very pleasant).
///
/// As the FHIR PHR State-of-Mind profile has it; shown to people as 0 to 10. The ends are called
/// as there and in Apple's State of Mind: pleasantness is what is asked for, and nobody's day is
/// the worst.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Encode, Decode)]
#[cbor(transparent)]
pub struct Valence(#[n(0)] f64);

impl Valence {
    /// What the lower end of the scale is called, everywhere that a person reads it.
    pub const LEAST: &'static str = "very unpleasant";
    /// What the upper end of the scale is called, everywhere that a person reads it.
    pub const MOST: &'static str = "very pleasant";

    /// The valence of a number.
    ///
    /// # Errors
    /// [`JournalError::OutOfRange`] where it is not between −1 and 1, or no number.
    pub fn new(value: f64) -> Result<Self, JournalError> {
        let valence = Self(value);
        valence.check().map(|()| valence)
    }

    /// The nearest valence to a number; 0 for what is none.
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() {
            Self(0.0)
        } else {
            Self(value.clamp(-1.0, 1.0))
        }
    }

    /// The valence of a step on the scale that people see.
    ///
    /// # Errors
    /// [`JournalError::OutOfRange`] where it is not from 0 to 10.
    pub fn from_scale(step: f64) -> Result<Self, JournalError> {
        if (0.0..=10.0).contains(&step) {
            Self::new(step / 5.0 - 1.0)
        } else {
            Err(JournalError::OutOfRange {
                what: "Mood",
                least: 0,
                most: 10,
            })
        }
    }

    /// From −1 to 1.
    pub fn value(self) -> f64 {
        self.0
    }

    /// From 0 to 10.
    pub fn scale(self) -> f64 {
        (self.0 + 1.0) * 5.0
    }

    fn check(self) -> Result<(), JournalError> {
        if (-1.0..=1.0).contains(&self.0) {
            Ok(())
        } else {
            Err(JournalError::OutOfRange {
                what: "Mood",
                least: -1,
                most: 1,
            })
        }
    }
}

/// How a night was.
#[derive(Debug, Clone, Copy, PartialEq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Sleep {
    /// Hours slept, 0 to 24.
    #[n(0)]
    pub hours: Option<f64>,
    /// How good it was, 0 (very bad) to 10 (very good).
    #[n(1)]
    pub quality: Option<u8>,
}

/// A mood entry. Nothing but the mood itself and its moment is ever required.
#[derive(Clone, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Mood {
    /// How pleasant it felt.
    #[n(0)]
    pub valence: Valence,
    /// When and where it was felt.
    #[n(1)]
    pub felt: Moment,
    /// Energy, 0 to 10.
    #[n(2)]
    pub energy: Option<u8>,
    /// Anxiety, 0 to 10.
    #[n(3)]
    pub anxiety: Option<u8>,
    /// The night before.
    #[n(4)]
    pub sleep: Option<Sleep>,
    /// Feelings, of the vocabulary (see [`super::FEELINGS`]).
    #[n(5)]
    pub feelings: Vec<String>,
    /// What it has to do with, of the vocabulary (see [`super::ASSOCIATIONS`]).
    #[n(6)]
    pub associations: Vec<String>,
    /// Feelings in the person's own words.
    #[n(7)]
    pub words: Vec<String>,
    /// What it has to do with, in the person's own words.
    #[n(8)]
    pub circumstances: Vec<String>,
    /// A note, at most 20,000 characters.
    #[n(9)]
    pub note: Option<String>,
}

impl Mood {
    /// A mood with nothing else.
    pub fn new(valence: Valence, felt: Moment) -> Self {
        Self {
            valence,
            felt,
            energy: None,
            anxiety: None,
            sleep: None,
            feelings: Vec::new(),
            associations: Vec::new(),
            words: Vec::new(),
            circumstances: Vec::new(),
            note: None,
        }
    }

    /// Whether every value is one that can be.
    ///
    /// # Errors
    /// [`JournalError`] of the first that is not.
    pub fn check(&self) -> Result<(), JournalError> {
        self.valence.check()?;
        self.felt.check()?;
        let scale = |what, value: Option<u8>| match value {
            Some(v) if v > 10 => Err(JournalError::OutOfRange {
                what,
                least: 0,
                most: 10,
            }),
            Some(_) | None => Ok(()),
        };
        scale("Energy", self.energy)?;
        scale("Anxiety", self.anxiety)?;
        if let Some(sleep) = self.sleep {
            scale("Sleep quality", sleep.quality)?;
            if sleep.hours.is_some_and(|h| !(0.0..=24.0).contains(&h)) {
                return Err(JournalError::OutOfRange {
                    what: "Hours of sleep",
                    least: 0,
                    most: 24,
                });
            }
        }
        let listed = self.feelings.iter().all(|f| is_feeling(f))
            && self.associations.iter().all(|a| is_association(a));
        if !listed {
            return Err(JournalError::NotInVocabulary);
        }
        let lists = [
            &self.feelings,
            &self.associations,
            &self.words,
            &self.circumstances,
        ];
        let fits = |list: &Vec<String>| {
            list.len() <= WORDS && list.iter().all(|w| w.chars().count() <= WORD_CHARACTERS)
        };
        if !lists.into_iter().all(fits) {
            return Err(JournalError::TooManyWords);
        }
        if self
            .note
            .as_ref()
            .is_some_and(|n| n.chars().count() > NOTE_CHARACTERS)
        {
            return Err(JournalError::NoteTooLong);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Mood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mood(..)")
    }
}
