//! Answers on their way out: in pieces, so that a connection knows how long a
//! caller has been taking one.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
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

/// The answers of one connection that its caller has not taken yet.
#[derive(Debug, Default, Clone)]
pub struct Outgoing(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    begun: BTreeMap<u64, Instant>,
}

impl Outgoing {
    /// Watches an answer until it is taken. A stream of events ends when it
    /// ends: it is not watched.
    pub fn watch(&self, response: Response) -> Response {
        let kind = response.headers().get(CONTENT_TYPE);
        if kind.is_some_and(|k| k.as_bytes().starts_with(b"text/event-stream")) {
            return response;
        }
        response.map(|body| {
            Body::new(Pieces {
                body,
                rest: Bytes::new(),
                watched: Watched::new(self),
            })
        })
    }

    /// Whether an answer has been on its way for longer than that.
    pub fn late(&self, patience: Duration) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = state.begun.first_key_value();
        first.is_some_and(|(_, begun)| begun.elapsed() > patience)
    }
}

/// One answer, until it is dropped: its last piece is handed on then.
struct Watched {
    outgoing: Outgoing,
    number: u64,
}

impl Watched {
    fn new(outgoing: &Outgoing) -> Self {
        let mut state = outgoing.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = state.next;
        state.next = number.wrapping_add(1);
        state.begun.insert(number, Instant::now());
        Self {
            outgoing: outgoing.clone(),
            number,
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let state = self.outgoing.0.lock();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.begun.remove(&self.number);
    }
}

struct Pieces {
    body: Body,
    rest: Bytes,
    #[expect(dead_code, reason = "kept for what its drop does")]
    watched: Watched,
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
