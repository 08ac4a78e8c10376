use jiff::civil::Date;

use super::{Audience, CountryCode, Language, RegionCode};

/// An emergency number of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyNumber {
    /// As it is dialled inside the country.
    pub number: String,
    /// `tel:` with the number as it is dialled inside the country.
    pub uri: String,
    /// Where the country's emergency numbers were found; the first is the main one.
    pub sources: Vec<Source>,
    /// The day on which a person last verified it; `None`: nobody has yet.
    pub verified_on: Option<Date>,
}

/// A service that people in crisis can turn to, as a screen or a platform needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Stable, begins with the country.
    pub id: String,
    /// The service's own name, in its own language.
    pub name: String,
    /// The country in which its numbers work.
    pub country: CountryCode,
    /// The part of the country that it serves; `None`: all of it.
    pub region: Option<RegionCode>,
    /// Whom it is for.
    pub audience: Audience,
    /// Languages spoken. Where no source says, the service's main one is assumed.
    pub languages: Vec<Language>,
    /// When somebody answers.
    pub hours: Hours,
    /// Ways to reach it: calls first, then text, chat and WhatsApp. Never empty.
    pub contacts: Vec<Contact>,
    /// The service's or a public authority's own wording: show it unchanged or
    /// not at all.
    pub text_verbatim: Option<String>,
    /// Public pages that show it; the first is the main one. Never empty.
    pub sources: Vec<Source>,
    /// How well pages agree about it. Says nothing about whether it answers today.
    pub confidence: Confidence,
    /// The day on which a person last verified it; `None`: nobody has yet.
    pub verified_on: Option<Date>,
}

/// When a line answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hours {
    /// A source says: day and night, every day.
    RoundTheClock,
    /// As the source puts it: show it, in full.
    Stated(String),
    /// No source says. Never show this as round the clock.
    Unknown,
}

/// A way to reach a line.
///
/// `number` is for the eye and is dialled as written. `uri` is for the phone: it
/// has the same digits and a leading star, without the separators, and no
/// `phone-context`, as dialers on phones expect it. iOS opens the dialer for a
/// number with a star but does not dial it, so always show `number` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// A phone number.
    Call {
        /// As it is dialled inside the country.
        number: String,
        /// `tel:` with the number as it is dialled inside the country.
        uri: String,
        /// The number in international form (`+358…`), for a phone that is abroad.
        /// Only for ordinary numbers: short, free and shared-cost numbers have none.
        e164: Option<String>,
        /// What the caller should know (`then press 1`).
        note: Option<String>,
    },
    /// A number for text messages.
    Text {
        /// As it is entered inside the country.
        number: String,
        /// `sms:` with the number.
        uri: String,
        /// The word to send first. `None`: none is known to be needed.
        keyword: Option<String>,
    },
    /// A page on which chat is reached; may be the service's front page.
    Chat {
        /// An `https` or `http` address.
        url: String,
    },
    /// A number on WhatsApp.
    WhatsApp {
        /// In international form.
        number: String,
        /// The address that opens a conversation.
        url: String,
    },
}

/// How well public pages agree about a line. `unconfirmed` entries never become lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// The service's own or a government's page shows it, or two independent ones agree.
    Confirmed,
    /// One page shows it.
    SingleSource,
}

impl Confidence {
    /// The name in the directory and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::SingleSource => "single-source",
        }
    }
}

/// A public page that shows a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// A web address, or a public repository and a path in it.
    pub address: String,
    /// When the page was published, as far as known: a year, month or day.
    pub published: Option<String>,
}
