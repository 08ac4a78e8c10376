//! Crisis lines of a country, at hand before any vault is open.
//!
//! Pure functions of a directory that is compiled in: no file, no network, no
//! vault, nothing that can fail when somebody needs a number. What the directory
//! promises, and what a person must do before a release, stands in
//! `core/data/README.md`; its rules are kept here:
//!
//! - lines are chosen by country, never by digits;
//! - a number is dialled as it is written ([`Contact`]);
//! - an unconfirmed entry and a retired number are never shown;
//! - where no line is known, help says so and never takes another country's;
//! - hours that no source states are never shown as round the clock.
//!
//! Age and missing verification never hide a number at run time; they are shown,
//! and [`Directory::release_blockers`] keeps them out of a release.
//!
//! ```
//! use companion_core::crisis::{self, Query};
//!
//! let help = crisis::help(&Query::new("nl".parse()?));
//! println!("{}", crisis::render_text(&help, 72));
//! # Ok::<(), crisis::Error>(())
//! ```

mod audience;
mod beside;
mod clinic;
mod countries;
mod dial;
mod directory;
mod error;
mod help;
mod json;
mod language;
mod line;
mod place;
mod release;
mod retired;
mod text;
mod words;

pub use audience::Audience;
pub use beside::{FILE as CLINIC_FILE, clinic_help};
pub(crate) use beside::{InForce, shown, written};
pub use clinic::{ClinicHelp, ClinicLine, ClinicNumber, CrisisNumbers, NumberFault};
pub use directory::Directory;
pub use error::Error;
pub use help::{Help, Note, Query, Verification};
pub use json::to_json;
pub use language::Language;
pub use line::{Confidence, Contact, EmergencyNumber, Hours, Line, Source};
pub use place::{CountryCode, RegionCode};
pub use release::{Blocker, Reason};
pub use text::render_text;

/// The help known for a country, from the directory that is compiled in.
///
/// Never fails: for a country that the directory does not have, the result says
/// so in its [`Help::notes`]. See [`Directory::help`] for what is chosen and in
/// which order.
pub fn help(query: &Query) -> Help {
    Directory::compiled().help(query)
}

/// The help to show where no country is known: no number at all, and the words
/// that say to call the local emergency number.
pub fn help_without_country() -> Help {
    Help::without_country(Directory::compiled())
}

/// What a person typed, before anything of it is checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Input<'a> {
    /// ISO 3166-1 alpha-2, in either case.
    pub country: Option<&'a str>,
    /// ISO 3166-2, whole (`CA-QC`) or without its country (`QC`).
    pub region: Option<&'a str>,
    /// The name of an [`Audience`].
    pub audience: Option<&'a str>,
    /// A BCP 47 language tag.
    pub language: Option<&'a str>,
}

/// Help for what a person typed, whatever they typed.
///
/// A part that cannot be used is left out and named in the second value; show the
/// help first, then what was left out. Without a usable country it is
/// [`help_without_country`].
pub fn help_for_input(input: &Input<'_>) -> (Help, Vec<Error>) {
    let mut errors = Vec::new();
    let mut keep = |error| errors.push(error);
    let audience = usable(input.audience.map(str::parse), &mut keep);
    let language = usable(input.language.map(str::parse), &mut keep);
    let Some(country) = usable(input.country.map(str::parse::<CountryCode>), &mut keep) else {
        return (help_without_country(), errors);
    };
    let region = input.region.map(|text| RegionCode::within(country, text));
    let query = Query {
        country,
        region: usable(region, &mut keep),
        audience,
        language,
    };
    (help(&query), errors)
}

fn usable<T>(given: Option<Result<T, Error>>, keep: &mut impl FnMut(Error)) -> Option<T> {
    match given? {
        Ok(value) => Some(value),
        Err(error) => {
            keep(error);
            None
        }
    }
}
