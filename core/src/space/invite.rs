//! Invites: a secret that brings a patient and a clinic together, and the digits both compare.

use clinic_api::crypto;
use clinic_api::id::{ChainId, InviteLookup, MemberId};

pub use super::digits::Digits;
use super::typed::{self, TypedSecret};
pub(crate) use super::typed::{scanned_server, server_part};
use crate::env::Env;

/// Why something typed or scanned is no invite, or no code of a pairing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// Not 28 letters and digits.
    #[error("a code has 28 letters and digits")]
    Shape,
    /// Its check characters do not fit: something was mistyped. One or two wrong
    /// characters are always found, more in all but one of 1,024 cases.
    #[error("a letter was mistyped")]
    Checksum,
    /// A QR code that is none of ours, or of a newer version.
    #[error("not a code of this app")]
    NotOurs,
}

/// An invite's secret: 128 random bits. Whoever has it can join once.
#[derive(Clone)]
pub struct InviteSecret(TypedSecret);

impl InviteSecret {
    /// A new invite.
    pub fn generate(env: &Env) -> Self {
        Self(TypedSecret::generate(env))
    }

    /// The invite of 16 secret bytes, as the clinic kept them.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(TypedSecret::from_bytes(bytes))
    }

    /// The secret bytes, to be kept in the clinic's vault until the invite ends.
    pub fn expose(&self) -> &[u8; 16] {
        self.0.expose()
    }

    /// As people type it: 26 base32 characters (Crockford's) and 2 that check them, in groups
    /// of four.
    pub fn text(&self) -> String {
        self.0.text()
    }

    /// What was typed: case, spaces and hyphens don't matter; O is 0, I and L are 1.
    ///
    /// # Errors
    /// [`InviteError`]: type it again.
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        TypedSecret::parse(text).map(Self)
    }

    /// Under what the server keeps the invite.
    pub fn lookup(&self) -> InviteLookup {
        self.0.lookup("invite lookup")
    }

    /// The clinic's MAC of its offer: nobody put another clinic in its place.
    pub fn offer_mac(&self, offer: &[u8]) -> [u8; 32] {
        self.0.mac("invite clinic", &[&self.lookup().0, offer])
    }

    /// The patient's MAC of the claim: nobody put another patient in its place.
    pub fn claim_mac(&self, patient: ChainId, root: MemberId) -> [u8; 32] {
        let parts: [&[u8]; 3] = [&self.lookup().0, &patient.0, &root.0];
        self.0.mac("invite patient", &parts)
    }
}

impl std::fmt::Debug for InviteSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InviteSecret(..)")
    }
}

/// What a QR code holds: the secret, the root's fingerprint, and where the clinic API is.
///
/// Never a web link: a scanner that isn't ours must not send the secret anywhere.
#[derive(Debug, Clone)]
pub struct InviteCode {
    /// The secret.
    pub secret: InviteSecret,
    /// The fingerprint of the clinic's root key; a typed invite lacks it.
    pub root: Option<MemberId>,
    /// The clinic API's address; a typed invite lacks it.
    pub server: Option<String>,
}

impl InviteCode {
    /// The text of the QR code: `PC1:<invite>:<root, 52 base32>:<S or L>:<authority>`, in capitals.
    ///
    /// `S` stands for https, `L` for plain http, which is for a clinic API on the same machine.
    pub fn qr(secret: &InviteSecret, root: MemberId, server: &str) -> String {
        let text = secret.text().replace('-', "");
        let (root, server) = (typed::name_text(&root.0), server_part(server));
        format!("PC1:{text}:{root}:{server}").to_uppercase()
    }

    /// What was scanned or typed.
    ///
    /// # Errors
    /// [`InviteError`]: scan or type it again.
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix("PC1:") else {
            if text.contains(':') {
                return Err(InviteError::NotOurs);
            }
            let secret = InviteSecret::parse(text)?;
            return Ok(Self {
                secret,
                root: None,
                server: None,
            });
        };
        let mut parts = rest.splitn(3, ':');
        let mut part = || parts.next().ok_or(InviteError::NotOurs);
        Ok(Self {
            secret: InviteSecret::parse(part()?)?,
            root: Some(MemberId(typed::parse_name(part()?)?)),
            server: Some(scanned_server(part()?).ok_or(InviteError::NotOurs)?),
        })
    }
}

/// The 12 digits that patient and staff compare before the patient is admitted: see [`Digits`].
///
/// # Errors
/// [`super::SpaceError::BadKey`] where there is not memory enough.
pub fn digits(
    lookup: InviteLookup,
    patient: ChainId,
    root: MemberId,
    roster: ChainId,
) -> Result<Digits, super::SpaceError> {
    let parts: [&[u8]; 4] = [&lookup.0, &patient.0, &root.0, &roster.0];
    Digits::of(&crypto::hash("join transcript", &parts))
}
