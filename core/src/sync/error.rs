//! Why a sync could not go on.

use clinic_api::chain::ChainError;
use clinic_api::http::problem::Code;
use clinic_api::wire::WireError;

use super::pairing::PairingError;
use crate::problem::{Kind, Problem};
use crate::space::SpaceError;
use crate::space::invite::InviteError;
use crate::vault::VaultError;

/// Why a sync or a joining could not go on. Nothing that was saved is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// No answer from the clinic API.
    #[error("the clinic's server can't be reached")]
    Unreachable,
    /// The address is not one of a clinic API, or plain http to another machine.
    #[error("not an address of a clinic API")]
    Address,
    /// The server refused, with this code.
    #[error("the clinic's server refused: {0:?}")]
    Refused(Code),
    /// The server's answer is not what the protocol says.
    #[error("the server's answer is malformed")]
    Answer(#[from] WireError),
    /// This device was removed.
    #[error("this device was removed")]
    Removed,
    /// The server's statements do not verify.
    #[error("a chain does not verify: {0}")]
    Chain(#[from] ChainError),
    /// The invite was mistyped, or is of another clinic.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// What the server offers under this invite is not what the clinic made.
    #[error("the offer is not the clinic's")]
    ForgedOffer,
    /// The claim under this invite is not by the invite's holder.
    #[error("the claim is not by the holder of the invite")]
    ForgedClaim,
    /// The digits that were compared differ.
    #[error("the digits differ")]
    DigitsDiffer,
    /// Devices could not be paired.
    #[error(transparent)]
    Pairing(#[from] PairingError),
    /// The invite is over.
    #[error("the invite has expired")]
    Expired,
    /// This journal is with another clinic.
    #[error("this journal is with another clinic")]
    OtherClinic,
    /// Nobody has used this invite yet.
    #[error("nobody has used this invite yet")]
    NotClaimed,
    /// The person left the clinic.
    #[error("this journal left its clinic")]
    Left,
    /// No clinic API is set up on this device.
    #[error("no clinic API is set up")]
    NoServer,
    /// Sealing or opening failed.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A fault in this software.
    #[error("an internal fault")]
    Internal,
}

impl From<SyncError> for Problem {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Unreachable => Self::new(
                Kind::Offline,
                "unreachable",
                "The clinic's server can't be reached now. Everything is saved on this device \
                 and will be sent later.",
            )
            .passing(),
            SyncError::Address => Self::new(
                Kind::Input,
                "server-address",
                "That isn't the address of a clinic's server. It begins with https:// \
                 (http:// works for a server on this machine only).",
            ),
            SyncError::Refused(code) => refused(code),
            SyncError::Answer(_) => Self::new(
                Kind::Tampered,
                "server-answer",
                "The server answered something that this app doesn't understand. It may not be \
                 the clinic's server.",
            )
            .passing(),
            SyncError::Removed => Self::new(
                Kind::Refused,
                "device-removed",
                "This device was removed, and nothing is sent from it any more. What is on it stays \
                 on it. To use it again, pair it anew from another of your devices, or ask the \
                 clinic: what it hasn't sent is sent then.",
            ),
            SyncError::Chain(_) => Self::new(
                Kind::Tampered,
                "chain-invalid",
                "The server showed statements that don't verify. Nothing of them was used. Tell \
                 the clinic.",
            ),
            SyncError::Invite(InviteError::Checksum) => Self::new(
                Kind::Input,
                "invite-mistyped",
                "A letter of the invite was mistyped. Look at it once more.",
            ),
            SyncError::Invite(_) => Self::new(
                Kind::Input,
                "invite-shape",
                "That isn't an invite. It has 28 letters and digits.",
            ),
            SyncError::ForgedOffer => Self::new(
                Kind::Tampered,
                "offer-forged",
                "What the server offers isn't what the clinic made. Don't go on; ask the clinic \
                 for a new invite.",
            ),
            SyncError::ForgedClaim => Self::new(
                Kind::Tampered,
                "claim-forged",
                "This invite was used by somebody who doesn't hold it. Withdraw it and make a \
                 new one.",
            ),
            SyncError::DigitsDiffer => Self::new(
                Kind::Tampered,
                "digits-differ",
                "These are not the digits on the patient's device. If they were typed right, \
                 withdraw the invite and start over.",
            ),
            SyncError::Pairing(error) => error.into(),
            SyncError::Expired => Self::new(
                Kind::Locked,
                "invite-expired",
                "This invite has expired. Ask the clinic for a new one.",
            ),
            SyncError::OtherClinic => Self::new(
                Kind::Refused,
                "other-clinic",
                "This journal is with another clinic already. Nothing was changed. To join this \
                 one, begin a journal of its own in another folder.",
            ),
            SyncError::NotClaimed => Self::new(
                Kind::Conflict,
                "invite-not-claimed",
                "Nobody has used this invite yet.",
            )
            .passing(),
            SyncError::Left => Self::new(
                Kind::Refused,
                "left-clinic",
                "You left your clinic. Your journal stays here, and nothing is sent any more. To \
                 join a clinic again, begin a journal in another folder, and bring this one there \
                 with export and import.",
            ),
            SyncError::NoServer => Self::new(
                Kind::Refused,
                "no-clinic",
                "You haven't joined a clinic yet, so there is nobody to sync with.",
            ),
            SyncError::Space(_) | SyncError::Internal => Self::new(
                Kind::Internal,
                "internal",
                "Something went wrong in this software.",
            ),
            SyncError::Vault(error) => error.into(),
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the codes named here have advice of their own; all others share one"
)]
fn refused(code: Code) -> Problem {
    match code {
        Code::InviteUsed => Problem::new(
            Kind::Locked,
            "invite-used",
            "This invite was used before. Ask the clinic for a new one.",
        ),
        Code::InviteExpired | Code::InviteWithdrawn | Code::UnknownInvite => Problem::new(
            Kind::Locked,
            "invite-over",
            "This invite isn't valid any more. Ask the clinic for a new one.",
        ),
        Code::RateLimited | Code::Unavailable | Code::StorageFull => Problem::new(
            Kind::Offline,
            "server-busy",
            "The clinic's server can't take more just now. Everything is saved on this device.",
        )
        .passing(),
        Code::UnsupportedVersion => Problem::new(
            Kind::Version,
            "server-version",
            "The clinic's server and this app are of versions that don't go together. Update.",
        ),
        other => Problem::new(
            Kind::Refused,
            "server-refused",
            format!("The clinic's server refused ({}).", other.as_str()),
        ),
    }
}
