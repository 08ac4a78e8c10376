//! What can go wrong with a vault, told apart by what one can do.

use rusqlite::ErrorCode;

use super::KeyStoreError;
use crate::problem::{Kind, Problem};

/// Why the vault could not be opened, read or written. No data is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is no vault in this folder.
    #[error("there is no vault here")]
    NotFound,
    /// There is one already.
    #[error("there is a vault here already")]
    Exists,
    /// The key is not this vault's; the file itself was not judged.
    #[error("the key does not fit this vault")]
    WrongKey,
    /// The key fits and the file is not what was written.
    #[error("the vault is damaged")]
    Damaged,
    /// Written by a newer version.
    #[error("the vault was written by a newer version")]
    Newer,
    /// Another program has it open.
    #[error("the vault is open in another program")]
    InUse,
    /// No room left on the disk; nothing was changed.
    #[error("the disk is full")]
    Full,
    /// The folder or file can't be written.
    #[error("the folder can't be written")]
    ReadOnly,
    /// The key store failed.
    #[error(transparent)]
    Key(#[from] KeyStoreError),
    /// This vault belongs to nobody yet, or to somebody else than the call needs.
    #[error("this vault is not set up for that")]
    NotSetUp,
    /// The author may not write this event here.
    #[error("this may not be written here")]
    NotAllowed,
    /// More than one frame can carry; it could never be sent.
    #[error("more than can be sent at once")]
    TooLarge,
    /// Any other failure of the file system.
    #[error("the file system refused")]
    Io,
    /// A fault in this software.
    #[error("an internal fault")]
    Internal,
}

impl From<rusqlite::Error> for VaultError {
    fn from(error: rusqlite::Error) -> Self {
        // SQLite's own texts may quote values: only the code is kept.
        let extended = error.sqlite_error().map(|e| e.extended_code);
        match error.sqlite_error_code() {
            // The file beside the log, through which connections agree, has no room to grow.
            _ if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => Self::Full,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            Some(ErrorCode::SystemIoFailure) => Self::Io,
            _ => Self::Internal,
        }
    }
}

impl From<std::io::Error> for VaultError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        if error.kind() == ErrorKind::StorageFull || error.kind() == ErrorKind::QuotaExceeded {
            Self::Full
        } else if error.kind() == ErrorKind::PermissionDenied
            || error.kind() == ErrorKind::ReadOnlyFilesystem
        {
            Self::ReadOnly
        } else {
            Self::Io
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::NotFound => Self::new(
                Kind::Storage,
                "vault-not-found",
                "There is no journal in this folder yet.",
            ),
            VaultError::Exists => Self::new(
                Kind::Conflict,
                "vault-exists",
                "There is already a journal in this folder.",
            ),
            VaultError::WrongKey | VaultError::Key(KeyStoreError::WrongPassphrase) => Self::new(
                Kind::Locked,
                "wrong-passphrase",
                "That passphrase doesn't open this journal. Nothing was changed; try again.",
            ),
            VaultError::Damaged => Self::new(
                Kind::Storage,
                "vault-damaged",
                "The journal's file is damaged. Nothing is deleted: the file is set aside when the \
                 journal is mended, and what can be read of it comes back.",
            ),
            VaultError::Newer => Self::new(
                Kind::Version,
                "vault-newer",
                "This journal was written by a newer version. Update, then open it again.",
            ),
            VaultError::InUse => Self::new(
                Kind::Conflict,
                "vault-in-use",
                "The journal is open in another program. Close that one first.",
            )
            .passing(),
            VaultError::Full => Self::new(
                Kind::Storage,
                "disk-full",
                "There is no room left on this device. Nothing was lost; free some and try again.",
            )
            .passing(),
            VaultError::ReadOnly => Self::new(
                Kind::Storage,
                "not-writable",
                "The journal's folder can't be written. Check its permissions.",
            ),
            VaultError::Key(_) => Self::new(
                Kind::Storage,
                "key-store",
                "The key of this journal can't be read on this device.",
            ),
            VaultError::NotSetUp => Self::new(
                Kind::Refused,
                "not-set-up",
                "This journal isn't set up for that yet.",
            ),
            VaultError::NotAllowed => {
                Self::new(Kind::Refused, "not-allowed", "That can't be written here.")
            }
            VaultError::TooLarge => Self::new(
                Kind::Input,
                "too-large",
                "That is more than can be sent at once. Split it in two.",
            ),
            VaultError::Io => Self::new(
                Kind::Storage,
                "file-system",
                "The device refused to read or write. Try again.",
            )
            .passing(),
            VaultError::Internal => Self::new(
                Kind::Internal,
                "internal",
                "Something went wrong in this software.",
            ),
        }
    }
}
