//! Answers on their way out: in pieces, so that a connection knows how long a
//! caller has been taking one.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

/// What is handed on at once. An answer that came whole would be whole in the
/// buffers of its connection, where nobody could tell how far it got.
const PIECE: usize = 64 * 1024;

/// What one connection is asked and has not been taken from it yet.
#[derive(Debug, Clone)]
pub struct Outgoing(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    next: u64,
    /// Since when each answer has been on its way; none: it ends when it ends.
    open: BTreeMap<u64, Option<Instant>>,
    idle: Instant,
}

impl Outgoing {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            next: 0,
            open: BTreeMap::new(),
            idle: Instant::now(),
        })))
    }

    /// A request that came, until its answer is taken.
    pub fn asked(&self) -> Asked {
        let mut state = self.state();
        let number = state.next;
        state.next = number.wrapping_add(1);
        state.open.insert(number, None);
        Asked {
            outgoing: self.clone(),
            number,
        }
    }

    /// Whether an answer has been on its way for longer than that.
    pub fn late(&self, patience: Duration) -> bool {
        let state = self.state();
        let mut begun = state.open.values().flatten();
        begun.any(|begun| begun.elapsed() > patience)
    }

    /// Whether nothing has been asked for longer than that.
    pub fn idle(&self, patience: Duration) -> bool {
        let state = self.state();
        state.open.is_empty() && state.idle.elapsed() > patience
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that came. Dropped when the last piece of its answer is handed on.
#[derive(Debug)]
pub struct Asked {
    outgoing: Outgoing,
    number: u64,
}

impl Asked {
    /// Its answer, which is to be taken in time; but a stream of events ends
    /// when it ends.
    pub fn answered(self, response: Response) -> Response {
        let kind = response.headers().get(CONTENT_TYPE);
        if !kind.is_some_and(|k| k.as_bytes().starts_with(b"text/event-stream")) {
            let mut state = self.outgoing.state();
            state.open.insert(self.number, Some(Instant::now()));
        }
        response.map(|body| {
            Body::new(Pieces {
                body,
                rest: Bytes::new(),
                asked: self,
            })
        })
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let mut state = self.outgoing.state();
        state.open.remove(&self.number);
        state.idle = Instant::now();
    }
}

struct Pieces {
    body: Body,
    rest: Bytes,
    #[expect(dead_code, reason = "kept for what its drop does")]
    asked: Asked,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                other => return Poll::Ready(other),
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut whole = SizeHint::new();
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper.saturating_add(rest));
        }
        whole.set_lower(hint.lower().saturating_add(rest));
        whole
    }
}
