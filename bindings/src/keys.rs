//! The platform's key store: the one thing that this side calls the other for.

use std::sync::Arc;

use companion_core::space::keys::Seed;
use companion_core::vault;
use zeroize::Zeroizing;

/// Why the platform's key store gave no key, or kept none.
#[derive(Debug, Clone, Copy, thiserror::Error, uniffi::Error)]
pub enum KeyStoreError {
    /// The store can't be reached now: the device was not unlocked since it started, or the
    /// person refused.
    #[error("the key store is not available")]
    Unavailable,
    /// What the store kept is not what was given to it.
    #[error("the kept key is damaged")]
    Damaged,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyStoreError {
    // Its reason is the platform's text, which may hold anything: it is dropped.
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable
    }
}

/// Keeps the vault's key where only this device can use it, and never in a backup.
///
/// On Android wrap it by a key of the Android Keystore; on iOS keep it in the
/// Keychain as `ThisDeviceOnly`, available after the first unlock. Called from the
/// thread that opens the companion, and from no other.
///
/// What passes through memory on the platform's side, and the buffer that carries
/// it across, can't be wiped from here.
#[uniffi::export(foreign)]
pub trait KeyStore: Send + Sync {
    /// The 32 bytes that were saved before; none where there were none.
    ///
    /// Answer none only if certain: an answer of none makes a new key.
    fn load(&self) -> Result<Option<Vec<u8>>, KeyStoreError>;

    /// Keeps these 32 bytes, durably, before it returns. Called once, when the vault is made.
    fn save(&self, key: Vec<u8>) -> Result<(), KeyStoreError>;
}

impl From<KeyStoreError> for vault::KeyStoreError {
    fn from(error: KeyStoreError) -> Self {
        match error {
            KeyStoreError::Unavailable => Self::Unavailable,
            KeyStoreError::Damaged => Self::Damaged,
        }
    }
}

/// The platform's store, as the core knows one.
pub(crate) struct Platform(pub(crate) Arc<dyn KeyStore>);

impl vault::KeyStore for Platform {
    fn load(&self) -> Result<Option<Seed>, vault::KeyStoreError> {
        let Some(kept) = self.0.load()?.map(Zeroizing::new) else {
            return Ok(None);
        };
        Seed::try_from(kept.as_slice())
            .map(Some)
            .map_err(|_| vault::KeyStoreError::Damaged)
    }

    fn save(&self, key: &Seed) -> Result<(), vault::KeyStoreError> {
        Ok(self.0.save(key.expose().to_vec())?)
    }
}
