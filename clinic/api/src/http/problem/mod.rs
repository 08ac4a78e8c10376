//! Refusals as problem details (RFC 9457).

mod code;

use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

pub use code::Code;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The largest problem that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;

const TYPE_PREFIX: &str = "urn:companion:problem:";
/// The type of a problem that says no more than its status (RFC 9457, section 4.2.1).
const TYPE_BLANK: &str = "about:blank";

/// A refusal, as the server says it and the client reads it.
///
/// All text in it is ours: none is from the request, and what another server
/// wrote is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The status of the answer.
    pub status: u16,
    /// What was refused and why: branch on this.
    pub code: Code,
    /// What exactly, from a fixed set of texts. Not kept by a reader.
    pub detail: Option<&'static str>,
    /// After how many seconds to try again. A reader bounds it by its own back-off.
    pub retry_after: Option<u32>,
    /// The server's time in seconds since 1970, unsigned and thus a hint: an
    /// offset for signing alone.
    pub server_time: Option<i64>,
}

impl Problem {
    /// A problem with its usual status.
    pub fn new(code: Code) -> Self {
        Self {
            status: code.status(),
            code,
            detail: None,
            retry_after: None,
            server_time: None,
        }
    }

    /// What a client makes of an answer of which only the status can be used.
    pub fn of_status(status: u16) -> Self {
        Self {
            status,
            ..Self::new(Code::Unrecognised)
        }
    }

    /// With the one text that says what exactly.
    #[must_use]
    pub fn with_detail(mut self, detail: &'static str) -> Self {
        self.detail = Some(detail);
        self
    }

    /// With the seconds after which to try again; send `Retry-After`, too.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// With the server's time, for [`Code::SignatureStale`].
    #[must_use]
    pub fn with_server_time(mut self, seconds: i64) -> Self {
        self.server_time = Some(seconds);
        self
    }

    /// The body of the answer.
    pub fn to_json(&self) -> String {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        if self.code == Code::Unrecognised {
            put("type", TYPE_BLANK.into());
        } else {
            put("type", format!("{TYPE_PREFIX}{}", self.code).into());
            put("code", self.code.as_str().into());
        }
        put("title", self.code.title().into());
        put("status", self.status.into());
        if let Some(detail) = self.detail {
            put("detail", detail.into());
        }
        if let Some(seconds) = self.retry_after {
            put("retry_after", seconds.into());
        }
        if let Some(seconds) = self.server_time {
            put("server_time", seconds.into());
        }
        Value::Object(members).to_string()
    }

    /// Reads the body of an answer that came with this status.
    ///
    /// The status of the answer counts, not the one in the body, and `type`
    /// counts, not `code`. Members of another type are ignored (RFC 9457,
    /// section 3.1). The server's texts are not kept.
    ///
    /// # Errors
    /// [`ReadError`] if the body is too large or no JSON object; then
    /// [`of_status`](Self::of_status) is what is left.
    pub fn from_json(status: u16, body: &[u8]) -> Result<Self, ReadError> {
        if body.len() > MAX_BYTES {
            return Err(ReadError::TooLarge);
        }
        let value: Value = serde_json::from_slice(body).map_err(|_| ReadError::NotJson)?;
        let members = value.as_object().ok_or(ReadError::NotObject)?;
        let code = members
            .get("type")
            .and_then(Value::as_str)
            .and_then(|uri| uri.strip_prefix(TYPE_PREFIX))
            .and_then(Code::from_text)
            .unwrap_or(Code::Unrecognised);
        Ok(Self {
            status,
            code,
            detail: None,
            retry_after: members
                .get("retry_after")
                .and_then(Value::as_u64)
                .and_then(|seconds| seconds.try_into().ok()),
            server_time: members.get("server_time").and_then(Value::as_i64),
        })
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.code.title(), self.status, self.code)
    }
}

impl std::error::Error for Problem {}

/// Why a body is no problem. None of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Over [`MAX_BYTES`].
    #[error("the server's answer is too large to be a problem")]
    TooLarge,
    /// Not JSON, or nested too deeply.
    #[error("the server's answer is not JSON")]
    NotJson,
    /// JSON, but no object.
    #[error("the server's answer is not a problem")]
    NotObject,
}
