//! Messages of the clinic API: what a request carries and what comes back.
//!
//! Bodies are CBOR with numbered fields (`application/cbor`); failures are
//! problems (RFC 9457, see [`crate::http`]). Every request is signed by a
//! device's request key but four: looking at an invite or a pairing, claiming
//! the one and answering the other, which their secrets protect.
//!
//! | Method and path | Request | Answer |
//! |---|---|---|
//! | `GET /v1/chains/{chain}?from=N` | | [`ChainPage`] |
//! | `POST /v1/chains/{chain}` | a statement | 201; 409 `chain-conflict` |
//! | `GET /v1/bulletins/{roster}?from=N` | | [`crate::bulletin::BulletinPage`] |
//! | `POST /v1/bulletins/{roster}` | a bulletin ([`crate::bulletin::Bulletin`]) | 201; 409 `chain-conflict` |
//! | `POST /v1/rosters` | the first statements of a roster ([`Statements`]) | 201 |
//! | `POST /v1/spaces/{space}/runs` | [`Push`] | [`Pushed`] |
//! | `POST /v1/spaces/{space}/pull` | [`Pull`] | [`Pulled`] |
//! | `POST /v1/spaces/{space}/erasures` | [`Erase`] | [`Erased`] |
//! | `POST /v1/invites` | [`NewInvite`] | 201 |
//! | `GET /v1/invites` | | [`Invites`]: those of the caller's roster |
//! | `GET /v1/invites/{lookup}` | (unsigned) | [`InviteOffer`] |
//! | `POST /v1/invites/{lookup}/claim` | (unsigned) [`Claim`] | 201 |
//! | `POST /v1/invites/{lookup}/admit` | | 204 |
//! | `POST /v1/invites/{lookup}/withdraw` | | 204 |
//! | `POST /v1/pairings` | [`NewPairing`] | 201 |
//! | `GET /v1/pairings/{lookup}` | (unsigned) | [`PairingOffer`] |
//! | `POST /v1/pairings/{lookup}/answer` | (unsigned) [`PairingAnswer`] | 201 |
//! | `GET /v1/pairings/{lookup}/answer` | | [`PairingAnswered`] |
//! | `POST /v1/pairings/{lookup}/withdraw` | | 204 |
//! | `GET /v1/feed?since=N` | | [`Feed`]: what changed for the caller since a position |
//! | `GET /v1/events` | | `text/event-stream`: see [`crate::events`] |
//! | `POST /v1/chains/{chain}/leave` | [`crate::leave::SignedLeave`] | [`crate::leave::SignedReceipt`] |
//! | `GET /v1/chains/{chain}/leave` | (unsigned) | [`crate::leave::Departure`] |
//! | `GET /v1/time` | (unsigned) | [`ServerTime`] |
//! | `GET /healthz`, `GET /readyz` | (unsigned) | `ok` |

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::id::{ChainId, InviteLookup, LogId};
use crate::log::FrameName;
use crate::wire::bytes_array;

/// The media type of request and answer bodies.
pub const CBOR: &str = "application/cbor";

/// Statements of one chain, in order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Statements {
    /// The bytes of [`crate::chain::Signed`], as received.
    #[n(0)]
    pub statements: Vec<ByteVec>,
}

/// Part of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChainPage {
    /// The bytes of [`crate::chain::Signed`], from the number asked for on.
    #[n(0)]
    pub statements: Vec<ByteVec>,
    /// Whether the chain goes on after these.
    #[n(1)]
    pub more: bool,
}

/// The chains that a caller is in: patient chains and rosters.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Chains {
    /// Their names.
    #[n(0)]
    pub chains: Vec<ChainId>,
}

/// Runs to append to the caller's own logs in one space: all of them or none.
///
/// Idempotent: runs whose heads are stored already are accepted again, with or without the
/// bodies that were erased since.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Push {
    /// The bytes of [`crate::log::Run`]; at most 512 frames in all.
    #[n(0)]
    pub runs: Vec<ByteVec>,
}

/// What a push came to. When this is answered, the runs are durable.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pushed {
    /// How many of the runs were new.
    #[n(0)]
    pub stored: u64,
}

/// How far a reader knows one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Have {
    /// The log.
    #[n(0)]
    pub log: LogId,
    /// The number of the last head that the reader holds.
    #[n(1)]
    pub beat: u64,
}

/// A version vector: what a reader holds of a space. Logs not named: nothing.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pull {
    /// One entry a log.
    #[n(0)]
    pub have: Vec<Have>,
}

/// Runs that the reader lacks: each log's in order of their heads.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pulled {
    /// The bytes of [`crate::log::Run`].
    #[n(0)]
    pub runs: Vec<ByteVec>,
    /// Whether there is more: pull again with the new vector.
    #[n(1)]
    pub more: bool,
}

/// Frames whose bodies the server is to erase for good; their headers stay.
///
/// From a device of the patient, for frames of the patient's devices alone. Idempotent; a frame
/// that isn't there, or is others', is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Erase {
    /// At most 512.
    #[n(0)]
    pub frames: Vec<FrameName>,
}

/// What an erasure came to. When this is answered, the bodies are gone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Erased {
    /// How many bodies were erased now.
    #[n(0)]
    pub erased: u64,
}

/// A new invite, kept under the lookup that derives from its secret.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NewInvite {
    /// Under what it is kept.
    #[n(0)]
    pub lookup: InviteLookup,
    /// The CBOR of an [`Offer`], under the invite's clinic MAC.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub offer: Vec<u8>,
    /// HMAC-SHA256 of the offer by the invite's clinic key.
    #[n(2)]
    #[cbor(with = "bytes_array")]
    pub mac: [u8; 32],
}

/// What a clinic offers by an invite.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Offer {
    /// The clinic's roster.
    #[n(0)]
    pub roster: ChainId,
    /// The fingerprint of its root key.
    #[n(1)]
    pub root: crate::id::MemberId,
    /// The clinic's name.
    #[n(2)]
    pub clinic: String,
    /// When the invite ends, in seconds since 1970 (UTC).
    #[n(3)]
    pub expires: i64,
}

/// An invite as a joiner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct InviteOffer {
    /// The CBOR of an [`Offer`].
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub offer: Vec<u8>,
    /// Its MAC.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub mac: [u8; 32],
}

/// A joiner's answer: a new patient chain that joined the clinic.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Claim {
    /// The first statements of the patient chain.
    #[n(0)]
    pub statements: Vec<ByteVec>,
    /// HMAC-SHA256 by the invite's patient key, over lookup, chain and root.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub mac: [u8; 32],
}

/// How far an invite has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum InviteState {
    /// Nobody used it yet.
    #[n(0)]
    Waiting,
    /// Somebody did; staff have not admitted them.
    #[n(1)]
    Claimed,
    /// Staff compared digits and admitted the patient.
    #[n(2)]
    Admitted,
    /// Staff took it back.
    #[n(3)]
    Withdrawn,
    /// Seven days went by.
    #[n(4)]
    Expired,
}

/// An invite as the clinic sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct InviteRecord {
    /// Under what it is kept.
    #[n(0)]
    pub lookup: InviteLookup,
    /// How far it has come.
    #[n(1)]
    pub state: InviteState,
    /// When it ends, in seconds since 1970 (UTC).
    #[n(2)]
    pub expires: i64,
    /// The claim, once there is one.
    #[n(3)]
    pub claim: Option<Claim>,
}

/// The invites of a clinic.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Invites {
    /// All of them, oldest first.
    #[n(0)]
    pub invites: Vec<InviteRecord>,
}

/// A new pairing: how a device that is in brings another one in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NewPairing {
    /// Under what it is kept.
    #[n(0)]
    pub lookup: InviteLookup,
    /// What is offered, under the pairing's offer MAC. The server reads [`PairingTerms`] of it
    /// and nothing else.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub offer: Vec<u8>,
    /// HMAC-SHA256 of the offer by the pairing's offer key.
    #[n(2)]
    #[cbor(with = "bytes_array")]
    pub mac: [u8; 32],
}

/// What the server reads of a pairing's offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PairingTerms {
    /// The patient chain or roster that the new device is to be in.
    #[n(1)]
    pub chain: ChainId,
    /// When the pairing ends, in seconds since 1970 (UTC).
    #[n(6)]
    pub expires: i64,
}

/// A pairing as the new device sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PairingOffer {
    /// What is offered.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub offer: Vec<u8>,
    /// Its MAC.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub mac: [u8; 32],
}

/// The new device's answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PairingAnswer {
    /// Its keys, its consent and its name: opaque to the server.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub answer: Vec<u8>,
    /// HMAC-SHA256 of offer and answer by the pairing's answer key.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub mac: [u8; 32],
}

/// Whether a pairing was answered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PairingAnswered {
    /// The answer, once there is one.
    #[n(0)]
    pub answer: Option<PairingAnswer>,
}

/// What kind of thing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ChangeKind {
    /// A patient chain or a roster.
    #[n(0)]
    Chain,
    /// The epochs of a space.
    #[n(1)]
    Epochs,
    /// The logs of a space.
    #[n(2)]
    Space,
    /// The invites of a roster.
    #[n(3)]
    Invites,
}

/// Something that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChangeOf {
    /// What kind of thing.
    #[n(0)]
    pub kind: ChangeKind,
    /// Its name: a chain's, a space's, or a roster's for its invites.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub id: [u8; 32],
    /// Goes up with every change of that thing.
    #[n(2)]
    pub revision: u64,
}

/// What changed for the caller's device since a position: a hint, never a proof.
///
/// It names only what the caller may read, may name something twice, and
/// repeats what changed shortly before the position: a change may become
/// visible a little after another that is later. Readers know by the revision
/// what they have dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Feed {
    /// What changed.
    #[n(0)]
    pub changes: Vec<ChangeOf>,
    /// From where to ask next. Opaque to the reader; 0 is the beginning.
    #[n(1)]
    pub position: u64,
    /// Whether there is more: ask again from the new position.
    #[n(2)]
    pub more: bool,
}

/// The server's time: a client whose clock is wrong signs with the difference added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ServerTime {
    /// Seconds since 1970 (UTC).
    #[n(0)]
    pub now: i64,
}
