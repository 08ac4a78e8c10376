//! Erasing what the store keeps of somebody who leaves, and the receipt for it.

use clinic_api::chain::ChainKind;
use clinic_api::id::{ChainId, LeaveHash, SpaceId};
use clinic_api::leave::{Receipt, SignedReceipt};
use clinic_api::space::SpaceKind;

use crate::store::{
    Guard, Leaving, Outcome, PageLimit, Result, Standing, Store, StoreError, Swept,
};

const DAY: i64 = 24 * 60 * 60;

/// The receipt for what is erased, before it is known how much that is.
pub(crate) struct Blank<'a> {
    pub chain: ChainId,
    pub spaces: &'a [SpaceId],
    pub request: Option<LeaveHash>,
    pub at: i64,
    pub backup_days: u32,
    pub seed: [u8; 32],
}

impl Blank<'_> {
    /// Filled in and signed; none where there is no key to sign by.
    pub(crate) fn filled(&self, swept: Swept) -> Option<Vec<u8>> {
        let receipt = Receipt {
            chain: self.chain,
            spaces: self.spaces.to_vec(),
            request: self.request,
            erased_at: self.at,
            backups_expire_at: self
                .at
                .saturating_add(i64::from(self.backup_days).saturating_mul(DAY)),
            runs: swept.runs,
            bytes: swept.bytes,
            key: [0; 32],
        };
        SignedReceipt::new(receipt, &self.seed).map(|signed| signed.to_bytes())
    }
}

/// What came of an operator's request.
#[derive(Debug)]
pub enum Erased {
    /// There is no such patient chain.
    Nothing,
    /// It was erased before, with this receipt.
    Before(String),
    /// What would be erased.
    Would(Swept),
    /// It is erased, with this receipt.
    Now(String),
}

/// Erases a patient chain and its spaces without a signed word of the patient's: for a request
/// that reached the operator in another way. Reads none of it.
///
/// Without `sure` it only counts.
///
/// # Errors
/// [`StoreError`]. [`StoreError::Busy`]: ask again.
pub fn by_operator(
    store: &dyn Store,
    chain: ChainId,
    fresh: &[u8; 32],
    at: i64,
    backup_days: u32,
    sure: bool,
) -> Result<Erased> {
    if let Some(departed) = store.departed(chain)? {
        return Ok(Erased::Before(line(&departed.receipt)));
    }
    let info = store.chain(chain)?;
    let Some(info) = info.filter(|i| i.kind == ChainKind::Patient && i.standing != Standing::Gone)
    else {
        return Ok(Erased::Nothing);
    };
    let mut spaces = Vec::new();
    for space in SpaceKind::OF_PATIENT.map(|kind| kind.id(chain)) {
        if store.space(space)?.is_some() {
            spaces.push(space);
        }
    }
    if !sure {
        return Ok(Erased::Would(count(store, &spaces)?));
    }
    let all = SpaceKind::OF_PATIENT.map(|kind| kind.id(chain));
    let blank = Blank {
        chain,
        spaces: &all,
        request: None,
        at,
        backup_days,
        seed: store.receipt_seed(fresh)?,
    };
    let outcome = store.leave(&Leaving {
        chain,
        spaces,
        everything: true,
        leave: None,
        guards: vec![Guard {
            chain,
            revision: info.revision,
        }],
        receipt: &|swept| blank.filled(swept),
    })?;
    match (outcome, store.departed(chain)?) {
        (Outcome::Stored, Some(departed)) => Ok(Erased::Now(line(&departed.receipt))),
        _ => Err(StoreError::Busy),
    }
}

fn count(store: &dyn Store, spaces: &[SpaceId]) -> Result<Swept> {
    const PAGE: PageLimit = PageLimit {
        items: 1024,
        bytes: 4 * 1024 * 1024,
    };
    let mut swept = Swept::default();
    for space in spaces {
        let mut have = std::collections::BTreeMap::new();
        loop {
            let page = store.pull(*space, &have, PAGE)?;
            for bytes in &page.items {
                swept.runs = swept.runs.saturating_add(1);
                swept.bytes = swept.bytes.saturating_add(bytes.len() as u64);
                let head = clinic_api::log::Run::from_bytes(bytes)
                    .and_then(|run| run.claimed_head())
                    .map_err(|_| StoreError::Damaged("a stored run does not decode"))?;
                have.insert(head.log(), head.beat);
            }
            if !page.more {
                break;
            }
        }
    }
    Ok(swept)
}

/// A receipt for a person to read, and its bytes to pass on.
fn line(bytes: &[u8]) -> String {
    let receipt = SignedReceipt::from_bytes(bytes);
    match receipt.ok().and_then(|receipt| receipt.verify().ok()) {
        Some(receipt) => format!(
            "{} runs, {} bytes; gone from backups at {} (seconds since 1970)\nreceipt {}",
            receipt.runs,
            receipt.bytes,
            receipt.backups_expire_at,
            hex(bytes)
        ),
        None => format!("receipt {}", hex(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
