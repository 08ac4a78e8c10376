//! Crisis lines of a country: before any vault is open, with no file and no network.

mod from_core;
mod records;

pub use records::{
    Audience, ClinicHelp, ClinicLine, Contact, Country, CrisisHelp, CrisisLine, CrisisNote,
    CrisisQuery, EmergencyNumber, Hours, LeftOut, Source, SourceAgreement, Verification,
};

use std::path::Path;

use companion_core::crisis as core;
use companion_core::env::Env;

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

/// The same, with the clinic's own numbers first, as they are kept beside the vault in this
/// folder (the one of `Config`). The vault stays closed, and may be locked, in use, missing or
/// broken: then help is as without a clinic. Never fails.
#[uniffi::export]
pub fn crisis_help_beside(folder: String, query: CrisisQuery) -> CrisisHelp {
    let now = Env::system().now();
    let clinic = core::clinic_help(Path::new(&folder), now);
    let mut query = query;
    if query.country.is_none() {
        let first = clinic.as_ref().and_then(|c| c.lines.first());
        query.country = first.map(|line| line.country.as_str().to_owned());
    }
    CrisisHelp {
        clinic: clinic.map(Into::into),
        ..crisis_help(query)
    }
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
