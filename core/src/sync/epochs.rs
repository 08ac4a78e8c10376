//! Opening the epoch keys of a space, and writing the next epoch when members changed.

use clinic_api::chain::Signed;
use clinic_api::chain::epoch::{EpochRecord, Parties};
use clinic_api::chain::patient::LastHead;
use clinic_api::id::{DeviceId, MemberId};

use super::error::SyncError;
use super::kit;
use crate::space::clinic::open_team_keys;
use crate::space::epoch::{self, EpochKey};
use crate::space::keys::{KitSecret, TeamSecret};
use crate::vault::{SpaceEntry, Vault};

/// Whether this device can seal in a space now.
#[derive(Debug)]
pub(super) enum Standing {
    /// The epoch in force is right and its key is here.
    Current,
    /// The next epoch was written; it has to be appended before anything is sealed.
    Write(Box<Signed>, EpochKey),
    /// Not now: see [`super::Report::waiting`].
    Waiting,
}

/// Opens every epoch key of a space that can be opened and isn't kept yet.
pub(super) fn open_keys(vault: &mut Vault, entry: &SpaceEntry) -> Result<(), SyncError> {
    vault.load_space(entry)?;
    let Some(chain) = vault.chains().epochs(entry.space).cloned() else {
        return Ok(());
    };
    let mut missing = false;
    for record in chain.all() {
        missing |= vault
            .epoch_key(entry.space, record.hash, record.number)?
            .is_none();
    }
    if !missing {
        return Ok(());
    }
    let device = vault.device()?;
    let teams = team_secrets(vault, entry)?;
    let kit = kit::restoring(vault)?;
    let mut readers = vec![device.reader()];
    readers.extend(kit.iter().map(KitSecret::reader));
    readers.extend(teams.iter().map(TeamSecret::reader));
    let mut later: Option<(usize, EpochKey)> = None;
    for (at, record) in chain.all().iter().enumerate().rev() {
        if let Some(key) = vault.epoch_key(entry.space, record.hash, record.number)? {
            later = Some((at, key));
            continue;
        }
        let by_wrap = epoch::open(record, &readers).ok();
        let by_later = || {
            let (next, key) = later.as_ref().filter(|(next, _)| *next == at + 1)?;
            epoch::open_previous(key, chain.all().get(*next)?, record).ok()
        };
        if let Some(key) = by_wrap.or_else(by_later) {
            vault.keep_epoch_key(entry.space, record.hash, &key)?;
            later = Some((at, key));
        }
    }
    Ok(())
}

fn team_secrets(vault: &mut Vault, entry: &SpaceEntry) -> Result<Vec<TeamSecret>, SyncError> {
    let device = vault.device()?;
    let Some(team) = entry.kind.team() else {
        return Ok(Vec::new());
    };
    let Some(roster) = entry.roster.and_then(|id| vault.chains().roster(id)) else {
        return Ok(Vec::new());
    };
    if roster.workstation(device.id()).is_none() {
        return Ok(Vec::new());
    }
    let all = open_team_keys(roster, device.reader());
    Ok(all
        .into_iter()
        .filter(|(t, _)| *t == team)
        .map(|(_, secret)| secret)
        .collect())
}

/// Looks whether this device can seal in a space; writes the next epoch where it must.
pub(super) fn standing(vault: &mut Vault, entry: &SpaceEntry) -> Result<Standing, SyncError> {
    open_keys(vault, entry)?;
    let device = vault.device()?;
    let me = MemberId::from(device.id());
    let env = vault.env().clone();
    let parties = vault.chains().parties(entry);
    let tips = (
        parties.patient.map(|p| p.tip().number),
        parties.roster.map(|r| r.tip().number),
    );
    let member = parties.signing_key(me, tips.0, tips.1).is_some();
    if !member || parties.recipients(tips.0, tips.1).is_err() {
        return Ok(Standing::Waiting);
    }
    let chain = vault.chains().epochs(entry.space);
    let last = chain.and_then(|c| c.last());
    let key = match last {
        Some(record) => vault.epoch_key(entry.space, record.hash, record.number)?,
        None => None,
    };
    if key.is_some() && chain.is_some_and(|c| c.is_current(parties)) {
        return Ok(Standing::Current);
    }
    if key.is_none() && last.is_some_and(|last| is_awaited(parties, last, device.id())) {
        return Ok(Standing::Waiting);
    }
    let at = env.now().as_millisecond();
    let closed = closed_logs(vault, entry, last)?;
    let before = last.map(|record| (record, key.as_ref()));
    let (statement, key) = epoch::write(&env, parties, before, closed, at, me, |bytes| {
        device.log().sign(bytes)
    })?;
    Ok(Standing::Write(Box::new(statement), key))
}

/// Whether the keys of a space are still to come from another device of the patient. What was
/// pulled before could not be opened.
pub(super) fn keys_come(vault: &mut Vault, entry: &SpaceEntry) -> Result<bool, SyncError> {
    if entry.patient.is_none() {
        return Ok(false);
    }
    vault.load_space(entry)?;
    let me = vault.device()?.id();
    let last = vault.chains().epochs(entry.space).and_then(|c| c.last());
    let parties = vault.chains().parties(entry);
    let Some(last) = last.filter(|last| is_awaited(parties, last, me)) else {
        return Ok(false);
    };
    let (hash, number) = (last.hash, last.number);
    open_keys(vault, entry)?;
    Ok(vault.epoch_key(entry.space, hash, number)?.is_none())
}

/// Whether this device came in after the last epoch, and another one that was in before is still
/// here: that one writes the next, which leads back to every key. One written here would not.
fn is_awaited(parties: Parties<'_>, last: &EpochRecord, me: DeviceId) -> bool {
    let Some((chain, then)) = parties.patient.zip(last.patient) else {
        return false;
    };
    let now = chain.tip().number;
    let stayed = |id| chain.device_in(id, then) && chain.device_in(id, now);
    chain.device(me).is_some_and(|d| d.added > then) && chain.devices().iter().any(|d| stayed(d.id))
}

/// The last heads seen of logs by workstations that left the space's team since the last epoch.
fn closed_logs(
    vault: &Vault,
    entry: &SpaceEntry,
    last: Option<&EpochRecord>,
) -> Result<Vec<LastHead>, SyncError> {
    let roster = vault.chains().parties(entry).roster;
    let Some((roster, team)) = roster.zip(entry.kind.team()) else {
        return Ok(Vec::new());
    };
    let since = last.and_then(|record| record.roster);
    let left = |device| {
        let left = roster.left_team(device, team);
        left.is_some_and(|number| since.is_none_or(|since| number > since))
    };
    let logs = vault.logs(entry.space)?;
    let closed = logs
        .iter()
        .filter(|log| left(log.device))
        .filter_map(|log| log.tip);
    Ok(closed
        .map(|tip| LastHead {
            space: entry.space,
            log: tip.log,
            beat: tip.beat,
            head: tip.head,
        })
        .collect())
}
