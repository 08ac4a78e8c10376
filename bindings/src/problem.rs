//! What a caller can do about a failure: the one error of this surface.

use companion_core::problem as core;

/// What sort of failure it is; decides what an interface offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ProblemKind {
    /// What was given cannot be accepted as it is: correct it.
    Input,
    /// The passphrase, key or invite does not fit.
    Locked,
    /// The network or the clinic's server cannot be reached now.
    Offline,
    /// This device may not do this, or no longer.
    Refused,
    /// Something received failed verification: it was set aside, not applied.
    Tampered,
    /// The vault or a file on this device is damaged or cannot be written.
    Storage,
    /// Data or a server of a version that this one does not know: update.
    Version,
    /// It was there before, or changed meanwhile: look again.
    Conflict,
    /// A fault in this software.
    Internal,
}

impl From<core::Kind> for ProblemKind {
    fn from(kind: core::Kind) -> Self {
        match kind {
            core::Kind::Input => Self::Input,
            core::Kind::Locked => Self::Locked,
            core::Kind::Offline => Self::Offline,
            core::Kind::Refused => Self::Refused,
            core::Kind::Tampered => Self::Tampered,
            core::Kind::Storage => Self::Storage,
            core::Kind::Version => Self::Version,
            core::Kind::Conflict => Self::Conflict,
            // The core may grow kinds before this surface does.
            core::Kind::Internal | _ => Self::Internal,
        }
    }
}

/// Why a call failed. Nothing that a person wrote is ever in it.
///
/// It has one case, so that every caller reads the same four values; branch on
/// `kind`, and on `code` where one failure of a kind needs a screen of its own.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum Problem {
    /// The call failed; unless its documentation says otherwise, nothing was changed.
    #[error("{advice} ({code})")]
    Failed {
        /// What sort of failure it is.
        kind: ProblemKind,
        /// Stable, lower-case and hyphenated; never reused with another meaning.
        code: String,
        /// Whether the same call can succeed later without anybody changing anything.
        retry: bool,
        /// What happened and what the person can do, in plain English.
        advice: String,
    },
}

impl From<core::Problem> for Problem {
    fn from(problem: core::Problem) -> Self {
        Self::Failed {
            kind: problem.kind.into(),
            code: problem.code.to_owned(),
            retry: problem.retry,
            advice: problem.advice,
        }
    }
}

impl Problem {
    /// A fault in this software.
    pub(crate) fn internal() -> Self {
        core::Problem::new(
            core::Kind::Internal,
            "internal",
            "Something went wrong in this software.",
        )
        .into()
    }

    /// A name or time from outside that is none; made by what this software gave out, never typed.
    pub(crate) fn malformed(what: &'static str) -> Self {
        core::Problem::new(
            core::Kind::Input,
            "malformed-value",
            format!("That isn't {what}."),
        )
        .into()
    }
}
