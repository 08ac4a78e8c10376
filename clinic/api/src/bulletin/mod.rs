//! Bulletins: what a clinic says to all its patients, signed, numbered, not secret.
//!
//! A chain of its own for each roster: every bulletin names the one before by
//! number and hash, so that a server which shows an older one shows itself. A
//! later one of the same kind and topic takes the place of an earlier one; an
//! expired one is marked, never hidden. Signed by one workstation, or by two of
//! different people; its own statement of the roster says who may.

mod kind;
mod verify;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

pub use kind::Kind;
pub use verify::{Last, SECOND, Verified, may_sign, needs_second, signs, verify};

use crate::crypto::{self, Signature};
use crate::id::{BulletinHash, ChainId, DeviceId, StatementHash};
use crate::limits;
use crate::wire::{self, SUITE, VERSION, WireError, bytes_array};

const LABEL: &str = "bulletin";

/// What a bulletin says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Body {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// [`SUITE`].
    #[n(1)]
    pub suite: u8,
    /// The clinic's roster.
    #[n(2)]
    pub roster: ChainId,
    /// Its number; the first is 1.
    #[n(3)]
    pub number: u64,
    /// The bulletin before; none for the first.
    #[n(4)]
    pub previous: Option<BulletinHash>,
    /// When it was written, in milliseconds since 1970 (UTC), by the first signer's clock.
    #[n(5)]
    pub at: i64,
    /// When it is to be shown as expired, likewise; none: it holds until another replaces it.
    #[n(6)]
    pub expires: Option<i64>,
    /// What it is about.
    #[n(7)]
    pub kind: Kind,
    /// With the kind, what a later bulletin replaces.
    #[n(8)]
    pub topic: String,
    /// What it says, in the form of its kind.
    #[n(9)]
    #[cbor(with = "minicbor::bytes")]
    pub content: Vec<u8>,
    /// The roster as the first signer saw it: who may sign is read there.
    #[n(10)]
    pub cites: StatementHash,
}

/// What somebody wants to say, before it gets its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What it is about.
    pub kind: Kind,
    /// What it replaces: the last of the same kind and topic.
    pub topic: String,
    /// What it says.
    pub content: Vec<u8>,
    /// When it is to be shown as expired, in milliseconds since 1970 (UTC).
    pub expires: Option<i64>,
}

impl Body {
    /// The body of the bulletin after `last` (none: the first).
    pub fn following(
        roster: ChainId,
        last: Option<&Last>,
        at: i64,
        cites: StatementHash,
        draft: Draft,
    ) -> Self {
        Self {
            version: VERSION,
            suite: SUITE,
            roster,
            number: last.map_or(0, |l| l.number).saturating_add(1),
            previous: last.map(|l| l.hash),
            at,
            expires: draft.expires,
            kind: draft.kind,
            topic: draft.topic,
            content: draft.content,
            cites,
        }
    }
}

/// One signature under a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Signer {
    /// The workstation.
    #[n(0)]
    pub device: DeviceId,
    /// Ed25519 by its log key over `"bulletin"` and the body.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub signature: Signature,
}

/// A bulletin as it travels and is kept; with one signature where two are
/// needed, a draft that the other signer completes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Bulletin {
    /// The CBOR of a [`Body`], as its first signer wrote it.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// Who signed.
    #[n(1)]
    pub signers: Vec<Signer>,
}

impl Bulletin {
    /// Encodes `body`; nobody signed it yet.
    pub fn unsigned(body: &Body) -> Self {
        Self {
            body: wire::encode(body),
            signers: Vec::new(),
        }
    }

    /// Adds a signature by `device`; `sign` is Ed25519 over the bytes that it is given.
    #[must_use]
    pub fn signed(mut self, device: DeviceId, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        let signature = sign(&crypto::to_sign(LABEL, &[&self.body]));
        self.signers.push(Signer { device, signature });
        self
    }

    /// A bulletin from the bytes that travelled; verifies nothing.
    ///
    /// # Errors
    /// [`WireError`]: refuse it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > limits::BULLETIN {
            return Err(WireError::TooLarge);
        }
        wire::decode(bytes)
    }

    /// The bytes to keep and send.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// What names it: the hash of its body.
    pub fn hash(&self) -> BulletinHash {
        BulletinHash(crypto::hash(LABEL, &[&self.body]))
    }

    /// What it says, before anything is verified.
    ///
    /// # Errors
    /// [`WireError`]: refuse it, or, where it is [`WireError::Unsupported`], update.
    pub fn claimed(&self) -> Result<Body, WireError> {
        wire::decode_versioned(&self.body)
    }

    fn signed_by(&self, key: &[u8; 32], signature: &Signature) -> bool {
        crypto::verify(key, LABEL, &[&self.body], signature)
    }
}

/// Part of a clinic's bulletins.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BulletinPage {
    /// The bytes of [`Bulletin`], from the number asked for on.
    #[n(0)]
    pub bulletins: Vec<ByteVec>,
    /// Whether there are more after these.
    #[n(1)]
    pub more: bool,
}

/// The last bulletin that a device saw: what its heads witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Seen {
    /// Its number.
    #[n(0)]
    pub number: u64,
    /// Its hash.
    #[n(1)]
    pub hash: BulletinHash,
}
