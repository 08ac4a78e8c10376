//! What of a request is signed, checked so that no value can reach into the
//! next line of the signature base.

use thiserror::Error;

use super::authority::Authority;
use super::digest::ContentDigest;
use super::problem::Code;

/// The parts of a request that a signature covers: all but the other headers.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The method as sent, in capital letters.
    pub method: &'a str,
    /// Where the request goes.
    pub authority: &'a Authority,
    /// The path as sent, still percent-encoded; empty means `/`.
    pub path: &'a str,
    /// The query as sent, without its question mark. None and an empty one are
    /// signed alike, so a handler must not tell them apart.
    pub query: Option<&'a str>,
    /// The digest as sent. Whether the content has it is checked apart.
    pub content_digest: &'a ContentDigest,
}

impl Parts<'_> {
    /// The covered components and their values, in the order of the profile.
    pub(super) fn lines(&self) -> Result<[(&'static str, String); 5], PartsError> {
        if self.method.is_empty() || !self.method.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(PartsError::Method);
        }
        let path = if self.path.is_empty() { "/" } else { self.path };
        if !path.starts_with('/') || !is_encoded(path, b"/") {
            return Err(PartsError::Path);
        }
        let query = self.query.unwrap_or_default();
        if !is_encoded(query, b"/?") {
            return Err(PartsError::Query);
        }
        Ok([
            ("@method", self.method.to_owned()),
            ("@authority", self.authority.to_string()),
            ("@path", path.to_owned()),
            ("@query", format!("?{query}")),
            ("content-digest", self.content_digest.to_string()),
        ])
    }
}

/// Whether all of it is `pchar` (RFC 3986, section 3.3) or one of `also`.
fn is_encoded(text: &str, also: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|b| b.is_some_and(|b| b.is_ascii_hexdigit())),
            b'-' | b'.' | b'_' | b'~' | b':' | b'@' => true,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
            other => other.is_ascii_alphanumeric() || also.contains(&other),
        };
        if !fits {
            return false;
        }
    }
    true
}

/// Why a request can neither be signed nor verified. It does not pass by
/// itself: whoever builds the request has to build another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PartsError {
    /// The method is not of capital letters only.
    #[error("the method is not in capital letters")]
    Method,
    /// The path is not absolute or holds a character that must be encoded.
    #[error("the path is not absolute or not percent-encoded")]
    Path,
    /// The query holds a character that must be encoded.
    #[error("the query is not percent-encoded")]
    Query,
}

impl PartsError {
    /// The code with which a server refuses the request.
    pub fn code(self) -> Code {
        Code::SignatureMalformed
    }
}
