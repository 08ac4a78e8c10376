//! Spaces: what kinds there are, what names them, and who may read each.

use minicbor::{Decode, Encode};

use crate::crypto;
use crate::id::{ChainId, SpaceId};
use crate::member::Team;

/// What a space is for; decides who reads it and what may be written in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum SpaceKind {
    /// A patient's own devices.
    #[n(1)]
    Private,
    /// The patient and the care team.
    #[n(2)]
    Care,
    /// The patient and all staff: who the person is, appointments. Nothing clinical.
    #[n(3)]
    Desk,
    /// All staff of a clinic: which space is which person, invites.
    #[n(4)]
    Front,
    /// The care team's own: templates, audit, the clinic's record.
    #[n(5)]
    Clinic,
}

impl SpaceKind {
    /// A patient's three.
    pub const OF_PATIENT: [Self; 3] = [Self::Private, Self::Care, Self::Desk];
    /// A clinic's two.
    pub const OF_CLINIC: [Self; 2] = [Self::Front, Self::Clinic];

    /// The byte that stands for it in hashes.
    pub fn code(self) -> u8 {
        match self {
            Self::Private => 1,
            Self::Care => 2,
            Self::Desk => 3,
            Self::Front => 4,
            Self::Clinic => 5,
        }
    }

    /// The kind of that byte; none where there is no such kind.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::OF_PATIENT
            .into_iter()
            .chain(Self::OF_CLINIC)
            .find(|kind| kind.code() == code)
    }

    /// Whether it belongs to a patient chain (else to a roster).
    pub fn of_patient(self) -> bool {
        matches!(self, Self::Private | Self::Care | Self::Desk)
    }

    /// The team whose key can read it, if any.
    pub fn team(self) -> Option<Team> {
        match self {
            Self::Private => None,
            Self::Care | Self::Clinic => Some(Team::Care),
            Self::Desk | Self::Front => Some(Team::Front),
        }
    }

    /// The space of this kind that a chain names: `H("space", kind ‖ first hash)`.
    ///
    /// `chain` is a patient chain for a patient's spaces, a roster for a clinic's.
    pub fn id(self, chain: ChainId) -> SpaceId {
        SpaceId(crypto::hash("space", &[&[self.code()], &chain.0]))
    }
}
