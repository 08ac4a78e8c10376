//! Which spaces a device follows, and which it may write to yet.

use clinic_api::id::ChainId;
use clinic_api::member::Role;
use clinic_api::space::SpaceKind;

use super::error::SyncError;
use crate::care;
use crate::vault::{Me, SpaceEntry, Vault};

/// The spaces of a patient that a workstation of that role follows.
pub(super) fn staff_spaces(
    patient: ChainId,
    roster: ChainId,
    role: Option<Role>,
) -> impl Iterator<Item = SpaceEntry> {
    let kinds = SpaceKind::OF_PATIENT.into_iter();
    let read = kinds.filter(move |k| k.team().zip(role).is_some_and(|(t, r)| t.includes(r)));
    read.map(move |kind| SpaceEntry {
        space: kind.id(patient),
        kind,
        patient: Some(patient),
        roster: Some(roster),
    })
}

/// A patient's three spaces, once a clinic was joined.
pub(super) fn patient_spaces(patient: ChainId, roster: Option<ChainId>) -> Vec<SpaceEntry> {
    let all = SpaceKind::OF_PATIENT.into_iter();
    all.filter(|kind| kind.team().is_none() || roster.is_some())
        .map(|kind| SpaceEntry {
            space: kind.id(patient),
            kind,
            patient: Some(patient),
            roster: kind.team().and(roster),
        })
        .collect()
}

/// Whether a patient's device may write to the clinic: not before the clinic, which
/// compared the digits, has said that it admitted this patient.
pub(super) fn admitted(vault: &Vault, entry: &SpaceEntry) -> Result<bool, SyncError> {
    match vault.me()? {
        Some(Me::Patient { chain }) if entry.kind.team().is_some() => {
            Ok(care::welcomed(vault, chain)?)
        }
        Some(Me::Patient { .. } | Me::Staff { .. }) | None => Ok(true),
    }
}
