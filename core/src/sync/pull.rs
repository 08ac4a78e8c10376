//! Taking in what others wrote: verify, judge, open, append.

use std::collections::{BTreeMap, BTreeSet};

use clinic_api::chain::epoch::EpochRecord;
use clinic_api::id::{ContentHash, DeviceId, LogId, SpaceId};
use clinic_api::log::{Cites, Head, Header, Item, LogTip, Run, Seen, VerifiedRun};
use clinic_api::message::{Have, Pull, Pulled};
use clinic_api::wire;

use super::error::SyncError;
use super::report::{Alarm, Report};
use crate::space::authority::{Author, author_at};
use crate::space::frame;
use crate::vault::{Arrived, LogState, Missing, OpenFrame, SetAside, SpaceEntry, Vault};

/// A pull of one space, which may take several pages.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulling {
    /// Logs of which a run failed: the rest of them waits.
    stopped: BTreeSet<LogId>,
    /// What heads say was seen.
    witnessed: Vec<Seen>,
    /// Runs of the present page that were verified, each the next of the one before, and are
    /// still to be taken in.
    arrived: Vec<Arrived>,
    /// Whether some run cited what is not in the chains as pulled.
    chains_behind: bool,
    /// Logs that were asked for from a missing body on.
    asked_again: BTreeSet<LogId>,
    /// Whether the chains were pulled again for that reason: what is unknown now is an alarm.
    last_try: bool,
}

/// So many failing logs are passed over in one pull; a server can make up any number.
const PASSED_OVER: usize = 64;

impl Pulling {
    /// The version vector to send.
    ///
    /// Of logs that failed no more is asked for, so that what stands behind them in the pages
    /// is reached.
    ///
    /// A log of which a body is missing, and nobody erased it, is asked for from there on, once.
    pub(super) fn request(&mut self, vault: &Vault, space: SpaceId) -> Result<Vec<u8>, SyncError> {
        let logs = vault.logs(space)?;
        let mut again = BTreeMap::new();
        for (log, beat) in vault.missing_bodies(space)? {
            if self.asked_again.insert(log) {
                again.insert(log, beat.saturating_sub(1));
            }
        }
        let held = logs
            .iter()
            .filter(|log| !self.stopped.contains(&log.log))
            .filter_map(|log| log.tip)
            .map(|tip| Have {
                log: tip.log,
                beat: again.get(&tip.log).copied().unwrap_or(tip.beat),
            });
        let failed = self.stopped.iter().map(|log| Have {
            log: *log,
            beat: i64::MAX as u64,
        });
        let have = held.chain(failed).collect();
        Ok(wire::encode(&Pull { have }))
    }

    /// A pull after the chains were pulled again.
    pub(super) fn last_try() -> Self {
        Self {
            last_try: true,
            ..Self::default()
        }
    }

    /// Whether the chains should be pulled again, and then this space.
    pub(super) fn wants_chains(&self) -> bool {
        self.chains_behind && !self.last_try
    }

    /// Takes in a page; says whether to ask for another.
    pub(super) fn page(
        &mut self,
        vault: &mut Vault,
        entry: &SpaceEntry,
        body: &[u8],
        report: &mut Report,
    ) -> Result<bool, SyncError> {
        let page: Pulled = wire::decode(body)?;
        let stopped = self.stopped.len();
        let mut progress = false;
        for bytes in &page.runs {
            progress |= self.run(vault, entry, bytes, report)?;
        }
        self.take(vault, report)?;
        progress |= self.stopped.len() > stopped && stopped < PASSED_OVER;
        // A server that says "more" and brings nothing new must not hold us forever.
        Ok(page.more && progress)
    }

    /// At the end: has anybody seen more than we were served?
    ///
    /// And is a body missing that nobody with a right to it erased?
    pub(super) fn finish(
        &self,
        vault: &mut Vault,
        entry: &SpaceEntry,
        report: &mut Report,
    ) -> Result<(), SyncError> {
        let space = entry.space;
        vault.judge_again(entry)?;
        for seen in &self.witnessed {
            let known = vault.log(space, seen.log)?.and_then(|l| l.tip);
            if known.is_some_and(|t| t.beat == seen.beat && t.head != seen.head) {
                report.alarm(Alarm::LogForked(space, seen.log));
            }
        }
        for log in vault.withheld(space)? {
            // What was served and failed has an alarm of its own.
            if !self.stopped.contains(&log) {
                report.alarm(Alarm::Withheld(space, log));
            }
            // Others saw more of the own log than this vault remembers, and the server doesn't show
            // it: going on there would be a second head of a number.
            if vault
                .log(space, log)?
                .is_some_and(|l| l.nonce.is_some() && l.open)
            {
                report.alarm(Alarm::OwnLogLonger(space));
                vault.restart_log(space)?;
            }
        }
        for (log, _) in vault.missing_bodies(space)? {
            report.alarm(Alarm::BodyMissing(space, log));
        }
        // Patients erase what patients wrote.
        for log in vault.erased_bodies(space)? {
            let device = vault.log(space, log)?.map(|l| l.device);
            let patient = vault.chains().parties(entry).patient;
            let own = device.zip(patient);
            if own.is_none_or(|(device, chain)| chain.device(device).is_none()) {
                report.alarm(Alarm::BodyMissing(space, log));
            }
        }
        Ok(())
    }

    fn run(
        &mut self,
        vault: &mut Vault,
        entry: &SpaceEntry,
        bytes: &[u8],
        report: &mut Report,
    ) -> Result<bool, SyncError> {
        let space = entry.space;
        let claimed = Run::from_bytes(bytes).and_then(|run| Ok((run.claimed_head()?, run)));
        let Ok((head, run)) = claimed else {
            report.alarm(Alarm::RunInvalid(space, LogId([0; 16])));
            return Ok(false);
        };
        let log = head.log();
        if self.stopped.contains(&log) {
            return Ok(false);
        }
        let follows = |arrived: &Arrived| {
            let next = arrived.tip.beat.checked_add(1) == Some(head.beat);
            arrived.tip.log == log && next && head.previous == Some(arrived.tip.head)
        };
        let before = self.arrived.last().filter(|last| follows(last));
        let before = before.map(|last| last.tip);
        if before.is_none() {
            // What is looked up from here on is to be as if each run were taken in alone.
            self.take(vault, report)?;
        }
        let state = match before {
            Some(_) => None,
            None => vault.log(space, log)?,
        };
        let tip = before.or(state.as_ref().and_then(|s| s.tip));
        if let Some(tip) = tip.filter(|t| t.beat >= head.beat) {
            if tip.beat == head.beat && tip.head != run.head_hash() {
                let signed = log_key(vault, entry, head.device).is_some_and(|k| run.signed_by(&k));
                let (reason, alarm) = if signed {
                    ("log-forked", Alarm::LogForked(space, log))
                } else {
                    ("run-invalid", Alarm::RunInvalid(space, log))
                };
                self.stop(vault, space, &head, reason, bytes)?;
                report.alarm(alarm);
                return Ok(false);
            }
            return match state {
                Some(state) => fill(vault, entry, &state, &head, &run, report),
                None => Ok(false),
            };
        }
        let Some(key) = log_key(vault, entry, head.device) else {
            let alarm = Alarm::UnknownDevice(space, head.device);
            self.unknown(vault, space, &head, alarm, bytes, report)?;
            return Ok(false);
        };
        let own = state.is_some_and(|s| s.nonce.is_some() && s.open);
        let Ok(verified) = run.verify(space, tip.as_ref(), &key) else {
            if own && run.signed_by(&key) {
                // Another branch of the own log, by a copy of this vault: the next pull brings it.
                self.stopped.insert(log);
                report.alarm(Alarm::OwnLogLonger(space));
                vault.restart_log(space)?;
                return Ok(false);
            }
            self.stop(vault, space, &head, "run-invalid", bytes)?;
            report.alarm(Alarm::RunInvalid(space, log));
            return Ok(false);
        };
        if own {
            report.alarm(Alarm::OwnLogLonger(space));
            vault.restart_log(space)?;
        }
        let LogTip {
            beat, head: hash, ..
        } = verified.tip;
        if !vault.counts(entry, head.device, log, beat, hash) {
            self.stop(vault, space, &head, "after-removal", bytes)?;
            report.alarm(Alarm::AfterRemoval(space, log));
            return Ok(false);
        }
        let cites = verified.head.cites();
        let (record, author) = match judge(vault, entry, head.device, &cites) {
            Some(found) => found,
            None => {
                let alarm = Alarm::UnknownCitation(space, log);
                self.unknown(vault, space, &head, alarm, bytes, report)?;
                return Ok(false);
            }
        };
        self.witnessed.extend(&head.seen);
        let (frames, missing) = open_frames(vault, entry, &record, &run, &verified, report)?;
        self.arrived.push(Arrived {
            space: *entry,
            device: head.device,
            author,
            tip: verified.tip,
            heard_ms: head.at,
            seen: head.seen,
            bulletin: head.bulletin,
            frames,
            missing,
        });
        Ok(true)
    }

    /// Takes in what arrived and was verified, in one go.
    fn take(&mut self, vault: &mut Vault, report: &mut Report) -> Result<(), SyncError> {
        let arrived = std::mem::take(&mut self.arrived);
        if !arrived.is_empty() {
            let came = vault.take_all(&arrived)?;
            report.events_received = report.events_received.saturating_add(came.len() as u64);
        }
        Ok(())
    }

    /// Something that the chains as pulled don't show: they may have grown meanwhile.
    fn unknown(
        &mut self,
        vault: &mut Vault,
        space: SpaceId,
        head: &Head,
        alarm: Alarm,
        bytes: &[u8],
        report: &mut Report,
    ) -> Result<(), SyncError> {
        self.stopped.insert(head.log());
        self.chains_behind = true;
        if self.last_try {
            self.stop(vault, space, head, "not-in-chains", bytes)?;
            report.alarm(alarm);
        }
        Ok(())
    }

    fn stop(
        &mut self,
        vault: &mut Vault,
        space: SpaceId,
        head: &Head,
        reason: &str,
        bytes: &[u8],
    ) -> Result<(), SyncError> {
        let log = head.log();
        self.stopped.insert(log);
        let what = SetAside {
            space,
            log,
            number: head.beat,
            reason: reason.to_owned(),
        };
        Ok(vault.keep_aside(&what, bytes)?)
    }
}

/// The key that a device signs its logs with, whether it is still a member or not.
pub(super) fn log_key(vault: &Vault, entry: &SpaceEntry, device: DeviceId) -> Option<[u8; 32]> {
    let parties = vault.chains().parties(entry);
    let of_patient = parties
        .patient
        .and_then(|p| p.device(device))
        .map(|d| d.keys.log);
    let of_staff = || {
        entry.kind.team()?;
        parties
            .roster
            .and_then(|r| r.workstation(device))
            .map(|w| w.keys.log)
    };
    of_patient.or_else(of_staff)
}

/// The epoch that a run cites, and in what quality its device wrote there.
///
/// None where a citation is in no chain as pulled. What is cited must be at
/// least as new as what the epoch cites: a removed device can't write under a
/// later epoch by citing an earlier roster.
pub(super) fn judge(
    vault: &Vault,
    entry: &SpaceEntry,
    device: DeviceId,
    cites: &Cites,
) -> Option<(EpochRecord, Option<Author>)> {
    let parties = vault.chains().parties(entry);
    let record = vault
        .chains()
        .epochs(entry.space)?
        .get(cites.epoch)?
        .clone();
    if let Some(chain) = parties.patient {
        let cited = chain.number_of(cites.patient)?;
        if record.patient.is_some_and(|n| cited < n) {
            return Some((record, None));
        }
    }
    if entry.kind.team().is_some() {
        let cited = parties.roster?.number_of(cites.roster)?;
        if record.roster.is_some_and(|n| cited < n) {
            return Some((record, None));
        }
    }
    let author = author_at(parties, device, cites);
    Some((record, author))
}

/// Takes in bodies of a run that was verified before and came without them. Each must be what
/// its header, kept since, says. True where one was.
fn fill(
    vault: &mut Vault,
    entry: &SpaceEntry,
    log: &LogState,
    head: &Head,
    run: &Run,
    report: &mut Report,
) -> Result<bool, SyncError> {
    let space = entry.space;
    let missing = vault.missing_in(space, log.log, head.beat)?;
    let Some(tip) = log.tip.filter(|_| !missing.is_empty()) else {
        return Ok(false);
    };
    let bodies: BTreeMap<[u8; 32], &Vec<u8>> = run
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Body(body) => Some((Header::content_of(body), body)),
            Item::Erased(_) => None,
        })
        .collect();
    let mut filled = false;
    for Missing { number, header } in missing {
        let Some(body) = bodies.get(&header.content()) else {
            continue;
        };
        let cites = header.cites();
        let Some((record, author)) = judge(vault, entry, log.device, &cites) else {
            continue;
        };
        let key = vault.epoch_key(space, record.hash, record.number)?;
        let opened = key.and_then(|key| frame::open(&key, space, &header, body).ok());
        let Some(frame) = opened else {
            continue;
        };
        let came = vault.take(Arrived {
            space: *entry,
            device: log.device,
            author,
            tip,
            heard_ms: log.heard_ms,
            seen: Vec::new(),
            bulletin: None,
            frames: vec![OpenFrame {
                number,
                content: ContentHash(header.content()),
                events: frame.events,
            }],
            missing: Vec::new(),
        })?;
        report.events_received = report.events_received.saturating_add(came.len() as u64);
        filled = true;
    }
    Ok(filled)
}

/// What opened, and which frames have no body.
fn open_frames(
    vault: &mut Vault,
    entry: &SpaceEntry,
    record: &EpochRecord,
    run: &Run,
    verified: &VerifiedRun,
    report: &mut Report,
) -> Result<(Vec<OpenFrame>, Vec<Missing>), SyncError> {
    let space = entry.space;
    let key = vault.epoch_key(space, record.hash, record.number)?;
    let mut frames = Vec::with_capacity(run.items.len());
    let mut missing = Vec::new();
    for ((number, item), header) in (verified.first..).zip(&run.items).zip(&verified.headers) {
        let body = match item {
            Item::Body(body) => body,
            // Whether somebody erased it is known when everything was pulled.
            Item::Erased(_) => {
                let header = header.clone();
                missing.push(Missing { number, header });
                continue;
            }
        };
        let opened = key
            .as_ref()
            .and_then(|key| frame::open(key, space, header, body).ok());
        match opened {
            Some(frame) => frames.push(OpenFrame {
                number,
                content: ContentHash(header.content()),
                events: frame.events,
            }),
            None => {
                let log = verified.tip.log;
                report.alarm(Alarm::DoesNotOpen(space, log));
                let reason = if key.is_some() {
                    "does-not-open"
                } else {
                    "no-epoch-key"
                };
                let what = SetAside {
                    space,
                    log,
                    number,
                    reason: reason.to_owned(),
                };
                vault.keep_aside(&what, body)?;
            }
        }
    }
    Ok((frames, missing))
}
