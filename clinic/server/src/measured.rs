//! A store with a meter: how long each operation took, what failed, how much was stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_api::log::LogTip;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::store::{
    Append, ChainInfo, Changes, Claimed, Departed, Guard, Invite, Leaving, NewBulletin, NewChain,
    NewRuns, Outcome, Page, PageLimit, Pairing, PairingLimit, Result, Rewrites, Scope, Sink,
    SpaceInfo, Stage, Statement, Store, StoreError, StoredRun,
};

/// A store that is measured.
pub struct Measured {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl Measured {
    /// This store, counted there.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self {
            store,
            clock,
            metrics,
        }
    }

    fn time<T>(&self, operation: &'static str, work: impl FnOnce(&dyn Store) -> T) -> T {
        let start = self.clock.elapsed();
        let done = work(&*self.store);
        let took = self.clock.elapsed().saturating_sub(start);
        self.metrics.store(operation, took);
        done
    }

    fn measure<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&dyn Store) -> Result<T>,
    ) -> Result<T> {
        let result = self.time(operation, work);
        self.failed(&result);
        result
    }

    fn failed<T>(&self, result: &Result<T>) {
        if let Err(error) = result {
            self.metrics.store_error(kind(error));
        }
    }

    fn founded(&self, chain: &NewChain) {
        let bytes: usize = chain.statements.iter().map(size).sum();
        self.metrics.stated(bytes as u64);
    }

    fn pushed(&self, runs: &NewRuns) {
        let (mut frames, mut bytes) = (0_u64, 0_u64);
        for run in &runs.runs {
            let after = run.tip.number.saturating_add(1);
            frames = frames.saturating_add(after.saturating_sub(run.first));
            bytes = bytes.saturating_add(run.bytes.len() as u64);
        }
        self.metrics.pushed(frames, bytes);
    }
}

fn size(statement: &Statement) -> usize {
    statement.bytes.len()
}

fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy => "busy",
        StoreError::Full => "full",
        StoreError::Damaged(_) => "damaged",
        StoreError::NewerSchema { .. } | StoreError::Foreign => "schema",
        StoreError::Failed(_) => "failed",
    }
}

impl Store for Measured {
    fn check(&self) -> Result<()> {
        self.measure("check", |s| s.check())
    }

    fn chain(&self, chain: ChainId) -> Result<Option<ChainInfo>> {
        self.measure("chain", |s| s.chain(chain))
    }

    fn statements(&self, chain: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        self.measure("statements", |s| s.statements(chain, from, limit))
    }

    fn chains_of(&self, device: DeviceId, limit: usize) -> Result<Vec<ChainId>> {
        self.measure("chains_of", |s| s.chains_of(device, limit))
    }

    fn space(&self, space: SpaceId) -> Result<Option<SpaceInfo>> {
        self.measure("space", |s| s.space(space))
    }

    fn found(&self, chain: &NewChain) -> Result<Outcome> {
        let outcome = self.measure("found", |s| s.found(chain))?;
        if outcome == Outcome::Stored {
            self.founded(chain);
        }
        Ok(outcome)
    }

    fn append(&self, append: &Append) -> Result<Outcome> {
        let outcome = self.measure("append", |s| s.append(append))?;
        if outcome == Outcome::Stored {
            self.metrics.stated(size(&append.statement) as u64);
        }
        Ok(outcome)
    }

    fn create_invite(&self, invite: &Invite, guards: &[Guard]) -> Result<Outcome> {
        self.measure("create_invite", |s| s.create_invite(invite, guards))
    }

    fn invite(&self, lookup: InviteLookup) -> Result<Option<Invite>> {
        self.measure("invite", |s| s.invite(lookup))
    }

    fn invites(&self, roster: ChainId) -> Result<Vec<Invite>> {
        self.measure("invites", |s| s.invites(roster))
    }

    fn claim(&self, lookup: InviteLookup, claim: &[u8], chain: &NewChain) -> Result<Claimed> {
        let claimed = self.measure("claim", |s| s.claim(lookup, claim, chain))?;
        if claimed == Claimed::Stored {
            self.founded(chain);
        }
        Ok(claimed)
    }

    fn decide(
        &self,
        lookup: InviteLookup,
        from: Stage,
        to: Stage,
        guards: &[Guard],
    ) -> Result<Outcome> {
        self.measure("decide", |s| s.decide(lookup, from, to, guards))
    }

    fn create_pairing(
        &self,
        pairing: &Pairing,
        limit: PairingLimit,
        guards: &[Guard],
    ) -> Result<Outcome> {
        self.measure("create_pairing", |s| {
            s.create_pairing(pairing, limit, guards)
        })
    }

    fn pairing(&self, lookup: InviteLookup) -> Result<Option<Pairing>> {
        self.measure("pairing", |s| s.pairing(lookup))
    }

    fn answer_pairing(&self, lookup: InviteLookup, answer: &[u8]) -> Result<Outcome> {
        self.measure("answer_pairing", |s| s.answer_pairing(lookup, answer))
    }

    fn withdraw_pairing(&self, lookup: InviteLookup, guards: &[Guard]) -> Result<Outcome> {
        self.measure("withdraw_pairing", |s| s.withdraw_pairing(lookup, guards))
    }

    fn bulletins(&self, roster: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        self.measure("bulletins", |s| s.bulletins(roster, from, limit))
    }

    fn last_bulletin(&self, roster: ChainId) -> Result<Option<Vec<u8>>> {
        self.measure("last_bulletin", |s| s.last_bulletin(roster))
    }

    fn publish(&self, bulletin: &NewBulletin) -> Result<Outcome> {
        self.measure("publish", |s| s.publish(bulletin))
    }

    fn log_tip(&self, space: SpaceId, log: LogId) -> Result<Option<LogTip>> {
        self.measure("log_tip", |s| s.log_tip(space, log))
    }

    fn run(&self, space: SpaceId, log: LogId, beat: u64) -> Result<Option<Vec<u8>>> {
        self.measure("run", |s| s.run(space, log, beat))
    }

    fn push(&self, runs: &NewRuns) -> Result<Outcome> {
        let outcome = self.measure("push", |s| s.push(runs))?;
        if outcome == Outcome::Stored {
            self.pushed(runs);
        }
        Ok(outcome)
    }

    fn push_many(&self, pushes: &[NewRuns]) -> Vec<Result<Outcome>> {
        let outcomes = self.time("push_many", |s| s.push_many(pushes));
        for (runs, outcome) in pushes.iter().zip(&outcomes) {
            self.failed(outcome);
            if matches!(outcome, Ok(Outcome::Stored)) {
                self.pushed(runs);
            }
        }
        outcomes
    }

    fn run_with(&self, space: SpaceId, log: LogId, number: u64) -> Result<Option<StoredRun>> {
        self.measure("run_with", |s| s.run_with(space, log, number))
    }

    fn rewrite(&self, rewrites: &Rewrites) -> Result<Outcome> {
        self.measure("rewrite", |s| s.rewrite(rewrites))
    }

    fn leave(&self, leaving: &Leaving<'_>) -> Result<Outcome> {
        self.measure("leave", |s| s.leave(leaving))
    }

    fn departed(&self, chain: ChainId) -> Result<Option<Departed>> {
        self.measure("departed", |s| s.departed(chain))
    }

    fn receipt_seed(&self, fresh: &[u8; 32]) -> Result<[u8; 32]> {
        self.measure("receipt_seed", |s| s.receipt_seed(fresh))
    }

    fn changes(&self, scope: Scope, since: u64, limit: usize) -> Result<Changes> {
        self.measure("changes", |s| s.changes(scope, since, limit))
    }

    fn listen(&self, sink: Sink) -> Result<()> {
        self.measure("listen", |s| s.listen(sink))
    }

    fn pull(&self, space: SpaceId, have: &BTreeMap<LogId, u64>, limit: PageLimit) -> Result<Page> {
        self.measure("pull", |s| s.pull(space, have, limit))
    }
}
