//! Crisis lines of a country: before any vault is open, with no file and no network.

mod from_core;
mod records;

pub use records::{
    Audience, Contact, Country, CrisisHelp, CrisisLine, CrisisNote, CrisisQuery, EmergencyNumber,
    Hours, LeftOut, Source, SourceAgreement, Verification,
};

use companion_core::crisis as core;

/// The help known for a place. Never fails, whatever it is given, and needs no vault.
///
/// Show the emergency number first, then what the notes say, then the lines in
/// their order; at last what was left out of the query and why.
#[uniffi::export]
pub fn crisis_help(query: CrisisQuery) -> CrisisHelp {
    let (help, errors) = core::help_for_input(&core::Input {
        country: query.country.as_deref(),
        region: query.region.as_deref(),
        audience: query.audience.map(|a| core::Audience::from(a).as_str()),
        language: query.language.as_deref(),
    });
    CrisisHelp::new(help, errors)
}

/// All countries, by code: for a picker. Not every one has lines that are known.
#[uniffi::export]
pub fn crisis_countries() -> Vec<Country> {
    core::CountryCode::all()
        .map(|c| Country {
            code: c.as_str().to_owned(),
            name: c.name().to_owned(),
        })
        .collect()
}

/// The parts of a country that have lines of their own, as codes of ISO 3166-2; empty for what
/// is no country.
#[uniffi::export]
pub fn crisis_regions(country: String) -> Vec<String> {
    let Ok(country) = country.parse() else {
        return Vec::new();
    };
    core::Directory::compiled()
        .regions(country)
        .iter()
        .map(|r| r.as_str().to_owned())
        .collect()
}
