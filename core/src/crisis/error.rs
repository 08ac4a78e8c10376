use crate::problem::{Kind, Problem};

/// Why something given to the crisis room cannot be used.
///
/// Help itself never fails; see [`help_for_input`](super::help_for_input).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not an assigned code of ISO 3166-1.
    #[error("not a country code of two letters, such as US or NL")]
    Country,
    /// Not of the form of ISO 3166-2.
    #[error("not a region code, such as CA-QC or GB-ENG")]
    Region,
    /// Not one of [`Audience::ALL`](super::Audience::ALL).
    #[error(
        "not a group this knows; it knows general, youth, veterans, lgbtq, trans, \
         indigenous, men and victims"
    )]
    Audience,
    /// Not of the form of a BCP 47 language tag.
    #[error("not a language tag, such as en or pt-BR")]
    Language,
    /// A directory that cannot be read: not JSON of the known schema.
    #[error("the directory of crisis lines cannot be read (line {line}, column {column})")]
    Directory {
        /// Where reading stopped; 0 if the text is JSON of another schema.
        line: usize,
        /// Where reading stopped in that line.
        column: usize,
    },
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let advice = match error {
            Error::Country => "Give the country as a code of two letters, such as US or NL.",
            Error::Region => "Give the region as a code, such as CA-QC or GB-ENG.",
            Error::Audience => {
                "Give one of general, youth, veterans, lgbtq, trans, indigenous, men, victims."
            }
            Error::Language => "Give the language as a tag, such as en or pt-BR.",
            Error::Directory { .. } => "The directory of crisis lines cannot be read. Update.",
        };
        match error {
            Error::Country => Self::new(Kind::Input, "crisis-country", advice),
            Error::Region => Self::new(Kind::Input, "crisis-region", advice),
            Error::Audience => Self::new(Kind::Input, "crisis-audience", advice),
            Error::Language => Self::new(Kind::Input, "crisis-language", advice),
            Error::Directory { .. } => Self::new(Kind::Version, "crisis-directory", advice),
        }
    }
}
