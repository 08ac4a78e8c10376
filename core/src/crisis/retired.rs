//! Numbers that must never be shown, told apart by their digits alone.

use std::collections::{BTreeMap, BTreeSet};

use super::CountryCode;

/// The retired numbers of each country.
#[derive(Debug, Clone, Default)]
pub(super) struct Retired(BTreeMap<CountryCode, BTreeSet<String>>);

impl Retired {
    pub(super) fn insert(&mut self, country: CountryCode, number: &str) {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        if !digits.is_empty() {
            self.0.entry(country).or_default().insert(digits);
        }
    }

    /// Whether a retired number of the country stands in `text`, however its
    /// digits are grouped. Whole numbers only: 141 does not stand in 1141.
    pub(super) fn stands_in(&self, country: CountryCode, text: &str) -> bool {
        let Some(numbers) = self.0.get(&country) else {
            return false;
        };
        let groups: Vec<&str> = text
            .split(|c: char| !c.is_ascii_digit())
            .filter(|group| !group.is_empty())
            .collect();
        (0..groups.len()).any(|from| {
            let mut run = String::new();
            groups.iter().skip(from).any(|group| {
                run.push_str(group);
                numbers.contains(&run)
            })
        })
    }

    /// Whether a number in international form is a retired one of the country, which
    /// is written without the country code and perhaps with a leading 0.
    ///
    /// Retired numbers below seven digits have no international form.
    pub(super) fn is_international(&self, country: CountryCode, number: &str) -> bool {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        self.0.get(&country).is_some_and(|numbers| {
            numbers
                .iter()
                .filter(|retired| retired.len() >= 7)
                .any(|retired| digits.ends_with(retired.trim_start_matches('0')))
        })
    }
}
