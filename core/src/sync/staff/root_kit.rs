//! The root key's own kit: 24 words on paper, apart from every machine.

use clinic_api::member::Role;
use clinic_api::wire;
use minicbor::{Decode, Encode};

use super::act::own_roster;
use super::change::Kept;
use super::error::StaffError;
use crate::space::keys::{RootSecret, Seed};
use crate::space::words24::{self, Words};
use crate::sync::SyncError;
use crate::sync::patients::own_role;
use crate::vault::Vault;

const STATE: &str = "staff.root-kit";

/// How it stands with the root key and its kit, as far as this workstation knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RootKit {
    /// Whether the root key is on this workstation.
    pub root_here: bool,
    /// When the kit's words were last shown here, in milliseconds since 1970; none: never.
    pub made_ms: Option<i64>,
    /// When its words were last typed here and fitted; none: never.
    pub checked_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, Encode, Decode)]
#[cbor(map)]
struct State {
    #[n(0)]
    made_ms: Option<i64>,
    #[n(1)]
    checked_ms: Option<i64>,
}

fn state(vault: &Vault) -> Result<State, StaffError> {
    let kept = vault.setting(STATE)?;
    Ok(kept
        .and_then(|bytes| wire::decode(&bytes).ok())
        .unwrap_or_default())
}

fn keep(vault: &mut Vault, state: State) -> Result<(), StaffError> {
    Ok(vault.set_setting(STATE, &wire::encode(&state))?)
}

pub(super) fn standing(vault: &Vault) -> Result<RootKit, StaffError> {
    let State {
        made_ms,
        checked_ms,
    } = state(vault)?;
    Ok(RootKit {
        root_here: vault.root()?.is_some(),
        made_ms,
        checked_ms,
    })
}

pub(super) fn make(vault: &mut Vault) -> Result<Words, StaffError> {
    let root = vault.root()?.ok_or(StaffError::NoRoot)?;
    let words = Words::of(root.sign().seed());
    let made_ms = Some(vault.env().now().as_millisecond());
    let before = state(vault)?;
    keep(vault, State { made_ms, ..before })?;
    Ok(words)
}

pub(super) fn check(vault: &mut Vault, typed: &str) -> Result<(), StaffError> {
    fitting(vault, typed)?;
    checked(vault)
}

pub(super) fn restore(vault: &mut Vault, typed: &str) -> Result<(), StaffError> {
    let roster = own_roster(vault)?;
    let seed = fitting(vault, typed)?;
    let role = own_role(vault, roster)?.ok_or(SyncError::Removed)?;
    let chain = vault.chains().roster(roster).ok_or(SyncError::Internal)?;
    let now = chain.tip().number;
    let mut roles = chain.people().iter().filter_map(|p| p.role_at(now));
    // A clinic that has named no administrator is run by its care team.
    let run_by_care = !roles.any(|role| role == Role::Administrator);
    if role != Role::Administrator && !(run_by_care && role == Role::Clinician) {
        return Err(StaffError::NotAdministrator);
    }
    vault.keep_root(&seed)?;
    checked(vault)
}

pub(super) fn forget(vault: &mut Vault) -> Result<(), StaffError> {
    if vault.root()?.is_none() {
        return Ok(());
    }
    if state(vault)?.checked_ms.is_none() {
        return Err(StaffError::NotChecked);
    }
    if Kept::load(vault)?.is_some() {
        return Err(StaffError::Unfinished);
    }
    Ok(vault.forget_root()?)
}

/// The root's seed from typed words, if it is this clinic's.
fn fitting(vault: &mut Vault, typed: &str) -> Result<Seed, StaffError> {
    let id = own_roster(vault)?;
    vault.load_roster(id)?;
    let seed = words24::parse(typed)?;
    let root = RootSecret::new(seed.clone())?;
    let roster = vault.chains().roster(id).ok_or(SyncError::Internal)?;
    if root.id() == roster.root_id() {
        Ok(seed)
    } else {
        Err(StaffError::OtherRoot)
    }
}

fn checked(vault: &mut Vault) -> Result<(), StaffError> {
    let checked_ms = Some(vault.env().now().as_millisecond());
    let before = state(vault)?;
    keep(
        vault,
        State {
            checked_ms,
            ..before
        },
    )
}
