//! What a caller can do about a failure.
//!
//! Every module has an error enum of its own. At the edge (bindings, command
//! line, console) each becomes one [`Problem`]: a kind to branch on, a stable
//! code to log and to look up, whether trying again can help, and what the
//! person can do. No text that a person wrote is ever in any of them.

use std::fmt;

/// What sort of failure it is; decides what an interface offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
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

/// A failure as the edge shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What sort of failure it is.
    pub kind: Kind,
    /// Stable, lower-case and hyphenated; never reused with another meaning.
    pub code: &'static str,
    /// Whether the same call can succeed later without anybody changing anything.
    pub retry: bool,
    /// What happened and what the person can do, in plain words.
    pub advice: String,
}

impl Problem {
    /// A problem that trying again does not mend.
    pub fn new(kind: Kind, code: &'static str, advice: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            retry: false,
            advice: advice.into(),
        }
    }

    /// The same problem, marked as one that may pass by itself.
    #[must_use]
    pub fn passing(mut self) -> Self {
        self.retry = true;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.advice, self.code)
    }
}

impl std::error::Error for Problem {}
