//! The bodies of the front desk's events.

use clinic_api::id::ChainId;
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

impl std::fmt::Debug for PatientAdmitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientAdmitted(..)")
    }
}
