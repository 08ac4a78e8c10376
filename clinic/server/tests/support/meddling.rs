//! A store on which something else happens between a decision and its write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_api::log::LogTip;
use clinic_server::store::{
    Append, ChainInfo, Changes, Claimed, Departed, Guard, Invite, Leaving, NewBulletin, NewChain,
    NewRuns, Outcome, Page, PageLimit, Pairing, PairingLimit, Result, Rewrites, Scope, Sink,
    SpaceInfo, Stage, Store, StoreError, StoredRun,
};

type Deed = Box<dyn FnOnce(&dyn Store) + Send>;

pub struct Meddling {
    pub inner: Arc<dyn Store>,
    deed: Mutex<Option<Deed>>,
    failure: Mutex<Option<StoreError>>,
}

impl Meddling {
    pub fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            deed: Mutex::new(None),
            failure: Mutex::new(None),
        })
    }

    /// What happens, once, right before the next append, push, rewrite or invite is written.
    pub fn before_next_write(&self, deed: impl FnOnce(&dyn Store) + Send + 'static) {
        *self.deed.lock().unwrap() = Some(Box::new(deed));
    }

    /// What the next write or check fails with, once.
    pub fn fail_next(&self, failure: StoreError) {
        *self.failure.lock().unwrap() = Some(failure);
    }

    fn meddle(&self) -> Result<()> {
        let deed = self.deed.lock().unwrap().take();
        if let Some(deed) = deed {
            deed(&*self.inner);
        }
        self.failure.lock().unwrap().take().map_or(Ok(()), Err)
    }
}

impl Store for Meddling {
    fn check(&self) -> Result<()> {
        let failure = self.failure.lock().unwrap().take();
        failure.map_or_else(|| self.inner.check(), Err)
    }

    fn chain(&self, chain: ChainId) -> Result<Option<ChainInfo>> {
        self.inner.chain(chain)
    }

    fn statements(&self, chain: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        self.inner.statements(chain, from, limit)
    }

    fn chains_of(&self, device: DeviceId, limit: usize) -> Result<Vec<ChainId>> {
        self.inner.chains_of(device, limit)
    }

    fn space(&self, space: SpaceId) -> Result<Option<SpaceInfo>> {
        self.inner.space(space)
    }

    fn found(&self, chain: &NewChain) -> Result<Outcome> {
        self.inner.found(chain)
    }

    fn append(&self, append: &Append) -> Result<Outcome> {
        self.meddle()?;
        self.inner.append(append)
    }

    fn create_invite(&self, invite: &Invite, guards: &[Guard]) -> Result<Outcome> {
        self.meddle()?;
        self.inner.create_invite(invite, guards)
    }

    fn invite(&self, lookup: InviteLookup) -> Result<Option<Invite>> {
        self.inner.invite(lookup)
    }

    fn invites(&self, roster: ChainId) -> Result<Vec<Invite>> {
        self.inner.invites(roster)
    }

    fn claim(&self, lookup: InviteLookup, claim: &[u8], chain: &NewChain) -> Result<Claimed> {
        self.inner.claim(lookup, claim, chain)
    }

    fn decide(
        &self,
        lookup: InviteLookup,
        from: Stage,
        to: Stage,
        guards: &[Guard],
    ) -> Result<Outcome> {
        self.meddle()?;
        self.inner.decide(lookup, from, to, guards)
    }

    fn create_pairing(
        &self,
        pairing: &Pairing,
        limit: PairingLimit,
        guards: &[Guard],
    ) -> Result<Outcome> {
        self.inner.create_pairing(pairing, limit, guards)
    }

    fn pairing(&self, lookup: InviteLookup) -> Result<Option<Pairing>> {
        self.inner.pairing(lookup)
    }

    fn answer_pairing(&self, lookup: InviteLookup, answer: &[u8]) -> Result<Outcome> {
        self.inner.answer_pairing(lookup, answer)
    }

    fn withdraw_pairing(&self, lookup: InviteLookup, guards: &[Guard]) -> Result<Outcome> {
        self.inner.withdraw_pairing(lookup, guards)
    }

    fn bulletins(&self, roster: ChainId, from: u64, limit: PageLimit) -> Result<Page> {
        self.inner.bulletins(roster, from, limit)
    }

    fn last_bulletin(&self, roster: ChainId) -> Result<Option<Vec<u8>>> {
        self.inner.last_bulletin(roster)
    }

    fn publish(&self, bulletin: &NewBulletin) -> Result<Outcome> {
        self.meddle()?;
        self.inner.publish(bulletin)
    }

    fn log_tip(&self, space: SpaceId, log: LogId) -> Result<Option<LogTip>> {
        self.inner.log_tip(space, log)
    }

    fn run(&self, space: SpaceId, log: LogId, beat: u64) -> Result<Option<Vec<u8>>> {
        self.inner.run(space, log, beat)
    }

    fn push(&self, runs: &NewRuns) -> Result<Outcome> {
        self.meddle()?;
        self.inner.push(runs)
    }

    fn push_many(&self, pushes: &[NewRuns]) -> Vec<Result<Outcome>> {
        match self.meddle() {
            Ok(()) => self.inner.push_many(pushes),
            Err(failure) => vec![Err(failure)],
        }
    }

    fn run_with(&self, space: SpaceId, log: LogId, number: u64) -> Result<Option<StoredRun>> {
        self.inner.run_with(space, log, number)
    }

    fn rewrite(&self, rewrites: &Rewrites) -> Result<Outcome> {
        self.meddle()?;
        self.inner.rewrite(rewrites)
    }

    fn leave(&self, leaving: &Leaving<'_>) -> Result<Outcome> {
        self.inner.leave(leaving)
    }

    fn departed(&self, chain: ChainId) -> Result<Option<Departed>> {
        self.inner.departed(chain)
    }

    fn receipt_seed(&self, fresh: &[u8; 32]) -> Result<[u8; 32]> {
        self.inner.receipt_seed(fresh)
    }

    fn changes(&self, scope: Scope, since: u64, limit: usize) -> Result<Changes> {
        self.inner.changes(scope, since, limit)
    }

    fn listen(&self, sink: Sink) -> Result<()> {
        self.inner.listen(sink)
    }

    fn pull(&self, space: SpaceId, have: &BTreeMap<LogId, u64>, limit: PageLimit) -> Result<Page> {
        self.inner.pull(space, have, limit)
    }
}
