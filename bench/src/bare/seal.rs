//! Sealing, hashing and signing; and how a batch is written down.

use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use ring::{aead, digest, hkdf};

use crate::Result;

const SALT: usize = 16;

/// The keys of one writer.
#[derive(Debug)]
pub struct Keys {
    prk: hkdf::Prk,
    pair: Ed25519KeyPair,
    random: SystemRandom,
}

impl Keys {
    /// Fixed ones: what is measured does not depend on their being secret.
    ///
    /// # Errors
    /// What the library says.
    #[expect(
        clippy::disallowed_methods,
        reason = "randomness of the baseline enters here"
    )]
    pub fn fixed() -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).map_err(|_| "no key pair")?;
        Ok(Self {
            prk: hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &[9; 32]),
            pair,
            random: SystemRandom::new(),
        })
    }

    /// What the server verifies with.
    pub fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        let key = self.pair.public_key().as_ref();
        public
            .iter_mut()
            .zip(key)
            .for_each(|(to, from)| *to = *from);
        public
    }

    fn key(&self, salt: &[u8]) -> Result<aead::LessSafeKey> {
        let info = [b"entry".as_slice(), salt];
        let okm = self.prk.expand(&info, &aead::CHACHA20_POLY1305);
        let key = okm.map_err(|_| "no key")?;
        Ok(aead::LessSafeKey::new(aead::UnboundKey::from(key)))
    }

    /// Salt ‖ ciphertext.
    ///
    /// # Errors
    /// What the library says.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>> {
        let mut salt = [0; SALT];
        self.random.fill(&mut salt).map_err(|_| "no randomness")?;
        let mut sealed = Vec::with_capacity(SALT + plain.len() + 16);
        sealed.extend_from_slice(&salt);
        let mut text = plain.to_vec();
        self.key(&salt)?
            .seal_in_place_append_tag(nonce(), aead::Aad::empty(), &mut text)
            .map_err(|_| "not sealed")?;
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// The reverse of [`Keys::seal`].
    ///
    /// # Errors
    /// Bytes that were changed.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        let (salt, text) = sealed.split_at_checked(SALT).ok_or("too short")?;
        let mut text = text.to_vec();
        let opened = self
            .key(salt)?
            .open_in_place(nonce(), aead::Aad::empty(), &mut text)
            .map_err(|_| "does not open")?;
        let length = opened.len();
        text.truncate(length);
        Ok(text)
    }

    /// Signs a batch.
    pub fn sign(&self, first: u64, items: Vec<Vec<u8>>) -> Batch {
        let mut signature = [0; 64];
        let signed = self.pair.sign(&digest_of(first, &items));
        signature
            .iter_mut()
            .zip(signed.as_ref())
            .for_each(|(to, from)| *to = *from);
        Batch {
            first,
            items,
            signature,
        }
    }
}

fn nonce() -> aead::Nonce {
    aead::Nonce::assume_unique_for_key([0; 12])
}

/// Every entry's hash, and the hash of those.
fn digest_of(first: u64, items: &[Vec<u8>]) -> [u8; 32] {
    let mut all = digest::Context::new(&digest::SHA256);
    all.update(&first.to_be_bytes());
    for item in items {
        all.update(digest::digest(&digest::SHA256, item).as_ref());
    }
    let mut out = [0; 32];
    out.copy_from_slice(all.finish().as_ref());
    out
}

/// Consecutive sealed entries with one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The number of the first.
    pub first: u64,
    /// The sealed entries.
    pub items: Vec<Vec<u8>>,
    /// Over the hashes.
    pub signature: [u8; 64],
}

impl Batch {
    /// As it travels: lengths before bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let length: usize = self.items.iter().map(|i| i.len() + 4).sum();
        let mut bytes = Vec::with_capacity(length + 72);
        bytes.extend_from_slice(&self.signature);
        bytes.extend_from_slice(&self.first.to_be_bytes());
        for item in &self.items {
            bytes.extend_from_slice(&(item.len() as u32).to_be_bytes());
            bytes.extend_from_slice(item);
        }
        bytes
    }

    /// The reverse of [`Batch::to_bytes`].
    ///
    /// # Errors
    /// Bytes that are no batch.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (signature, rest) = bytes.split_first_chunk().ok_or("no signature")?;
        let (first, mut rest) = rest.split_first_chunk().ok_or("no number")?;
        let mut items = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = usize::try_from(u32::from_be_bytes(*length))?;
            let (item, after) = after.split_at_checked(length).ok_or("cut short")?;
            items.push(item.to_vec());
            rest = after;
        }
        Ok(Self {
            first: u64::from_be_bytes(*first),
            items,
            signature: *signature,
        })
    }

    /// Whether `key` signed just these entries.
    pub fn verify(&self, key: &[u8; 32]) -> bool {
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&digest_of(self.first, &self.items), &self.signature)
            .is_ok()
    }
}
