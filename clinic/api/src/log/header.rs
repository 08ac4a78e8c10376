//! The header of a frame: 186 bytes of fixed layout.
//!
//! ```text
//! offset  length
//!      0       1  version
//!      1       1  suite
//!      2      16  log
//!     18       8  number, big-endian; a log's first frame is 1
//!     26      32  hash of the header before; zeros for the first
//!     58      32  epoch: the hash of its statement
//!     90      32  patient chain: the hash of the last statement seen; zeros where there is none
//!    122      32  roster: likewise
//!    154      32  content: H("content", salt ‖ ciphertext)
//! ```
//!
//! All but the content is in the AEAD's associated data. A header outlives its
//! body, so a log whose bodies were erased still verifies.

use crate::crypto;
use crate::id::{HeaderHash, LogId, SpaceId, StatementHash};
use crate::wire::{SUITE, VERSION};

/// Length of a header.
pub const HEADER_LEN: usize = 186;
/// Length of the salt before the ciphertext in a frame's body.
pub const SALT_LEN: usize = 16;
const EPOCH_AT: usize = 58;
const CONTENT_AT: usize = 154;

/// What a frame was written under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cites {
    /// The epoch whose key seals it.
    pub epoch: StatementHash,
    /// The patient chain as the writer saw it; [`StatementHash::NONE`] where there is none.
    pub patient: StatementHash,
    /// The roster as the writer saw it; [`StatementHash::NONE`] where there is none.
    pub roster: StatementHash,
}

/// A frame's header, complete.
#[derive(Clone, PartialEq, Eq)]
pub struct Header([u8; HEADER_LEN]);

impl Header {
    /// The header of a frame whose content hash is known.
    pub fn new(
        log: LogId,
        number: u64,
        previous: HeaderHash,
        cites: &Cites,
        content: [u8; 32],
    ) -> Self {
        let mut bytes = [0; HEADER_LEN];
        let parts: [&[u8]; 8] = [
            &[VERSION, SUITE],
            &log.0,
            &number.to_be_bytes(),
            &previous.0,
            &cites.epoch.0,
            &cites.patient.0,
            &cites.roster.0,
            &content,
        ];
        bytes
            .iter_mut()
            .zip(parts.into_iter().flatten())
            .for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// A header that was kept. Whether it is one of a log's is for the reader to know.
    pub fn from_bytes(bytes: [u8; HEADER_LEN]) -> Self {
        Self(bytes)
    }

    /// What its frame was written under.
    pub fn cites(&self) -> Cites {
        Cites {
            epoch: StatementHash(self.part(EPOCH_AT)),
            patient: StatementHash(self.part(EPOCH_AT + 32)),
            roster: StatementHash(self.part(EPOCH_AT + 64)),
        }
    }

    /// The hash of its frame's body.
    pub fn content(&self) -> [u8; 32] {
        self.part(CONTENT_AT)
    }

    fn part(&self, at: usize) -> [u8; 32] {
        let mut part = [0; 32];
        let bytes = self.0.iter().skip(at);
        part.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        part
    }

    /// The content hash of a body (salt ‖ ciphertext).
    pub fn content_of(body: &[u8]) -> [u8; 32] {
        crypto::hash("content", &[body])
    }

    /// The part that the AEAD authenticates: all but the content.
    pub fn context(&self) -> &[u8] {
        self.0.get(..CONTENT_AT).unwrap_or_default()
    }

    /// All its bytes.
    pub fn as_bytes(&self) -> &[u8; HEADER_LEN] {
        &self.0
    }

    /// What the next frame names: `H("header", space ‖ header)`.
    pub fn hash(&self, space: SpaceId) -> HeaderHash {
        HeaderHash(crypto::hash("header", &[&space.0, &self.0]))
    }
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Header({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}
