//! The clinic's people as the roster has them.

use std::collections::BTreeMap;

use clinic_api::chain::roster::{PersonRecord, Roster, WorkstationRecord};
use clinic_api::id::{DeviceId, PersonId};
use clinic_api::member::{Role, Team};

use super::act::own_roster;
use super::change::Kept;
use super::error::StaffError;
use crate::sync::SyncError;
use crate::vault::Vault;

/// Somebody who works here, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// What they do; none after they left.
    pub role: Option<Role>,
    /// Since when they are here, in milliseconds since 1970, by the clock of whoever added them.
    pub since_ms: i64,
    /// Where they work, and where they did.
    pub workstations: Vec<StaffWorkstation>,
    /// Whether they are the one at this workstation.
    pub yourself: bool,
}

/// A workstation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffWorkstation {
    /// Its name.
    pub device: DeviceId,
    /// Since when it is in, in milliseconds since 1970.
    pub since_ms: i64,
    /// When it was put out; none while it is in.
    pub removed_ms: Option<i64>,
    /// When it was last heard, by its own clock; none where it never was.
    pub heard_ms: Option<i64>,
    /// Whether it is this one.
    pub this: bool,
}

/// The clinic's people, and what is to be known of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// The clinic's name.
    pub clinic: String,
    /// Everybody, in the order of joining; those who left, too.
    pub all: Vec<Colleague>,
    /// Whether the root key is on this workstation: then the list can be changed here.
    pub root_here: bool,
    /// Whether a change was begun and is still to be finished here.
    pub unfinished: bool,
    /// Teams to whom nobody can seal until their new key is issued: see [`super::RosterChange::RenewKeys`].
    pub keys_due: Vec<Team>,
}

pub(super) fn people(vault: &mut Vault) -> Result<People, StaffError> {
    let id = own_roster(vault)?;
    vault.load_roster(id)?;
    let this = vault.device()?.id();
    let heard = vault.last_heard_ms()?;
    let root_here = vault.root()?.is_some();
    let unfinished = Kept::load(vault)?.is_some();
    let roster = vault.chains().roster(id).ok_or(SyncError::Internal)?;
    let now = roster.tip().number;
    Ok(People {
        clinic: roster.name().to_owned(),
        all: roster
            .people()
            .iter()
            .map(|p| colleague(roster, p, this, &heard))
            .collect(),
        root_here,
        unfinished,
        keys_due: Team::ALL
            .into_iter()
            .filter(|t| roster.team_key_at(*t, now).is_none())
            .collect(),
    })
}

fn colleague(
    roster: &Roster,
    person: &PersonRecord,
    this: DeviceId,
    heard: &BTreeMap<DeviceId, i64>,
) -> Colleague {
    let at = |number| roster.stated_ms(number).unwrap_or(0);
    let workstation = |w: &WorkstationRecord| StaffWorkstation {
        device: w.id,
        since_ms: at(w.added),
        removed_ms: w.removed.map(at),
        heard_ms: heard.get(&w.id).copied(),
        this: w.id == this,
    };
    let all = roster.workstations().iter();
    let workstations: Vec<_> = all
        .filter(|w| w.person == person.id)
        .map(workstation)
        .collect();
    Colleague {
        person: person.id,
        name: person.name.clone(),
        role: person.role_at(roster.tip().number),
        since_ms: at(person.since()),
        yourself: workstations.iter().any(|w| w.this),
        workstations,
    }
}
