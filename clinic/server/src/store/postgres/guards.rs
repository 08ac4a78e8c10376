//! Locks on the chains that a decision rests on.

use std::collections::BTreeMap;

use clinic_api::id::ChainId;

use super::super::codes::int;
use super::super::{Charge, Guard};
use super::session::{Session, Trouble, name};

/// Chains as they are, and stay until the transaction ends.
pub(super) struct Locked(BTreeMap<ChainId, Chain>);

struct Chain {
    revision: i64,
    charged: i64,
}

impl Locked {
    /// Locks the chains of guards and charges, in order of their names, so that
    /// transactions rarely wait for each other in a circle. Guarded chains can
    /// still be read and guarded by others, but not change.
    pub(super) fn lock<'a>(
        session: &mut Session,
        guards: impl Iterator<Item = &'a Guard>,
        charges: impl Iterator<Item = Charge>,
    ) -> Result<Self, Trouble> {
        let mut charged: Vec<ChainId> = charges.map(|c| c.chain).collect();
        charged.sort_unstable();
        charged.dedup();
        let mut guarded: Vec<ChainId> = guards.map(|g| g.chain).collect();
        guarded.sort_unstable();
        guarded.dedup();
        guarded.retain(|chain| charged.binary_search(chain).is_err());
        let mut locked = Self(BTreeMap::new());
        locked.add(
            session,
            "SELECT chain, revision, charged FROM chains WHERE chain = ANY($1)
             ORDER BY chain FOR NO KEY UPDATE",
            &charged,
        )?;
        locked.add(
            session,
            "SELECT chain, revision, charged FROM chains WHERE chain = ANY($1)
             ORDER BY chain FOR SHARE",
            &guarded,
        )?;
        Ok(locked)
    }

    fn add(
        &mut self,
        session: &mut Session,
        sql: &'static str,
        chains: &[ChainId],
    ) -> Result<(), Trouble> {
        if chains.is_empty() {
            return Ok(());
        }
        let names: Vec<&[u8]> = chains.iter().map(AsRef::as_ref).collect();
        for row in session.query(sql, &[&names])? {
            let chain = Chain {
                revision: row.try_get("revision")?,
                charged: row.try_get("charged")?,
            };
            self.0.insert(name(&row, "chain")?, chain);
        }
        Ok(())
    }

    /// Whether every chain that the decision rested on is as it was.
    pub(super) fn hold(&self, guards: &[Guard]) -> bool {
        guards.iter().all(|guard| {
            let now = self.0.get(&guard.chain);
            now.is_some_and(|chain| chain.revision == int(guard.revision))
        })
    }

    /// Counts bytes against a chain's limit; false: they don't fit.
    pub(super) fn charge(&mut self, charge: Option<Charge>, bytes: usize) -> bool {
        let Some(charge) = charge else {
            return true;
        };
        let Some(chain) = self.0.get_mut(&charge.chain) else {
            return false;
        };
        let all = chain.charged.saturating_add(int(bytes as u64));
        let fits = all <= int(charge.limit);
        if fits {
            chain.charged = all;
        }
        fits
    }

    /// Writes down what was counted.
    pub(super) fn keep_charges(
        &self,
        session: &mut Session,
        charges: impl Iterator<Item = Charge>,
    ) -> Result<(), Trouble> {
        let charged: BTreeMap<ChainId, i64> = charges
            .filter_map(|c| Some((c.chain, self.0.get(&c.chain)?.charged)))
            .collect();
        if charged.is_empty() {
            return Ok(());
        }
        let chains: Vec<&[u8]> = charged.keys().map(AsRef::as_ref).collect();
        let bytes: Vec<i64> = charged.values().copied().collect();
        session.execute(
            "UPDATE chains SET charged = now.charged
             FROM unnest($1::bytea[], $2::bigint[]) AS now (chain, charged)
             WHERE chains.chain = now.chain",
            &[&chains, &bytes],
        )?;
        Ok(())
    }
}
