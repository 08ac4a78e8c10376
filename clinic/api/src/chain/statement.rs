//! One signed statement: body bytes and a signature over them as received.

use minicbor::{Decode, Encode};

use super::ChainError;
use crate::crypto::{self, Signature};
use crate::id::{MemberId, StatementHash};
use crate::limits;
use crate::wire::{self, SUITE, VERSION, WireError, bytes_array};

/// Which kind of chain a statement belongs to; part of what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ChainKind {
    /// A patient's devices, kit and clinic.
    #[n(1)]
    Patient,
    /// A clinic's people, workstations and team keys.
    #[n(2)]
    Roster,
    /// The keys of one space.
    #[n(3)]
    Epoch,
}

impl ChainKind {
    fn label(self) -> &'static str {
        match self {
            Self::Patient => "patient statement",
            Self::Roster => "roster statement",
            Self::Epoch => "epoch statement",
        }
    }
}

/// Where a chain ends: the number and hash of its last statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct Tip {
    /// The last statement's number; the first is 0.
    #[n(0)]
    pub number: u64,
    /// The last statement's hash.
    #[n(1)]
    pub hash: StatementHash,
}

/// What a statement says; `S` is the step of its kind of chain.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Body<S> {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// [`SUITE`].
    #[n(1)]
    pub suite: u8,
    /// The kind of chain.
    #[n(2)]
    pub kind: ChainKind,
    /// Its place in the chain; the first is 0.
    #[n(3)]
    pub number: u64,
    /// The hash of the statement before; none for the first.
    #[n(4)]
    pub previous: Option<StatementHash>,
    /// The signer's own opinion of the time, in milliseconds since 1970 (UTC). Proves nothing.
    #[n(5)]
    pub at: i64,
    /// Who signed: a device, a kit or a root.
    #[n(6)]
    pub signer: MemberId,
    /// What changes.
    #[n(7)]
    pub step: S,
}

impl<S> Body<S> {
    /// The body of the statement that follows `tip` (none: the first).
    pub fn following(
        kind: ChainKind,
        tip: Option<Tip>,
        at: i64,
        signer: MemberId,
        step: S,
    ) -> Self {
        Self {
            version: VERSION,
            suite: SUITE,
            kind,
            number: tip.map_or(0, |t| t.number.saturating_add(1)),
            previous: tip.map(|t| t.hash),
            at,
            signer,
            step,
        }
    }
}

/// A statement as it travels and is kept: the body's bytes and the signature.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Signed {
    /// The CBOR of a [`Body`], as its signer wrote it.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// Ed25519 over the label of the chain's kind and the body.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub signature: Signature,
}

impl Signed {
    /// Encodes `body` and signs it with `sign` (Ed25519 over the bytes it is given).
    pub fn new<S: Encode<()>>(body: &Body<S>, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        let bytes = wire::encode(body);
        let signature = sign(&crypto::to_sign(body.kind.label(), &[&bytes]));
        Self {
            body: bytes,
            signature,
        }
    }

    /// A statement from the bytes that travelled.
    ///
    /// # Errors
    /// [`WireError`]: refuse it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > limits::STATEMENT {
            return Err(WireError::TooLarge);
        }
        wire::decode(bytes)
    }

    /// The bytes to keep and send.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// What names this statement: the hash of its body.
    pub fn hash(&self) -> StatementHash {
        StatementHash(crypto::hash("statement", &[&self.body]))
    }

    /// Whether the signature is `key`'s, as a statement of that kind.
    #[must_use]
    pub fn signed_by(&self, kind: ChainKind, key: &[u8; 32]) -> bool {
        crypto::verify(key, kind.label(), &[&self.body], &self.signature)
    }

    /// The body, checked for version, kind and place in the chain. Verifies no signature.
    ///
    /// # Errors
    /// [`ChainError`]: refuse the statement.
    pub fn body_after<'b, S: Decode<'b, ()>>(
        &'b self,
        kind: ChainKind,
        tip: Option<Tip>,
    ) -> Result<Body<S>, ChainError> {
        // Version first: a later version's step may not even decode.
        let prefix: Prefix = wire::decode(&self.body)?;
        wire::check_suite(prefix.version, prefix.suite)?;
        if prefix.kind != kind {
            return Err(ChainError::WrongKind);
        }
        let body: Body<S> = wire::decode(&self.body)?;
        let (number, previous) =
            tip.map_or((0, None), |t| (t.number.saturating_add(1), Some(t.hash)));
        if body.number == number && body.previous == previous {
            Ok(body)
        } else {
            Err(ChainError::NotNext)
        }
    }
}

#[derive(Decode)]
#[cbor(map)]
struct Prefix {
    #[n(0)]
    version: u8,
    #[n(1)]
    suite: u8,
    #[n(2)]
    kind: ChainKind,
}

/// The tip of a chain with these hashes; there is always a first.
pub(super) fn tip_of(hashes: &[StatementHash]) -> Tip {
    Tip {
        number: hashes.len().saturating_sub(1) as u64,
        hash: hashes.last().copied().unwrap_or(StatementHash::NONE),
    }
}

/// The number of the statement with that hash.
pub(super) fn number_of(hashes: &[StatementHash], hash: StatementHash) -> Option<u64> {
    hashes.iter().position(|h| *h == hash).map(|n| n as u64)
}
