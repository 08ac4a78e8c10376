//! The body of the kit's event.

use clinic_api::id::MemberId;
use minicbor::{Decode, Encode};

use crate::event::{Body, Kind};

/// The words of a recovery kit were typed, and they were right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KitChecked {
    /// The kit.
    #[n(0)]
    pub kit: MemberId,
}

impl Body for KitChecked {
    const KIND: Kind = Kind::KitChecked;
}
