//! Labelled hashes and signature checks: all the cryptography that the server needs.
//!
//! Every hash and signature in this protocol is over `"companion/1 " + label +
//! 0x00 + parts`, so bytes made for one purpose mean nothing for another.
//! Hashes: SHA-256. Signatures: Ed25519 (RFC 8032).

use ring::signature::{Ed25519KeyPair, KeyPair};
use ring::{digest, signature};

/// The prefix of every label.
pub const DOMAIN: &[u8] = b"companion/1 ";

/// An Ed25519 signature.
pub type Signature = [u8; 64];

/// SHA-256 over `"companion/1 " + label + 0x00` and the parts, one after the other.
///
/// Parts must be of fixed length, all but the last, so that no two lists of
/// parts run together to the same bytes.
pub fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(DOMAIN);
    context.update(label.as_bytes());
    context.update(&[0]);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// The bytes that a signature with this label is over.
pub fn to_sign(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = [DOMAIN, label.as_bytes(), &[0]].concat();
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Whether `signature` is `key`'s over the label and parts.
#[must_use]
pub fn verify(key: &[u8; 32], label: &str, parts: &[&[u8]], signature: &Signature) -> bool {
    signature::UnparsedPublicKey::new(&signature::ED25519, key)
        .verify(&to_sign(label, parts), signature)
        .is_ok()
}

/// The Ed25519 public key of a seed (RFC 8032); none where the seed is none.
pub fn public_key(seed: &[u8; 32]) -> Option<[u8; 32]> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    pair.public_key().as_ref().try_into().ok()
}

/// A seed's signature over the label and parts: for a server's receipts, the one thing that it signs.
pub fn sign(seed: &[u8; 32], label: &str, parts: &[&[u8]]) -> Option<Signature> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    pair.sign(&to_sign(label, parts)).as_ref().try_into().ok()
}
