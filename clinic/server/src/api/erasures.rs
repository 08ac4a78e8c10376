//! `POST /v1/spaces/{space}/erasures`: taking the bodies of frames out, for good.
//!
//! Heads, signatures and headers stay, so the logs verify as before. That the
//! erasure was stated inside the space, the server can't see; it sees that a
//! device of the patient asks, and that a device of the patient wrote.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::response::Response;
use clinic_api::chain::patient::PatientChain;
use clinic_api::http::problem::Code;
use clinic_api::id::{DeviceId, LogId, SpaceId};
use clinic_api::limits;
use clinic_api::log::{FrameName, Run};
use clinic_api::message::{Erase, Erased};
use clinic_api::wire;

use super::{Name, settle};
use crate::app::App;
use crate::auth;
use crate::body::cbor;
use crate::refusal::Result;
use crate::store::{Outcome, Rewrite, Rewrites, Store, StoreError, StoredRun};

/// Bytes of a request's body: a frame's name takes 61 at most.
const BODY: usize = 64 * limits::FRAMES_PER_ERASURE;

/// `POST /v1/spaces/{space}/erasures`.
pub async fn erase(
    State(app): State<App>,
    Name(space): Name<SpaceId>,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, BODY).await?;
    let space = space.ok_or(Code::UnknownSpace)?;
    let erased = app
        .blocking(move |app| {
            let erase: Erase = wire::decode(&signed.body.bytes)?;
            if erase.frames.len() > limits::FRAMES_PER_ERASURE {
                return Err(Code::TooManyFrames.into());
            }
            let mut erased = 0;
            settle(|| rewrite(app, signed.device, space, &erase.frames, &mut erased))?;
            Ok(Erased { erased })
        })
        .await?;
    Ok(cbor(&erased))
}

fn rewrite(
    app: &App,
    device: DeviceId,
    space: SpaceId,
    frames: &[FrameName],
    erased: &mut u64,
) -> Result<Outcome> {
    let access = app.access();
    let caller = access.caller(device)?;
    let open = access.space(&caller, space)?;
    let patient = open.patient.as_ref().map(|patient| &patient.chain);
    let Some(patient) = patient.filter(|chain| chain.device(device).is_some()) else {
        return Err(Code::NotAllowed.into());
    };
    let mut runs = Runs {
        store: app.store(),
        space,
        patient,
        opened: BTreeMap::new(),
        erased: 0,
    };
    for frame in frames {
        runs.erase(*frame)?;
    }
    *erased = runs.erased;
    // Also where nothing is left to rewrite: the store then finishes what an earlier try that
    // it answered as busy left in its files.
    let runs = runs.rewritten();
    let guards = open.guards;
    Ok(app.store().rewrite(&Rewrites {
        space,
        runs,
        guards,
    })?)
}

/// The runs that an erasure touches, each read once.
struct Runs<'a> {
    store: &'a dyn Store,
    space: SpaceId,
    patient: &'a PatientChain,
    /// By log and the number of the first frame.
    opened: BTreeMap<(LogId, u64), Opened>,
    erased: u64,
}

struct Opened {
    stored: StoredRun,
    run: Run,
    touched: bool,
}

impl Runs<'_> {
    fn erase(&mut self, frame: FrameName) -> Result<()> {
        let FrameName { log, number, .. } = frame;
        let before = self.opened.range_mut((log, 0)..=(log, number)).next_back();
        let known = before.is_some_and(|(_, opened)| holds(opened, number));
        if !known {
            let Some(stored) = self.store.run_with(self.space, log, number)? else {
                return Ok(());
            };
            let run = Run::from_bytes(&stored.bytes)
                .map_err(|_| StoreError::Damaged("a stored run does not decode"))?;
            let at = (log, stored.first);
            let touched = false;
            let opened = Opened {
                stored,
                run,
                touched,
            };
            self.opened.insert(at, opened);
        }
        let found = self.opened.range_mut((log, 0)..=(log, number)).next_back();
        let Some((_, opened)) = found else {
            return Ok(());
        };
        let own = self.patient.device(opened.stored.device).is_some();
        let first = opened.stored.first;
        if own && opened.run.holds(first, &frame) && opened.run.erase(first, number) {
            opened.touched = true;
            self.erased = self.erased.saturating_add(1);
        }
        Ok(())
    }

    fn rewritten(self) -> Vec<Rewrite> {
        let touched = self.opened.into_iter().filter(|(_, opened)| opened.touched);
        touched
            .map(|((log, _), opened)| Rewrite {
                log,
                beat: opened.stored.beat,
                old: opened.stored.bytes,
                new: opened.run.to_bytes(),
            })
            .collect()
    }
}

fn holds(opened: &Opened, number: u64) -> bool {
    let frames = opened.run.items.len() as u64;
    number < opened.stored.first.saturating_add(frames)
}
