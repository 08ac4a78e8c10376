//! 32 secret bytes as 24 English words, and back (BIP-39, 256 bits).
//!
//! For what a person writes down and keeps: a clinic's root key, a patient's recovery kit. The
//! list is BIP-39's own (`core/data/bip39-english.txt`). Only the words are of that standard:
//! they stand for the secret itself, and its passphrase and seed derivation are not used.

use ring::digest;
use zeroize::Zeroizing;

use super::keys::Seed;
use crate::problem::{Kind, Problem};

const ENGLISH: &str = include_str!("../../data/bip39-english.txt");
/// Words of a secret.
pub const WORDS: usize = 24;
const WORD_BITS: u32 = 11;
/// The first four letters of a word of the list belong to no other.
const TELLING: usize = 4;
/// More text than this is no kit: 24 words of 8 letters, generously spaced and numbered.
const MOST_TEXT: usize = 2_048;

/// Why what was typed is no kit. Says where, never what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordsError {
    /// More or fewer than 24 words.
    #[error("these are {found} words, and a kit has 24")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// A word that is not on the list.
    #[error("word {position} is not one that a kit can have")]
    Unknown {
        /// Which, counted from 1.
        position: usize,
    },
    /// All are words of the list, and don't belong together: one was mistaken for another, or two
    /// changed places. One of 256 such mistakes is not noticed here, but where the key is used.
    #[error("these 24 words don't belong together: one is wrong or in another's place")]
    Checksum,
}

impl From<WordsError> for Problem {
    fn from(error: WordsError) -> Self {
        let input = |code, advice: String| Self::new(Kind::Input, code, advice);
        match error {
            WordsError::Count { found } => input(
                "kit-count",
                format!("A kit has 24 words; these are {found}. Type all of them, in their order."),
            ),
            WordsError::Unknown { position } => input(
                "kit-word",
                format!(
                    "Word {position} is none that a kit can have. Look at it once more; its first \
                     four letters are enough."
                ),
            ),
            WordsError::Checksum => input(
                "kit-checksum",
                "Each of these is a word of a kit, but they don't belong together: one is wrong, \
                 or two changed places."
                    .to_owned(),
            ),
        }
    }
}

/// The 24 words of a secret. Whoever reads them has it. Has no `Debug`.
pub struct Words(Zeroizing<[u16; WORDS]>);

impl Words {
    /// The words of 32 secret bytes.
    pub fn of(secret: &Seed) -> Self {
        let mut numbers = Zeroizing::new([0_u16; WORDS]);
        let bytes = secret.expose().iter().copied();
        let bytes = bytes.chain([checksum(secret.expose())]);
        regroup(bytes.map(u16::from), 8, WORD_BITS, numbers.iter_mut());
        Self(numbers)
    }

    /// The words, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        let list = list();
        self.0
            .iter()
            .filter_map(move |n| list.get(usize::from(*n)).copied())
    }

    /// The words in one line, a space between each.
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(WORDS * 9));
        for (place, word) in self.iter().enumerate() {
            if place > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }
}

/// The secret that typed words stand for.
///
/// Upper and lower case are the same; spaces, line ends, commas and numbers before the words
/// don't matter; of each word its first four letters are enough.
///
/// # Errors
/// [`WordsError`]: look at the words again. Nothing of them is in it.
pub fn parse(typed: &str) -> Result<Seed, WordsError> {
    if typed.len() > MOST_TEXT {
        let found = parts(typed).count();
        return Err(WordsError::Count { found });
    }
    let list = list();
    let mut numbers = Zeroizing::new([0_u16; WORDS]);
    let mut found = 0;
    for word in parts(typed) {
        let position = found + 1;
        let number = number_of(&list, word).ok_or(WordsError::Unknown { position })?;
        if let Some(place) = numbers.get_mut(found) {
            *place = number;
        }
        found = position;
    }
    if found != WORDS {
        return Err(WordsError::Count { found });
    }
    let mut bytes = Zeroizing::new([0_u16; 33]);
    regroup(numbers.iter().copied(), WORD_BITS, 8, bytes.iter_mut());
    let mut secret = Zeroizing::new([0; 32]);
    for (to, from) in secret.iter_mut().zip(bytes.iter()) {
        *to = u8::try_from(*from).unwrap_or(0);
    }
    if bytes.last().copied() == Some(u16::from(checksum(&secret))) {
        Ok(Seed::new(*secret))
    } else {
        Err(WordsError::Checksum)
    }
}

fn list() -> Vec<&'static str> {
    ENGLISH.lines().collect()
}

/// What was typed, without what stands between words and the numbers before them.
fn parts(typed: &str) -> impl Iterator<Item = &str> {
    typed
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '.' | ')' | ':'))
        .filter(|part| !part.bytes().all(|b| b.is_ascii_digit()))
}

/// The place in the list of a word, or of so much of its beginning that it can be no other.
fn number_of(list: &[&str], typed: &str) -> Option<u16> {
    let typed = Zeroizing::new(typed.to_ascii_lowercase());
    // The list is sorted: what begins with the letters typed follows where they would stand.
    let at = list.partition_point(|word| *word < typed.as_str());
    let word = list.get(at)?;
    let fits = *word == typed.as_str() || (typed.len() >= TELLING && word.starts_with(&*typed));
    fits.then(|| u16::try_from(at).ok()).flatten()
}

/// BIP-39: as many bits of the SHA-256 as there are groups of 32 bits; of 256 bits, eight.
fn checksum(secret: &[u8; 32]) -> u8 {
    let hash = digest::digest(&digest::SHA256, secret);
    hash.as_ref().first().copied().unwrap_or(0)
}

/// The same bits in groups of another size, the first bit first.
fn regroup<'a>(
    from: impl Iterator<Item = u16>,
    from_bits: u32,
    to_bits: u32,
    mut to: impl Iterator<Item = &'a mut u16>,
) {
    let (mut held, mut bits) = (0_u32, 0);
    for group in from {
        held = held << from_bits | u32::from(group);
        bits += from_bits;
        while bits >= to_bits {
            bits -= to_bits;
            if let Some(place) = to.next() {
                *place = u16::try_from(held >> bits).unwrap_or(0);
            }
            held &= (1 << bits) - 1;
        }
    }
}
