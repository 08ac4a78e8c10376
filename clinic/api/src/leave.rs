//! Leaving: a patient's signed word that a server is to erase what it keeps of them, and the
//! server's signed receipt.
//!
//! The word stays behind when all else is erased, so that everybody who knew the chain can see
//! that its own people asked. A receipt proves what the holder of the server's key *said*: that
//! nothing was kept, no signature can prove.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::chain::patient::PatientChain;
use crate::crypto::{self, Signature};
use crate::id::{ChainId, LeaveHash, MemberId, SpaceId, StatementHash};
use crate::limits;
use crate::space::SpaceKind;
use crate::wire::{self, SUITE, VERSION, WireError, bytes_array};

/// The label of a patient's word, as signed and as hashed.
const LEAVE: &str = "leave";
/// The label of a server's receipt.
const RECEIPT: &str = "receipt";

/// What somebody asks to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Leave {
    /// [`VERSION`].
    #[n(0)]
    pub version: u8,
    /// [`SUITE`].
    #[n(1)]
    pub suite: u8,
    /// The patient chain.
    #[n(2)]
    pub chain: ChainId,
    /// Its last statement, as the signer saw it.
    #[n(3)]
    pub tip: StatementHash,
    /// Who signs: a device or the kit of that chain.
    #[n(4)]
    pub signer: MemberId,
    /// The signer's own opinion of the time, in milliseconds since 1970 (UTC). Proves nothing.
    #[n(5)]
    pub at: i64,
    /// The spaces that are to be erased; none: everything, the chain with it.
    #[n(6)]
    pub spaces: Option<Vec<SpaceId>>,
}

impl Leave {
    /// That everything, or these spaces, are to be erased.
    pub fn new(
        chain: &PatientChain,
        signer: MemberId,
        at: i64,
        spaces: Option<Vec<SpaceId>>,
    ) -> Self {
        Self {
            version: VERSION,
            suite: SUITE,
            chain: chain.id(),
            tip: chain.tip().hash,
            signer,
            at,
            spaces,
        }
    }

    /// The spaces that go: all three where everything does.
    pub fn gone(&self) -> Vec<SpaceId> {
        let all = || SpaceKind::OF_PATIENT.map(|kind| kind.id(self.chain));
        self.spaces.clone().unwrap_or_else(|| all().to_vec())
    }

    /// Whether it names at least one space, each once and each of this patient.
    pub fn is_well_formed(&self) -> bool {
        let own = SpaceKind::OF_PATIENT.map(|kind| kind.id(self.chain));
        let gone = self.gone();
        let once = |(at, space): (usize, &SpaceId)| !gone.iter().skip(at + 1).any(|s| s == space);
        !gone.is_empty()
            && gone.iter().all(|s| own.contains(s))
            && gone.iter().enumerate().all(once)
    }
}

/// Why a word doesn't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaveError {
    /// It can't be read.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It is about another chain, or spaces that are not this patient's.
    #[error("not about this chain")]
    OtherChain,
    /// Its signer is not in the chain.
    #[error("the signer is not in the chain")]
    NotAllowed,
    /// It was signed before a later statement of the chain.
    #[error("the chain has grown since")]
    Outdated,
    /// The signature is not the signer's.
    #[error("the signature does not fit")]
    BadSignature,
}

/// A patient's word as it travels and is kept: an array of body and signature.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedLeave {
    /// The CBOR of a [`Leave`], as its signer wrote it.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// Ed25519 over the label `leave` and the body, by the device's log key or the kit's key.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub signature: Signature,
}

impl SignedLeave {
    /// Encodes a word and signs it with `sign` (Ed25519 over the bytes it is given).
    pub fn new(leave: &Leave, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        let body = wire::encode(leave);
        let signature = sign(&crypto::to_sign(LEAVE, &[&body]));
        Self { body, signature }
    }

    /// From the bytes that travelled.
    ///
    /// # Errors
    /// [`WireError`]: refuse it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > limits::LEAVE {
            return Err(WireError::TooLarge);
        }
        wire::decode(bytes)
    }

    /// The bytes to keep and send.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// What a receipt names it by.
    pub fn hash(&self) -> LeaveHash {
        LeaveHash(crypto::hash(LEAVE, &[&self.body]))
    }

    /// Verifies it against a chain that the reader knows, at that chain's end.
    ///
    /// A signer that was removed doesn't count, nor a word from before the last statement that
    /// the reader knows. A word that cites a statement which the reader has not seen does: the
    /// chain may have grown before it was erased.
    ///
    /// # Errors
    /// [`LeaveError`]: believe nothing of it.
    pub fn verify(&self, chain: &PatientChain) -> Result<Leave, LeaveError> {
        let leave: Leave = wire::decode_versioned(&self.body)?;
        if leave.chain != chain.id() || !leave.is_well_formed() {
            return Err(LeaveError::OtherChain);
        }
        let tip = chain.tip();
        let key = chain
            .signing_key(leave.signer, tip.number)
            .ok_or(LeaveError::NotAllowed)?;
        if chain.number_of(leave.tip).is_some_and(|n| n != tip.number) {
            return Err(LeaveError::Outdated);
        }
        if !crypto::verify(&key, LEAVE, &[&self.body], &self.signature) {
            return Err(LeaveError::BadSignature);
        }
        Ok(leave)
    }
}

/// What the server says that it did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// The patient chain.
    #[n(0)]
    pub chain: ChainId,
    /// The spaces that were erased.
    #[n(1)]
    pub spaces: Vec<SpaceId>,
    /// [`SignedLeave::hash`] of what was asked; none where the operator was asked in another way.
    #[n(2)]
    pub request: Option<LeaveHash>,
    /// When, in seconds since 1970 (UTC), by the server's clock.
    #[n(3)]
    pub erased_at: i64,
    /// From when on no backup holds it either, in seconds since 1970 (UTC): as the operator set it.
    #[n(4)]
    pub backups_expire_at: i64,
    /// Runs that were erased.
    #[n(5)]
    pub runs: u64,
    /// Bytes of those runs, as they were stored.
    #[n(6)]
    pub bytes: u64,
    /// The server's receipt key (Ed25519).
    #[n(7)]
    #[cbor(with = "bytes_array")]
    pub key: [u8; 32],
}

/// A receipt as it travels and is kept: an array of body and signature.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedReceipt {
    /// The CBOR of a [`Receipt`].
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// Ed25519 over the label `receipt` and the body, by the key that the body names.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub signature: Signature,
}

impl SignedReceipt {
    /// Signs a receipt by the server's key, which is put into it; none where the seed is no key.
    pub fn new(receipt: Receipt, seed: &[u8; 32]) -> Option<Self> {
        let key = crypto::public_key(seed)?;
        let body = wire::encode(&Receipt { key, ..receipt });
        let signature = crypto::sign(seed, RECEIPT, &[&body])?;
        Some(Self { body, signature })
    }

    /// From the bytes that travelled.
    ///
    /// # Errors
    /// [`WireError`]: refuse it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > limits::LEAVE {
            return Err(WireError::TooLarge);
        }
        wire::decode(bytes)
    }

    /// The bytes to keep and send.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// What it says, if its signature is by the key that it names; whose key that is, it can't say.
    ///
    /// # Errors
    /// [`LeaveError`]: it is no receipt.
    pub fn verify(&self) -> Result<Receipt, LeaveError> {
        let receipt: Receipt = wire::decode(&self.body)?;
        if !crypto::verify(&receipt.key, RECEIPT, &[&self.body], &self.signature) {
            return Err(LeaveError::BadSignature);
        }
        Ok(receipt)
    }
}

/// What is left at a server of a chain, or of a space, that was erased.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Departure {
    /// The bytes of a [`SignedLeave`]; none where the operator erased it without one.
    #[n(0)]
    pub leave: Option<ByteVec>,
    /// The bytes of a [`SignedReceipt`].
    #[n(1)]
    pub receipt: ByteVec,
}
