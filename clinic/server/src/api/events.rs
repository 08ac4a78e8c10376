//! `GET /v1/events`: tells a waiting device at once that something changed.
//!
//! A stream holds no place among the workers while it waits. Whenever it is
//! about to say something, also that it is still there, it looks anew what its
//! device may know: a device that was removed hears nothing more, and one whose
//! role changed only what its new role may read.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use clinic_api::events;
use clinic_api::http::problem::{Code, Problem};
use clinic_api::id::DeviceId;
use http_body::Frame;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::feed::may_know;
use crate::access::Caller;
use crate::app::App;
use crate::auth;
use crate::refusal::{Refusal, Result};
use crate::streams::{Listening, Told, Topic};

/// After how many seconds to try again where too many streams are open.
const FULL_SECONDS: u32 = 60;

/// `GET /v1/events`.
pub async fn open(State(app): State<App>, request: Request) -> Result<Response> {
    let signed = auth::signed(&app, request, 0).await?;
    let device = signed.device;
    let topics = app
        .blocking(move |app| Ok(topics(&app.access().caller(device)?)))
        .await?;
    let Some(listening) = app.streams().open(device, topics) else {
        let problem = Problem::new(Code::Unavailable)
            .with_detail("as many event streams are open as this server keeps")
            .with_retry_after(FULL_SECONDS);
        return Err(Refusal(problem));
    };
    let (says, hears) = mpsc::channel(1);
    tokio::spawn(talk(app, device, listening, says));
    let body = Body::new(Hears(hears));
    Ok(([(CONTENT_TYPE, events::MEDIA_TYPE)], body).into_response())
}

/// What concerns a caller.
fn topics(caller: &Caller) -> Vec<Topic> {
    let patients = caller.patients().map(|p| Topic::Patient(p.id));
    let joined = caller.joined().map(Topic::Roster);
    let clinics = caller.rosters().map(|r| Topic::Clinic(r.id));
    patients.chain(joined).chain(clinics).collect()
}

async fn talk(app: App, device: DeviceId, listening: Listening, says: mpsc::Sender<Bytes>) {
    // At even times, whatever happens: when it was silent must not tell what was withheld.
    let mut alive = interval(app.keep_alive());
    alive.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let told = tokio::select! {
            biased;
            () = says.closed() => return,
            told = listening.told() => Some(told),
            _ = alive.tick() => None,
        };
        let ticked = told.is_none();
        let told = told.unwrap_or_default();
        if told.ended {
            return;
        }
        let looked = app.blocking(move |app| look(app, device, &told)).await;
        let Ok((topics, mut text)) = looked else {
            // Removed, or the store is not there: it may ask again, and be told why not.
            return;
        };
        listening.follow(topics);
        if ticked {
            text.push_str(events::ALIVE);
        }
        if text.is_empty() {
            continue;
        }
        let sent = timeout(app.patience().piece, says.send(Bytes::from(text))).await;
        if !matches!(sent, Ok(Ok(()))) {
            // Gone, or too slow: what it missed it will find in the feed.
            return;
        }
    }
}

/// What may be said of what changed.
fn look(app: &App, device: DeviceId, told: &Told) -> Result<(Vec<Topic>, String)> {
    let access = app.access();
    let caller = access.caller(device)?;
    let mut text = String::new();
    for changed in &told.changed {
        if may_know(&access, &caller, changed.kind, changed.id)? {
            text.push_str(&events::event(Some(*changed)));
        }
    }
    if told.anything {
        text.push_str(&events::event(None));
    }
    Ok((topics(&caller), text))
}

/// The body of a stream: whatever is said, until nobody says anything more.
struct Hears(mpsc::Receiver<Bytes>);

impl HttpBody for Hears {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Self::Error>>> {
        let said = self.0.poll_recv(context);
        said.map(|said| said.map(|bytes| Ok(Frame::data(bytes))))
    }
}
