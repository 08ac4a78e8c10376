//! Bodies in and out: limited in size, in time, and in how many are held at once.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use clinic_api::http::problem::{Code, Problem};
use clinic_api::message::CBOR;
use clinic_api::wire;
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};

use crate::app::App;
use crate::refusal::{Refusal, Result};

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// What bodies are counted in.
pub const UNIT: usize = 1024;
/// Bytes of bodies that are held at once, in [`UNIT`]s.
pub const HELD: usize = 128 * 1024;

/// A body that came whole, and its place among those that are held.
#[derive(Debug)]
pub struct Held {
    /// Its bytes.
    pub bytes: Vec<u8>,
    _place: OwnedSemaphorePermit,
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// [`Code::BodyTooLarge`], [`Code::RequestTimeout`], [`Code::Unavailable`] when
/// too many are held, [`Code::MalformedBody`] when it breaks off.
pub async fn read(app: &App, headers: &HeaderMap, body: Body, limit: usize) -> Result<Held> {
    let announced = announced(headers, limit)?.unwrap_or(limit);
    let units = u32::try_from(announced.div_ceil(UNIT)).unwrap_or(u32::MAX);
    let place = timeout(TURN, app.places(units))
        .await
        .map_err(|_| Refusal(Problem::new(Code::Unavailable).with_retry_after(5)))??;
    let mut bytes = Vec::with_capacity(announced);
    each(app, body, limit, |piece| bytes.extend_from_slice(piece)).await?;
    Ok(Held {
        bytes,
        _place: place,
    })
}

/// Reads the body of a request that is refused already, and keeps nothing of
/// it, so that a caller who is still sending gets to read the answer.
///
/// Returns the refusal, or that the body is too large.
pub async fn discard(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    refusal: Refusal,
) -> Refusal {
    let read = match announced(headers, limit) {
        Ok(_) => each(app, body, limit, |_| ()).await,
        Err(too_large) => Err(too_large),
    };
    let too_large = |r: &Refusal| r.code() == Code::BodyTooLarge;
    read.err().filter(too_large).unwrap_or(refusal)
}

/// How long the body says it is.
fn announced(headers: &HeaderMap, limit: usize) -> Result<Option<usize>> {
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    match length {
        Some(length) if length > limit => Err(Code::BodyTooLarge.into()),
        length => Ok(length),
    }
}

async fn each(app: &App, mut body: Body, limit: usize, mut take: impl FnMut(&Bytes)) -> Result<()> {
    let patience = app.patience();
    let end = Instant::now() + patience.body;
    let mut length: usize = 0;
    loop {
        let pause = Instant::now() + patience.piece;
        let frame = timeout_at(end.min(pause), body.frame())
            .await
            .map_err(|_| Code::RequestTimeout)?;
        let Some(frame) = frame else {
            return Ok(());
        };
        // A broken body has nobody left to read the answer.
        let frame = frame.map_err(|_| Code::MalformedBody)?;
        if let Some(data) = frame.data_ref() {
            length = length.saturating_add(data.len());
            if length > limit {
                return Err(Code::BodyTooLarge.into());
            }
            take(data);
        }
    }
}

/// Refuses a body that does not say it is CBOR.
///
/// # Errors
/// [`Code::UnsupportedMediaType`].
pub fn require_cbor(headers: &HeaderMap) -> Result<()> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (Some(one), None) if one.as_bytes().eq_ignore_ascii_case(CBOR.as_bytes()) => Ok(()),
        _ => Err(Code::UnsupportedMediaType.into()),
    }
}

/// An answer in CBOR.
pub fn cbor<T: minicbor::Encode<()>>(value: &T) -> Response {
    ([(CONTENT_TYPE, CBOR)], wire::encode(value)).into_response()
}

/// An answer that is a status alone.
pub fn status(status: StatusCode) -> Response {
    status.into_response()
}
