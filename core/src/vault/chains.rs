//! The chains that this vault follows, verified when loaded and when extended.

use std::collections::BTreeMap;

use clinic_api::chain::epoch::{EpochChain, Parties};
use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::roster::Roster;
use clinic_api::chain::{ChainError, Signed};
use clinic_api::id::{ChainId, SpaceId};
use clinic_api::space::SpaceKind;
use rusqlite::{OptionalExtension, Row, params};

#[cfg(feature = "simulation")]
use super::simulation;
use super::{Vault, VaultError, identity};

/// A space that this vault follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpaceEntry {
    /// The space.
    pub space: SpaceId,
    /// Its kind.
    pub kind: SpaceKind,
    /// The patient whose space it is.
    pub patient: Option<ChainId>,
    /// The clinic that reads it, or whose it is.
    pub roster: Option<ChainId>,
}

/// Verified chains, kept in memory once loaded.
#[derive(Debug, Default)]
pub struct Chains {
    pub(super) patients: BTreeMap<ChainId, PatientChain>,
    pub(super) rosters: BTreeMap<ChainId, Roster>,
    pub(super) epochs: BTreeMap<SpaceId, EpochChain>,
}

impl Chains {
    /// A loaded patient chain.
    pub fn patient(&self, id: ChainId) -> Option<&PatientChain> {
        self.patients.get(&id)
    }

    /// A loaded roster.
    pub fn roster(&self, id: ChainId) -> Option<&Roster> {
        self.rosters.get(&id)
    }

    /// A loaded chain of epochs.
    pub fn epochs(&self, space: SpaceId) -> Option<&EpochChain> {
        self.epochs.get(&space)
    }

    /// The parties of a space.
    pub fn parties(&self, entry: &SpaceEntry) -> Parties<'_> {
        Parties {
            kind: entry.kind,
            patient: entry.patient.and_then(|id| self.patient(id)),
            roster: entry.roster.and_then(|id| self.roster(id)),
        }
    }
}

type RawEntry = ([u8; 32], u8, Option<[u8; 32]>, Option<[u8; 32]>);

fn raw_entry(row: &Row<'_>) -> rusqlite::Result<RawEntry> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn entry((space, kind, patient, roster): RawEntry) -> Result<SpaceEntry, VaultError> {
    Ok(SpaceEntry {
        space: SpaceId(space),
        kind: SpaceKind::from_code(kind).ok_or(VaultError::Damaged)?,
        patient: patient.map(ChainId),
        roster: roster.map(ChainId),
    })
}

impl Vault {
    /// The chains loaded so far; see [`Vault::load_space`].
    pub fn chains(&self) -> &Chains {
        &self.chains
    }

    /// Follows a space from here on.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn follow_space(&mut self, entry: &SpaceEntry) -> Result<(), VaultError> {
        self.all_begun.set(false);
        let patient = entry.patient.map(|c| c.0);
        let roster = entry.roster.map(|c| c.0);
        if self.followed(entry.space)? == Some(*entry) {
            return Ok(());
        }
        self.write(|tx| {
            if identity::keeps(tx, entry.space.into())? {
                let roster = roster.unwrap_or_default();
                identity::touch(tx, &[&entry.space.0, &roster])?;
            }
            let sql = "INSERT INTO space (space, kind, patient, roster) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (space) DO UPDATE SET roster = excluded.roster";
            tx.prepare_cached(sql)?.execute(params![
                entry.space.0,
                entry.kind.code(),
                patient,
                roster
            ])?;
            Ok(())
        })
    }

    /// Every space that this vault follows.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn spaces(&self) -> Result<Vec<SpaceEntry>, VaultError> {
        let sql = "SELECT space, kind, patient, roster FROM space ORDER BY rowid";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([], raw_entry)?;
        rows.map(|row| entry(row?)).collect()
    }

    /// A space that this vault follows.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where it doesn't follow it.
    pub fn space(&self, space: SpaceId) -> Result<SpaceEntry, VaultError> {
        self.followed(space)?.ok_or(VaultError::NotSetUp)
    }

    /// A space, if this vault follows it.
    pub(super) fn followed(&self, space: SpaceId) -> Result<Option<SpaceEntry>, VaultError> {
        let sql = "SELECT space, kind, patient, roster FROM space WHERE space = ?1";
        self.conn
            .prepare_cached(sql)?
            .query_row([space.0], raw_entry)
            .optional()?
            .map(entry)
            .transpose()
    }

    /// The spaces of a patient that this vault follows.
    fn spaces_of_patient(&self, patient: ChainId) -> Result<Vec<SpaceEntry>, VaultError> {
        let sql = "SELECT space, kind, patient, roster FROM space WHERE patient = ?1";
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([patient.0], raw_entry)?;
        rows.map(|row| entry(row?)).collect()
    }

    /// The bytes of a chain's statements, as they were received.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn statements(&self, chain: ChainId) -> Result<Vec<Signed>, VaultError> {
        self.statements_from(chain, 0)
    }

    /// As [`Vault::statements`], from that number on.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn statements_from(&self, chain: ChainId, from: u64) -> Result<Vec<Signed>, VaultError> {
        let sql = "SELECT bytes FROM statement WHERE chain = ?1 AND number >= ?2 ORDER BY number";
        let mut query = self.conn.prepare_cached(sql)?;
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let rows = query.query_map(params![chain.0, from], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|bytes| Signed::from_bytes(&bytes?).map_err(|_| VaultError::Damaged))
            .collect()
    }

    /// How many statements of a chain are kept.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn statement_count(&self, chain: ChainId) -> Result<u64, VaultError> {
        let sql = "SELECT max(number) + 1 FROM statement WHERE chain = ?1";
        let count: Option<Option<u64>> = self
            .conn
            .prepare_cached(sql)?
            .query_row([chain.0], |row| row.get(0))
            .optional()?;
        Ok(count.flatten().unwrap_or(0))
    }

    /// Loads a patient chain from what is kept, if it isn't loaded yet.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] where what was kept no longer verifies.
    pub fn load_patient(&mut self, id: ChainId) -> Result<bool, VaultError> {
        if self.chains.patients.contains_key(&id) {
            return Ok(true);
        }
        let statements = self.statements(id)?;
        let Some((first, rest)) = statements.split_first() else {
            return Ok(false);
        };
        let verify = || -> Result<PatientChain, VaultError> {
            let mut chain = PatientChain::found(first).map_err(|_| VaultError::Damaged)?;
            for next in rest {
                chain.append(next).map_err(|_| VaultError::Damaged)?;
            }
            Ok(chain)
        };
        #[cfg(feature = "simulation")]
        let chain = simulation::patient(&statements, verify)?;
        #[cfg(not(feature = "simulation"))]
        let chain = verify()?;
        self.chains.patients.insert(id, chain);
        Ok(true)
    }

    /// Loads a roster from what is kept, if it isn't loaded yet.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] where what was kept no longer verifies.
    pub fn load_roster(&mut self, id: ChainId) -> Result<bool, VaultError> {
        if self.chains.rosters.contains_key(&id) {
            return Ok(true);
        }
        let statements = self.statements(id)?;
        let Some((first, rest)) = statements.split_first() else {
            return Ok(false);
        };
        let verify = || -> Result<Roster, VaultError> {
            let mut chain = Roster::found(first).map_err(|_| VaultError::Damaged)?;
            for next in rest {
                chain.append(next).map_err(|_| VaultError::Damaged)?;
            }
            Ok(chain)
        };
        #[cfg(feature = "simulation")]
        let chain = simulation::roster(&statements, verify)?;
        #[cfg(not(feature = "simulation"))]
        let chain = verify()?;
        self.chains.rosters.insert(id, chain);
        Ok(true)
    }

    /// Loads a space's chains: patient, roster and epochs.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] where what was kept no longer verifies.
    pub fn load_space(&mut self, entry: &SpaceEntry) -> Result<(), VaultError> {
        if let Some(id) = entry.patient {
            self.load_patient(id)?;
        }
        if let Some(id) = entry.roster {
            self.load_roster(id)?;
        }
        if self.chains.epochs.contains_key(&entry.space) {
            return Ok(());
        }
        let statements = self.statements(entry.space.into())?;
        let parties = self.chains.parties(entry);
        let verify = || -> Result<EpochChain, VaultError> {
            let mut chain = EpochChain::default();
            for next in &statements {
                chain
                    .append(parties, next)
                    .map_err(|_| VaultError::Damaged)?;
            }
            Ok(chain)
        };
        #[cfg(feature = "simulation")]
        let chain = simulation::epochs(&statements, parties, verify)?;
        #[cfg(not(feature = "simulation"))]
        let chain = verify()?;
        self.chains.epochs.insert(entry.space, chain);
        Ok(())
    }

    /// Verifies the next statement of a patient chain and keeps it.
    ///
    /// # Errors
    /// The inner one: the statement is refused and the chain as before.
    pub fn extend_patient(
        &mut self,
        id: ChainId,
        next: &Signed,
    ) -> Result<Result<(), ChainError>, VaultError> {
        let chain = if self.load_patient(id)? {
            let Some(mut chain) = self.chains.patients.get(&id).cloned() else {
                return Err(VaultError::Internal);
            };
            if let Err(error) = chain.append(next) {
                return Ok(Err(error));
            }
            chain
        } else {
            match PatientChain::found(next) {
                Ok(chain) if chain.id() == id => chain,
                Ok(_) => return Ok(Err(ChainError::NotNext)),
                Err(error) => return Ok(Err(error)),
            }
        };
        self.keep_statement(id, chain.tip().number, next)?;
        let removed = chain
            .devices()
            .iter()
            .filter(|d| d.removed.is_some())
            .count();
        let before = self.chains.patients.insert(id, chain);
        let out = |c: PatientChain| c.devices().iter().filter(|d| d.removed.is_some()).count();
        if removed > before.map_or(0, out) {
            for entry in self.spaces_of_patient(id)? {
                self.judge_again(&entry)?;
            }
        }
        Ok(Ok(()))
    }

    /// Verifies the next statement of a roster and keeps it.
    ///
    /// # Errors
    /// The inner one: the statement is refused and the roster as before.
    pub fn extend_roster(
        &mut self,
        id: ChainId,
        next: &Signed,
    ) -> Result<Result<(), ChainError>, VaultError> {
        let chain = if self.load_roster(id)? {
            let Some(mut chain) = self.chains.rosters.get(&id).cloned() else {
                return Err(VaultError::Internal);
            };
            if let Err(error) = chain.append(next) {
                return Ok(Err(error));
            }
            chain
        } else {
            match Roster::found(next) {
                Ok(chain) if chain.id() == id => chain,
                Ok(_) => return Ok(Err(ChainError::NotNext)),
                Err(error) => return Ok(Err(error)),
            }
        };
        self.keep_statement(id, chain.tip().number, next)?;
        self.chains.rosters.insert(id, chain);
        Ok(Ok(()))
    }

    /// Verifies the next epoch of a space and keeps it.
    ///
    /// # Errors
    /// The inner one: the epoch is refused and the chain as before.
    pub fn extend_epochs(
        &mut self,
        entry: &SpaceEntry,
        next: &Signed,
    ) -> Result<Result<(), ChainError>, VaultError> {
        self.load_space(entry)?;
        let mut chain = self
            .chains
            .epochs
            .get(&entry.space)
            .cloned()
            .unwrap_or_default();
        if let Err(error) = chain.append(self.chains.parties(entry), next) {
            return Ok(Err(error));
        }
        let number = chain.tip().map_or(0, |t| t.number);
        self.keep_statement(entry.space.into(), number, next)?;
        let roster =
            |at: Option<&clinic_api::chain::epoch::EpochRecord>| at.and_then(|epoch| epoch.roster);
        let cited = roster(chain.last());
        let before = self.chains.epochs.insert(entry.space, chain);
        if cited > before.and_then(|chain| roster(chain.last())) {
            // It may close logs of who left since the one before.
            self.judge_again(entry)?;
        }
        Ok(Ok(()))
    }

    fn keep_statement(
        &mut self,
        chain: ChainId,
        number: u64,
        next: &Signed,
    ) -> Result<(), VaultError> {
        let bytes = next.to_bytes();
        self.write(|tx| {
            if identity::keeps(tx, chain)? {
                identity::touch(tx, &[&bytes])?;
            }
            let sql = "INSERT INTO statement (chain, number, bytes) VALUES (?1, ?2, ?3)";
            tx.prepare_cached(sql)?
                .execute(params![chain.0, number, bytes])?;
            Ok(())
        })
    }
}
