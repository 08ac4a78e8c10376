//! What the simulator needs of a vault; built with the feature `simulation` alone.
//!
//! The file is a plain one: encrypting each page costs several times as much as
//! all else that a step does, and the simulator runs millions of them. Schema,
//! transactions, views and locking are those of every vault.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

use clinic_api::chain::Signed;
use clinic_api::chain::epoch::{EpochChain, Parties};
use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::roster::Roster;
use clinic_api::crypto;
use rusqlite::{Connection, TransactionBehavior};

use super::chains::Chains;
use super::{Vault, VaultError, View, clock, file, schema, view};
use crate::env::Env;
use crate::event::HybridClock;
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

    /// As if the process had ended and begun anew: whatever is not in the file is gone, and what
    /// opening does is done. The connection stays, with its compiled statements, which take
    /// longer than all the rest.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn restart(&mut self) -> Result<(), VaultError> {
        self.keep_identity();
        schema::migrate(&mut self.conn)?;
        let begun = TransactionBehavior::Immediate;
        let tx = self.conn.transaction_with_behavior(begun)?;
        view::rebuild_if_changed(&tx, self.views)?;
        self.clock = HybridClock::at(clock::greatest(&tx)?);
        tx.commit()?;
        self.chains = Chains::default();
        self.device = None;
        self.all_begun.set(false);
        self.written = Self::written_mark(&self.dir);
        self.commits_left = None;
        self.keep_identity();
        Ok(())
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

/// Chains that were verified in this thread, by their bytes and those of the chains that they
/// cite: the same vaults are opened again and again, and the same bytes verify again.
#[derive(Default)]
struct Verified {
    patients: HashMap<[u8; 32], PatientChain>,
    rosters: HashMap<[u8; 32], Roster>,
    epochs: HashMap<[u8; 32], EpochChain>,
}

thread_local! {
    static VERIFIED: RefCell<Verified> = RefCell::default();
}

fn bytes_of(statements: &[Signed], cited: &[[u8; 32]]) -> [u8; 32] {
    let hashes = statements
        .iter()
        .map(|s| crypto::hash("kept", &[&s.to_bytes()]));
    let all: Vec<[u8; 32]> = cited.iter().copied().chain(hashes).collect();
    crypto::hash("chain kept", &[&all.concat()])
}

pub(super) fn patient(
    statements: &[Signed],
    verify: impl FnOnce() -> Result<PatientChain, VaultError>,
) -> Result<PatientChain, VaultError> {
    let name = bytes_of(statements, &[]);
    if let Some(chain) = VERIFIED.with_borrow(|all| all.patients.get(&name).cloned()) {
        return Ok(chain);
    }
    let chain = verify()?;
    VERIFIED.with_borrow_mut(|all| all.patients.insert(name, chain.clone()));
    Ok(chain)
}

pub(super) fn roster(
    statements: &[Signed],
    verify: impl FnOnce() -> Result<Roster, VaultError>,
) -> Result<Roster, VaultError> {
    let name = bytes_of(statements, &[]);
    if let Some(chain) = VERIFIED.with_borrow(|all| all.rosters.get(&name).cloned()) {
        return Ok(chain);
    }
    let chain = verify()?;
    VERIFIED.with_borrow_mut(|all| all.rosters.insert(name, chain.clone()));
    Ok(chain)
}

pub(super) fn epochs(
    statements: &[Signed],
    parties: Parties<'_>,
    verify: impl FnOnce() -> Result<EpochChain, VaultError>,
) -> Result<EpochChain, VaultError> {
    // A statement's hash leads to all those before it.
    let patient = parties.patient.map_or([0; 32], |chain| chain.tip().hash.0);
    let roster = parties.roster.map_or([0; 32], |chain| chain.tip().hash.0);
    let kind = [parties.kind.code(); 32];
    let name = bytes_of(statements, &[patient, roster, kind]);
    if let Some(chain) = VERIFIED.with_borrow(|all| all.epochs.get(&name).cloned()) {
        return Ok(chain);
    }
    let chain = verify()?;
    VERIFIED.with_borrow_mut(|all| all.epochs.insert(name, chain.clone()));
    Ok(chain)
}
