//! Verifies a whole store: the database file, every chain from its first
//! statement on, every log from its first frame on.
//!
//! May run while the store is served: what is added meanwhile is verified or
//! left out, and never taken for damage.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clinic_api::chain::epoch::Parties;
use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::roster::Roster;
use clinic_api::id::{ChainId, DeviceId, LogId, SpaceId};
use clinic_api::log::{LogTip, Run};
use rusqlite::Connection;

use crate::backup::{self, BackupError, STORE};
use crate::store::sqlite::SqliteStore;
use crate::store::{PageLimit, SpaceInfo, Store, StoreError};
use crate::verified::{Chains, Loaded};

/// Bytes of statements whose chains are kept meanwhile.
const KEPT: usize = 64 * 1024 * 1024;
/// How runs are read.
const PAGE: PageLimit = PageLimit {
    items: 1024,
    bytes: 8 * 1024 * 1024,
};
/// How often a space is verified before it counts as damaged: its chains may
/// grow between two reads.
const ATTEMPTS: usize = 3;

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Patient chains and rosters.
    pub chains: u64,
    /// Spaces.
    pub spaces: u64,
    /// Logs.
    pub logs: u64,
    /// Frames in them.
    pub frames: u64,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} chains, {} spaces, {} logs, {} frames",
            self.chains, self.spaces, self.logs, self.frames
        )
    }
}

/// Why a store does not verify.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The file is missing, another's, or damaged.
    #[error(transparent)]
    File(#[from] BackupError),
    /// [`StoreError::Damaged`]: restore a backup. Else it could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Result<T> = std::result::Result<T, CheckError>;

/// Verifies the store of a directory.
///
/// # Errors
/// The first damage that it meets.
pub fn check(dir: &Path) -> Result<Found> {
    let path = dir.join(STORE);
    if !path.exists() {
        return Err(BackupError::NoStore(dir.to_owned()).into());
    }
    backup::verify(&path)?;
    let store = Arc::new(SqliteStore::open(dir)?);
    let chains = Chains::new(Arc::<SqliteStore>::clone(&store), KEPT);
    let names = Names::read(&path)?;
    let check = Check {
        store: &*store,
        chains: &chains,
    };
    let mut found = Found::default();
    for (chain, kind) in &names.chains {
        check.chain(*chain, *kind)?;
        found.chains = found.chains.saturating_add(1);
    }
    for space in &names.spaces {
        let logs = names.logs.get(space).map_or(&[][..], Vec::as_slice);
        let frames = check.again(*space, logs)?;
        found.spaces = found.spaces.saturating_add(1);
        found.logs = found.logs.saturating_add(logs.len() as u64);
        found.frames = found.frames.saturating_add(frames);
    }
    Ok(found)
}

/// What there is to verify.
struct Names {
    chains: Vec<(ChainId, i64)>,
    spaces: Vec<SpaceId>,
    logs: BTreeMap<SpaceId, Vec<LogId>>,
}

impl Names {
    fn read(path: &Path) -> Result<Self> {
        let rows = |error| BackupError::Database {
            path: PathBuf::from(path),
            error,
        };
        let connection = Connection::open(path).map_err(rows)?;
        let mut names = Self {
            chains: Vec::new(),
            spaces: Vec::new(),
            logs: BTreeMap::new(),
        };
        let each = |sql: &str, take: &mut dyn FnMut(Vec<u8>, Vec<u8>, i64) -> Result<()>| {
            let mut select = connection.prepare(sql).map_err(rows)?;
            let mut found = select.query([]).map_err(rows)?;
            while let Some(row) = found.next().map_err(rows)? {
                let of = |place| row.get(place).map_err(rows);
                take(of(0)?, of(1)?, row.get(2).map_err(rows)?)?;
            }
            Ok::<(), CheckError>(())
        };
        each(
            "SELECT chain, chain, kind FROM chains WHERE kind IN (1, 2)
                 AND chain NOT IN (SELECT chain FROM departures)",
            &mut |chain, _, kind| {
                names.chains.push((ChainId(id(&chain)?), kind));
                Ok(())
            },
        )?;
        each(
            "SELECT space, space, kind FROM spaces",
            &mut |space, _, _| {
                names.spaces.push(SpaceId(id(&space)?));
                Ok(())
            },
        )?;
        each("SELECT space, log, beat FROM logs", &mut |space, log, _| {
            let logs = names.logs.entry(SpaceId(id(&space)?)).or_default();
            logs.push(LogId(id(&log)?));
            Ok(())
        })?;
        Ok(names)
    }
}

fn id<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    let id = bytes.try_into();
    Ok(id.map_err(|_| StoreError::Damaged("a name of the wrong length"))?)
}

struct Check<'a> {
    store: &'a dyn Store,
    chains: &'a Chains,
}

impl Check<'_> {
    fn chain(&self, chain: ChainId, kind: i64) -> Result<()> {
        let there = match kind {
            1 => self.chains.patient(chain)?.is_some(),
            _ => self.chains.roster(chain)?.is_some(),
        };
        Ok(there
            .then_some(())
            .ok_or(StoreError::Damaged("a chain is missing"))?)
    }

    fn again(&self, space: SpaceId, logs: &[LogId]) -> Result<u64> {
        let mut result = self.space(space, logs);
        for _ in 1..ATTEMPTS {
            if !matches!(result, Err(CheckError::Store(StoreError::Damaged(_)))) {
                break;
            }
            result = self.space(space, logs);
        }
        result
    }

    /// A space's epochs and logs: how many frames there are.
    fn space(&self, space: SpaceId, logs: &[LogId]) -> Result<u64> {
        let info = self.store.space(space)?;
        let info = info.ok_or(StoreError::Damaged("a space is missing"))?;
        let members = Members::of(self.chains, info)?;
        let mut expected = BTreeMap::new();
        for log in logs {
            let tip = self.store.log_tip(space, *log)?;
            let tip = tip.ok_or(StoreError::Damaged("a log is missing"))?;
            expected.insert(*log, tip);
        }
        let epochs = self.chains.epochs(space, members.parties(info))?;
        let epochs = epochs.ok_or(StoreError::Damaged("a space has no chain"))?;
        let mut tips: BTreeMap<LogId, LogTip> = BTreeMap::new();
        let mut frames = 0_u64;
        loop {
            let have = tips.values().map(|t| (t.log, t.beat)).collect();
            let page = self.store.pull(space, &have, PAGE)?;
            for bytes in &page.items {
                let bad = |_| StoreError::Damaged("a run does not verify");
                let run = Run::from_bytes(bytes).map_err(bad)?;
                let head = run
                    .claimed_head()
                    .map_err(|_| StoreError::Damaged("a head"))?;
                let key = members.key(head.device);
                let key = key.ok_or(StoreError::Damaged("a log of no member"))?;
                let log = head.log();
                let verified = run.verify(space, tips.get(&log), &key).map_err(bad)?;
                // A log that is new since, may rest on an epoch that is, too.
                let listed = expected.get(&log);
                if listed.is_some() && epochs.chain.get(verified.head.epoch).is_none() {
                    return Err(StoreError::Damaged("a run cites an unknown epoch").into());
                }
                if listed.is_some_and(|t| t.beat == verified.tip.beat && *t != verified.tip) {
                    return Err(StoreError::Damaged("a log has another end").into());
                }
                let count = run.items.len() as u64;
                frames = frames.saturating_add(count);
                tips.insert(log, verified.tip);
            }
            if !page.more {
                break;
            }
        }
        let reached = |tip: &LogTip| tips.get(&tip.log).is_some_and(|t| t.beat >= tip.beat);
        Ok(expected
            .values()
            .all(reached)
            .then_some(frames)
            .ok_or(StoreError::Damaged("runs are missing"))?)
    }
}

/// Whose keys sign in a space.
struct Members {
    patient: Option<Loaded<PatientChain>>,
    roster: Option<Loaded<Roster>>,
}

impl Members {
    fn of(chains: &Chains, info: SpaceInfo) -> Result<Self> {
        if !info.kind.of_patient() {
            let roster = chains.roster(info.owner)?;
            return Ok(Self {
                patient: None,
                roster,
            });
        }
        let patient = chains.patient(info.owner)?;
        let clinic = patient
            .as_ref()
            .and_then(|p| p.chain.clinic_at(p.chain.tip().number));
        let clinic = clinic.filter(|_| info.kind.team().is_some());
        let roster = clinic.map(|c| chains.roster(c.roster)).transpose()?;
        Ok(Self {
            patient,
            roster: roster.flatten(),
        })
    }

    fn parties(&self, info: SpaceInfo) -> Parties<'_> {
        Parties {
            kind: info.kind,
            patient: self.patient.as_ref().map(|p| &*p.chain),
            roster: self.roster.as_ref().map(|r| &*r.chain),
        }
    }

    fn key(&self, device: DeviceId) -> Option<[u8; 32]> {
        let patient = self.patient.as_ref();
        let of_patient = patient.and_then(|p| p.chain.device(device));
        let roster = self.roster.as_ref();
        let of_staff = || roster.and_then(|r| r.chain.workstation(device));
        of_patient
            .map(|d| d.keys.log)
            .or_else(|| of_staff().map(|w| w.keys.log))
    }
}
