//! Why the clinic's people could not be changed.

use clinic_api::chain::ChainError;

use super::super::error::SyncError;
use crate::problem::{Kind, Problem};
use crate::space::SpaceError;
use crate::space::words24::WordsError;
use crate::vault::VaultError;

/// Why the clinic's people, workstations or root key could not be changed. What was begun and not
/// finished goes on with [`super::Staff::finish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StaffError {
    /// The clinic's root key is not on this workstation.
    #[error("the root key is not on this workstation")]
    NoRoot,
    /// Nobody of that name or number is on the roster.
    #[error("no such person")]
    UnknownPerson,
    /// No such workstation was ever on the roster.
    #[error("no such workstation")]
    UnknownWorkstation,
    /// No name, or one of more than 200 bytes.
    #[error("a name has 1 to 200 bytes")]
    Name,
    /// Nobody would be left in the care team.
    #[error("the last of the care team")]
    LastClinician,
    /// This workstation, or the person at it.
    #[error("this workstation can't remove itself")]
    Yourself,
    /// The roster has changed since the new workstation consented to be next on it.
    #[error("the roster has changed meanwhile")]
    Moved,
    /// The server shows another roster than before.
    #[error("the roster was forked")]
    Forked,
    /// A change was begun before and is not finished.
    #[error("a change is still to be finished")]
    Unfinished,
    /// What was typed are no 24 words of a kit.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// The words are of another key than this clinic's root.
    #[error("the words are of another key")]
    OtherRoot,
    /// The kit has not been checked at this workstation.
    #[error("the kit was not checked")]
    NotChecked,
    /// The root key is kept by administrators.
    #[error("the root is for an administrator's workstation")]
    NotAdministrator,
    /// Vault, chains or server.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

impl From<VaultError> for StaffError {
    fn from(error: VaultError) -> Self {
        Self::Sync(error.into())
    }
}

impl From<ChainError> for StaffError {
    fn from(error: ChainError) -> Self {
        Self::Sync(error.into())
    }
}

impl From<SpaceError> for StaffError {
    fn from(error: SpaceError) -> Self {
        Self::Sync(error.into())
    }
}

impl From<StaffError> for Problem {
    fn from(error: StaffError) -> Self {
        let input = |code, advice: &str| Self::new(Kind::Input, code, advice);
        let refused = |code, advice: &str| Self::new(Kind::Refused, code, advice);
        match error {
            StaffError::NoRoot => refused(
                "root-not-here",
                "The clinic's root key isn't on this workstation, so it can't change who works \
                 here. Use the one that holds it, or bring the key back from its kit of 24 words.",
            ),
            StaffError::UnknownPerson => input(
                "unknown-person",
                "There is nobody of that name here now. See `roster list`; where two have one \
                 name, give the number that stands beside it.",
            ),
            StaffError::UnknownWorkstation => input(
                "unknown-workstation",
                "There is no such workstation. See `roster list` for their numbers.",
            ),
            StaffError::Name => input(
                "person-name",
                "Enter a name of at most 200 characters, in one line.",
            ),
            StaffError::LastClinician => refused(
                "last-clinician",
                "Nobody would be left in the care team to read what patients send. Add another \
                 clinician first.",
            ),
            StaffError::Yourself => refused(
                "removes-itself",
                "A workstation can't remove itself or the person at it: it couldn't give the \
                 others their new keys. Do it from another one that holds the root key.",
            ),
            StaffError::Moved => Self::new(
                Kind::Conflict,
                "roster-moved",
                "The list of people changed while the workstation was being added. Nothing of it \
                 was added. Begin again.",
            )
            .passing(),
            StaffError::Forked => Self::new(
                Kind::Tampered,
                "roster-forked",
                "The server shows another list of the clinic's people than before. Nothing was \
                 changed. Ask whoever runs the clinic's server.",
            ),
            StaffError::Unfinished => Self::new(
                Kind::Conflict,
                "roster-unfinished",
                "A change that was begun before isn't finished. It goes on as soon as the server \
                 can be reached.",
            )
            .passing(),
            StaffError::Words(words) => words.into(),
            StaffError::OtherRoot => input(
                "other-root",
                "These are 24 words of a kit, but of another key than this clinic's root.",
            ),
            StaffError::NotChecked => refused(
                "kit-not-checked",
                "Check the root's kit first: type its 24 words with `roster root-kit check`. Once \
                 the key is gone from here, only those words bring it back.",
            ),
            StaffError::NotAdministrator => refused(
                "not-administrator",
                "The root key is for an administrator's workstation.",
            ),
            StaffError::Sync(error) => error.into(),
        }
    }
}
