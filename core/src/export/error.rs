//! Why an export was not written.

use crate::problem::{Kind, Problem};
use crate::vault::VaultError;

/// Why an export was not written to its end. Nothing that was written is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The vault could not be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// There is no room left where it is written to.
    #[error("no room for the export")]
    Full,
    /// What it is written to takes no more.
    #[error("the export can't be written there")]
    Write,
    /// It was told to stop.
    #[error("the export was stopped")]
    Stopped,
}

impl From<std::io::Error> for ExportError {
    fn from(error: std::io::Error) -> Self {
        if VaultError::from(error) == VaultError::Full {
            Self::Full
        } else {
            Self::Write
        }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Vault(error) => error.into(),
            ExportError::Full => Self::new(
                Kind::Storage,
                "export-disk-full",
                "There is no room for the export. Free some, or write it elsewhere. \
                 Your journal is as it was.",
            )
            .passing(),
            ExportError::Write => Self::new(
                Kind::Storage,
                "export-not-writable",
                "The export can't be written there. Choose another place. \
                 Your journal is as it was.",
            ),
            ExportError::Stopped => Self::new(
                Kind::Input,
                "export-stopped",
                "Stopped. No export was written; your journal is as it was.",
            ),
        }
    }
}
