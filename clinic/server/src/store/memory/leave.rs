//! Erasing what somebody leaves behind.

use clinic_api::id::{ChainId, LogId};

use super::super::{Departed, Leaving, Outcome, Result, Standing, StoreError, Swept, Thing};
use super::state::State;

impl State {
    pub(super) fn leave(&mut self, leaving: &Leaving<'_>, now: i64) -> Result<Outcome> {
        let owned = |space| self.spaces.get(space).map(|info| info.owner);
        let mut spaces = leaving.spaces.iter();
        if !self.hold(&leaving.guards) || !spaces.all(|s| owned(s) == Some(leaving.chain)) {
            return Ok(Outcome::Moved);
        }
        let mut swept = Swept::default();
        for ((space, ..), run) in &self.runs {
            if leaving.spaces.contains(space) {
                swept.runs = swept.runs.saturating_add(1);
                swept.bytes = swept.bytes.saturating_add(run.stored.bytes.len() as u64);
            }
        }
        let Some(receipt) = (leaving.receipt)(swept) else {
            let error = std::io::Error::other("no receipt can be signed");
            return Err(StoreError::Failed(error.into()));
        };
        let kept = Departed {
            leave: leaving.leave.clone(),
            receipt,
        };
        self.runs
            .retain(|(space, ..), _| !leaving.spaces.contains(space));
        self.logs
            .retain(|(space, _): &(_, LogId), _| !leaving.spaces.contains(space));
        for space in &leaving.spaces {
            self.spaces.remove(space);
            self.empty(ChainId::from(*space), &kept);
            self.feed.touch(Thing::Space(*space), now);
        }
        if leaving.everything {
            self.empty(leaving.chain, &kept);
            self.pairings.retain(|_, p| p.owner != leaving.chain);
            for invite in self.invites.iter_mut() {
                if invite.chain == Some(leaving.chain) {
                    invite.chain = None;
                    invite.claim = None;
                }
            }
        } else if let Some(chain) = self.chains.get_mut(&leaving.chain) {
            chain.info.revision += 1;
        }
        self.feed.touch(Thing::Chain(leaving.chain), now);
        Ok(Outcome::Stored)
    }

    fn empty(&mut self, chain: ChainId, kept: &Departed) {
        if let Some(chain) = self.chains.get_mut(&chain) {
            chain.statements.clear();
            chain.charged = 0;
            chain.info.tip = None;
            chain.info.standing = Standing::Gone;
            chain.info.revision += 1;
        }
        self.departures.entry(chain).or_insert_with(|| kept.clone());
    }
}
