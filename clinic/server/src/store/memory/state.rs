//! What a store in memory holds, and how it changes.

use std::collections::BTreeMap;

use clinic_api::chain::{ChainKind, Tip};
use clinic_api::id::{ChainId, DeviceId, InviteLookup, LogId, SpaceId};
use clinic_api::log::LogTip;

use super::super::{
    Append, ChainInfo, Charge, Claimed, Departed, Guard, Invite, NewBulletin, NewChain, NewRuns,
    Outcome, Pairing, Rewrite, Rewrites, SpaceInfo, Stage, Standing, Statement, StoredRun, Thing,
};
use super::feed::Feed;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) feed: Feed,
    /// What stands for the time while there is no clock.
    pub(super) writes: i64,
    pub(super) chains: BTreeMap<ChainId, Chain>,
    pub(super) devices: BTreeMap<DeviceId, Vec<ChainId>>,
    pub(super) spaces: BTreeMap<SpaceId, SpaceInfo>,
    pub(super) invites: Vec<Invite>,
    pub(super) pairings: BTreeMap<InviteLookup, Pairing>,
    pub(super) bulletins: BTreeMap<ChainId, Vec<Vec<u8>>>,
    pub(super) logs: BTreeMap<(SpaceId, LogId), LogTip>,
    pub(super) runs: BTreeMap<(SpaceId, LogId, u64), Run>,
    pub(super) departures: BTreeMap<ChainId, Departed>,
    pub(super) receipt_seed: Option<[u8; 32]>,
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) stored: StoredRun,
    /// The number of its last frame.
    pub(super) last: u64,
}

#[derive(Debug)]
pub(super) struct Chain {
    pub(super) info: ChainInfo,
    pub(super) statements: Vec<Statement>,
    pub(super) charged: u64,
}

impl State {
    pub(super) fn hold(&self, guards: &[Guard]) -> bool {
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

    pub(super) fn found(&mut self, new: &NewChain, now: i64) {
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
                    info: info(ChainKind::Epoch, None, Standing::Admitted),
                    statements: Vec::new(),
                    charged: 0,
                },
            );
        }
        self.let_in(&new.devices, new.id);
        self.feed.found(new, now);
    }

    pub(super) fn publish(&mut self, new: &NewBulletin, now: i64) -> Outcome {
        if !self.chains.contains_key(&new.roster) || !self.hold(&new.guards) {
            return Outcome::Moved;
        }
        let all = self.bulletins.entry(new.roster).or_default();
        if new.number != (all.len() as u64).saturating_add(1) {
            return Outcome::Moved;
        }
        all.push(new.bytes.clone());
        self.feed.touch(Thing::Chain(new.roster), now);
        Outcome::Stored
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

    pub(super) fn append(&mut self, append: &Append, now: i64) -> Outcome {
        let info = self.chains.get(&append.chain).map(|c| c.info);
        let tip = info.map(|i| i.tip.map(|t| t.hash));
        if tip != Some(append.previous) || !self.hold(&append.guards) {
            return Outcome::Moved;
        }
        let bytes = append.statement.bytes.len();
        if !self.fits(append.charge, bytes) {
            return Outcome::Full;
        }
        self.charge(append.charge, bytes);
        self.let_in(&append.devices, append.chain);
        if let Some(chain) = self.chains.get_mut(&append.chain) {
            chain.info.tip = Some(Tip {
                number: chain.statements.len() as u64,
                hash: append.statement.hash,
            });
            chain.info.revision += 1;
            chain.statements.push(append.statement.clone());
            let thing = match chain.info.kind {
                ChainKind::Epoch => Thing::Epochs(SpaceId(append.chain.0)),
                ChainKind::Patient | ChainKind::Roster => Thing::Chain(append.chain),
            };
            self.feed.touch(thing, now);
        }
        Outcome::Stored
    }

    pub(super) fn claim(
        &mut self,
        lookup: InviteLookup,
        claim: &[u8],
        chain: &NewChain,
        now: i64,
    ) -> Claimed {
        let (exists, again) = match self.chains.get(&chain.id) {
            Some(kept) => (true, kept.may_claim_again(chain)),
            None => (false, false),
        };
        let waiting = |i: &&mut Invite| i.lookup == lookup && i.stage == Stage::Waiting;
        let Some(invite) = self.invites.iter_mut().find(waiting) else {
            return Claimed::Moved;
        };
        if exists && !again {
            return Claimed::ChainExists;
        }
        invite.stage = Stage::Claimed;
        invite.claim = Some(claim.to_vec());
        invite.chain = Some(chain.id);
        let roster = invite.roster;
        if again {
            self.again(chain);
        } else {
            self.found(chain, now);
        }
        self.feed.join(chain.id, roster, now);
        self.feed.touch(Thing::Invites(roster), now);
        Claimed::Stored
    }

    pub(super) fn push(&mut self, new: &NewRuns, now: i64) -> Outcome {
        if !self.spaces.contains_key(&new.space) || !self.hold(&new.guards) {
            return Outcome::Moved;
        }
        let mut tips: BTreeMap<LogId, LogTip> = BTreeMap::new();
        let mut fresh: usize = 0;
        for run in &new.runs {
            let stored = self.logs.get(&(new.space, run.tip.log)).copied();
            let last = tips.insert(run.tip.log, run.tip).or(stored);
            if last.map(|t| t.head) != run.previous {
                return Outcome::Moved;
            }
            fresh = fresh.saturating_add(usize::from(last.is_none()));
        }
        let all = (new.space, LogId([0; 16]))..=(new.space, LogId([0xff; 16]));
        let logs = self.logs.range(all).count().saturating_add(fresh);
        let bytes = new.runs.iter().map(|r| r.bytes.len()).sum();
        if (fresh > 0 && logs > new.max_logs) || !self.fits(new.charge, bytes) {
            return Outcome::Full;
        }
        self.charge(new.charge, bytes);
        for run in &new.runs {
            self.logs.insert((new.space, run.tip.log), run.tip);
            let stored = StoredRun {
                beat: run.tip.beat,
                first: run.first,
                device: run.device,
                bytes: run.bytes.clone(),
            };
            let last = run.tip.number;
            let place = (new.space, run.tip.log, run.tip.beat);
            self.runs.insert(place, Run { stored, last });
        }
        self.feed.touch(Thing::Space(new.space), now);
        Outcome::Stored
    }

    pub(super) fn rewrite(&mut self, rewrites: &Rewrites, now: i64) -> Outcome {
        let place = |r: &Rewrite| (rewrites.space, r.log, r.beat);
        let fits = |r: &Rewrite| {
            let run = self.runs.get(&place(r));
            run.is_some_and(|run| run.stored.bytes == r.old)
        };
        let known = self.spaces.contains_key(&rewrites.space);
        if !known || !self.hold(&rewrites.guards) || !rewrites.runs.iter().all(fits) {
            return Outcome::Moved;
        }
        for rewrite in &rewrites.runs {
            if let Some(run) = self.runs.get_mut(&place(rewrite)) {
                run.stored.bytes.clone_from(&rewrite.new);
            }
        }
        self.feed.touch(Thing::Space(rewrites.space), now);
        Outcome::Stored
    }
}

impl Chain {
    /// Its invite was taken back, and the claim begins with all that is here.
    pub(super) fn may_claim_again(&self, new: &NewChain) -> bool {
        self.info.standing == Standing::Withdrawn && new.statements.starts_with(&self.statements)
    }
}

fn tip(new: &NewChain) -> Option<Tip> {
    new.statements.last().map(|s| Tip {
        number: new.statements.len().saturating_sub(1) as u64,
        hash: s.hash,
    })
}
