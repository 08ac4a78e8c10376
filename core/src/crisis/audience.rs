use std::{fmt, str::FromStr};

use super::Error;

/// Whom a line is for.
///
/// Asking for one puts its lines first; it hides none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Everybody.
    General,
    /// Children and young people.
    Youth,
    /// Those who serve or served in the armed forces.
    Veterans,
    /// Lesbian, gay, bisexual, trans and queer people.
    Lgbtq,
    /// Trans people.
    Trans,
    /// Indigenous people.
    Indigenous,
    /// Men.
    Men,
    /// People to whom harm was done.
    Victims,
}

impl Audience {
    /// All audiences that the directory knows.
    pub const ALL: [Self; 8] = [
        Self::General,
        Self::Youth,
        Self::Veterans,
        Self::Lgbtq,
        Self::Trans,
        Self::Indigenous,
        Self::Men,
        Self::Victims,
    ];

    /// The name in the directory, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Youth => "youth",
            Self::Veterans => "veterans",
            Self::Lgbtq => "lgbtq",
            Self::Trans => "trans",
            Self::Indigenous => "indigenous",
            Self::Men => "men",
            Self::Victims => "victims",
        }
    }
}

impl FromStr for Audience {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|audience| audience.as_str().eq_ignore_ascii_case(text))
            .ok_or(Error::Audience)
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
