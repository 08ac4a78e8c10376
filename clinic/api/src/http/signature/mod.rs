//! Signed requests: our closed profile of RFC 9421, with Ed25519.
//!
//! The bytes are in the [parent module](super).

mod error;
mod input;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ring::signature::{ED25519, UnparsedPublicKey};

use super::byte_sequence;
use super::request::Parts;

pub use error::SignatureError;

/// How far `created` may be from the server's clock, either way, that second included.
pub const WINDOW: Duration = Duration::from_secs(300);

/// The name of the field with the parameters.
pub const SIGNATURE_INPUT: &str = "signature-input";

/// The name of the field with the signature.
pub const SIGNATURE: &str = "signature";

/// The value of `WWW-Authenticate`, which every answer with status 401 has to
/// carry (RFC 9110, section 15.5.2).
pub const CHALLENGE: &str = "Signature realm=\"companion-clinic-api\"";

const LABEL: &str = "sig";
const COMPONENTS: [&str; 5] = ["@method", "@authority", "@path", "@query", "content-digest"];
const ALGORITHM: &str = "ed25519";
const TAG: &str = "companion-clinic-api";

/// The two fields that a signature adds to a request. Send them unchanged,
/// with the `Content-Digest` that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    /// The value of `Signature-Input`.
    pub signature_input: String,
    /// The value of `Signature`.
    pub signature: String,
}

/// Signs a request as the device `key_id`.
///
/// `created` is in seconds since 1970 by the server's clock (the device's own
/// and the offset it learned). `signer` gets the signature base and returns
/// its Ed25519 signature by the device's request key, which thus stays where
/// it is.
///
/// # Errors
/// [`SignatureError::Parts`] if the request can't be signed as it is, and
/// [`SignatureError::CreatedOutOfRange`] for a time of more than 15 digits.
pub fn sign(
    parts: &Parts<'_>,
    key_id: [u8; 32],
    created: i64,
    signer: impl FnOnce(&[u8]) -> [u8; 64],
) -> Result<Headers, SignatureError> {
    sfv::Integer::try_from(created).map_err(|_| SignatureError::CreatedOutOfRange)?;
    let params = signature_params(&key_id, created);
    let signature = signer(signature_base(&parts.lines()?, &params).as_bytes());
    Ok(Headers {
        signature_input: format!("{LABEL}={params}"),
        signature: format!("{LABEL}={}", byte_sequence(&signature)),
    })
}

/// A signature as a request presents it: well formed, and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    key_id: [u8; 32],
    created: i64,
    signature: [u8; 64],
}

impl Presented {
    /// Reads the two fields, each from all its lines in the message.
    ///
    /// # Errors
    /// Each departure from the profile has its own [`SignatureError`]. Sending
    /// the same again does not help.
    pub fn parse(signature_input: &[&str], signature: &[&str]) -> Result<Self, SignatureError> {
        let input = input::one_line(signature_input)?;
        let signature = input::signature(input::one_line(signature)?)?;
        let (key_id, created) = input::parameters(input)?;
        Ok(Self {
            key_id,
            created,
            signature,
        })
    }

    /// The device that claims to have signed: find its public key by this.
    pub fn key_id(&self) -> &[u8; 32] {
        &self.key_id
    }

    /// When it claims to have signed, in seconds since 1970.
    pub fn created(&self) -> i64 {
        self.created
    }

    /// Whether the key signed this request within `window` of `now` (seconds
    /// since 1970).
    ///
    /// Success means that whoever holds the key signed this method, authority,
    /// path, query and digest. It does not mean that the content has that
    /// digest, that the authority is ours, that the device may do this, or that
    /// the request was not seen before.
    ///
    /// # Errors
    /// [`SignatureError::Stale`] if the clocks differ: sign again by the
    /// server's time. [`SignatureError::Invalid`] if it is another request or
    /// another key, [`SignatureError::Parts`] if no such request can be signed.
    pub fn verify(
        &self,
        parts: &Parts<'_>,
        public_key: &[u8; 32],
        now: i64,
        window: Duration,
    ) -> Result<(), SignatureError> {
        if now.abs_diff(self.created) > window.as_secs() {
            return Err(SignatureError::Stale);
        }
        let params = signature_params(&self.key_id, self.created);
        let base = signature_base(&parts.lines()?, &params);
        UnparsedPublicKey::new(&ED25519, public_key)
            .verify(base.as_bytes(), &self.signature)
            .map_err(|_| SignatureError::Invalid)
    }
}

/// The covered components and the parameters, in the one form that is accepted.
fn signature_params(key_id: &[u8; 32], created: i64) -> String {
    let components = COMPONENTS.map(|name| format!("\"{name}\"")).join(" ");
    let key_id = data_encoding::HEXLOWER.encode(key_id);
    format!("({components});created={created};keyid=\"{key_id}\";alg=\"{ALGORITHM}\";tag=\"{TAG}\"")
}

/// The signature base of RFC 9421, section 2.5. The values must be free of
/// line breaks: [`Parts`] sees to it.
fn signature_base<V: AsRef<str>>(lines: &[(&str, V)], params: &str) -> String {
    let mut base = String::new();
    for (name, value) in lines {
        base.push_str(&format!("\"{name}\": {}\n", value.as_ref()));
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(params);
    base
}
