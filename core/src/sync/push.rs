//! Sealing what was written into runs, before anything is sent.

use clinic_api::http::problem::Code;
use clinic_api::id::{ContentHash, HeaderHash, SpaceId, StatementHash};
use clinic_api::limits;
use clinic_api::log::{Cites, Head, Item, LogTip, Run, Seen};
use clinic_api::message::Push;
use clinic_api::wire::{self, SUITE, VERSION};

use super::bulletins;
use super::error::SyncError;
use crate::event::Frame;
use crate::space::frame::{self, Place};
use crate::vault::{RunOut, Sealed, SpaceEntry, Vault};

/// Seals the next run of a space, if there is anything to seal or to tell. Returns its frames.
///
/// The caller has made sure that the epoch in force is current and its key kept.
pub(super) fn seal_next(vault: &mut Vault, entry: &SpaceEntry) -> Result<usize, SyncError> {
    let space = entry.space;
    // Half of a push: the rest is for what waits already.
    let batches = vault.unsealed(space, limits::FRAMES_PER_PUSH, limits::PUSH_BODY / 4)?;
    let seen = newly_seen(vault, space)?;
    if batches.is_empty() && seen.is_empty() {
        return Ok(0);
    }
    let own = vault.own_log(space)?;
    let nonce = own.nonce.ok_or(SyncError::Internal)?;
    let cites = citations(vault, entry)?;
    let record = vault
        .chains()
        .epochs(space)
        .and_then(|c| c.last())
        .map(|r| (r.hash, r.number))
        .ok_or(SyncError::Internal)?;
    let key = vault
        .epoch_key(space, record.0, record.1)?
        .ok_or(SyncError::Internal)?;
    let env = vault.env().clone();
    let device = vault.device()?;
    let (mut number, mut header) = own
        .tip
        .map_or((0, HeaderHash::NONE), |t| (t.number, t.header));
    let first = number.saturating_add(1);
    let mut items = Vec::with_capacity(batches.len());
    let mut contents = Vec::with_capacity(batches.len());
    for batch in &batches {
        number = number.saturating_add(1);
        let place = Place {
            space,
            log: own.log,
            number,
            previous: header,
            cites,
        };
        let plain = Frame {
            events: batch.events.clone(),
        };
        let (body, sealed) = frame::seal(&env, &key, &place, &plain)?;
        header = sealed.hash(space);
        contents.push(ContentHash(sealed.content()));
        items.push(Item::Body(body));
    }
    let at = env.now().as_millisecond();
    let beat = own.tip.map_or(0, |t| t.beat).saturating_add(1);
    let head = Head {
        version: VERSION,
        suite: SUITE,
        space,
        device: device.id(),
        nonce,
        beat,
        previous: own.tip.map(|t| t.head),
        number,
        header,
        seen: seen.clone(),
        patient: cites.patient,
        roster: cites.roster,
        at,
        epoch: cites.epoch,
        bulletin: bulletins::seen(vault, entry)?,
    };
    let run = Run::new(items, &head, |bytes| device.log().sign(bytes));
    let tip = LogTip {
        log: own.log,
        beat,
        head: run.head_hash(),
        number,
        header,
    };
    let bytes = run.to_bytes();
    vault.keep_sealed(Sealed {
        space,
        batches: &batches,
        first,
        contents: &contents,
        tip,
        at_ms: at,
        seen: &seen,
        bytes,
    })?;
    Ok(batches.len())
}

/// Seals the next run of a space while the one before is on its way, if there is anything to
/// seal: the device works while the server does. It is sent when the one before was accepted.
///
/// As [`seal_next`], of which the caller has made sure for the one before.
pub(super) fn seal_ahead(vault: &mut Vault, entry: &SpaceEntry) -> Result<(), SyncError> {
    if vault.runs_waiting(entry.space)? < 2 && !vault.unsealed(entry.space, 1, 0)?.is_empty() {
        seal_next(vault, entry)?;
    }
    Ok(())
}

/// Takes what is sealed and unsent into a new log, to be sealed again, where its epoch gave
/// the key to somebody who has left by now.
///
/// # Errors
/// [`SyncError::Refused`] where the chains don't show that: the server only says so.
pub(super) fn reseal(vault: &mut Vault, entry: &SpaceEntry) -> Result<(), SyncError> {
    vault.load_space(entry)?;
    let Some(out) = vault.runs_out(entry.space, 1)?.into_iter().next() else {
        return Ok(());
    };
    let run = Run::from_bytes(&out.bytes).map_err(|_| SyncError::Internal)?;
    let head = run.claimed_head().map_err(|_| SyncError::Internal)?;
    let parties = vault.chains().parties(entry);
    let epochs = vault.chains().epochs(entry.space);
    if epochs.is_none_or(|chain| chain.all_remain(head.epoch, parties)) {
        return Err(SyncError::Refused(Code::EpochOutdated));
    }
    vault.restart_log(entry.space)?;
    Ok(())
}

/// The heads of other logs that hold frames which this device's own heads have not told of.
fn newly_seen(vault: &Vault, space: SpaceId) -> Result<Vec<Seen>, SyncError> {
    let logs = vault.logs(space)?;
    let own = |log: &crate::vault::LogState| log.nonce.is_some() && log.open;
    Ok(logs
        .iter()
        .filter(|log| !own(log))
        .filter_map(|log| log.tip.filter(|tip| tip.number > log.told))
        .map(|tip| Seen {
            log: tip.log,
            beat: tip.beat,
            head: tip.head,
        })
        .take(limits::VECTOR)
        .collect())
}

fn citations(vault: &Vault, entry: &SpaceEntry) -> Result<Cites, SyncError> {
    let parties = vault.chains().parties(entry);
    let epoch = vault
        .chains()
        .epochs(entry.space)
        .and_then(|c| c.tip())
        .ok_or(SyncError::Internal)?;
    let patient = parties
        .patient
        .map_or(StatementHash::NONE, |p| p.tip().hash);
    let roster = entry.kind.team().and(parties.roster);
    let roster = roster.map_or(StatementHash::NONE, |r| r.tip().hash);
    Ok(Cites {
        epoch: epoch.hash,
        patient,
        roster,
    })
}

/// Sealed runs that are sent together.
#[derive(Debug)]
pub(super) struct NextPush {
    /// The runs, to be crossed off when they are accepted.
    pub(super) runs: Vec<RunOut>,
    /// How many frames are in them.
    pub(super) frames: u64,
    /// The request's body.
    pub(super) body: Vec<u8>,
}

/// What goes into the next push: whole runs, in order, within the limits.
pub(super) fn next_push(vault: &Vault, space: SpaceId) -> Result<Option<NextPush>, SyncError> {
    let (mut frames, mut size) = (0_usize, 0_usize);
    let mut chosen = Vec::new();
    for out in vault.runs_out(space, 64)? {
        let run = Run::from_bytes(&out.bytes).map_err(|_| SyncError::Internal)?;
        frames = frames.saturating_add(run.items.len());
        size = size.saturating_add(out.bytes.len());
        let over = frames > limits::FRAMES_PER_PUSH || size > limits::PUSH_BODY - 1024;
        if over && !chosen.is_empty() {
            frames = frames.saturating_sub(run.items.len());
            break;
        }
        chosen.push(out);
    }
    if chosen.is_empty() {
        return Ok(None);
    }
    let push = Push {
        runs: chosen.iter().map(|out| out.bytes.clone().into()).collect(),
    };
    Ok(Some(NextPush {
        runs: chosen,
        frames: frames as u64,
        body: wire::encode(&push),
    }))
}
