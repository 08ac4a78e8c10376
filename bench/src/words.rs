//! Notes made of words: the same for the same seed, with common words and rare ones.

/// So many different words there are.
const VOCABULARY: usize = 4096;
const ONSETS: [&str; 16] = [
    "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "w", "st", "tr",
];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ei", "ou", "ea"];

/// Makes notes.
#[derive(Debug, Clone)]
pub struct Words {
    state: u64,
    vocabulary: Vec<String>,
}

impl Words {
    /// A maker of notes.
    pub fn new(seed: u64) -> Self {
        let mut words = Self {
            state: 1,
            vocabulary: Vec::new(),
        };
        // The same vocabulary whatever the seed: people differ in what they say with it.
        words.vocabulary = (0..VOCABULARY).map(|_| words.word()).collect();
        words.state = seed ^ 0x9e37_79b9_7f4a_7c15;
        words
    }

    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap_or(0)
    }

    fn word(&mut self) -> String {
        let syllables = 1 + self.below(3);
        let mut word = String::new();
        for _ in 0..syllables {
            word.push_str(ONSETS.get(self.below(ONSETS.len())).unwrap_or(&"n"));
            word.push_str(VOWELS.get(self.below(VOWELS.len())).unwrap_or(&"o"));
        }
        word
    }

    /// A note of just so many bytes, all ASCII.
    pub fn note(&mut self, bytes: usize) -> String {
        let mut note = String::with_capacity(bytes + 16);
        while note.len() < bytes {
            if !note.is_empty() {
                note.push(' ');
            }
            // Squared, so that some words are much more common than others.
            let uniform = self.below(VOCABULARY);
            let skewed = uniform * uniform / VOCABULARY;
            note.push_str(self.vocabulary.get(skewed).map_or("so", String::as_str));
        }
        note.truncate(bytes);
        note
    }
}
