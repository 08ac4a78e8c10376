//! Group commit: pushes that come in at once share a transaction.
//!
//! A commit waits for the disk, and meanwhile more pushes arrive. Whoever
//! finds nobody at work stores all that have gathered, then tells each what
//! became of theirs; nobody waits for a timer, and nobody is told before the
//! transaction that holds their push is durable.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_api::log::LogTip;

use super::{
    Append, ChainInfo, Changes, Claimed, Departed, Guard, Invite, Leaving, NewBulletin, NewChain,
    NewRuns, Outcome, Page, PageLimit, Pairing, PairingLimit, Result, Rewrites, Scope, Sink,
    SpaceInfo, Stage, Store, StoreError, StoredRun,
};

/// Pushes in one transaction.
const PUSHES: usize = 64;
/// Bytes of their runs; one push fits always.
const BYTES: usize = 16 * 1024 * 1024;

/// A store whose pushes are grouped. All else goes straight to the store within.
pub struct Grouped {
    inner: Arc<dyn Store>,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(u64, NewRuns)>,
    done: BTreeMap<u64, Result<Outcome>>,
    next: u64,
    busy: bool,
}

impl Queue {
    /// What the next transaction takes, in the order in which it came.
    fn take(&mut self) -> (Vec<u64>, Vec<NewRuns>) {
        let (mut tickets, mut pushes) = (Vec::new(), Vec::new());
        let mut bytes: usize = 0;
        while let Some((_, next)) = self.waiting.front() {
            let more: usize = next.runs.iter().map(|r| r.bytes.len()).sum();
            bytes = bytes.saturating_add(more);
            let full = pushes.len() >= PUSHES || bytes > BYTES;
            if full && !pushes.is_empty() {
                break;
            }
            if let Some((ticket, push)) = self.waiting.pop_front() {
                tickets.push(ticket);
                pushes.push(push);
            }
        }
        (tickets, pushes)
    }
}

impl Grouped {
    /// Groups the pushes to this store.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            queue: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pushes that one thread stores for all. However it ends, each is told.
struct Turn<'a> {
    grouped: &'a Grouped,
    tickets: Vec<u64>,
    results: Vec<Result<Outcome>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = self.grouped.queue();
        queue.busy = false;
        let mut results = self.results.drain(..);
        for ticket in self.tickets.drain(..) {
            // None only where the store broke down under us.
            let result = results.next().unwrap_or(Err(StoreError::Busy));
            queue.done.insert(ticket, result);
        }
        self.grouped.changed.notify_all();
    }
}

impl Store for Grouped {
    fn push(&self, runs: &NewRuns) -> Result<Outcome> {
        let mut queue = self.queue();
        let mine = queue.next;
        queue.next = mine.wrapping_add(1);
        queue.waiting.push_back((mine, runs.clone()));
        loop {
            if let Some(result) = queue.done.remove(&mine) {
                return result;
            }
            if queue.busy {
                queue = self
                    .changed
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.busy = true;
            let (tickets, pushes) = queue.take();
            drop(queue);
            let mut turn = Turn {
                grouped: self,
                tickets,
                results: Vec::new(),
            };
            turn.results = self.inner.push_many(&pushes);
            drop(turn);
            queue = self.queue();
        }
    }

    fn check(&self) -> Result<()> {
        self.inner.check()
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
        self.inner.append(append)
    }

    fn create_invite(&self, invite: &Invite, guards: &[Guard]) -> Result<Outcome> {
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
        self.inner.publish(bulletin)
    }

    fn log_tip(&self, space: SpaceId, log: LogId) -> Result<Option<LogTip>> {
        self.inner.log_tip(space, log)
    }

    fn run(&self, space: SpaceId, log: LogId, beat: u64) -> Result<Option<Vec<u8>>> {
        self.inner.run(space, log, beat)
    }

    fn push_many(&self, pushes: &[NewRuns]) -> Vec<Result<Outcome>> {
        self.inner.push_many(pushes)
    }

    fn run_with(&self, space: SpaceId, log: LogId, number: u64) -> Result<Option<StoredRun>> {
        self.inner.run_with(space, log, number)
    }

    fn rewrite(&self, rewrites: &Rewrites) -> Result<Outcome> {
        self.inner.rewrite(rewrites)
    }

    fn pull(&self, space: SpaceId, have: &BTreeMap<LogId, u64>, limit: PageLimit) -> Result<Page> {
        self.inner.pull(space, have, limit)
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
}
