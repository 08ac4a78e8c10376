//! Refusals: what went wrong, as the one problem that the caller sees.

use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use clinic_api::chain::ChainError;
use clinic_api::http::authority::AuthorityError;
use clinic_api::http::digest::DigestError;
use clinic_api::http::problem::{Code, MEDIA_TYPE, Problem};
use clinic_api::http::signature::{CHALLENGE, SignatureError};
use clinic_api::log::RunError;
use clinic_api::wire::WireError;

use crate::app::App;
use crate::store::StoreError;

/// After how many seconds to try again when the store was busy.
const BUSY_SECONDS: u32 = 1;
/// After how many seconds to try again when the disk was full: somebody has to make room.
const FULL_SECONDS: u32 = 300;

/// A refused request. Says which rule, and nothing of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal(pub Problem);

/// What a handler returns.
pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    /// With the one text that says what exactly.
    #[must_use]
    pub fn because(code: Code, detail: &'static str) -> Self {
        Self(Problem::new(code).with_detail(detail))
    }

    /// Too many requests, by this limit: the caller is told when to try again.
    pub(crate) fn limited(app: &App, limit: &'static str, seconds: u32) -> Self {
        app.metrics().limited(limit);
        Self(Problem::new(Code::RateLimited).with_retry_after(seconds))
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self(Problem::new(code))
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Unsupported => Code::UnsupportedVersion,
            WireError::TooLarge => Code::BodyTooLarge,
            WireError::Malformed | WireError::Trailing => Code::MalformedBody,
            _ => Code::MalformedBody,
        }
        .into()
    }
}

impl From<ChainError> for Refusal {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Wire(wire) => wire.into(),
            ChainError::NotNext => Code::ChainConflict.into(),
            ChainError::WrongKind => {
                Self::because(Code::ChainInvalid, "a statement of another kind of chain")
            }
            ChainError::BadSignature => {
                Self::because(Code::ChainInvalid, "the signature does not fit the signer")
            }
            ChainError::NotAllowed => {
                Self::because(Code::ChainInvalid, "the signer may not state this")
            }
            ChainError::Rule(rule) => Self::because(Code::ChainInvalid, rule),
            ChainError::Forked => Code::ChainConflict.into(),
            _ => Code::ChainInvalid.into(),
        }
    }
}

impl From<RunError> for Refusal {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Wire(wire) => wire.into(),
            RunError::TooManyFrames => Code::TooManyFrames.into(),
            RunError::FrameLength => Code::FrameTooLarge.into(),
            RunError::Gap => Code::RunGap.into(),
            RunError::Conflict => Code::RunConflict.into(),
            RunError::WrongLog => Self::because(Code::RunInvalid, "for another space or log"),
            RunError::FramesDoNotFit => {
                Self::because(Code::RunInvalid, "the frames do not fit the head")
            }
            RunError::BadSignature => {
                Self::because(Code::RunInvalid, "the signature does not fit the device")
            }
            _ => Code::RunInvalid.into(),
        }
    }
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Self {
        error.code().into()
    }
}

impl From<DigestError> for Refusal {
    fn from(error: DigestError) -> Self {
        error.code().into()
    }
}

impl From<AuthorityError> for Refusal {
    fn from(error: AuthorityError) -> Self {
        error.code().into()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => {
                tracing::warn!("the store is busy");
                Self(Problem::new(Code::Unavailable).with_retry_after(BUSY_SECONDS))
            }
            StoreError::Full => {
                tracing::error!("the store has no room left");
                Self(Problem::new(Code::StorageFull).with_retry_after(FULL_SECONDS))
            }
            StoreError::NewerSchema { .. }
            | StoreError::Foreign
            | StoreError::Damaged(_)
            | StoreError::Failed(_) => {
                tracing::error!(%error, "the store failed");
                Code::Internal.into()
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = self.0;
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        if let Some(seconds) = problem.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        let mut response = (status, headers, problem.to_json()).into_response();
        response.extensions_mut().insert(problem.code);
        response
    }
}
