//! `Content-Digest` (RFC 9530): SHA-256 of the content, and nothing else.

use std::fmt;

use ring::digest::{Context, SHA256, digest};
use sfv::{BareItem, Dictionary, ListEntry, Parser};
use thiserror::Error;

use super::byte_sequence;
use super::problem::Code;

/// The name of the field.
pub const CONTENT_DIGEST: &str = "content-digest";

const ALGORITHM: &str = "sha-256";
const LENGTH: usize = 32;
/// Longer than any field that could be accepted (53 bytes).
const MAX_FIELD: usize = 256;

/// The digest of a request's content, which may be empty.
///
/// Its `Display` is the value of the field, in the only spelling that
/// [`parse`](Self::parse) takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest([u8; LENGTH]);

impl ContentDigest {
    /// The digest of a whole content.
    pub fn of(content: &[u8]) -> Self {
        Self::from_ring(&digest(&SHA256, content))
    }

    /// The digest of a content that comes in pieces.
    pub fn of_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut context = Context::new(&SHA256);
        for piece in pieces {
            context.update(piece);
        }
        Self::from_ring(&context.finish())
    }

    /// Reads the field from all its lines in a message.
    ///
    /// It says nothing about the content yet: see [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`DigestError`], and never [`DigestError::Mismatch`]: the sender has to
    /// send one `sha-256` in its one form.
    pub fn parse(lines: &[&str]) -> Result<Self, DigestError> {
        let line = match lines {
            [] => return Err(DigestError::Missing),
            [line] => *line,
            [_, _, ..] => return Err(DigestError::Repeated),
        };
        if line.len() > MAX_FIELD {
            return Err(DigestError::TooLong);
        }
        let members: Dictionary = Parser::new(line)
            .parse()
            .map_err(|_| DigestError::NotStructured)?;
        let mut members = members.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err(DigestError::Algorithm);
        };
        if name.as_str() != ALGORITHM {
            return Err(DigestError::Algorithm);
        }
        let ListEntry::Item(item) = value else {
            return Err(DigestError::Value);
        };
        let BareItem::ByteSequence(bytes) = &item.bare_item else {
            return Err(DigestError::Value);
        };
        let found = Self(
            bytes
                .as_slice()
                .try_into()
                .map_err(|_| DigestError::Value)?,
        );
        // Leaves no parameter, repetition, space or second form of base64.
        if found.to_string() != line {
            return Err(DigestError::NotExact);
        }
        Ok(found)
    }

    /// Compares with the content that came.
    ///
    /// # Errors
    /// [`DigestError::Mismatch`]: nothing of the content may be used. Sending
    /// it again can help.
    pub fn verify(&self, content: &[u8]) -> Result<(), DigestError> {
        if *self == Self::of(content) {
            Ok(())
        } else {
            Err(DigestError::Mismatch)
        }
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    fn from_ring(digest: &ring::digest::Digest) -> Self {
        let mut bytes = [0; LENGTH];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}={}", byte_sequence(&self.0))
    }
}

/// Why a digest is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigestError {
    /// There is no `Content-Digest`.
    #[error("there is no content digest")]
    Missing,
    /// The field is on more than one line.
    #[error("the content digest is given more than once")]
    Repeated,
    /// The field is longer than any that could be right.
    #[error("the content digest is too long")]
    TooLong,
    /// It is no dictionary of structured fields (RFC 9651).
    #[error("the content digest is not a structured field")]
    NotStructured,
    /// It names no algorithm, another one, or several.
    #[error("the content digest is not by sha-256 alone")]
    Algorithm,
    /// The value is no sequence of 32 bytes.
    #[error("the content digest is not a sequence of 32 bytes")]
    Value,
    /// The value is right but spelled in another way, repeated, or has parameters.
    #[error("the content digest is not in its one form")]
    NotExact,
    /// The content is another one.
    #[error("the content does not have the digest that was sent")]
    Mismatch,
}

impl DigestError {
    /// The code with which a server refuses the request.
    pub fn code(self) -> Code {
        match self {
            Self::Mismatch => Code::DigestMismatch,
            Self::Missing => Code::SignatureMissing,
            Self::Repeated
            | Self::TooLong
            | Self::NotStructured
            | Self::Algorithm
            | Self::Value
            | Self::NotExact => Code::SignatureMalformed,
        }
    }
}
