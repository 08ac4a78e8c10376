//! Where the vault's key is kept: the platform's hardware store, or a file wrapped by a passphrase.

use std::path::PathBuf;

use argon2::{Algorithm, Argon2, Params, Version};
use clinic_api::wire;
use minicbor::{Decode, Encode};
use ring::aead;

use super::file::write_atomically;
use crate::env::Env;
use crate::space::keys::Seed;

/// Why a key store gave no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The passphrase is another.
    #[error("the passphrase does not fit")]
    WrongPassphrase,
    /// What the store kept is not a key.
    #[error("the kept key is damaged")]
    Damaged,
    /// Kept by a newer version.
    #[error("the key was kept by a newer version")]
    Newer,
    /// The store can't be reached or written now.
    #[error("the key store is not available")]
    Unavailable,
}

/// Keeps a vault's random key; implemented by each platform.
///
/// An implementation keeps the key where only this device can use it, and
/// never in a backup.
pub trait KeyStore {
    /// The key kept before; none where there was none.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    fn load(&self) -> Result<Option<Seed>, KeyStoreError>;

    /// Keeps a key, replacing none: called once, when a vault is made.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    fn save(&self, key: &Seed) -> Result<(), KeyStoreError>;
}

/// What deriving a key from a passphrase costs (Argon2id, RFC 9106). Recorded beside the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cost {
    /// Memory in KiB.
    #[n(0)]
    pub memory: u32,
    /// Passes.
    #[n(1)]
    pub passes: u32,
    /// Lanes.
    #[n(2)]
    pub lanes: u32,
}

impl Cost {
    /// RFC 9106, section 4, second recommendation: 64 MiB, 3 passes, 4 lanes.
    pub const RECOMMENDED: Self = Self {
        memory: 64 * 1024,
        passes: 3,
        lanes: 4,
    };

    /// Far too little for a real passphrase; for tests that open many vaults.
    pub const TRIVIAL_FOR_TESTS: Self = Self {
        memory: 64,
        passes: 1,
        lanes: 1,
    };
}

/// A key in a file, wrapped by a passphrase: for command line and console.
pub struct PassphraseFile {
    path: PathBuf,
    passphrase: zeroize::Zeroizing<String>,
    cost: Cost,
    env: Env,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Kept {
    #[n(0)]
    version: u8,
    #[n(1)]
    cost: Cost,
    #[n(2)]
    #[cbor(with = "clinic_api::wire::bytes_array")]
    salt: [u8; 16],
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    sealed: Vec<u8>,
}

/// Read first: a later version's file may have another shape.
#[derive(Decode)]
#[cbor(map)]
struct Prefix {
    #[n(0)]
    version: u8,
}

impl PassphraseFile {
    /// The key file at `path`, opened or made with `passphrase`.
    pub fn new(path: PathBuf, passphrase: String, cost: Cost, env: Env) -> Self {
        Self {
            path,
            passphrase: zeroize::Zeroizing::new(passphrase),
            cost,
            env,
        }
    }

    fn wrapping_key(
        &self,
        cost: Cost,
        salt: &[u8; 16],
    ) -> Result<aead::LessSafeKey, KeyStoreError> {
        let bad = KeyStoreError::Damaged;
        // A damaged file must not make us allocate without end.
        if cost.memory > 4 * 1024 * 1024 || cost.passes > 64 || cost.lanes > 64 {
            return Err(bad);
        }
        let params =
            Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(|_| bad)?;
        let mut key = zeroize::Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.passphrase.as_bytes(), salt, key.as_mut_slice())
            .map_err(|_| KeyStoreError::Unavailable)?;
        aead::UnboundKey::new(&aead::CHACHA20_POLY1305, key.as_slice())
            .map(aead::LessSafeKey::new)
            .map_err(|_| bad)
    }
}

impl KeyStore for PassphraseFile {
    fn load(&self) -> Result<Option<Seed>, KeyStoreError> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(KeyStoreError::Unavailable),
        };
        let prefix: Prefix = wire::decode(&bytes).map_err(|_| KeyStoreError::Damaged)?;
        if prefix.version != 1 {
            return Err(KeyStoreError::Newer);
        }
        let kept: Kept = wire::decode(&bytes).map_err(|_| KeyStoreError::Damaged)?;
        let key = self.wrapping_key(kept.cost, &kept.salt)?;
        let mut sealed = zeroize::Zeroizing::new(kept.sealed);
        let opened = key
            .open_in_place(
                nonce(),
                aead::Aad::from(b"companion/1 vault key"),
                &mut sealed,
            )
            .map_err(|_| KeyStoreError::WrongPassphrase)?;
        Seed::try_from(&*opened)
            .map(Some)
            .map_err(|_| KeyStoreError::Damaged)
    }

    fn save(&self, seed: &Seed) -> Result<(), KeyStoreError> {
        let salt = self.env.random();
        let key = self.wrapping_key(self.cost, &salt)?;
        let mut sealed = seed.expose().to_vec();
        key.seal_in_place_append_tag(
            nonce(),
            aead::Aad::from(b"companion/1 vault key"),
            &mut sealed,
        )
        .map_err(|_| KeyStoreError::Unavailable)?;
        let kept = Kept {
            version: 1,
            cost: self.cost,
            salt,
            sealed,
        };
        write_atomically(&self.path, &wire::encode(&kept)).map_err(|_| KeyStoreError::Unavailable)
    }
}

/// Each salt makes a key of its own, which seals one message.
fn nonce() -> aead::Nonce {
    aead::Nonce::assume_unique_for_key([0; 12])
}
