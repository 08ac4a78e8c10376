use std::{fmt, str::FromStr};

use super::Error;

/// A language tag of BCP 47, such as `en` or `pt-BR`.
///
/// Its form is checked, not whether it is registered. `_` is read as `-`, as
/// devices write it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Language(String);

impl Language {
    /// The tag, as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How near this comes to what was asked for: 0 the same tag, 1 the same
    /// language, 2 another one.
    pub(super) fn distance(&self, asked: &Self) -> u8 {
        if self.0.eq_ignore_ascii_case(&asked.0) {
            0
        } else if self.base() == asked.base() {
            1
        } else {
            2
        }
    }

    /// The language without script and region. Codes that devices send for a
    /// language that the directory writes otherwise are brought together: the
    /// preferred values and macrolanguages of the IANA registry.
    fn base(&self) -> String {
        let base = self.0.split('-').next().unwrap_or_default();
        match base.to_ascii_lowercase().as_str() {
            "nb" | "nn" => "no",
            "cmn" | "yue" => "zh",
            "iw" => "he",
            "in" => "id",
            "tl" => "fil",
            other => other,
        }
        .to_owned()
    }
}

impl FromStr for Language {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let tag = text.trim().replace('_', "-");
        let mut parts = tag.split('-');
        let base = parts.next().unwrap_or_default();
        let base_is_good =
            (2..=8).contains(&base.len()) && base.bytes().all(|b| b.is_ascii_alphabetic());
        let rest_is_good = parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        if base_is_good && rest_is_good {
            Ok(Self(tag))
        } else {
            Err(Error::Language)
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
