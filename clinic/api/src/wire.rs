//! CBOR (RFC 8949) in and out, with the strictness that signed bytes need.
//!
//! Fields are numbered; unknown ones are ignored, so a newer version can add
//! some. A value has one spelling: others, and fields that come twice, are
//! refused, so no two readers can understand the same signed bytes differently.
//! What is signed or hashed is always the bytes as received.

use minicbor::{Decode, Encode};

/// The version of every signed or sealed structure of this protocol.
pub const VERSION: u8 = 1;
/// Suite 1: Ed25519; SHA-256; HKDF-SHA256; ChaCha20-Poly1305; HPKE base mode
/// with X-Wing (KEM 0x647a), HKDF-SHA256 (KDF 0x0001), ChaCha20-Poly1305 (AEAD 0x0003).
pub const SUITE: u8 = 1;

/// Bytes that are not the message they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// Not CBOR of the expected shape.
    #[error("not a well-formed message")]
    Malformed,
    /// Something follows the message.
    #[error("bytes after the end of the message")]
    Trailing,
    /// A version or suite that this software does not know.
    #[error("a version or suite that this software does not know")]
    Unsupported,
    /// Longer than the protocol allows.
    #[error("longer than the protocol allows")]
    TooLarge,
}

/// The CBOR of a value.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail, and no type here refuses to encode.
    let result = minicbor::encode(value, &mut bytes);
    debug_assert!(result.is_ok());
    bytes
}

/// A value from its CBOR, all of it.
///
/// # Errors
/// [`WireError::Malformed`] or [`WireError::Trailing`]: refuse the message.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, WireError> {
    crate::deterministic::check(bytes)?;
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().map_err(|_| WireError::Malformed)?;
    if decoder.position() == bytes.len() {
        Ok(value)
    } else {
        Err(WireError::Trailing)
    }
}

/// A value whose fields 0 and 1 are version and suite, from its CBOR. They are
/// judged first: the rest of a later version may not even decode.
///
/// # Errors
/// [`WireError`]: refuse the message.
pub fn decode_versioned<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, WireError> {
    let prefix: Versioned = decode(bytes)?;
    check_suite(prefix.version, prefix.suite)?;
    decode(bytes)
}

#[derive(Decode)]
#[cbor(map)]
struct Versioned {
    #[n(0)]
    version: u8,
    #[n(1)]
    suite: u8,
}

/// Refuses a version or suite that this software does not know.
///
/// # Errors
/// [`WireError::Unsupported`].
pub fn check_suite(version: u8, suite: u8) -> Result<(), WireError> {
    if version == VERSION && suite == SUITE {
        Ok(())
    } else {
        Err(WireError::Unsupported)
    }
}

/// `[u8; N]` as a byte string.
pub mod bytes_array {
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    /// Writes the array as a byte string.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn encode<C, W: Write, const N: usize>(
        value: &[u8; N],
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(value)?.ok()
    }

    /// Reads a byte string of just that length.
    ///
    /// # Errors
    /// Another type or length.
    pub fn decode<C, const N: usize>(
        d: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<[u8; N], DecodeError> {
        let at = d.position();
        d.bytes()?
            .try_into()
            .map_err(|_| DecodeError::message("byte string of the wrong length").at(at))
    }
}
