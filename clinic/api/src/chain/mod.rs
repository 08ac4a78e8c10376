//! Chains of signed statements: who is in, and under which keys.
//!
//! Three kinds: the [`patient`] chain (devices, kit, clinic), the clinic's
//! [`roster`] (people, workstations, team keys) and, per space, [`epoch`]s.
//! Each statement names the one before by its hash. The server appends by
//! compare-and-swap; readers verify from the first statement on. Here is all
//! that can be verified without a secret, so server and readers run the same code.

pub mod epoch;
pub mod patient;
pub mod roster;
mod statement;

pub use statement::{Body, ChainKind, Signed, Tip};

use crate::wire::WireError;

/// Why a statement does not continue its chain. The chain stays as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Not a well-formed statement.
    #[error("statement: {0}")]
    Wire(#[from] WireError),
    /// A statement of another kind of chain.
    #[error("a statement of another kind of chain")]
    WrongKind,
    /// It doesn't name the chain's last statement, or has the wrong number.
    #[error("does not follow the chain's last statement")]
    NotNext,
    /// The signature does not fit the signer's key.
    #[error("the signature does not fit")]
    BadSignature,
    /// The signer was not a member with that right at this point of the chain.
    #[error("the signer may not state this")]
    NotAllowed,
    /// Keys, names or lists that break a rule of this chain.
    #[error("breaks a rule of the chain: {0}")]
    Rule(&'static str),
    /// Another statement already follows the same one: the chain was forked.
    #[error("two statements follow the same one")]
    Forked,
}
