//! Invites: a secret that brings a patient and a clinic together, and the digits both compare.

mod check;

use std::net::Ipv4Addr;

use argon2::{Algorithm, Argon2, Params, Version};
use clinic_api::crypto;
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::id::{ChainId, InviteLookup, MemberId};
use data_encoding::{Encoding, Specification};
use ring::hmac;

use super::kdf;
use super::keys::Seed;
use crate::env::Env;

/// Why something typed or scanned is no invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// Not 28 letters and digits.
    #[error("an invite has 28 letters and digits")]
    Shape,
    /// Its check characters do not fit: something was mistyped. One or two wrong
    /// characters are always found, more in all but one of 1,024 cases.
    #[error("a letter was mistyped")]
    Checksum,
    /// A QR code that is none of ours, or of a newer version.
    #[error("not an invite of this app")]
    NotOurs,
}

/// An invite's secret: 128 random bits. Whoever has it can join once.
#[derive(Clone)]
pub struct InviteSecret(Seed16);

type Seed16 = zeroize::Zeroizing<[u8; 16]>;

/// Crockford's base32.
const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SECRET_CHARS: usize = 26;
const CHARS: usize = 28;

impl InviteSecret {
    /// A new invite.
    pub fn generate(env: &Env) -> Self {
        Self(zeroize::Zeroizing::new(env.random()))
    }

    /// The invite of 16 secret bytes, as the clinic kept them.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(zeroize::Zeroizing::new(bytes))
    }

    /// The secret bytes, to be kept in the clinic's vault until the invite ends.
    pub fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// As people type it: 26 base32 characters (Crockford's) and 2 that check them, in groups
    /// of four.
    pub fn text(&self) -> String {
        let mut all = crockford().encode(self.0.as_slice());
        let sum = checksum(&all);
        all.push_str(&sum);
        let groups: Vec<String> = all
            .as_bytes()
            .chunks(4)
            .map(|c| String::from_utf8_lossy(c).into_owned())
            .collect();
        groups.join("-")
    }

    /// What was typed: case, spaces and hyphens don't matter; O is 0, I and L are 1.
    ///
    /// # Errors
    /// [`InviteError`]: type it again.
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        let typed: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let known = typed.bytes().all(|c| ALPHABET.as_bytes().contains(&c));
        if typed.len() != CHARS || !known {
            return Err(InviteError::Shape);
        }
        let (secret, sum) = typed.split_at(SECRET_CHARS);
        let bytes = zeroize::Zeroizing::new(
            crockford()
                .decode(secret.as_bytes())
                .map_err(|_| InviteError::Shape)?,
        );
        let bytes: [u8; 16] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| InviteError::Shape)?;
        let invite = Self(zeroize::Zeroizing::new(bytes));
        if checksum(secret) == sum {
            Ok(invite)
        } else {
            Err(InviteError::Checksum)
        }
    }

    /// Under what the server keeps the invite.
    pub fn lookup(&self) -> InviteLookup {
        let full = self.derive("invite lookup");
        let mut id = [0; 16];
        id.iter_mut()
            .zip(full.expose())
            .for_each(|(to, from)| *to = *from);
        InviteLookup(id)
    }

    /// The clinic's MAC of its offer: nobody put another clinic in its place.
    pub fn offer_mac(&self, offer: &[u8]) -> [u8; 32] {
        self.mac("invite clinic", &[&self.lookup().0, offer])
    }

    /// The patient's MAC of the claim: nobody put another patient in its place.
    pub fn claim_mac(&self, patient: ChainId, root: MemberId) -> [u8; 32] {
        self.mac("invite patient", &[&self.lookup().0, &patient.0, &root.0])
    }

    fn mac(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.derive(label).expose());
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&key, &crypto::to_sign(label, parts)).as_ref());
        out
    }

    fn derive(&self, label: &str) -> Seed {
        kdf::derive(self.0.as_slice(), &[], label, &[])
    }
}

impl std::fmt::Debug for InviteSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InviteSecret(..)")
    }
}

/// The characters that check those of a secret.
fn checksum(secret: &str) -> String {
    let value = |c: u8| ALPHABET.bytes().position(|a| a == c);
    let word = secret.bytes().filter_map(value);
    let symbols = check::symbols(word.filter_map(|n| u8::try_from(n).ok()));
    let character = |n: u8| ALPHABET.chars().nth(n.into());
    symbols.into_iter().filter_map(character).collect()
}

fn crockford() -> Encoding {
    let mut spec = Specification::new();
    spec.symbols.push_str(ALPHABET);
    #[expect(
        clippy::expect_used,
        reason = "a constant specification; a test builds it"
    )]
    spec.encoding().expect("32 distinct symbols")
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
        let root = crockford().encode(&root.0);
        let text = secret.text().replace('-', "");
        format!("PC1:{text}:{root}:{}", server_part(server)).to_uppercase()
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
        let secret = InviteSecret::parse(part()?)?;
        let root = crockford()
            .decode(part()?.as_bytes())
            .map_err(|_| InviteError::NotOurs)?;
        let root: [u8; 32] = root.try_into().map_err(|_| InviteError::NotOurs)?;
        let server = scanned_server(part()?).ok_or(InviteError::NotOurs)?;
        Ok(Self {
            secret,
            root: Some(MemberId(root)),
            server: Some(server),
        })
    }
}

/// A clinic API's address as QR codes hold it, so that it can stand in their denser alphabet.
pub(crate) fn server_part(server: &str) -> String {
    let (scheme, authority) = match server.strip_prefix("http://") {
        Some(rest) => ("L", rest),
        None => ("S", server.strip_prefix("https://").unwrap_or(server)),
    };
    format!("{scheme}:{authority}")
}

/// The address of [`server_part`]; none for what is no address, and for a server elsewhere
/// without TLS.
pub(crate) fn scanned_server(part: &str) -> Option<String> {
    let (scheme, authority) = part.split_once(':')?;
    let (name, scheme) = match scheme {
        "S" => ("https", Scheme::Https),
        "L" => ("http", Scheme::Http),
        _ => return None,
    };
    let authority = Authority::parse(scheme, authority).ok()?.to_string();
    let allowed = scheme == Scheme::Https || is_loopback(&authority);
    allowed.then(|| format!("{name}://{authority}"))
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.rfind(']') {
        Some(end) => authority.get(..=end),
        None => authority.split(':').next(),
    };
    match host {
        Some("localhost" | "[::1]") => true,
        Some(name) => name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// The 12 digits that patient and staff compare before the patient is admitted.
///
/// Argon2id (RFC 9106, its second recommended parameters: 64 MiB, 3 passes, 4
/// lanes) of the joining's transcript, so that nobody in between can search for
/// another chain with the same digits while both wait.
///
/// # Errors
/// [`super::SpaceError::BadKey`] where there is not memory enough.
pub fn digits(
    lookup: InviteLookup,
    patient: ChainId,
    root: MemberId,
    roster: ChainId,
) -> Result<Digits, super::SpaceError> {
    let transcript = crypto::hash(
        "join transcript",
        &[&lookup.0, &patient.0, &root.0, &roster.0],
    );
    let failed = super::SpaceError::BadKey;
    let params = Params::new(64 * 1024, 3, 4, Some(8)).map_err(|_| failed)?;
    let mut out = [0; 8];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(&transcript, b"companion/1 digits", &mut out)
        .map_err(|_| failed)?;
    Ok(Digits(u64::from_be_bytes(out) % 1_000_000_000_000))
}

/// Twelve digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits(u64);

impl Digits {
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
