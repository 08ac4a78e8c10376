//! Asking the clinic API to erase frames, after everybody was told that they are erased.

use clinic_api::limits;
use clinic_api::log::FrameName;
use clinic_api::message::Erase;
use clinic_api::wire;

use super::error::SyncError;
use crate::journal;
use crate::vault::{Me, SpaceEntry, Vault};

/// Frames to be erased, and the body of the request for it.
pub(super) type NextErasure = (Vec<FrameName>, Vec<u8>);

/// What is to be erased next; none while the word of it has not
/// reached the clinic API: who then found a body missing would have to think that it was taken.
pub(super) fn next(vault: &Vault, entry: &SpaceEntry) -> Result<Option<NextErasure>, SyncError> {
    let unsaid = !vault.unsealed(entry.space, 1, 0)?.is_empty();
    if !of_patient(vault)? || unsaid || vault.runs_waiting(entry.space)? > 0 {
        return Ok(None);
    }
    let frames = vault.to_erase(entry.space, limits::FRAMES_PER_ERASURE)?;
    if frames.is_empty() {
        return Ok(None);
    }
    let body = wire::encode(&Erase {
        frames: frames.clone(),
    });
    Ok(Some((frames, body)))
}

/// States the erasure of what came in from a device that had not heard of it.
pub(super) fn state_late(vault: &mut Vault, entry: &SpaceEntry) -> Result<(), SyncError> {
    if of_patient(vault)? {
        journal::erase_late(vault, entry)?;
    }
    Ok(())
}

fn of_patient(vault: &Vault) -> Result<bool, SyncError> {
    Ok(matches!(vault.me()?, Some(Me::Patient { .. })))
}
