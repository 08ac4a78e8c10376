//! The bodies of the front desk's events.

use clinic_api::id::ChainId;
use jiff::civil::Date;
use minicbor::{Decode, Encode};

use crate::event::{Body, Kind};

/// Which patient chain is which person. A later one for the same chain corrects it.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PatientAdmitted {
    /// The patient chain.
    #[n(0)]
    pub patient: ChainId,
    /// The person's name.
    #[n(1)]
    pub name: String,
    /// Their date of birth, as `YYYY-MM-DD`.
    #[n(2)]
    pub birth_date: String,
}

impl Body for PatientAdmitted {
    const KIND: Kind = Kind::PatientAdmitted;
}

/// Whether that can be a person's name here.
pub(super) fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= 200 && !name.chars().any(char::is_control)
}

/// A date of birth, written as `YYYY-MM-DD`, from 1900 on.
pub(super) fn birth_date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    (date.to_string() == text && date.year() >= 1900).then_some(date)
}

impl std::fmt::Debug for PatientAdmitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientAdmitted(..)")
    }
}
