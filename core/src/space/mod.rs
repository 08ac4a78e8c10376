//! Who may read: members, epochs, sealing and opening frames. Pure functions
//! over bytes, time and randomness.
//!
//! What can be verified without a secret is in [`clinic_api::chain`] and
//! [`clinic_api::log`]; here is what needs one, and the table of authority.

pub mod authority;
pub mod clinic;
mod digits;
pub mod epoch;
pub mod frame;
pub mod invite;
pub(crate) mod kdf;
pub mod keys;
pub mod pad;
pub mod pairing;
pub mod patient;
mod typed;
pub mod words24;
pub mod wrap;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// Decryption failed: another key, or changed bytes.
    #[error("does not open with this key")]
    DoesNotOpen,
    /// A key that does not fit what its epoch committed to.
    #[error("not the key that the epoch committed to")]
    WrongCommitment,
    /// A key that is none.
    #[error("not a valid key")]
    BadKey,
    /// A plaintext that is not what a frame holds.
    #[error("opens, but holds no frame")]
    NotAFrame,
    /// More than a frame may hold.
    #[error("more than a frame may hold")]
    TooLarge,
    /// The caller is no member of this space.
    #[error("not a member of this space")]
    NotAMember,
    /// The cited chains do not give a list of members.
    #[error(transparent)]
    Chain(#[from] clinic_api::chain::ChainError),
}
