//! Pairings in memory.

use clinic_api::id::InviteLookup;

use super::super::{Guard, Outcome, Pairing, PairingLimit};
use super::state::State;

impl State {
    pub(super) fn create_pairing(
        &mut self,
        pairing: &Pairing,
        limit: PairingLimit,
        guards: &[Guard],
    ) -> Outcome {
        if self.pairings.contains_key(&pairing.lookup) || !self.hold(guards) {
            return Outcome::Moved;
        }
        let owner = pairing.owner;
        let old = |p: &Pairing| p.owner == owner && p.expires < limit.forget_before;
        let kept = |p: &&Pairing| p.owner == owner && !old(p);
        if self.pairings.values().filter(kept).count() >= limit.pairings {
            return Outcome::Full;
        }
        self.pairings.retain(|_, p| !old(p));
        let pairing = Pairing {
            withdrawn: false,
            answer: None,
            ..pairing.clone()
        };
        self.pairings.insert(pairing.lookup, pairing);
        Outcome::Stored
    }

    pub(super) fn answer_pairing(&mut self, lookup: InviteLookup, answer: &[u8]) -> Outcome {
        let open = self.pairings.get_mut(&lookup);
        let Some(pairing) = open.filter(|p| !p.withdrawn && p.answer.is_none()) else {
            return Outcome::Moved;
        };
        pairing.answer = Some(answer.to_vec());
        Outcome::Stored
    }

    pub(super) fn withdraw_pairing(&mut self, lookup: InviteLookup, guards: &[Guard]) -> Outcome {
        if !self.hold(guards) {
            return Outcome::Moved;
        }
        let Some(pairing) = self.pairings.get_mut(&lookup) else {
            return Outcome::Moved;
        };
        pairing.withdrawn = true;
        pairing.answer = None;
        Outcome::Stored
    }
}
