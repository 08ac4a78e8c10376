//! Where the store is, as the operator says it.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use clinic_server::store::postgres::{Address, PostgresStore};
use clinic_server::store::sqlite::SqliteStore;
use clinic_server::store::{Store, StoreError};

/// A directory or a database.
#[derive(Debug, Args)]
pub struct Place {
    /// Directory of the store in a file; made if it is not there.
    #[arg(
        long,
        value_name = "DIR",
        env = "CLINIC_SERVER_DIR",
        required_unless_present = "store"
    )]
    dir: Option<PathBuf>,
    /// PostgreSQL database to use instead: postgres://USER@HOST/DATABASE. One
    /// with a password is better given by the environment variable.
    #[arg(
        long,
        value_name = "URL",
        env = "CLINIC_SERVER_STORE",
        hide_env_values = true,
        conflicts_with = "dir"
    )]
    store: Option<Secret>,
    /// PEM file of the authority that certifies the database's server; without
    /// it, those that browsers trust.
    #[arg(
        long,
        value_name = "FILE",
        env = "CLINIC_SERVER_STORE_CA",
        conflicts_with = "dir"
    )]
    store_ca: Option<PathBuf>,
}

/// An address that may hold a password.
#[derive(Clone)]
struct Secret(String);

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Place {
    /// Opens the store, or makes it.
    ///
    /// # Errors
    /// [`StoreError`]: why it can't be used.
    pub fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        if let Some(Secret(url)) = &self.store {
            let address = Address::new(url, self.store_ca.as_deref())?;
            return Ok(Arc::new(PostgresStore::open(address)?));
        }
        // The arguments ask for one of the two.
        let dir = self.dir.clone().unwrap_or_default();
        Ok(Arc::new(SqliteStore::open(&dir)?))
    }
}
