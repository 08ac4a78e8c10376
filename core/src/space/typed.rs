//! Secrets that people type or scan: 128 random bits as 28 letters and digits.

mod check;

use std::net::Ipv4Addr;

use clinic_api::crypto;
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::id::InviteLookup;
use data_encoding::{Encoding, Specification};
use ring::hmac;

use super::invite::InviteError;
use super::kdf;
use super::keys::Seed;
use crate::env::Env;

/// 128 random bits from which a lookup and MAC keys derive, each by a label of its own.
#[derive(Clone)]
pub(super) struct TypedSecret(zeroize::Zeroizing<[u8; 16]>);

/// Crockford's base32.
const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SECRET_CHARS: usize = 26;
const CHARS: usize = 28;

impl TypedSecret {
    pub(super) fn generate(env: &Env) -> Self {
        Self(zeroize::Zeroizing::new(env.random()))
    }

    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(zeroize::Zeroizing::new(bytes))
    }

    pub(super) fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// 26 base32 characters (Crockford's) and 2 that check them, in groups of four.
    pub(super) fn text(&self) -> String {
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
    pub(super) fn parse(text: &str) -> Result<Self, InviteError> {
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
        let parsed = Self(zeroize::Zeroizing::new(bytes));
        if checksum(secret) == sum {
            Ok(parsed)
        } else {
            Err(InviteError::Checksum)
        }
    }

    /// Under what the server keeps what the secret protects.
    pub(super) fn lookup(&self, label: &str) -> InviteLookup {
        let full = self.derive(label);
        let mut id = [0; 16];
        id.iter_mut()
            .zip(full.expose())
            .for_each(|(to, from)| *to = *from);
        InviteLookup(id)
    }

    /// HMAC-SHA256 by a key of that label, over label and parts.
    pub(super) fn mac(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.derive(label).expose());
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&key, &crypto::to_sign(label, parts)).as_ref());
        out
    }

    fn derive(&self, label: &str) -> Seed {
        kdf::derive(self.0.as_slice(), &[], label, &[])
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

/// 32 bytes as 52 characters.
pub(super) fn name_text(name: &[u8; 32]) -> String {
    crockford().encode(name)
}

/// The reverse of [`name_text`].
pub(super) fn parse_name(text: &str) -> Result<[u8; 32], InviteError> {
    let bytes = crockford().decode(text.as_bytes());
    let bytes = bytes.map_err(|_| InviteError::NotOurs)?;
    bytes.try_into().map_err(|_| InviteError::NotOurs)
}

/// A clinic API's address as QR codes hold it, so that it can stand in their denser alphabet:
/// `<S or L>:<authority>`, S for https, L for plain http on the same machine.
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
