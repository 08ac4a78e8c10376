//! Pairing codes: a secret by which a device that is in brings another one in.

use clinic_api::chain::Tip;
use clinic_api::crypto;
use clinic_api::id::{InviteLookup, MemberId, StatementHash};

use super::digits::Digits;
use super::invite::InviteError;
use super::typed::{self, TypedSecret};
use crate::env::Env;

/// A pairing's secret: 128 random bits. Whoever has it can answer once; nobody is in before
/// the device that offered says so.
#[derive(Clone)]
pub struct PairingSecret(TypedSecret);

impl PairingSecret {
    /// A new one.
    pub fn generate(env: &Env) -> Self {
        Self(TypedSecret::generate(env))
    }

    /// That of 16 secret bytes, as they were kept.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(TypedSecret::from_bytes(bytes))
    }

    /// The secret bytes, to be kept in the vault until the pairing ends.
    pub fn expose(&self) -> &[u8; 16] {
        self.0.expose()
    }

    /// As people type it: 26 base32 characters and 2 that check them, in groups of four.
    pub fn text(&self) -> String {
        self.0.text()
    }

    /// Under what the server keeps the pairing.
    pub fn lookup(&self) -> InviteLookup {
        self.0.lookup("pairing lookup")
    }

    /// The MAC of the offer: nobody put another chain in its place.
    pub fn offer_mac(&self, offer: &[u8]) -> [u8; 32] {
        self.0.mac("pairing offer", &[&self.lookup().0, offer])
    }

    /// The MAC of the answer to an offer: nobody without the code put another device in its place.
    pub fn answer_mac(&self, offer: &[u8], answer: &[u8]) -> [u8; 32] {
        let parts: [&[u8]; 3] = [&self.lookup().0, &named(offer), answer];
        self.0.mac("pairing answer", &parts)
    }
}

impl std::fmt::Debug for PairingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PairingSecret(..)")
    }
}

/// What stands in a pairing's QR code beside its secret. Never a web link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingPlace {
    /// Where the chain or roster ended when the code was made: no history without that is believed.
    pub tip: Tip,
    /// The fingerprint of the clinic's root key.
    pub root: MemberId,
    /// The clinic API's address.
    pub server: String,
}

/// A pairing as it was scanned or typed.
#[derive(Debug, Clone)]
pub struct PairingCode {
    /// The secret.
    pub secret: PairingSecret,
    /// What only a scanned code has.
    pub place: Option<PairingPlace>,
}

impl PairingCode {
    /// The text of the QR code, in capitals:
    /// `PP1:<secret>:<root, 52 base32>:<number>:<hash, 52 base32>:<S or L>:<authority>`.
    pub fn qr(secret: &PairingSecret, place: &PairingPlace) -> String {
        let text = secret.text().replace('-', "");
        let root = typed::name_text(&place.root.0);
        let hash = typed::name_text(&place.tip.hash.0);
        let server = typed::server_part(&place.server);
        format!("PP1:{text}:{root}:{}:{hash}:{server}", place.tip.number).to_uppercase()
    }

    /// What was scanned or typed.
    ///
    /// # Errors
    /// [`InviteError`]: scan or type it again.
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix("PP1:") else {
            if text.contains(':') {
                return Err(InviteError::NotOurs);
            }
            let secret = PairingSecret(TypedSecret::parse(text)?);
            return Ok(Self {
                secret,
                place: None,
            });
        };
        let mut parts = rest.splitn(5, ':');
        let mut part = || parts.next().ok_or(InviteError::NotOurs);
        let secret = PairingSecret(TypedSecret::parse(part()?)?);
        let root = MemberId(typed::parse_name(part()?)?);
        let number = part()?.parse().map_err(|_| InviteError::NotOurs)?;
        let hash = StatementHash(typed::parse_name(part()?)?);
        let place = PairingPlace {
            tip: Tip { number, hash },
            root,
            server: typed::scanned_server(part()?).ok_or(InviteError::NotOurs)?,
        };
        Ok(Self {
            secret,
            place: Some(place),
        })
    }
}

/// The 12 digits that the two devices show, of offer and answer as they were sent: see [`Digits`].
///
/// # Errors
/// [`super::SpaceError::BadKey`] where there is not memory enough.
pub fn digits(
    lookup: InviteLookup,
    offer: &[u8],
    answer: &[u8],
) -> Result<Digits, super::SpaceError> {
    let parts: [&[u8]; 3] = [&lookup.0, &named(offer), answer];
    Digits::of(&crypto::hash("pairing transcript", &parts))
}

/// An offer as a part of fixed length.
fn named(offer: &[u8]) -> [u8; 32] {
    crypto::hash("pairing offer", &[offer])
}
