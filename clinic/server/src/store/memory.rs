//! A store in memory: for tests and simulations. What it holds ends with it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clinic_api::chain::Tip;
use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_api::log::LogTip;

use super::{
    Append, ChainInfo, Charge, Claimed, Guard, Invite, NewChain, NewRuns, Outcome, Page, PageLimit,
    Result, SpaceInfo, Stage, Standing, Statement, Store,
};

/// A store in memory, behind one lock.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    chains: BTreeMap<ChainId, Chain>,
    devices: BTreeMap<DeviceId, Vec<ChainId>>,
    spaces: BTreeMap<SpaceId, SpaceInfo>,
    invites: Vec<Invite>,
    logs: BTreeMap<(SpaceId, LogId), LogTip>,
    runs: BTreeMap<(SpaceId, LogId, u64), Vec<u8>>,
}

#[derive(Debug)]
struct Chain {
    info: ChainInfo,
    statements: Vec<Statement>,
    charged: u64,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hold(&self, guards: &[Guard]) -> bool {
        guards.iter().all(|g| {
            self.chains
                .get(&g.chain)
                .is_some_and(|c| c.info.revision == g.revision)
        })
    }

    fn fits(&self, charge: Option<Charge>, bytes: usize) -> bool {
        charge.is_none_or(|charge| {
            let used = self.chains.get(&charge.chain).map_or(0, |c| c.charged);
            used.saturating_add(bytes as u64) <= charge.limit
        })
    }

    fn charge(&mut self, charge: Option<Charge>, bytes: usize) {
        if let Some(chain) = charge.and_then(|c| self.chains.get_mut(&c.chain)) {
            chain.charged = chain.charged.saturating_add(bytes as u64);
        }
    }

    fn let_in(&mut self, devices: &[DeviceId], chain: ChainId) {
        for device in devices {
            let chains = self.devices.entry(*device).or_default();
            if !chains.contains(&chain) {
                chains.push(chain);
            }
        }
    }

    fn found(&mut self, new: &NewChain) {
        let tip = tip(new);
        let info = |kind, tip, standing| ChainInfo {
            kind,
            tip,
            standing,
            revision: 0,
        };
        self.chains.insert(
            new.id,
            Chain {
                info: info(new.kind, tip, new.standing),
                statements: new.statements.clone(),
                charged: 0,
            },
        );
        for &(space, kind) in &new.spaces {
            let owner = new.id;
            self.spaces.insert(space, SpaceInfo { kind, owner });
            self.chains.insert(
                space.into(),
                Chain {
                    info: info(
                        clinic_api::chain::ChainKind::Epoch,
                        None,
                        Standing::Admitted,
                    ),
                    statements: Vec::new(),
                    charged: 0,
                },
            );
        }
        self.let_in(&new.devices, new.id);
    }

    fn again(&mut self, new: &NewChain) {
        if let Some(chain) = self.chains.get_mut(&new.id) {
            chain.statements.clone_from(&new.statements);
            chain.info.tip = tip(new);
            chain.info.standing = new.standing;
            chain.info.revision += 1;
        }
        self.let_in(&new.devices, new.id);
    }
}

impl Chain {
    /// Its invite was taken back, and the claim begins with all that is here.
    fn may_claim_again(&self, new: &NewChain) -> bool {
        self.info.standing == Standing::Withdrawn && new.statements.starts_with(&self.statements)
    }
}

fn tip(new: &NewChain) -> Option<Tip> {
    new.statements.last().map(|s| Tip {
        number: new.statements.len().saturating_sub(1) as u64,
        hash: s.hash,
    })
}

impl Store for MemoryStore {
    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn chain(&self, chain: ChainId) -> Result<Option<ChainInfo>> {
        Ok(self.state().chains.get(&chain).map(|c| c.info))
    }

    fn statements(&self, chain: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        let state = self.state();
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let all = state.chains.get(&chain).map(|c| c.statements.iter());
        let (mut page, mut used) = (Page::default(), 0);
        for statement in all.into_iter().flatten().skip(from) {
            if !page.take(limit, &mut used, statement.bytes.clone()) {
                break;
            }
        }
        Ok(page)
    }

    fn chains_of(&self, device: DeviceId, limit: usize) -> Result<Vec<ChainId>> {
        let state = self.state();
        let chains = state.devices.get(&device).into_iter().flatten();
        Ok(chains.take(limit).copied().collect())
    }

    fn space(&self, space: SpaceId) -> Result<Option<SpaceInfo>> {
        Ok(self.state().spaces.get(&space).copied())
    }

    fn found(&self, chain: &NewChain) -> Result<Outcome> {
        let mut state = self.state();
        if state.chains.contains_key(&chain.id) {
            return Ok(Outcome::Moved);
        }
        state.found(chain);
        Ok(Outcome::Stored)
    }

    fn append(&self, append: &Append) -> Result<Outcome> {
        let mut state = self.state();
        let tip = state.chains.get(&append.chain).map(|c| c.info.tip);
        if tip.map(|t| t.map(|t| t.hash)) != Some(append.previous) || !state.hold(&append.guards) {
            return Ok(Outcome::Moved);
        }
        let bytes = append.statement.bytes.len();
        if !state.fits(append.charge, bytes) {
            return Ok(Outcome::Full);
        }
        state.charge(append.charge, bytes);
        state.let_in(&append.devices, append.chain);
        if let Some(chain) = state.chains.get_mut(&append.chain) {
            chain.info.tip = Some(Tip {
                number: chain.statements.len() as u64,
                hash: append.statement.hash,
            });
            chain.info.revision += 1;
            chain.statements.push(append.statement.clone());
        }
        Ok(Outcome::Stored)
    }

    fn create_invite(&self, invite: &Invite, guards: &[Guard]) -> Result<Outcome> {
        let mut state = self.state();
        let taken = state.invites.iter().any(|i| i.lookup == invite.lookup);
        if taken || !state.hold(guards) {
            return Ok(Outcome::Moved);
        }
        state.invites.push(Invite {
            stage: Stage::Waiting,
            claim: None,
            chain: None,
            ..invite.clone()
        });
        Ok(Outcome::Stored)
    }

    fn invite(&self, lookup: InviteLookup) -> Result<Option<Invite>> {
        let state = self.state();
        Ok(state.invites.iter().find(|i| i.lookup == lookup).cloned())
    }

    fn invites(&self, roster: ChainId) -> Result<Vec<Invite>> {
        let state = self.state();
        let of_roster = state.invites.iter().filter(|i| i.roster == roster);
        Ok(of_roster.cloned().collect())
    }

    fn claim(&self, lookup: InviteLookup, claim: &[u8], chain: &NewChain) -> Result<Claimed> {
        let mut state = self.state();
        let (exists, again) = match state.chains.get(&chain.id) {
            Some(kept) => (true, kept.may_claim_again(chain)),
            None => (false, false),
        };
        let waiting = |i: &&mut Invite| i.lookup == lookup && i.stage == Stage::Waiting;
        let Some(invite) = state.invites.iter_mut().find(waiting) else {
            return Ok(Claimed::Moved);
        };
        if exists && !again {
            return Ok(Claimed::ChainExists);
        }
        invite.stage = Stage::Claimed;
        invite.claim = Some(claim.to_vec());
        invite.chain = Some(chain.id);
        if again {
            state.again(chain);
        } else {
            state.found(chain);
        }
        Ok(Claimed::Stored)
    }

    fn decide(
        &self,
        lookup: InviteLookup,
        from: Stage,
        to: Stage,
        guards: &[Guard],
    ) -> Result<Outcome> {
        let mut state = self.state();
        if !state.hold(guards) {
            return Ok(Outcome::Moved);
        }
        let at = |i: &&mut Invite| i.lookup == lookup && i.stage == from;
        let Some(invite) = state.invites.iter_mut().find(at) else {
            return Ok(Outcome::Moved);
        };
        invite.stage = to;
        if let Some(chain) = invite.chain.and_then(|c| state.chains.get_mut(&c)) {
            chain.info.standing = to.standing();
            chain.info.revision += 1;
        }
        Ok(Outcome::Stored)
    }

    fn log_tip(&self, space: SpaceId, log: LogId) -> Result<Option<LogTip>> {
        Ok(self.state().logs.get(&(space, log)).copied())
    }

    fn run(&self, space: SpaceId, log: LogId, beat: u64) -> Result<Option<Vec<u8>>> {
        Ok(self.state().runs.get(&(space, log, beat)).cloned())
    }

    fn push(&self, new: &NewRuns) -> Result<Outcome> {
        let mut state = self.state();
        if !state.hold(&new.guards) {
            return Ok(Outcome::Moved);
        }
        let of_space = |logs: &BTreeMap<(SpaceId, LogId), LogTip>| {
            let all = (new.space, LogId([0; 16]))..=(new.space, LogId([0xff; 16]));
            logs.range(all).count()
        };
        let mut logs = state.logs.clone();
        let before = of_space(&logs);
        for run in &new.runs {
            let last = logs.insert((new.space, run.tip.log), run.tip);
            if last.map(|t| t.head) != run.previous {
                return Ok(Outcome::Moved);
            }
        }
        let bytes = new.runs.iter().map(|r| r.bytes.len()).sum();
        let after = of_space(&logs);
        let too_many = after > before && after > new.max_logs;
        if too_many || !state.fits(new.charge, bytes) {
            return Ok(Outcome::Full);
        }
        state.charge(new.charge, bytes);
        state.logs = logs;
        for run in &new.runs {
            let place = (new.space, run.tip.log, run.tip.beat);
            state.runs.insert(place, run.bytes.clone());
        }
        Ok(Outcome::Stored)
    }

    fn pull(&self, space: SpaceId, have: &BTreeMap<LogId, u64>, limit: PageLimit) -> Result<Page> {
        let state = self.state();
        let all = (space, LogId([0; 16]), 0)..=(space, LogId([0xff; 16]), u64::MAX);
        let (mut page, mut used) = (Page::default(), 0);
        for ((_, log, beat), bytes) in state.runs.range(all) {
            let known = have.get(log).is_some_and(|had| beat <= had);
            if !known && !page.take(limit, &mut used, bytes.clone()) {
                break;
            }
        }
        Ok(page)
    }
}
