//! From the core's records to this surface's.

use companion_core::crisis as core;
use companion_core::problem::Problem;

use super::records::{
    ClinicHelp, ClinicLine, Contact, CrisisHelp, CrisisLine, EmergencyNumber, Hours, LeftOut,
    Source, Verification,
};

fn all<A, B: From<A>>(values: Vec<A>) -> Vec<B> {
    values.into_iter().map(Into::into).collect()
}

impl CrisisHelp {
    pub(super) fn new(help: core::Help, errors: Vec<core::Error>) -> Self {
        Self {
            country: help.country.map(|c| c.as_str().to_owned()),
            region: help.region.map(|r| r.as_str().to_owned()),
            emergency: all(help.emergency),
            lines: all(help.lines),
            notes: all(help.notes),
            verification: help.verification.into(),
            compiled_on: help.compiled_on,
            left_out: all(errors),
            clinic: help.clinic.map(Into::into),
        }
    }
}

impl From<core::ClinicHelp> for ClinicHelp {
    fn from(help: core::ClinicHelp) -> Self {
        Self {
            clinic: help.clinic,
            lines: all(help.lines),
        }
    }
}

impl From<core::ClinicLine> for ClinicLine {
    fn from(line: core::ClinicLine) -> Self {
        Self {
            name: line.name,
            country: line.country.as_str().to_owned(),
            region: line.region.map(|r| r.as_str().to_owned()),
            audience: line.audience.into(),
            hours: line.hours.into(),
            contacts: all(line.contacts),
            source: line.source,
            verified_on: line.verified_on,
            expired: line.expired,
        }
    }
}

impl From<core::Error> for LeftOut {
    fn from(error: core::Error) -> Self {
        let problem = Problem::from(error);
        Self {
            code: problem.code.to_owned(),
            advice: problem.advice,
        }
    }
}

impl From<core::Verification> for Verification {
    fn from(verification: core::Verification) -> Self {
        match verification {
            core::Verification::None => Self::Nothing,
            core::Verification::Some => Self::Part,
            core::Verification::All => Self::All,
        }
    }
}

impl From<core::EmergencyNumber> for EmergencyNumber {
    fn from(number: core::EmergencyNumber) -> Self {
        Self {
            number: number.number,
            uri: number.uri,
            sources: all(number.sources),
            verified_on: number.verified_on,
        }
    }
}

impl From<core::Line> for CrisisLine {
    fn from(line: core::Line) -> Self {
        Self {
            id: line.id,
            name: line.name,
            country: line.country.as_str().to_owned(),
            region: line.region.map(|r| r.as_str().to_owned()),
            audience: line.audience.into(),
            languages: line
                .languages
                .iter()
                .map(|l| l.as_str().to_owned())
                .collect(),
            hours: line.hours.into(),
            contacts: all(line.contacts),
            text_verbatim: line.text_verbatim,
            sources: all(line.sources),
            agreement: line.confidence.into(),
            verified_on: line.verified_on,
        }
    }
}

impl From<core::Hours> for Hours {
    fn from(hours: core::Hours) -> Self {
        match hours {
            core::Hours::RoundTheClock => Self::RoundTheClock,
            core::Hours::Stated(text) => Self::Stated { text },
            core::Hours::Unknown => Self::Unknown,
        }
    }
}

impl From<core::Contact> for Contact {
    fn from(contact: core::Contact) -> Self {
        match contact {
            core::Contact::Call {
                number,
                uri,
                e164,
                note,
            } => Self::Call {
                number,
                uri,
                e164,
                note,
            },
            core::Contact::Text {
                number,
                uri,
                keyword,
            } => Self::TextMessage {
                number,
                uri,
                keyword,
            },
            core::Contact::Chat { url } => Self::Chat { url },
            core::Contact::WhatsApp { number, url } => Self::WhatsApp { number, url },
        }
    }
}

impl From<core::Source> for Source {
    fn from(source: core::Source) -> Self {
        Self {
            address: source.address,
            published: source.published,
        }
    }
}
