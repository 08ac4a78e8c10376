//! Twelve digits that two people compare.

use argon2::{Algorithm, Argon2, Params, Version};

/// Twelve digits of a transcript, which both sides compare before one lets the other in.
///
/// Argon2id (RFC 9106, its second recommended parameters: 64 MiB, 3 passes, 4
/// lanes), so that nobody in between can search for another transcript with the
/// same digits while both wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits(u64);

impl Digits {
    /// Those of the hash of a transcript.
    ///
    /// # Errors
    /// [`super::SpaceError::BadKey`] where there is not memory enough.
    pub(super) fn of(transcript: &[u8; 32]) -> Result<Self, super::SpaceError> {
        let failed = super::SpaceError::BadKey;
        let params = Params::new(64 * 1024, 3, 4, Some(8)).map_err(|_| failed)?;
        let mut out = [0; 8];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(transcript, b"companion/1 digits", &mut out)
            .map_err(|_| failed)?;
        Ok(Self(u64::from_be_bytes(out) % 1_000_000_000_000))
    }

    /// The digits of a number below 10¹², as kept.
    pub(crate) fn from_value(value: u64) -> Self {
        Self(value % 1_000_000_000_000)
    }

    /// As a number, to be kept.
    pub(crate) fn value(self) -> u64 {
        self.0
    }

    /// Whether what somebody typed is these digits; spaces and hyphens don't matter.
    #[must_use]
    pub fn matches(&self, typed: &str) -> bool {
        let typed: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        typed == format!("{:012}", self.0)
    }
}

impl std::fmt::Display for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = format!("{:012}", self.0);
        let groups: Vec<&str> = (0..4).filter_map(|i| all.get(i * 3..i * 3 + 3)).collect();
        f.write_str(&groups.join(" "))
    }
}
