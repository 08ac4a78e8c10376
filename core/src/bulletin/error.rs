use crate::crisis::NumberFault;
use crate::problem::{Kind, Problem};
use crate::sync::SyncError;
use crate::vault::VaultError;

/// Why a bulletin can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulletinError {
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Sending it.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// A number that may not be said.
    #[error("a number can't be used: {0}")]
    Number(#[from] NumberFault),
    /// A topic, a text or a time that can't be.
    #[error("what it says can't be taken")]
    Content,
    /// This workstation's person may not sign it.
    #[error("this workstation may not sign it")]
    NotAllowed,
    /// The draft is none, is of another clinic, or its signature doesn't fit.
    #[error("the draft does not verify")]
    Draft,
    /// Another bulletin was published since the draft was written.
    #[error("another bulletin was published meanwhile")]
    Outdated,
    /// The same person signed it already.
    #[error("this person signed it already")]
    SamePerson,
}

impl From<BulletinError> for Problem {
    fn from(error: BulletinError) -> Self {
        match error {
            BulletinError::Vault(error) => error.into(),
            BulletinError::Sync(error) => error.into(),
            BulletinError::Number(fault) => Self::new(
                Kind::Input,
                "bulletin-number",
                format!("This number can't be published: {fault}."),
            ),
            BulletinError::Content => Self::new(
                Kind::Input,
                "bulletin-content",
                "Give a topic of small letters, digits and hyphens, a text of at most 20,000 \
                 characters, and a time of expiry that is still to come.",
            ),
            BulletinError::NotAllowed => Self::new(
                Kind::Refused,
                "bulletin-not-allowed",
                "Bulletins are signed by administrators and clinicians of the clinic.",
            ),
            BulletinError::Draft => Self::new(
                Kind::Tampered,
                "bulletin-draft",
                "This draft does not verify as one of this clinic. Nothing was signed.",
            ),
            BulletinError::Outdated => Self::new(
                Kind::Conflict,
                "bulletin-outdated",
                "Another bulletin was published meanwhile. Write this one anew.",
            ),
            BulletinError::SamePerson => Self::new(
                Kind::Refused,
                "bulletin-second-person",
                "Crisis numbers are signed by two people, and you are the first. Ask a colleague \
                 to sign the draft.",
            ),
        }
    }
}
