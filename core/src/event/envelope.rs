//! What surrounds every event, and the plaintext of a frame.

use clinic_api::wire;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::{Body, EventId, Hlc, Kind, Moment};

/// Bytes that are not an event of the kind they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// Not well-formed.
    #[error("not a well-formed event")]
    Malformed,
    /// Another kind than was asked for.
    #[error("an event of another kind")]
    OtherKind,
}

/// An event: who and where it stands in a log is known from its frame.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Envelope {
    /// Its name.
    #[n(0)]
    pub id: EventId,
    /// The number of its [`Kind`]; may be one of a newer version.
    #[n(1)]
    pub kind: u32,
    /// See [`Kind::critical`]; here for readers that don't know the kind.
    #[n(2)]
    pub critical: bool,
    /// Its place in the order between devices.
    #[n(3)]
    pub hlc: Hlc,
    /// When and where it was written, by the device's own clock.
    #[n(4)]
    pub at: Moment,
    /// The CBOR of the kind's body.
    #[n(5)]
    pub body: ByteVec,
}

impl Envelope {
    /// Surrounds a body.
    pub fn new<B: Body>(id: EventId, hlc: Hlc, at: Moment, body: &B) -> Self {
        Self {
            id,
            kind: B::KIND.code(),
            critical: B::KIND.critical(),
            hlc,
            at,
            body: wire::encode(body).into(),
        }
    }

    /// Its kind, if this version knows it.
    pub fn known_kind(&self) -> Option<Kind> {
        Kind::from_code(self.kind)
    }

    /// Its body.
    ///
    /// # Errors
    /// [`EventError`]: keep it unapplied.
    pub fn body<B: Body>(&self) -> Result<B, EventError> {
        if self.kind != B::KIND.code() {
            return Err(EventError::OtherKind);
        }
        wire::decode(&self.body).map_err(|_| EventError::Malformed)
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelope")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish()
    }
}

/// What a frame seals: events that were written together and travel together.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Frame {
    /// In the order of writing; at least one.
    #[n(0)]
    pub events: Vec<Envelope>,
}
