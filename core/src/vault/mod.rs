//! The encrypted store: the event log, its migrations, keys, and the rebuilding of views.
//!
//! One SQLCipher file under a random 256-bit key that a [`KeyStore`] keeps, one
//! writer. An event is appended and applied to the views in one transaction
//! that is on the disk (WAL, `synchronous=FULL`) before the call returns. The
//! log is migrated with care; views are dropped and rebuilt from it whenever
//! their shape changes.

mod all_events;
mod aside;
mod bulletins;
mod chains;
mod clock;
mod counting;
mod departure;
mod erasure;
mod error;
mod event_log;
mod feed;
mod file;
mod identity;
mod key_store;
mod logs;
mod mend;
mod meta;
mod outbox;
mod pages;
mod paired;
mod restore_events;
mod salvage;
mod schema;
mod secrets;
#[cfg(feature = "simulation")]
mod simulation;
mod taking;
mod unsent;
mod view;
mod wal;

pub use all_events::KeptEvent;
pub use aside::SetAside;
pub use chains::{Chains, SpaceEntry};
pub use departure::{Departure, LetGo};
pub use erasure::{Erasure, Missing};
pub use error::VaultError;
pub use event_log::{Draft, Judgement, Stored};
pub use key_store::{Cost, KeyStore, KeyStoreError, PassphraseFile};
pub use logs::LogState;
pub use mend::Mended;
pub use outbox::{Batch, RunOut, Sealed};
pub use restore_events::{Put, Restoring};
pub use secrets::Me;
pub use taking::{Arrived, OpenFrame};
pub use view::{Applied, Outcome, View};

use std::cell::Cell;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::watch;

use crate::env::Env;
use crate::event::HybridClock;
use crate::space::keys::{DeviceSecrets, Seed};

/// An open vault. One at a time, per folder: a second opener is refused.
pub struct Vault {
    conn: Connection,
    env: Env,
    views: &'static [&'static dyn View],
    chains: Chains,
    clock: HybridClock,
    /// This device's keys, once they were needed: making them of their seeds takes long.
    device: Option<DeviceSecrets>,
    /// Goes up with whatever this device writes.
    writes: watch::Sender<u64>,
    /// Whether every space that is followed has an epoch: until another is followed, it stays so.
    all_begun: Cell<bool>,
    dir: PathBuf,
    key: Seed,
    /// The mark of `vault.identity` as it is written.
    written: Option<[u8; 32]>,
    #[cfg(feature = "simulation")]
    commits_left: Option<u32>,
    // The last to go: after the database was closed.
    _lock: file::Lock,
}

impl Vault {
    /// Makes a new vault in `dir`, with a fresh key that goes to `keys`.
    ///
    /// # Errors
    /// [`VaultError::Exists`] where there is one; else as [`Vault::open`].
    pub fn create(
        dir: &Path,
        keys: &dyn KeyStore,
        env: Env,
        views: &'static [&'static dyn View],
    ) -> Result<Self, VaultError> {
        let opened = file::create(dir, keys, &env)?;
        Self::finish(opened, dir, env, views)
    }

    /// Opens the vault in `dir`.
    ///
    /// # Errors
    /// What the caller can do differs: [`VaultError::NotFound`] create one;
    /// [`VaultError::WrongKey`] ask for the passphrase again;
    /// [`VaultError::Newer`] update the app; [`VaultError::InUse`] close the other
    /// program; [`VaultError::Damaged`] call [`Vault::mend`].
    pub fn open(
        dir: &Path,
        keys: &dyn KeyStore,
        env: Env,
        views: &'static [&'static dyn View],
    ) -> Result<Self, VaultError> {
        let opened = file::open(dir, keys)?;
        Self::finish(opened, dir, env, views)
    }

    /// Whether there is a vault in `dir`.
    pub fn exists(dir: &Path) -> bool {
        file::exists(dir)
    }

    /// Deletes the vault in `dir`, with its key where that is a file there: nobody can bring it
    /// back. What else is in the folder stays.
    ///
    /// The file system, or the disk itself, may keep what was deleted for a while: it is
    /// encrypted, and the key file goes with it.
    ///
    /// # Errors
    /// [`VaultError::InUse`] where it is open; what the file system says: call it again.
    pub fn delete(dir: &Path) -> Result<(), VaultError> {
        file::delete(dir)
    }

    /// Sets a damaged vault aside, never deleting it, and opens a fresh one in its place, with all
    /// that is left of it: see [`Vault::mended`]. A vault that is whole is opened as it is.
    ///
    /// Cut short anywhere it loses nothing, and the next call goes on with it; until then
    /// [`Vault::open`] gives [`VaultError::Damaged`].
    ///
    /// # Errors
    /// As [`Vault::open`]: a wrong key, a newer version, a full disk are no damage.
    pub fn mend(
        dir: &Path,
        keys: &dyn KeyStore,
        env: Env,
        views: &'static [&'static dyn View],
    ) -> Result<Self, VaultError> {
        if !Self::exists(dir) && !dir.join(file::DB).exists() && !identity::path(dir).exists() {
            return Err(VaultError::NotFound);
        }
        let opened = if Self::exists(dir) {
            Self::open(dir, keys, env.clone(), views)
        } else {
            // Its check value is missing, and maybe nothing else.
            Self::create(dir, keys, env.clone(), views)
        };
        match opened.and_then(Self::checked) {
            Err(VaultError::Damaged) => {}
            result => return result,
        }
        let opened = mend::mend(dir, keys, &env, views)?;
        Self::finish(opened, dir, env, views)
    }

    /// Reads every page.
    fn checked(self) -> Result<Self, VaultError> {
        let sql = "PRAGMA integrity_check(1)";
        let word: String = self.conn.query_row(sql, [], |row| row.get(0))?;
        if word == "ok" {
            Ok(self)
        } else {
            Err(VaultError::Damaged)
        }
    }

    fn finish(
        opened: file::Opened,
        dir: &Path,
        env: Env,
        views: &'static [&'static dyn View],
    ) -> Result<Self, VaultError> {
        let file::Opened {
            mut conn,
            lock,
            key,
        } = opened;
        schema::migrate(&mut conn)?;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        view::rebuild_if_changed(&tx, views)?;
        let clock = HybridClock::at(clock::greatest(&tx)?);
        tx.commit()?;
        let chains = Chains::default();
        let mut vault = Self {
            conn,
            env,
            views,
            chains,
            clock,
            device: None,
            all_begun: Cell::new(false),
            writes: watch::Sender::new(0),
            dir: dir.to_owned(),
            key,
            written: Self::written_mark(dir),
            #[cfg(feature = "simulation")]
            commits_left: None,
            _lock: lock,
        };
        vault.keep_identity();
        Ok(vault)
    }

    /// Clock, zone and randomness, as the vault was opened with.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The folder that the vault is in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Tells who waits for it that something was written here.
    fn tell_written(&self) {
        self.writes
            .send_modify(|times| *times = times.wrapping_add(1));
    }

    /// Changes after each [`Vault::append`] and [`Vault::restore`]: for whoever sends what is written, without asking
    /// again and again.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.writes.subscribe()
    }

    /// Reads views; for the `view.rs` of each room.
    pub fn reader(&self) -> &Connection {
        &self.conn
    }

    /// Runs `work` in one transaction: all of it is durable when this returns, or none.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&tx)?;
        #[cfg(feature = "simulation")]
        simulation::burn(&mut self.commits_left)?;
        tx.commit()?;
        Ok(value)
    }

    /// Drops every view and rebuilds it from the event log.
    ///
    /// # Errors
    /// [`VaultError`], and the views are as before.
    pub fn rebuild_views(&mut self) -> Result<(), VaultError> {
        let views = self.views;
        self.write(|tx| view::rebuild(tx, views))
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        self.keep_identity();
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(..)")
    }
}
