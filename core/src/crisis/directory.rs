use std::{collections::BTreeMap, sync::LazyLock};

use jiff::civil::Date;

use super::retired::Retired;
use super::{CountryCode, EmergencyNumber, Error, Line, RegionCode};

mod raw;

/// The directory that every build carries.
const COMPILED_IN: &str = include_str!("../../data/crisis-lines.json");

/// All lines and emergency numbers that are known and may be shown.
///
/// Use [`Directory::compiled`]. What may not be shown is gone after reading:
/// unconfirmed entries, retired numbers, and entries that cannot be understood.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    compiled_on: Option<Date>,
    emergency: BTreeMap<CountryCode, Vec<EmergencyNumber>>,
    lines: Vec<Line>,
    retired: Retired,
}

impl Directory {
    /// The directory that is compiled in, read once.
    ///
    /// The tests prove that it can be read and that nothing of it is left out. If
    /// it could not, this would be empty, and help would say to call the local
    /// emergency number: it never panics.
    pub fn compiled() -> &'static Self {
        static DIRECTORY: LazyLock<Directory> =
            LazyLock::new(|| Directory::parse(COMPILED_IN).unwrap_or_default());
        &DIRECTORY
    }

    /// Reads a directory of schema 1 (`core/data/README.md`).
    ///
    /// Left out, so that one bad entry takes no other away: an entry that cannot
    /// be understood, a number with anything but digits, separators and a leading
    /// star, a retired number, a wording that mentions one, and what is unconfirmed.
    ///
    /// # Errors
    /// [`Error::Directory`] if the whole is not JSON of that schema: keep the one
    /// that you have.
    pub fn parse(json: &str) -> Result<Self, Error> {
        raw::read(json)
    }

    /// The day on which the directory was put together.
    pub fn compiled_on(&self) -> Option<Date> {
        self.compiled_on
    }

    /// The emergency numbers of each country; the first is the one to show first.
    pub fn emergency(&self) -> &BTreeMap<CountryCode, Vec<EmergencyNumber>> {
        &self.emergency
    }

    /// All lines, in the directory's order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether a number that is known to be retired stands in a text: out of service, or
    /// somebody else's by now. It must not be shown.
    pub fn is_retired(&self, country: CountryCode, text: &str) -> bool {
        self.retired.stands_in(country, text)
            || (text.trim_start().starts_with('+') && self.retired.is_international(country, text))
    }

    /// The parts of a country that have lines of their own: what to offer as regions.
    pub fn regions(&self, country: CountryCode) -> Vec<RegionCode> {
        let mut regions: Vec<_> = self
            .lines
            .iter()
            .filter(|line| line.country == country)
            .filter_map(|line| line.region.clone())
            .collect();
        regions.sort();
        regions.dedup();
        regions
    }
}
