//! What the simulator needs of a vault; built with the feature `simulation` alone.
//!
//! The file is a plain one: encrypting each page costs several times as much as
//! all else that a step does, and the simulator runs millions of them. Schema,
//! transactions, views and locking are those of every vault.

use std::path::Path;

use rusqlite::Connection;

use super::{Vault, VaultError, View, file};
use crate::env::Env;
use crate::space::keys::Seed;

/// A write-ahead log would be read back by nobody: power is never lost here, and a process that
/// dies is simulated by [`Vault::kill_after`].
const QUICK: &str = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY;
                     PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;
                     PRAGMA foreign_keys = ON;";

impl Vault {
    /// Opens a vault that is not encrypted, or makes it where there is none.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn open_simulated(
        dir: &Path,
        env: Env,
        views: &'static [&'static dyn View],
    ) -> Result<Self, VaultError> {
        std::fs::create_dir_all(dir)?;
        let lock = file::lock(dir)?;
        let conn = Connection::open(dir.join(file::DB))?;
        conn.execute_batch(QUICK)?;
        file::keep_prepared(&conn)?;
        let key = Seed::new([0; 32]);
        let opened = file::Opened { conn, lock, key };
        Self::finish(opened, dir, env, views)
    }

    /// Lets so many more transactions through and fails every one after them, as if the process
    /// had been killed there; none lets all through. A killed vault has to be opened again.
    pub fn kill_after(&mut self, commits: Option<u32>) {
        self.commits_left = commits;
    }
}

/// Counts a transaction that is about to be committed.
pub(super) fn burn(left: &mut Option<u32>) -> Result<(), VaultError> {
    match left {
        None => Ok(()),
        Some(0) => Err(VaultError::Io),
        Some(n) => {
            *n -= 1;
            Ok(())
        }
    }
}
