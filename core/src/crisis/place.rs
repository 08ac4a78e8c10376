use std::{fmt, str::FromStr};

use super::{Error, countries::COUNTRIES};

/// A country: an assigned alpha-2 code of ISO 3166-1.
///
/// Read in either case. `UK`, which ISO 3166 reserves for the United Kingdom, is
/// read as `GB`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode {
    code: &'static str,
    name: &'static str,
}

impl CountryCode {
    /// The code, in capitals.
    pub fn as_str(self) -> &'static str {
        self.code
    }

    /// The English name that a person would use.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// All countries, by code: for a picker.
    pub fn all() -> impl Iterator<Item = Self> {
        COUNTRIES.iter().map(|&(code, name)| Self { code, name })
    }
}

impl FromStr for CountryCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut code = text.trim().to_ascii_uppercase();
        if code == "UK" {
            code = "GB".to_owned();
        }
        COUNTRIES
            .binary_search_by(|(known, _)| (*known).cmp(code.as_str()))
            .ok()
            .and_then(|at| COUNTRIES.get(at))
            .map(|&(code, name)| Self { code, name })
            .ok_or(Error::Country)
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

/// A part of a country: a code of the form of ISO 3166-2, such as `CA-QC`.
///
/// Its form is checked, not whether it is assigned.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode(String);

impl RegionCode {
    /// Reads a region of `country` that may leave the country out (`QC`).
    ///
    /// A whole code (`CA-QC`) is taken as it stands, even if of another country.
    ///
    /// # Errors
    /// [`Error::Region`]: ask again, or go on without a region.
    pub fn within(country: CountryCode, text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.contains('-') {
            text.parse()
        } else {
            format!("{country}-{text}").parse()
        }
    }

    /// The code, in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the code begins with this country's.
    pub fn is_within(&self, country: CountryCode) -> bool {
        self.0.split('-').next() == Some(country.as_str())
    }
}

impl FromStr for RegionCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let code = text.trim().to_ascii_uppercase();
        let (country, part) = code.split_once('-').ok_or(Error::Region)?;
        let part_is_good =
            (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let country_is_good = country
            .parse::<CountryCode>()
            .is_ok_and(|known| known.as_str() == country);
        if part_is_good && country_is_good {
            Ok(Self(code))
        } else {
            Err(Error::Region)
        }
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
