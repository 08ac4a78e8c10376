//! Wraps: a 32-byte key to one recipient, by HPKE base mode (RFC 9180) with
//! X-Wing, HKDF-SHA256 and ChaCha20-Poly1305.

use std::convert::Infallible;

use clinic_api::crypto;
use clinic_api::id::MemberId;
use clinic_api::member::Wrap;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};

use super::SpaceError;
use super::keys::{Reader, Seed};
use crate::env::Env;

/// What a wrap is for: goes into HPKE's `info`, with the recipient last.
#[derive(Debug, Clone, Copy)]
pub struct Purpose<'a> {
    /// The label.
    pub label: &'static str,
    /// What it belongs to; each part of fixed length.
    pub parts: &'a [&'a [u8]],
}

impl Purpose<'_> {
    fn info(&self, recipient: MemberId) -> Vec<u8> {
        let mut parts = self.parts.to_vec();
        parts.push(&recipient.0);
        crypto::to_sign(self.label, &parts)
    }
}

/// The X-Wing public key (1,216 bytes) of a seed.
///
/// # Errors
/// [`SpaceError::BadKey`] if the library refuses it.
pub fn public_key(seed: &Seed) -> Result<Vec<u8>, SpaceError> {
    let secret = secret_key(seed)?;
    Ok(XWing::sk_to_pk(&secret).to_bytes().to_vec())
}

/// Wraps `key` to the recipient whose X-Wing public key is `kem`.
///
/// # Errors
/// [`SpaceError::BadKey`] where `kem` is no key.
pub fn wrap(
    env: &Env,
    recipient: MemberId,
    kem: &[u8],
    purpose: Purpose<'_>,
    key: &Seed,
) -> Result<Wrap, SpaceError> {
    let public = <XWing as Kem>::PublicKey::from_bytes(kem).map_err(|_| SpaceError::BadKey)?;
    let (enc, sealed) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &public,
        &purpose.info(recipient),
        key.expose(),
        &[],
        &mut EnvRng(env),
    )
    .map_err(|_| SpaceError::BadKey)?;
    Ok(Wrap {
        recipient,
        enc: enc.to_bytes().to_vec(),
        sealed,
    })
}

/// Opens a wrap.
///
/// # Errors
/// [`SpaceError::DoesNotOpen`] where it was for somebody or something else.
pub fn unwrap(reader: Reader<'_>, purpose: Purpose<'_>, wrap: &Wrap) -> Result<Seed, SpaceError> {
    if wrap.recipient != reader.id {
        return Err(SpaceError::DoesNotOpen);
    }
    let enc =
        <XWing as Kem>::EncappedKey::from_bytes(&wrap.enc).map_err(|_| SpaceError::DoesNotOpen)?;
    let secret = secret_key(reader.kem)?;
    let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &secret,
        &enc,
        &purpose.info(reader.id),
        &wrap.sealed,
        &[],
    )
    .map_err(|_| SpaceError::DoesNotOpen)?;
    let opened = zeroize::Zeroizing::new(opened);
    Seed::try_from(opened.as_slice())
}

fn secret_key(seed: &Seed) -> Result<<XWing as Kem>::PrivateKey, SpaceError> {
    <XWing as Kem>::PrivateKey::from_bytes(seed.expose()).map_err(|_| SpaceError::BadKey)
}

/// The environment's randomness, as HPKE wants it.
struct EnvRng<'a>(&'a Env);

impl TryRng for EnvRng<'_> {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.0.random()))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.0.random()))
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for EnvRng<'_> {}
