//! What a statement of the roster changes.

use minicbor::{Decode, Encode};

use crate::crypto::Signature;
use crate::id::{DeviceId, PersonId};
use crate::member::{DeviceKeys, Role, Team, Wrap};
use crate::wire::bytes_array;

/// A team key wrapped to a workstation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TeamWrap {
    /// The team.
    #[n(0)]
    pub team: Team,
    /// The wrapped seed of its X-Wing key.
    #[n(1)]
    pub wrap: Wrap,
}

/// What a statement of the roster changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum RosterStep {
    /// The first statement: the clinic's root key and name.
    #[n(0)]
    Founded {
        /// Ed25519: signs the roster.
        #[n(0)]
        #[cbor(with = "bytes_array")]
        root: [u8; 32],
        /// The clinic's name, as patients see it.
        #[n(1)]
        name: String,
        /// 16 random bytes: two rosters never have one first hash.
        #[n(2)]
        #[cbor(with = "bytes_array")]
        nonce: [u8; 16],
    },
    /// A person works here.
    #[n(1)]
    PersonAdded {
        /// The person.
        #[n(0)]
        person: PersonId,
        /// Their name, as patients see it.
        #[n(1)]
        name: String,
        /// What they do.
        #[n(2)]
        role: Role,
    },
    /// A person's role changes; team keys that they held are issued anew.
    #[n(2)]
    RoleChanged {
        /// The person.
        #[n(0)]
        person: PersonId,
        /// What they do now.
        #[n(1)]
        role: Role,
    },
    /// A person left, with all their workstations.
    #[n(3)]
    PersonRemoved {
        /// The person.
        #[n(0)]
        person: PersonId,
    },
    /// A person's workstation, with the team keys of their role.
    #[n(4)]
    WorkstationAdded {
        /// Whose it is.
        #[n(0)]
        person: PersonId,
        /// Its keys.
        #[n(1)]
        device: DeviceKeys,
        /// By its log key, over chain and statement before: it wants to be here.
        #[n(2)]
        #[cbor(with = "bytes_array")]
        consent: Signature,
        /// The present key of each team of the role that has one, and no other.
        #[n(3)]
        wraps: Vec<TeamWrap>,
    },
    /// A workstation is out.
    #[n(5)]
    WorkstationRemoved {
        /// The workstation.
        #[n(0)]
        device: DeviceId,
    },
    /// A team's new key: its first, or after somebody left.
    #[n(6)]
    TeamKeyIssued {
        /// The team.
        #[n(0)]
        team: Team,
        /// X-Wing: patients' devices wrap epoch keys to it.
        #[n(1)]
        #[cbor(with = "minicbor::bytes")]
        kem: Vec<u8>,
        /// Its seed, wrapped to exactly the workstations of the team.
        #[n(2)]
        wraps: Vec<Wrap>,
        /// The seed of the key before, sealed under this one; none for the first.
        #[n(3)]
        previous: Option<minicbor::bytes::ByteVec>,
    },
}
