//! What the crisis room takes and gives. Its rules stand in the core's `crisis`.

use companion_core::crisis as core;

use crate::redacted::redacted;
use crate::{Day, Timestamp};

/// Where somebody is, and what would suit them best.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct CrisisQuery {
    /// The country that the person chose: ISO 3166-1 alpha-2, in either case.
    #[uniffi(default = None)]
    pub country: Option<String>,
    /// The part of it: ISO 3166-2, whole (`CA-QC`) or without its country (`QC`).
    #[uniffi(default = None)]
    pub region: Option<String>,
    /// Whose lines come first. Hides none.
    #[uniffi(default = None)]
    pub audience: Option<Audience>,
    /// Which language comes first, as a tag of BCP 47. Hides none.
    #[uniffi(default = None)]
    pub language: Option<String>,
}

redacted!(CrisisQuery);

/// Whom a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
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

/// Makes an enum here and one of the core into each other; both must have the same variants.
macro_rules! same {
    ($ours:ident, $theirs:path: $($variant:ident),+) => {
        impl From<$theirs> for $ours {
            fn from(value: $theirs) -> Self {
                use $theirs as Theirs;
                match value { $(Theirs::$variant => Self::$variant),+ }
            }
        }

        impl From<$ours> for $theirs {
            fn from(value: $ours) -> Self {
                match value { $($ours::$variant => Self::$variant),+ }
            }
        }
    };
}

same!(Audience, core::Audience:
    General, Youth, Veterans, Lgbtq, Trans, Indigenous, Men, Victims);

/// A country.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Country {
    /// Its code of ISO 3166-1 alpha-2, in capitals.
    pub code: String,
    /// The English name that a person would use.
    pub name: String,
}

/// What to show to somebody who needs help now.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CrisisHelp {
    /// The country's code; none where none is known.
    pub country: Option<String>,
    /// The code of the region that the lines were chosen for.
    pub region: Option<String>,
    /// The first is the one to show first. Empty: none is known.
    pub emergency: Vec<EmergencyNumber>,
    /// The first is the one to show first. Empty: none is known.
    pub lines: Vec<CrisisLine>,
    /// What the person should know about all this.
    pub notes: Vec<CrisisNote>,
    /// How much of it a person has verified.
    pub verification: Verification,
    /// The day on which the directory was put together.
    pub compiled_on: Option<Day>,
    /// What of the query could not be used.
    pub left_out: Vec<LeftOut>,
    /// The clinic's own numbers: show them before all others. None where it gave none.
    #[uniffi(default = None)]
    pub clinic: Option<ClinicHelp>,
}

/// What the clinic says, by bulletin.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ClinicHelp {
    /// The clinic's name.
    pub clinic: String,
    /// In their order; never empty.
    pub lines: Vec<ClinicLine>,
}

/// One of the clinic's own numbers.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ClinicLine {
    /// Who answers, in the clinic's words.
    pub name: String,
    /// The code of the country in which it works.
    pub country: String,
    /// The code of the part of it that it serves; none: all of it.
    pub region: Option<String>,
    /// Whom it is for.
    pub audience: Audience,
    /// When somebody answers.
    pub hours: Hours,
    /// Ways to reach it. Never empty.
    pub contacts: Vec<Contact>,
    /// Who says so.
    pub source: String,
    /// The day on which a person last verified it, as the clinic says.
    pub verified_on: Option<Day>,
    /// Since when it is out of date: mark it, and show it all the same. None: it is not.
    pub expired: Option<Timestamp>,
}

/// A part of the query that could not be used; help is as if it had not been given.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LeftOut {
    /// Stable: `crisis-country`, `crisis-region` or `crisis-language`.
    pub code: String,
    /// What to give instead, in plain English.
    pub advice: String,
}

/// Something to say beside the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum CrisisNote {
    /// No usable country was given, so no number is known: say to call the local emergency
    /// number. Stands alone.
    NoCountry,
    /// No emergency number is known: say to call the local one.
    NoEmergencyNumber,
    /// No line is known. Another country's is never taken instead.
    NoLine,
    /// The region is not one of the country's; help is as if none had been given.
    RegionIgnored,
    /// No line is known for the region or the whole country, only for other parts of it; those
    /// are given, with their region.
    OtherRegions,
}

same!(CrisisNote, core::Note: NoCountry, NoEmergencyNumber, NoLine, RegionIgnored, OtherRegions);

/// How much of what is shown a person has verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Verification {
    /// Nothing has been verified by a person yet, or there is nothing.
    Nothing,
    /// Part of it.
    Part,
    /// All of it.
    All,
}

/// An emergency number of a country.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EmergencyNumber {
    /// As it is dialled inside the country.
    pub number: String,
    /// `tel:` with the number as it is dialled inside the country.
    pub uri: String,
    /// Where it was found; the first is the main one.
    pub sources: Vec<Source>,
    /// The day on which a person last verified it; none: nobody has yet.
    pub verified_on: Option<Day>,
}

/// A service that people in crisis can turn to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CrisisLine {
    /// Stable, begins with the country.
    pub id: String,
    /// The service's own name, in its own language.
    pub name: String,
    /// The code of the country in which its numbers work.
    pub country: String,
    /// The code of the part of the country that it serves; none: all of it.
    pub region: Option<String>,
    /// Whom it is for.
    pub audience: Audience,
    /// Languages spoken, as tags of BCP 47. Where no source says, the service's main one is assumed.
    pub languages: Vec<String>,
    /// When somebody answers.
    pub hours: Hours,
    /// Ways to reach it: calls first, then text, chat and WhatsApp. Never empty.
    pub contacts: Vec<Contact>,
    /// The service's or a public authority's own wording: show it unchanged or not at all.
    pub text_verbatim: Option<String>,
    /// Public pages that show it; the first is the main one. Never empty.
    pub sources: Vec<Source>,
    /// How well pages agree about it. Says nothing about whether it answers today.
    pub agreement: SourceAgreement,
    /// The day on which a person last verified it; none: nobody has yet.
    pub verified_on: Option<Day>,
}

/// When a line answers.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Hours {
    /// A source says: day and night, every day.
    RoundTheClock,
    /// As the source puts it: show it, in full.
    Stated {
        /// The source's words.
        text: String,
    },
    /// No source says. Never show this as round the clock.
    Unknown,
}

/// A way to reach a line. Always show the number too: iOS does not dial one with a star by itself.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Contact {
    /// A phone number.
    Call {
        /// As it is dialled inside the country.
        number: String,
        /// `tel:` with the number as it is dialled inside the country.
        uri: String,
        /// In international form, for a phone that is abroad; only where it works from there.
        e164: Option<String>,
        /// What the caller should know (`then press 1`).
        note: Option<String>,
    },
    /// A number for text messages.
    TextMessage {
        /// As it is entered inside the country.
        number: String,
        /// `sms:` with the number.
        uri: String,
        /// The word to send first; none: none is known to be needed.
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

/// How well public pages agree about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SourceAgreement {
    /// The service's own or a government's page shows it, or two independent ones agree.
    Confirmed,
    /// One page shows it.
    SingleSource,
}

same!(SourceAgreement, core::Confidence: Confirmed, SingleSource);

/// A public page that shows a number.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Source {
    /// A web address, or a public repository and a path in it.
    pub address: String,
    /// When the page was published, as far as known: a year, month or day.
    pub published: Option<String>,
}
