//! Sealing events into frames, and opening them.
//!
//! `key = HKDF(epoch key, salt, "frame key" ‖ space ‖ context)`;
//! `body = salt ‖ ChaCha20-Poly1305(key, nonce 0, aad = "frame" ‖ space ‖ commitment ‖ context)`.
//! The context is the header without its content: version and suite, log,
//! number, previous header, epoch, cited chains.

use clinic_api::crypto;
use clinic_api::id::{HeaderHash, LogId, SpaceId};
use clinic_api::limits;
use clinic_api::log::{Cites, Header, SALT_LEN};
use clinic_api::wire;

use super::epoch::EpochKey;
use super::{SpaceError, kdf, pad};
use crate::env::Env;
use crate::event::Frame;

/// Where a frame stands: all of its header but the content.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The space.
    pub space: SpaceId,
    /// The log.
    pub log: LogId,
    /// Its number in the log.
    pub number: u64,
    /// The header before.
    pub previous: HeaderHash,
    /// Epoch and chains.
    pub cites: Cites,
}

impl Place {
    fn header(&self, content: [u8; 32]) -> Header {
        Header::new(self.log, self.number, self.previous, &self.cites, content)
    }
}

/// Seals events at a place; returns the body and the complete header.
///
/// # Errors
/// [`SpaceError::TooLarge`]: split the events over several frames.
pub fn seal(
    env: &Env,
    key: &EpochKey,
    place: &Place,
    frame: &Frame,
) -> Result<(Vec<u8>, Header), SpaceError> {
    let padded = pad::pad(&wire::encode(frame))?;
    if padded.len() + SALT_LEN + 16 > limits::FRAME_BODY {
        return Err(SpaceError::TooLarge);
    }
    let salt: [u8; SALT_LEN] = env.random();
    let context = place.header([0; 32]);
    let frame_key = frame_key(key, &salt, place.space, context.context());
    let sealed = kdf::seal_once(
        &frame_key,
        &aad(key, place.space, context.context()),
        padded,
    )?;
    let body = [salt.as_slice(), &sealed].concat();
    let header = place.header(Header::content_of(&body));
    Ok((body, header))
}

/// Opens a frame's body.
///
/// # Errors
/// [`SpaceError::DoesNotOpen`] or [`SpaceError::NotAFrame`]: set the frame aside.
pub fn open(
    key: &EpochKey,
    space: SpaceId,
    header: &Header,
    body: &[u8],
) -> Result<Frame, SpaceError> {
    let (salt, sealed) = body
        .split_first_chunk::<SALT_LEN>()
        .ok_or(SpaceError::DoesNotOpen)?;
    let frame_key = frame_key(key, salt, space, header.context());
    let padded = kdf::open_once(&frame_key, &aad(key, space, header.context()), sealed)?;
    let padded = zeroize::Zeroizing::new(padded);
    wire::decode(pad::unpad(&padded)?).map_err(|_| SpaceError::NotAFrame)
}

fn frame_key(
    key: &EpochKey,
    salt: &[u8; SALT_LEN],
    space: SpaceId,
    context: &[u8],
) -> super::keys::Seed {
    kdf::derive(key.seed().expose(), salt, "frame key", &[&space.0, context])
}

fn aad(key: &EpochKey, space: SpaceId, context: &[u8]) -> Vec<u8> {
    crypto::to_sign("frame", &[&space.0, key.commitment(), context])
}
