//! Names of things: fixed-length byte strings, written as lower-case hex.

/// A text that should have been the hex of an identifier and is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of {expected} hex digits")]
pub struct BadId {
    /// How many hex digits it should have.
    pub expected: usize,
}

/// Declares a name of things: a newtype over `[u8; N]`, a byte string in CBOR, lower-case hex as text.
///
/// The crate that uses it depends on `minicbor` and `data-encoding`.
#[macro_export]
macro_rules! named_bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Its length in bytes.
            pub const LEN: usize = $len;

            /// Its bytes.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = $crate::id::BadId;
            fn try_from(bytes: &[u8]) -> Result<Self, $crate::id::BadId> {
                bytes.try_into().map(Self).map_err(|_| $crate::id::BadId { expected: 2 * $len })
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::id::BadId;
            fn from_str(text: &str) -> Result<Self, $crate::id::BadId> {
                let bad = $crate::id::BadId { expected: 2 * $len };
                let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| bad)?;
                bytes.as_slice().try_into().map(Self).map_err(|_| bad)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let at = d.position();
                d.bytes()?.try_into().map(Self).map_err(|_| {
                    minicbor::decode::Error::message("byte string of the wrong length").at(at)
                })
            }
        }
    };
}

named_bytes!(
    /// A chain of signed statements: the hash of its first statement, or, for a
    /// chain of epochs, the space that it belongs to.
    ChainId,
    32
);
named_bytes!(
    /// The hash of a signed statement's body.
    StatementHash,
    32
);
named_bytes!(
    /// A set of members and what they share.
    SpaceId,
    32
);
named_bytes!(
    /// A device or workstation: the hash of its three public keys.
    DeviceId,
    32
);
named_bytes!(
    /// Who signs or receives: a device, a recovery kit, a clinic's root or a team key.
    MemberId,
    32
);
named_bytes!(
    /// One device's append-only log in one space.
    LogId,
    16
);
named_bytes!(
    /// The hash of a frame's header.
    HeaderHash,
    32
);
named_bytes!(
    /// The hash of a frame's body: of its salt and ciphertext.
    ContentHash,
    32
);
named_bytes!(
    /// The hash of a head's body.
    HeadHash,
    32
);
named_bytes!(
    /// The hash of a bulletin's body.
    BulletinHash,
    32
);
named_bytes!(
    /// The hash of a patient's word that a server is to erase what it keeps of them.
    LeaveHash,
    32
);
named_bytes!(
    /// A person on a clinic's roster.
    PersonId,
    16
);
named_bytes!(
    /// Under what an invite or a pairing is kept on the server; says nothing of its secret.
    InviteLookup,
    16
);

impl HeaderHash {
    /// What stands for "no frame yet" before the first frame of a log.
    pub const NONE: Self = Self([0; 32]);
}

impl StatementHash {
    /// What stands for "none" where a frame has no such chain to cite.
    pub const NONE: Self = Self([0; 32]);
}

impl From<DeviceId> for MemberId {
    fn from(id: DeviceId) -> Self {
        Self(id.0)
    }
}

impl From<StatementHash> for ChainId {
    fn from(first: StatementHash) -> Self {
        Self(first.0)
    }
}

impl From<SpaceId> for ChainId {
    fn from(space: SpaceId) -> Self {
        Self(space.0)
    }
}
