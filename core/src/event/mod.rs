//! The list of everything that can happen, and the envelope that carries it.
//!
//! An event is made by a capability, kept in the vault's event log and applied
//! to its views; sync carries it to the other members of its space. Bodies are
//! CBOR with numbered fields; each kind's type stands in the room it belongs to.

mod clock;
mod envelope;
mod kind;
mod moment;

pub use clock::{FOLLOW_LIMIT_MS, Hlc, HybridClock};
pub use envelope::{Envelope, EventError, Frame};
pub use kind::Kind;
pub use moment::{Moment, MomentError};

use minicbor::{Decode, Encode};

/// A body of one kind of event.
pub trait Body: Encode<()> + for<'b> Decode<'b, ()> {
    /// The kind of event that this is the body of.
    const KIND: Kind;
}

/// Names an event, everywhere and for good: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

/// Names an entry through all its versions: 16 random bytes, or derived from what was imported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub [u8; 16]);

macro_rules! name16 {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = clinic_api::id::BadId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let bad = clinic_api::id::BadId { expected: 32 };
                let bytes = data_encoding::HEXLOWER
                    .decode(text.as_bytes())
                    .map_err(|_| bad)?;
                bytes.try_into().map(Self).map_err(|_| bad)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                c: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                clinic_api::wire::bytes_array::decode(d, c).map(Self)
            }
        }
    };
}

name16!(EventId);
name16!(EntryId);
