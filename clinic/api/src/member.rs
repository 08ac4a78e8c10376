//! Public keys of those who sign and read: devices, kits, roots and teams.

use minicbor::{Decode, Encode};

use crate::crypto;
use crate::id::{DeviceId, MemberId};
use crate::wire::bytes_array;

/// Length of an X-Wing public key (draft-connolly-cfrg-xwing-kem).
pub const KEM_KEY: usize = 1216;
/// Length of an X-Wing encapsulation.
pub const KEM_ENC: usize = 1120;
/// Length of a sealed 32-byte key with its tag.
pub const SEALED_KEY: usize = 48;

/// Whether bytes are an X-Wing public key to which something can be wrapped.
///
/// Of the ML-KEM-768 part (1,184 bytes) the check of FIPS 203, section 7.2: each
/// of the 768 coefficients, 12 bits each, is below 3,329. A member with a key
/// that is none would keep everybody from writing epochs.
pub fn kem_well_formed(key: &[u8]) -> bool {
    const COEFFICIENTS: usize = 1152;
    let reduced = |three: &[u8]| match three {
        &[a, b, c] => {
            let (a, b, c) = (u16::from(a), u16::from(b), u16::from(c));
            (a | (b & 15) << 8) < 3329 && (b >> 4 | c << 4) < 3329
        }
        _ => false,
    };
    key.len() == KEM_KEY && key.chunks(3).take(COEFFICIENTS / 3).all(reduced)
}

/// A device's or workstation's three public keys.
///
/// Log key and request key are apart: what authenticates a request can never
/// be mistaken for what authenticates a log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeviceKeys {
    /// Ed25519: signs heads and statements.
    #[n(0)]
    #[cbor(with = "bytes_array")]
    pub log: [u8; 32],
    /// Ed25519: signs requests (RFC 9421).
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub request: [u8; 32],
    /// X-Wing: epoch and team keys are wrapped to it.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub kem: Vec<u8>,
}

impl DeviceKeys {
    /// The device that these keys are: `H("device", log ‖ request ‖ kem)`.
    pub fn id(&self) -> DeviceId {
        DeviceId(crypto::hash(
            "device",
            &[&self.log, &self.request, &self.kem],
        ))
    }

    /// Whether the keys can be such keys.
    pub fn well_formed(&self) -> bool {
        kem_well_formed(&self.kem) && self.log != self.request
    }
}

/// A recovery kit's public keys.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KitKeys {
    /// Ed25519: signs statements of the patient chain, and epochs.
    #[n(0)]
    #[cbor(with = "bytes_array")]
    pub sign: [u8; 32],
    /// X-Wing: epoch keys are wrapped to it.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub kem: Vec<u8>,
}

impl KitKeys {
    /// The kit that these keys are: `H("kit", sign ‖ kem)`.
    pub fn id(&self) -> MemberId {
        MemberId(crypto::hash("kit", &[&self.sign, &self.kem]))
    }
}

/// The fingerprint of a clinic's root key: `H("root", key)`.
pub fn root_id(key: &[u8; 32]) -> MemberId {
    MemberId(crypto::hash("root", &[key]))
}

/// Who a team key reads for: `H("team", kem)`.
pub fn team_id(kem: &[u8]) -> MemberId {
    MemberId(crypto::hash("team", &[kem]))
}

/// A person's role in a clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Manages the roster; reads nothing clinical.
    #[n(1)]
    Administrator,
    /// Belongs to the care team.
    #[n(2)]
    Clinician,
    /// Appointments and who the person is; nothing clinical.
    #[n(3)]
    FrontDesk,
}

/// A team key's readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Team {
    /// Clinicians: the patients' *care* spaces and the clinic's own *clinic*.
    #[n(1)]
    Care,
    /// All staff: the patients' *desk* spaces and the clinic's *front*.
    #[n(2)]
    Front,
}

impl Team {
    /// Every team.
    pub const ALL: [Self; 2] = [Self::Care, Self::Front];

    /// Whether people of that role hold this team's key.
    pub fn includes(self, role: Role) -> bool {
        match self {
            Self::Care => role == Role::Clinician,
            Self::Front => true,
        }
    }
}

/// A key wrapped to one recipient by HPKE (RFC 9180, base mode).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Wrap {
    /// Who can open it.
    #[n(0)]
    pub recipient: MemberId,
    /// HPKE's encapsulation.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub enc: Vec<u8>,
    /// The sealed key with its tag.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

impl Wrap {
    /// Whether its parts have their lengths (a 32-byte key is wrapped).
    pub fn well_formed(&self) -> bool {
        self.enc.len() == KEM_ENC && self.sealed.len() == SEALED_KEY
    }
}
