//! Putting a patient's device out, and adopting what it had not shown.

use clinic_api::chain::patient::LastHead;
use clinic_api::id::{DeviceId, LogId};
use clinic_api::log::{Head, Item, LogTip, Run};
use clinic_api::message::{Have, Pull, Pulled};
use clinic_api::wire;

use super::epochs;
use super::error::SyncError;
use super::pull::{judge, log_key};
use super::request::Request;
use super::{Link, Sync};
use crate::care::own_chain;
use crate::event::Envelope;
use crate::space::authority::Author;
use crate::space::frame;
use crate::space::patient;
use crate::vault::{Put, SpaceEntry, Vault, VaultError};

/// So many logs of one device are looked at in one space.
const LOGS: usize = 256;

/// What an adoption came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Adopted {
    /// Events that are this device's now.
    pub events: u64,
    /// Events that were here already, or that somebody erased.
    pub already: u64,
    /// Runs and frames that were left: not written by the device while it was in, or not to be
    /// opened here.
    pub left: u64,
}

impl Sync {
    /// Puts a device out, then syncs once: new epochs begin, without it.
    pub(crate) async fn remove_device(&self, device: DeviceId) -> Result<(), SyncError> {
        // What it sent before counts, as far as it is seen here.
        // What the device to be put out may have stuffed there must not keep it in: where the
        // round stops at that, what was seen so far counts.
        if let Err(error) = self.round().await
            && !matches!(error, SyncError::Refused(_))
        {
            return Err(error);
        }
        let chain = own_chain(&self.vault.lock())?;
        let mut link = self.link()?;
        self.state(&mut link, chain, |vault, chain| {
            if !chain.device_in(device, chain.tip().number) {
                return Ok(None);
            }
            let heads = last_heads(vault, device)?;
            let (env, me) = (vault.env().clone(), vault.device()?);
            Ok(Some(patient::remove_device(
                &env, chain, &me, device, heads,
            )))
        })
        .await?;
        self.round().await.map(drop)
    }

    /// Takes over what a removed device wrote while it was in and beyond what counts of it.
    pub(crate) async fn adopt(&self, device: DeviceId) -> Result<Adopted, SyncError> {
        self.round().await?;
        let mut link = self.link()?;
        let spaces = self.vault.lock().spaces()?;
        let mut adopted = Adopted::default();
        for entry in spaces {
            let mut found = Found::default();
            self.search(&mut link, &entry, device, &mut found, &mut adopted)
                .await?;
            let mut vault = self.vault.lock();
            for event in found.events {
                // One by one: an odd one among them must not keep the others out.
                let count = match vault.adopt(&entry, event, device) {
                    Ok(Put::Added) => &mut adopted.events,
                    Ok(_) => &mut adopted.already,
                    Err(VaultError::NotAllowed | VaultError::TooLarge) => &mut adopted.left,
                    Err(error) => return Err(error.into()),
                };
                *count = count.saturating_add(1);
            }
        }
        if adopted.events > 0 {
            self.round().await?;
        }
        Ok(adopted)
    }

    /// Goes over the device's logs of a space from their first run on: what verifies leads on to
    /// what doesn't count.
    async fn search(
        &self,
        link: &mut Link,
        entry: &SpaceEntry,
        device: DeviceId,
        found: &mut Found,
        adopted: &mut Adopted,
    ) -> Result<(), SyncError> {
        {
            let mut vault = self.vault.lock();
            epochs::open_keys(&mut vault, entry)?;
            // Logs by others are not asked for.
            for log in vault.logs(entry.space)? {
                let beat = if log.device == device {
                    0
                } else {
                    i64::MAX as u64
                };
                found.logs.push((log.log, beat, None));
            }
        }
        loop {
            let have = found.logs.iter().filter(|(_, beat, _)| *beat > 0);
            let have = have.map(|(log, beat, _)| Have {
                log: *log,
                beat: *beat,
            });
            let body = wire::encode(&Pull {
                have: have.collect(),
            });
            let path = format!("/v1/spaces/{}/pull", entry.space);
            let page: Pulled = wire::decode(&link.expect(&Request::post(path, body)).await?)?;
            let mut vault = self.vault.lock();
            let mut progress = false;
            for bytes in &page.runs {
                let came = take(&mut vault, entry, device, bytes, found)?;
                if came == Came::Left {
                    adopted.left = adopted.left.saturating_add(1);
                }
                progress |= came != Came::Nothing;
            }
            if !page.more || !progress || found.logs.len() > LOGS {
                return Ok(());
            }
        }
    }
}

/// What was found in one space.
#[derive(Default)]
struct Found {
    /// Each log with how far it was asked for, and its end as verified.
    logs: Vec<(LogId, u64, Option<LogTip>)>,
    events: Vec<Envelope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// Not asked for.
    Nothing,
    /// Looked at: it counts anyway, or its events were found.
    Seen,
    /// Not to be adopted, nor what follows in that log.
    Left,
}

fn take(
    vault: &mut Vault,
    entry: &SpaceEntry,
    device: DeviceId,
    bytes: &[u8],
    found: &mut Found,
) -> Result<Came, SyncError> {
    let Ok(run) = Run::from_bytes(bytes) else {
        return Ok(Came::Nothing);
    };
    let Ok(head) = run.claimed_head() else {
        return Ok(Came::Nothing);
    };
    let log = head.log();
    let known = found.logs.iter().position(|(l, ..)| *l == log);
    let (at, tip) = match known.and_then(|at| Some((at, found.logs.get(at)?))) {
        Some((_, (_, beat, _))) if *beat == i64::MAX as u64 => return Ok(Came::Nothing),
        Some((at, (_, _, tip))) => (at, *tip),
        None => {
            found.logs.push((log, 0, None));
            (found.logs.len().saturating_sub(1), None)
        }
    };
    let opened = if head.device == device {
        events(vault, entry, &head, &run, tip.as_ref())?
    } else {
        None
    };
    let Some(slot) = found.logs.get_mut(at) else {
        return Err(SyncError::Internal);
    };
    let Some((tip, events)) = opened else {
        slot.1 = i64::MAX as u64;
        return Ok(if head.device == device {
            Came::Left
        } else {
            Came::Seen
        });
    };
    (slot.1, slot.2) = (tip.beat, Some(tip));
    found.events.extend(events);
    Ok(Came::Seen)
}

/// The log's new end, and the events of a run that doesn't count though its device was in when
/// it wrote it. None where it doesn't verify, or the device was out by what it cites.
fn events(
    vault: &Vault,
    entry: &SpaceEntry,
    head: &Head,
    run: &Run,
    tip: Option<&LogTip>,
) -> Result<Option<(LogTip, Vec<Envelope>)>, SyncError> {
    let Some(key) = log_key(vault, entry, head.device) else {
        return Ok(None);
    };
    let Ok(verified) = run.verify(entry.space, tip, &key) else {
        return Ok(None);
    };
    let end = verified.tip;
    let chain = vault.chains().parties(entry).patient;
    let chain = chain.ok_or(SyncError::Internal)?;
    if chain.counts(head.device, end.log, end.beat, end.head) {
        return Ok(Some((end, Vec::new())));
    }
    let Some((record, Some(Author::Patient))) =
        judge(vault, entry, head.device, &verified.head.cites())
    else {
        return Ok(None);
    };
    let Some(key) = vault.epoch_key(entry.space, record.hash, record.number)? else {
        return Ok(None);
    };
    let mut events = Vec::new();
    for (item, header) in run.items.iter().zip(&verified.headers) {
        // What was erased stays erased.
        let Item::Body(body) = item else { continue };
        let Ok(frame) = frame::open(&key, entry.space, header, body) else {
            return Ok(None);
        };
        events.extend(frame.events);
    }
    Ok(Some((end, events)))
}

/// So many last heads fit into a statement: each takes less than 100 of its 524,288 bytes.
const MOST_HEADS: usize = 5_000;

/// The last heads of a device's logs that were seen here.
fn last_heads(vault: &Vault, device: DeviceId) -> Result<Vec<LastHead>, SyncError> {
    let mut heads = Vec::new();
    for entry in vault.spaces()? {
        let logs = vault.logs(entry.space)?;
        let of_device = logs.iter().filter(|log| log.device == device);
        // Of a log without frames nothing has to count.
        let of_device = of_device.filter(|log| log.tip.is_some_and(|tip| tip.number > 0));
        heads.extend(of_device.filter_map(|log| log.tip).map(|tip| LastHead {
            space: entry.space,
            log: tip.log,
            beat: tip.beat,
            head: tip.head,
        }));
    }
    // A statement has its limit; a log that isn't named doesn't count.
    heads.truncate(MOST_HEADS);
    Ok(heads)
}
