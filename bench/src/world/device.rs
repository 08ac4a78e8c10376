//! Vaults of patients and workstations.

use std::path::Path;

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::space::keys::Seed;
use companion_core::vault::{KeyStore, KeyStoreError};

use crate::Result;

/// Gives the vault's key at no cost: what unwrapping one costs is the platform's affair.
#[derive(Debug)]
struct Given;

impl KeyStore for Given {
    fn load(&self) -> std::result::Result<Option<Seed>, KeyStoreError> {
        Ok(Some(Seed::new([0x42; 32])))
    }

    fn save(&self, _: &Seed) -> std::result::Result<(), KeyStoreError> {
        Ok(())
    }
}

/// Opens the vault in a folder, or makes one.
///
/// # Errors
/// What the vault says.
pub fn open(dir: &Path) -> Result<Companion> {
    Ok(Companion::open_or_create(dir, &Given, Env::system())?)
}

/// A patient's vault in a folder, with a chain of its own and no clinic yet.
///
/// # Errors
/// What the vault says.
pub fn patient(dir: &Path) -> Result<Companion> {
    let companion = open(dir)?;
    companion.sync().set_up_patient()?;
    Ok(companion)
}

/// The present, in milliseconds since 1970.
pub fn now_ms() -> i64 {
    Env::system().now().as_millisecond()
}

/// Copies a folder of files and folders.
///
/// # Errors
/// What the file system says.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
