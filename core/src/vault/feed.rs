//! Where this device stands in the clinic API's feed.

use super::{Vault, VaultError, meta};

/// Not a setting: a vault that comes back after damage starts anew.
const FEED: &str = "feed";

impl Vault {
    /// What [`Vault::keep_feed`] kept last.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn feed(&self) -> Result<Option<Vec<u8>>, VaultError> {
        meta::get(&self.conn, FEED)
    }

    /// Keeps where sync stands in the feed.
    ///
    /// # Errors
    /// [`VaultError`]; what was kept before still holds.
    pub fn keep_feed(&mut self, state: &[u8]) -> Result<(), VaultError> {
        self.write(|tx| meta::set(tx, FEED, state))
    }
}
