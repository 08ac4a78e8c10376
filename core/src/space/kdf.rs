//! HKDF-SHA256 (RFC 5869) and one-message AEAD keys, through ring.

use clinic_api::crypto;
use ring::{aead, hkdf};

use super::SpaceError;
use super::keys::Seed;

struct Len(usize);

impl hkdf::KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

/// 32 bytes of HKDF-SHA256; `info` is the labelled concatenation of the parts.
pub(crate) fn derive(key: &[u8], salt: &[u8], label: &str, parts: &[&[u8]]) -> Seed {
    let info = crypto::to_sign(label, parts);
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key);
    let info = [info.as_slice()];
    Seed::filled(|out| {
        // 32 bytes are always within HKDF's limit of 255 blocks.
        let filled = prk
            .expand(&info, Len(out.len()))
            .and_then(|okm| okm.fill(out));
        debug_assert!(filled.is_ok());
    })
}

fn aead_key(key: &Seed) -> Result<aead::LessSafeKey, SpaceError> {
    aead::UnboundKey::new(&aead::CHACHA20_POLY1305, key.expose())
        .map(aead::LessSafeKey::new)
        .map_err(|_| SpaceError::BadKey)
}

fn zero_nonce() -> aead::Nonce {
    aead::Nonce::assume_unique_for_key([0; 12])
}

/// ChaCha20-Poly1305 under a key that is used for this one message.
pub(crate) fn seal_once(key: &Seed, aad: &[u8], mut bytes: Vec<u8>) -> Result<Vec<u8>, SpaceError> {
    aead_key(key)?
        .seal_in_place_append_tag(zero_nonce(), aead::Aad::from(aad), &mut bytes)
        .map_err(|_| SpaceError::TooLarge)?;
    Ok(bytes)
}

/// The reverse of [`seal_once`].
pub(crate) fn open_once(key: &Seed, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SpaceError> {
    let mut bytes = sealed.to_vec();
    let length = aead_key(key)?
        .open_in_place(zero_nonce(), aead::Aad::from(aad), &mut bytes)
        .map_err(|_| SpaceError::DoesNotOpen)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}
