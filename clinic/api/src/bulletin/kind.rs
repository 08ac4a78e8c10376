//! What a bulletin is about.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

/// What a bulletin is about.
///
/// Unlike other bare numbers of the protocol, an unknown one is no fault: a
/// reader keeps and passes over what a newer clinic says, and so still gets the
/// crisis number that is corrected after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The clinic's own numbers for a crisis. Needs a second signer wherever the clinic has one.
    CrisisNumbers,
    /// A text of the clinic.
    Text,
    /// Its hours and schedules.
    Schedule,
    /// Something that this version does not know.
    Unknown(u16),
}

impl Kind {
    /// The number that stands for it.
    pub fn code(self) -> u16 {
        match self {
            Self::CrisisNumbers => 1,
            Self::Text => 2,
            Self::Schedule => 3,
            Self::Unknown(code) => code,
        }
    }

    /// What a number stands for.
    pub fn from_code(code: u16) -> Self {
        match code {
            1 => Self::CrisisNumbers,
            2 => Self::Text,
            3 => Self::Schedule,
            other => Self::Unknown(other),
        }
    }
}

impl<C> Encode<C> for Kind {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.u16(self.code())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Kind {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        d.u16().map(Self::from_code)
    }
}
