//! `/v1/spaces/{space}/…`: pushing runs to one's own logs, pulling those of all.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::response::Response;
use clinic_api::chain::epoch::{EpochChain, Parties};
use clinic_api::http::problem::Code;
use clinic_api::id::{DeviceId, LogId, SpaceId};
use clinic_api::log::{Item, LogTip, Run, RunError};
use clinic_api::message::{Pull, Pulled, Push, Pushed};
use clinic_api::{limits, wire};

use super::{Name, settle};
use crate::access::Caller;
use crate::app::App;
use crate::auth;
use crate::body::cbor;
use crate::refusal::{Refusal, Result};
use crate::store::{NewRun, NewRuns, Outcome, PageLimit, Store, StoreError};
use crate::verified::Loaded;

/// Bytes of a pull request's body: an entry of the vector takes 28 at most.
const PULL_BODY: usize = 32 * limits::VECTOR;

/// `POST /v1/spaces/{space}/runs`.
pub async fn push(
    State(app): State<App>,
    Name(space): Name<SpaceId>,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, limits::PUSH_BODY).await?;
    let space = space.ok_or(Code::UnknownSpace)?;
    let pushed = app
        .blocking(move |app| {
            let runs = decode(&signed.body.bytes)?;
            let mut stored = 0;
            settle(|| append(app, signed.device, space, &runs, &mut stored))?;
            Ok(Pushed { stored })
        })
        .await?;
    Ok(cbor(&pushed))
}

/// A run and its bytes as they came.
struct Sent {
    run: Run,
    bytes: Vec<u8>,
}

fn decode(body: &[u8]) -> Result<Vec<Sent>> {
    let push: Push = wire::decode(body)?;
    if push.runs.len() > limits::FRAMES_PER_PUSH {
        return Err(Code::TooManyFrames.into());
    }
    let mut frames: usize = 0;
    let mut sent = Vec::with_capacity(push.runs.len());
    for bytes in push.runs {
        let run = match Run::from_bytes(&bytes) {
            Err(RunError::FrameLength) => return Err(frame_length(&bytes)),
            other => other?,
        };
        frames = frames.saturating_add(run.items.len());
        if frames > limits::FRAMES_PER_PUSH {
            return Err(Code::TooManyFrames.into());
        }
        let bytes = bytes.into();
        sent.push(Sent { run, bytes });
    }
    Ok(sent)
}

/// Too long, or too short to be a frame?
fn frame_length(bytes: &[u8]) -> Refusal {
    let long = |item: &Item| match item {
        Item::Body(body) => body.len() > limits::FRAME_BODY,
        Item::Erased(_) => false,
    };
    match wire::decode::<Run>(bytes) {
        Ok(run) if run.items.iter().any(long) => Code::FrameTooLarge.into(),
        Ok(_) => Refusal::because(Code::RunInvalid, "a frame body is too short"),
        Err(error) => error.into(),
    }
}

fn append(
    app: &App,
    device: DeviceId,
    space: SpaceId,
    sent: &[Sent],
    stored: &mut u64,
) -> Result<Outcome> {
    let access = app.access();
    let caller = access.caller(device)?;
    let open = access.space(&caller, space)?;
    let epochs = app
        .chains()
        .epochs(space, open.parties())?
        .ok_or(Code::UnknownSpace)?;
    let mut pushing = Pushing {
        store: app.store(),
        caller: &caller,
        space,
        epochs: &epochs.chain,
        parties: open.parties(),
        tips: BTreeMap::new(),
        new: Vec::new(),
    };
    for sent in sent {
        pushing.take(sent)?;
    }
    *stored = pushing.new.len() as u64;
    if pushing.new.is_empty() {
        return Ok(Outcome::Stored);
    }
    let new = pushing.new;
    let mut guards = open.guards;
    // Whoever leaves meanwhile must not get to read these.
    guards.extend(open.roster.as_ref().map(Loaded::guard));
    let runs = NewRuns {
        space,
        runs: new,
        max_logs: limits::VECTOR,
        guards,
        charge: open.charge,
    };
    Ok(app.store().push(&runs)?)
}

/// The runs of a push, one after the other.
struct Pushing<'a> {
    store: &'a dyn Store,
    caller: &'a Caller,
    space: SpaceId,
    epochs: &'a EpochChain,
    parties: Parties<'a>,
    tips: BTreeMap<LogId, Option<LogTip>>,
    new: Vec<NewRun>,
}

impl Pushing<'_> {
    fn take(&mut self, sent: &Sent) -> Result<()> {
        let head = sent.run.claimed_head()?;
        if head.device != self.caller.device {
            return Err(Refusal::because(
                Code::NotAllowed,
                "a device pushes to its own logs alone",
            ));
        }
        if head.space != self.space {
            return Err(RunError::WrongLog.into());
        }
        let log = head.log();
        let tip = match self.tips.get(&log) {
            Some(tip) => *tip,
            None => self.store.log_tip(self.space, log)?,
        };
        if tip.is_some_and(|t| head.beat <= t.beat) && self.has(log, head.beat, &sent.run)? {
            return Ok(());
        }
        let key = self.caller.keys.log.ok_or(Code::NotAllowed)?;
        let verified = sent.run.verify(self.space, tip.as_ref(), &key)?;
        if self.epochs.get(verified.head.epoch).is_none() {
            return Err(Refusal::because(
                Code::RunInvalid,
                "cites an epoch that is not in the chain of the space",
            ));
        }
        if !self.epochs.all_remain(verified.head.epoch, self.parties) {
            return Err(Code::EpochOutdated.into());
        }
        self.tips.insert(log, Some(verified.tip));
        self.new.push(NewRun {
            device: self.caller.device,
            previous: tip.map(|t| t.head),
            first: verified.first,
            tip: verified.tip,
            bytes: sent.bytes.clone(),
        });
        Ok(())
    }

    /// Whether this head is stored already: a repeated push. Bodies that were erased since, or
    /// since it was first sent, make no difference: the head covers them by their hashes.
    fn has(&self, log: LogId, beat: u64, run: &Run) -> Result<bool> {
        let head = run.head_hash();
        let here = |new: &&NewRun| new.tip.log == log && new.tip.beat == beat;
        if let Some(new) = self.new.iter().find(here) {
            return Ok(new.tip.head == head);
        }
        let Some(stored) = self.store.run(self.space, log, beat)? else {
            return Ok(false);
        };
        let stored = Run::from_bytes(&stored)
            .map_err(|_| StoreError::Damaged("a stored run does not decode"))?;
        Ok(stored.head_hash() == head)
    }
}

/// `POST /v1/spaces/{space}/pull`.
pub async fn pull(
    State(app): State<App>,
    Name(space): Name<SpaceId>,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, PULL_BODY).await?;
    let space = space.ok_or(Code::UnknownSpace)?;
    let pulled = app
        .blocking(move |app| {
            let pull: Pull = wire::decode(&signed.body.bytes)?;
            missing(app, signed.device, space, &pull)
        })
        .await?;
    Ok(cbor(&pulled))
}

fn missing(app: &App, device: DeviceId, space: SpaceId, pull: &Pull) -> Result<Pulled> {
    if pull.have.len() > limits::VECTOR {
        return Err(Code::BodyTooLarge.into());
    }
    let access = app.access();
    let caller = access.caller(device)?;
    access.space(&caller, space)?;
    let mut have = BTreeMap::new();
    for entry in &pull.have {
        let known: &mut u64 = have.entry(entry.log).or_default();
        *known = entry.beat.max(*known);
    }
    let limit = PageLimit {
        items: usize::MAX,
        bytes: limits::PULL_PAGE,
    };
    let page = app.store().pull(space, &have, limit)?;
    Ok(Pulled {
        runs: page.items.into_iter().map(Into::into).collect(),
        more: page.more,
    })
}
