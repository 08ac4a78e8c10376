//! A store in memory: for tests and simulations. What it holds ends with it.

mod feed;
mod leave;
mod pairings;
mod state;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_api::log::LogTip;

use super::feed::{Sinks, beat_with};
use super::{
    Append, ChainInfo, Changes, Claimed, Departed, Guard, Invite, Leaving, NewBulletin, NewChain,
    NewRuns, Outcome, Page, PageLimit, Pairing, PairingLimit, Result, Rewrites, Scope, Sink,
    SpaceInfo, Stage, Store, StoredRun, Thing,
};
use crate::clock::Clock;
use state::State;

/// A store in memory, behind one lock.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    sinks: Sinks,
    clock: Option<Arc<dyn Clock>>,
}

impl MemoryStore {
    /// An empty one. It knows no time: its feed counts writes, and so names
    /// nearly everything again at each question.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that tells the time by this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: Some(clock),
            ..Self::default()
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self, state: &State) -> i64 {
        self.clock.as_ref().map_or(state.writes, |c| c.millis())
    }

    /// One write; then tells who listens.
    fn write<T>(&self, work: impl FnOnce(&mut State, i64) -> T) -> T {
        let mut state = self.state();
        state.writes += 1;
        let now = self.now(&state);
        let done = work(&mut state, now);
        let signals = std::mem::take(&mut state.feed.signals);
        drop(state);
        self.sinks.tell(&signals);
        done
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryStore")
    }
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
        self.write(|state, now| {
            if state.chains.contains_key(&chain.id) {
                return Ok(Outcome::Moved);
            }
            state.found(chain, now);
            Ok(Outcome::Stored)
        })
    }

    fn append(&self, append: &Append) -> Result<Outcome> {
        self.write(|state, now| Ok(state.append(append, now)))
    }

    fn create_invite(&self, invite: &Invite, guards: &[Guard]) -> Result<Outcome> {
        self.write(|state, now| {
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
            state.feed.touch(Thing::Invites(invite.roster), now);
            Ok(Outcome::Stored)
        })
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
        self.write(|state, now| Ok(state.claim(lookup, claim, chain, now)))
    }

    fn decide(
        &self,
        lookup: InviteLookup,
        from: Stage,
        to: Stage,
        guards: &[Guard],
    ) -> Result<Outcome> {
        self.write(|state, now| {
            if !state.hold(guards) {
                return Ok(Outcome::Moved);
            }
            let at = |i: &&mut Invite| i.lookup == lookup && i.stage == from;
            let Some(invite) = state.invites.iter_mut().find(at) else {
                return Ok(Outcome::Moved);
            };
            invite.stage = to;
            state.feed.touch(Thing::Invites(invite.roster), now);
            if let Some((id, chain)) = invite
                .chain
                .and_then(|id| Some((id, state.chains.get_mut(&id)?)))
            {
                chain.info.standing = to.standing();
                chain.info.revision += 1;
                state.feed.touch(Thing::Chain(id), now);
            }
            Ok(Outcome::Stored)
        })
    }

    fn create_pairing(
        &self,
        pairing: &Pairing,
        limit: PairingLimit,
        guards: &[Guard],
    ) -> Result<Outcome> {
        self.write(|state, _| Ok(state.create_pairing(pairing, limit, guards)))
    }

    fn pairing(&self, lookup: InviteLookup) -> Result<Option<Pairing>> {
        Ok(self.state().pairings.get(&lookup).cloned())
    }

    fn answer_pairing(&self, lookup: InviteLookup, answer: &[u8]) -> Result<Outcome> {
        self.write(|state, _| Ok(state.answer_pairing(lookup, answer)))
    }

    fn withdraw_pairing(&self, lookup: InviteLookup, guards: &[Guard]) -> Result<Outcome> {
        self.write(|state, _| Ok(state.withdraw_pairing(lookup, guards)))
    }

    fn bulletins(&self, roster: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        let state = self.state();
        let from = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
        let all = state.bulletins.get(&roster).into_iter().flatten();
        let (mut page, mut used) = (Page::default(), 0);
        for bytes in all.skip(from) {
            if !page.take(limit, &mut used, bytes.clone()) {
                break;
            }
        }
        Ok(page)
    }

    fn last_bulletin(&self, roster: ChainId) -> Result<Option<Vec<u8>>> {
        let state = self.state();
        Ok(state
            .bulletins
            .get(&roster)
            .and_then(|all| all.last())
            .cloned())
    }

    fn publish(&self, bulletin: &NewBulletin) -> Result<Outcome> {
        self.write(|state, now| Ok(state.publish(bulletin, now)))
    }

    fn log_tip(&self, space: SpaceId, log: LogId) -> Result<Option<LogTip>> {
        Ok(self.state().logs.get(&(space, log)).copied())
    }

    fn run(&self, space: SpaceId, log: LogId, beat: u64) -> Result<Option<Vec<u8>>> {
        let state = self.state();
        Ok(state
            .runs
            .get(&(space, log, beat))
            .map(|run| run.stored.bytes.clone()))
    }

    fn push(&self, new: &NewRuns) -> Result<Outcome> {
        self.write(|state, now| Ok(state.push(new, now)))
    }

    fn push_many(&self, pushes: &[NewRuns]) -> Vec<Result<Outcome>> {
        self.write(|state, now| pushes.iter().map(|new| Ok(state.push(new, now))).collect())
    }

    fn run_with(&self, space: SpaceId, log: LogId, number: u64) -> Result<Option<StoredRun>> {
        let state = self.state();
        let Some(tip) = state.logs.get(&(space, log)) else {
            return Ok(None);
        };
        let run = |beat| state.runs.get(&(space, log, beat));
        let beat = beat_with(number, tip.beat, |beat| {
            Ok(run(beat).map(|run| (run.stored.first, run.last)))
        })?;
        Ok(beat.and_then(run).map(|run| run.stored.clone()))
    }

    fn rewrite(&self, rewrites: &Rewrites) -> Result<Outcome> {
        self.write(|state, now| Ok(state.rewrite(rewrites, now)))
    }

    fn leave(&self, leaving: &Leaving<'_>) -> Result<Outcome> {
        self.write(|state, now| state.leave(leaving, now))
    }

    fn departed(&self, chain: ChainId) -> Result<Option<Departed>> {
        Ok(self.state().departures.get(&chain).cloned())
    }

    fn receipt_seed(&self, fresh: &[u8; 32]) -> Result<[u8; 32]> {
        Ok(*self.state().receipt_seed.get_or_insert(*fresh))
    }

    fn changes(&self, scope: Scope, since: u64, limit: usize) -> Result<Changes> {
        let state = self.state();
        let now = self.now(&state);
        state.feed.changes(scope, since, limit, now)
    }

    fn listen(&self, sink: Sink) -> Result<()> {
        self.sinks.add(sink);
        Ok(())
    }

    fn pull(&self, space: SpaceId, have: &BTreeMap<LogId, u64>, limit: PageLimit) -> Result<Page> {
        let state = self.state();
        let all = (space, LogId([0; 16]), 0)..=(space, LogId([0xff; 16]), u64::MAX);
        let (mut page, mut used) = (Page::default(), 0);
        for ((_, log, beat), run) in state.runs.range(all) {
            let known = have.get(log).is_some_and(|had| beat <= had);
            if !known && !page.take(limit, &mut used, run.stored.bytes.clone()) {
                break;
            }
        }
        Ok(page)
    }
}
