//! Why devices could not be paired.

use clinic_api::http::problem::Code;

use crate::problem::{Kind, Problem};
use crate::space::invite::InviteError;
use crate::sync::SyncError;

/// Why devices could not be paired. Nothing that was saved is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PairingError {
    /// The code was mistyped, or is none.
    #[error(transparent)]
    Code(#[from] InviteError),
    /// The code is over: used, taken back, or too old.
    #[error("the pairing is over")]
    Over,
    /// What the server shows is not by the other device.
    #[error("the pairing is not by the other device")]
    Forged,
    /// The digits that were compared differ.
    #[error("the digits differ")]
    DigitsDiffer,
    /// This device offered no pairing.
    #[error("no pairing was begun")]
    NotBegun,
    /// Nobody has answered yet.
    #[error("nobody has answered yet")]
    NotAnswered,
    /// The other device has not let this one in yet.
    #[error("the other device has not confirmed yet")]
    NotConfirmed,
    /// The devices changed meanwhile: what the new one agreed to is void.
    #[error("the devices have changed meanwhile")]
    Moved,
    /// This vault is with a clinic in its own right.
    #[error("this journal is with a clinic already")]
    OwnJournal,
    /// A name is empty or over 200 bytes.
    #[error("a name is empty or too long")]
    Name,
}

/// The server's refusals, in words for pairing.
pub(super) fn over(error: SyncError) -> SyncError {
    let over = matches!(
        error,
        SyncError::Refused(
            Code::InviteUsed | Code::InviteExpired | Code::InviteWithdrawn | Code::UnknownInvite,
        )
    );
    if over {
        PairingError::Over.into()
    } else {
        error
    }
}

impl From<PairingError> for Problem {
    fn from(error: PairingError) -> Self {
        match error {
            PairingError::Code(InviteError::Checksum) => Self::new(
                Kind::Input,
                "pairing-mistyped",
                "A letter of the code was mistyped. Look at it once more.",
            ),
            PairingError::Code(_) => Self::new(
                Kind::Input,
                "pairing-shape",
                "That isn't a code from your other device. It has 28 letters and digits.",
            ),
            PairingError::Over => Self::new(
                Kind::Locked,
                "pairing-over",
                "This code was used or isn't valid any more. Make a new one on the other device.",
            ),
            PairingError::Forged => Self::new(
                Kind::Tampered,
                "pairing-forged",
                "What the server shows isn't from the other device. Nothing was changed. Make a \
                 new code.",
            ),
            PairingError::DigitsDiffer => Self::new(
                Kind::Tampered,
                "pairing-digits",
                "These are not the digits that belong to this pairing. Nobody was let in. If you \
                 typed what the new device shows, end this pairing and make a new code.",
            ),
            PairingError::NotBegun => Self::new(
                Kind::Conflict,
                "pairing-not-begun",
                "No pairing is open on this device. Begin one first.",
            ),
            PairingError::NotAnswered => Self::new(
                Kind::Conflict,
                "pairing-not-answered",
                "The new device hasn't answered yet. Enter the code there first.",
            )
            .passing(),
            PairingError::NotConfirmed => Self::new(
                Kind::Conflict,
                "pairing-not-confirmed",
                "Your other device hasn't let this one in yet. Compare the digits there and \
                 confirm.",
            )
            .passing(),
            PairingError::Moved => Self::new(
                Kind::Conflict,
                "pairing-moved",
                "Your devices have changed since this code was made. Nobody was let in. Make a \
                 new code.",
            ),
            PairingError::OwnJournal => Self::new(
                Kind::Refused,
                "own-journal",
                "This journal is with a clinic in its own right. Nothing was changed. Pair in a \
                 new folder; an export of this one can be imported there.",
            ),
            PairingError::Name => Self::new(
                Kind::Input,
                "device-name",
                "A device needs a name, of up to 200 bytes. Nothing was changed.",
            ),
        }
    }
}
