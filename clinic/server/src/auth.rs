//! Who sent a request: its signature, checked over the request as it came.

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use clinic_api::http::authority::Authority;
use clinic_api::http::digest::{CONTENT_DIGEST, ContentDigest};
use clinic_api::http::problem::{Code, Problem};
use clinic_api::http::request::Parts as SignedParts;
use clinic_api::http::signature::{Presented, SIGNATURE, SIGNATURE_INPUT, SignatureError, WINDOW};
use clinic_api::id::DeviceId;

use crate::app::App;
use crate::body::{self, Held};
use crate::refusal::{Refusal, Result};

/// A request that a known device signed.
#[derive(Debug)]
pub struct Signed {
    /// The device. What it may do is judged anew where it is used: a body takes
    /// time to come, and the device may be removed meanwhile.
    pub device: DeviceId,
    /// The body.
    pub body: Held,
}

/// Takes a request in: its head is verified, then its body read and compared with the digest.
///
/// `limit` is how many bytes the body may have; 0: there must be none.
///
/// # Errors
/// The first thing that is wrong. Where the head is, the body is read first
/// all the same, unkept, so that the answer reaches a caller who is sending.
pub async fn signed(app: &App, request: Request, limit: usize) -> Result<Signed> {
    let (parts, body) = request.into_parts();
    let (device, digest) = match authenticate(app, &parts).await {
        Ok(found) => found,
        Err(refusal) => return Err(body::discard(app, &parts.headers, body, limit, refusal).await),
    };
    let body = body::read(app, &parts.headers, body, limit).await?;
    digest.verify(&body.bytes)?;
    if limit > 0 {
        body::require_cbor(&parts.headers)?;
    }
    Ok(Signed { device, body })
}

async fn authenticate(app: &App, parts: &Parts) -> Result<(DeviceId, ContentDigest)> {
    let envelope = Envelope::of(app, parts)?;
    app.blocking(move |app| {
        let device = envelope.device();
        let access = app.access();
        let known = access.known(device)?;
        let known = known.ok_or_else(|| access.unknown(device))?;
        envelope.verify(&known.keys.request, app.clock().now())?;
        // Only now: who was removed is for the device itself to know.
        known.caller()?;
        app.devices()
            .take(device, app.clock().elapsed())
            .map_err(|seconds| Refusal::limited(app, "device", seconds))?;
        Ok((device, envelope.digest))
    })
    .await
}

/// What a signature is over, and the signature: well formed and not yet believed.
#[derive(Debug)]
pub struct Envelope {
    method: Method,
    authority: Authority,
    path: String,
    query: Option<String>,
    digest: ContentDigest,
    presented: Presented,
}

impl Envelope {
    /// That of a request.
    ///
    /// # Errors
    /// What of it is not in the form of the profile, and [`Code::WrongAuthority`].
    pub fn of(app: &App, parts: &Parts) -> Result<Self> {
        let input = lines(&parts.headers, SIGNATURE_INPUT)?;
        let signature = lines(&parts.headers, SIGNATURE)?;
        let presented = Presented::parse(&input, &signature)?;
        let digest = ContentDigest::parse(&lines(&parts.headers, CONTENT_DIGEST)?)?;
        Ok(Self {
            method: parts.method.clone(),
            authority: authority(app, parts)?,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            digest,
            presented,
        })
    }

    /// The device that is said to have signed.
    pub fn device(&self) -> DeviceId {
        DeviceId(*self.presented.key_id())
    }

    /// The digest that the content must have.
    pub fn digest(&self) -> &ContentDigest {
        &self.digest
    }

    /// Whether the key signed this request, about now.
    ///
    /// # Errors
    /// [`Code::SignatureStale`] with the server's time, [`Code::SignatureInvalid`].
    pub fn verify(&self, key: &[u8; 32], now: i64) -> Result<()> {
        let parts = SignedParts {
            method: self.method.as_str(),
            authority: &self.authority,
            path: &self.path,
            query: self.query.as_deref(),
            content_digest: &self.digest,
        };
        match self.presented.verify(&parts, key, now, WINDOW) {
            Ok(()) => Ok(()),
            Err(SignatureError::Stale) => Err(Refusal(
                Problem::new(Code::SignatureStale).with_server_time(now),
            )),
            Err(error) => Err(error.into()),
        }
    }
}

fn lines<'a>(headers: &'a HeaderMap, name: &str) -> Result<Vec<&'a str>> {
    let lines = headers.get_all(name).iter().map(|value| value.to_str());
    let lines: std::result::Result<_, _> = lines.collect();
    lines.map_err(|_| Code::SignatureMalformed.into())
}

/// The configured name that the request is sent to, by all that it says of that.
fn authority(app: &App, parts: &Parts) -> Result<Authority> {
    let hosts = parts.headers.get_all(HOST).iter();
    let hosts = hosts.map(|host| host.to_str().map_err(|_| Code::WrongAuthority));
    let target = parts.uri.authority().map(|a| Ok(a.as_str()));
    let mut found = None;
    for name in target.into_iter().chain(hosts) {
        let name = app.authority(name?).ok_or(Code::WrongAuthority)?;
        if found.is_some_and(|f| f != name) {
            return Err(Code::WrongAuthority.into());
        }
        found = Some(name);
    }
    found.cloned().ok_or_else(|| Code::WrongAuthority.into())
}
