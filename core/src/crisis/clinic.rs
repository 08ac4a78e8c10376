//! The clinic's own numbers: what it says by bulletin, and what of it is shown.
//!
//! They come first and take nothing away: the emergency number and the lines of
//! a country stand below them whatever a bulletin says. A number that is known
//! to be retired is refused when it is written, and left out when it is read.

use jiff::Timestamp;
use jiff::civil::Date;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::dial::{dialled, international};
use super::{Audience, Contact, CountryCode, Directory, Hours, RegionCode};

/// A number that a clinic gives, as it is written: at least one way to reach somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
pub struct ClinicNumber {
    /// Who answers, in the clinic's words.
    #[n(0)]
    pub label: String,
    /// The country in which it works: ISO 3166-1 alpha-2.
    #[n(1)]
    pub country: String,
    /// The part of it that it serves: ISO 3166-2; none: all of it.
    #[n(2)]
    pub region: Option<String>,
    /// The name of an [`Audience`]; none: everybody.
    #[n(3)]
    pub audience: Option<String>,
    /// A phone number, as dialled in the country, or from `+` on.
    #[n(4)]
    pub call: Option<String>,
    /// A number for text messages.
    #[n(5)]
    pub text: Option<String>,
    /// The word to send there first.
    #[n(6)]
    pub keyword: Option<String>,
    /// The address of a page with a chat.
    #[n(7)]
    pub chat: Option<String>,
    /// When somebody answers; `24/7` is day and night.
    #[n(8)]
    pub hours: Option<String>,
    /// Who says so: a person or a page.
    #[n(9)]
    pub source: String,
    /// The day on which a person last verified it, `2026-11-24`.
    #[n(10)]
    pub verified_on: Option<String>,
}

/// The content of a bulletin with crisis numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
pub struct CrisisNumbers {
    /// In the order in which they are shown.
    #[n(0)]
    pub numbers: Vec<ClinicNumber>,
}

/// Numbers in one bulletin.
const MOST: usize = 16;
/// Characters of a text in it.
const LONGEST: usize = 200;

/// What the clinic gave, as a screen needs it: to be shown before anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClinicHelp {
    /// The clinic's name.
    pub clinic: String,
    /// In their order; never empty.
    pub lines: Vec<ClinicLine>,
}

/// One of the clinic's own numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClinicLine {
    /// Who answers, in the clinic's words.
    pub name: String,
    /// The country in which it works.
    pub country: CountryCode,
    /// The part of it that it serves; `None`: all of it.
    pub region: Option<RegionCode>,
    /// Whom it is for.
    pub audience: Audience,
    /// When somebody answers.
    pub hours: Hours,
    /// Ways to reach it. Never empty.
    pub contacts: Vec<Contact>,
    /// Who says so.
    pub source: String,
    /// The day on which a person last verified it, as the clinic says.
    pub verified_on: Option<Date>,
    /// The number of the bulletin that says it.
    pub bulletin: u64,
    /// Since when that bulletin is out of date; shown all the same. `None`: it is not.
    pub expired: Option<Timestamp>,
}

/// Why a clinic's number is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberFault {
    /// None, or more than 16.
    #[error("give 1 to 16 numbers")]
    Count,
    /// A text is empty where it must not be, longer than 200 characters, or holds control characters.
    #[error("a label and a source are needed; texts have at most 200 characters, in one line")]
    Text,
    /// Not a country, a region or an audience.
    #[error("the country, region or audience is none that is known")]
    Place,
    /// No way to reach anybody, or one that a phone can't use.
    #[error("give a number of digits, or the https address of a chat")]
    Contact,
    /// A number that is known to be out of service or somebody else's.
    #[error("that number is known to be retired: never show it")]
    Retired,
    /// The day of verification is missing or none.
    #[error("give the day on which a person verified the number, as in 2026-11-24")]
    Day,
}

impl CrisisNumbers {
    /// Whether all of it may be said; for whoever writes a bulletin.
    ///
    /// # Errors
    /// [`NumberFault`]: correct it.
    pub fn check(&self) -> Result<(), NumberFault> {
        if !(1..=MOST).contains(&self.numbers.len()) {
            return Err(NumberFault::Count);
        }
        for number in &self.numbers {
            let line = number.line(0, None)?;
            line.verified_on.ok_or(NumberFault::Day)?;
        }
        Ok(())
    }

    /// What of it is shown: a number that may not be takes no other away.
    pub fn lines(&self, bulletin: u64, expired: Option<Timestamp>) -> Vec<ClinicLine> {
        let line = |number: &ClinicNumber| number.line(bulletin, expired).ok();
        self.numbers.iter().take(MOST).filter_map(line).collect()
    }
}

impl ClinicNumber {
    fn line(&self, bulletin: u64, expired: Option<Timestamp>) -> Result<ClinicLine, NumberFault> {
        let place = |_| NumberFault::Place;
        let country: CountryCode = self.country.parse().map_err(place)?;
        let region = self.region.as_deref();
        let region = region.map(|text| RegionCode::within(country, text));
        let audience = self.audience.as_deref().map(str::parse);
        let needed = [&self.label, &self.source];
        let optional = [&self.keyword, &self.hours, &self.chat];
        let texts = needed.into_iter().chain(optional.into_iter().flatten());
        if !texts.into_iter().all(|text| plain(text)) {
            return Err(NumberFault::Text);
        }
        let retired = |text: &String| Directory::compiled().is_retired(country, text);
        let named = [Some(&self.label), self.call.as_ref(), self.text.as_ref()];
        if named.into_iter().flatten().any(retired) {
            return Err(NumberFault::Retired);
        }
        let contacts = self.contacts().ok_or(NumberFault::Contact)?;
        if contacts.is_empty() {
            return Err(NumberFault::Contact);
        }
        Ok(ClinicLine {
            name: self.label.clone(),
            country,
            region: region.transpose().map_err(place)?,
            audience: audience
                .transpose()
                .map_err(place)?
                .unwrap_or(Audience::General),
            hours: match self.hours.as_deref() {
                Some("24/7") => Hours::RoundTheClock,
                Some(hours) => Hours::Stated(hours.to_owned()),
                None => Hours::Unknown,
            },
            contacts,
            source: self.source.clone(),
            verified_on: self.verified_on.as_deref().and_then(|day| day.parse().ok()),
            bulletin,
            expired,
        })
    }

    /// None where one of them can't be used.
    fn contacts(&self) -> Option<Vec<Contact>> {
        let mut contacts = Vec::new();
        if let Some(number) = &self.call {
            let e164 = international(number);
            let digits = e164.clone().or_else(|| dialled(number))?;
            contacts.push(Contact::Call {
                number: number.clone(),
                uri: format!("tel:{digits}"),
                e164,
                note: None,
            });
        }
        if let Some(number) = &self.text {
            let digits = international(number).or_else(|| dialled(number))?;
            contacts.push(Contact::Text {
                number: number.clone(),
                uri: format!("sms:{digits}"),
                keyword: self.keyword.clone(),
            });
        }
        if let Some(url) = &self.chat {
            url.starts_with("https://").then_some(())?;
            contacts.push(Contact::Chat { url: url.clone() });
        }
        Some(contacts)
    }
}

fn plain(text: &str) -> bool {
    let long = text.chars().count() > LONGEST;
    !text.trim().is_empty() && !long && !text.chars().any(char::is_control)
}
