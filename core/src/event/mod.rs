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
pub use moment::{FURTHEST_OFFSET, Moment, MomentError};

use minicbor::{Decode, Encode};

/// A body of one kind of event.
pub trait Body: Encode<()> + for<'b> Decode<'b, ()> {
    /// The kind of event that this is the body of.
    const KIND: Kind;
}

clinic_api::named_bytes!(
    /// Names an event, everywhere and for good: 16 random bytes.
    EventId,
    16
);
clinic_api::named_bytes!(
    /// Names an entry through all its versions: 16 random bytes, or derived from what was imported.
    EntryId,
    16
);
