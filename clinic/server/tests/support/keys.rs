//! Keys from small numbers, so that every run of a test is the same.

use clinic_api::crypto::{self, Signature};
use clinic_api::id::{DeviceId, MemberId};
use clinic_api::member::{DeviceKeys, KEM_ENC, KEM_KEY, KitKeys, Wrap};
use ring::signature::{Ed25519KeyPair, KeyPair};

/// An Ed25519 key.
pub struct Key(Ed25519KeyPair);

impl Key {
    pub fn new(purpose: u8, seed: u8) -> Self {
        let mut bytes = [seed; 32];
        bytes[0] = purpose;
        Self(Ed25519KeyPair::from_seed_unchecked(&bytes).unwrap())
    }

    pub fn public(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().unwrap()
    }

    pub fn sign(&self, bytes: &[u8]) -> Signature {
        self.0.sign(bytes).as_ref().try_into().unwrap()
    }

    pub fn consent(&self, label: &str, parts: &[&[u8]]) -> Signature {
        self.sign(&crypto::to_sign(label, parts))
    }
}

/// An X-Wing key as far as anybody can tell without its seed: coefficients of
/// zero, and any X25519 key.
pub fn kem(seed: u8) -> Vec<u8> {
    let mut key = vec![0; KEM_KEY];
    key[KEM_KEY - 32..].fill(seed);
    key
}

/// A device or workstation.
pub struct Device {
    pub log: Key,
    pub request: Key,
    pub keys: DeviceKeys,
}

impl Device {
    pub fn new(seed: u8) -> Self {
        let (log, request) = (Key::new(1, seed), Key::new(2, seed));
        let keys = DeviceKeys {
            log: log.public(),
            request: request.public(),
            kem: kem(seed),
        };
        Self { log, request, keys }
    }

    pub fn id(&self) -> DeviceId {
        self.keys.id()
    }
}

/// A recovery kit.
pub struct Kit {
    pub sign: Key,
    pub keys: KitKeys,
}

impl Kit {
    pub fn new(seed: u8) -> Self {
        let sign = Key::new(3, seed);
        let keys = KitKeys {
            sign: sign.public(),
            kem: kem(seed),
        };
        Self { sign, keys }
    }
}

pub fn wrap(recipient: MemberId) -> Wrap {
    Wrap {
        recipient,
        enc: vec![7; KEM_ENC],
        sealed: vec![8; 48],
    }
}
