//! Chains outside of a round: pulling one whole, and stating something in the patient's own.

use std::collections::VecDeque;

use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::{ChainError, Signed};
use clinic_api::http::problem::Code;
use clinic_api::id::ChainId;
use clinic_api::message::ChainPage;
use clinic_api::wire;

use super::error::SyncError;
use super::machine::Machine;
use super::report::Alarm;
use super::request::Request;
use super::task::{Chain, Task};
use super::{Link, Sync};
use crate::vault::Vault;

/// How often a statement is tried against others who extend the chain at the same time.
pub(super) const TRIES: u8 = 4;
/// More statements than any chain has.
const LONGEST: usize = 100_000;

impl Sync {
    /// Pulls the patient's own chain, as a round does.
    pub(super) async fn catch_up(&self, link: &mut Link, chain: ChainId) -> Result<(), SyncError> {
        let begin = |vault: &Vault| {
            let mut machine = Machine::empty(vault)?;
            machine.tasks = VecDeque::from([Task::Chain(Chain::Patient(chain))]);
            Ok(machine)
        };
        let (report, _) = self.run(link, begin).await?;
        let odd = |alarm: &Alarm| matches!(alarm, Alarm::ChainForked(c) | Alarm::ChainInvalid(c) if *c == chain);
        if report.alarms.iter().any(odd) {
            return Err(ChainError::NotNext.into());
        }
        Ok(())
    }

    /// Appends a statement to the patient's own chain, at the server and here. `make` looks at the
    /// chain as it is then; none: it says all that is to be said.
    pub(super) async fn state(
        &self,
        link: &mut Link,
        id: ChainId,
        make: impl Fn(&mut Vault, &PatientChain) -> Result<Option<Signed>, SyncError>,
    ) -> Result<(), SyncError> {
        for _ in 0..TRIES {
            self.catch_up(link, id).await?;
            let next = {
                let mut vault = self.vault.lock();
                let chain = loaded(&mut vault, id)?;
                let me = vault.device()?.id();
                if !chain.device_in(me, chain.tip().number) {
                    return Err(SyncError::Removed);
                }
                make(&mut vault, &chain)?
            };
            let Some(next) = next else {
                return Ok(());
            };
            if append(link, id, &next).await? {
                let mut vault = self.vault.lock();
                // Another round may have pulled it meanwhile.
                if loaded(&mut vault, id)?.number_of(next.hash()).is_none() {
                    vault.extend_patient(id, &next)??;
                }
                return Ok(());
            }
        }
        Err(SyncError::Refused(Code::ChainConflict))
    }
}

/// A patient chain as it is kept.
pub(super) fn loaded(vault: &mut Vault, id: ChainId) -> Result<PatientChain, SyncError> {
    vault.load_patient(id)?;
    let chain = vault.chains().patient(id).ok_or(SyncError::Internal)?;
    Ok(chain.clone())
}

/// Appends a statement at the server; false where another one stands there already.
pub(super) async fn append(
    link: &mut Link,
    chain: ChainId,
    next: &Signed,
) -> Result<bool, SyncError> {
    let request = Request::post(format!("/v1/chains/{chain}"), next.to_bytes());
    match link.expect(&request).await {
        Ok(_) => Ok(true),
        Err(SyncError::Refused(Code::ChainConflict)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// All statements of a chain, unverified.
pub(super) async fn whole(link: &mut Link, id: ChainId) -> Result<Vec<Signed>, SyncError> {
    let mut all = Vec::new();
    loop {
        let request = Request::get(format!("/v1/chains/{id}")).query(format!("from={}", all.len()));
        let page: ChainPage = wire::decode(&link.expect(&request).await?)?;
        let before = all.len();
        for bytes in &page.statements {
            all.push(Signed::from_bytes(bytes)?);
        }
        if !page.more || all.len() == before || all.len() > LONGEST {
            return Ok(all);
        }
    }
}
