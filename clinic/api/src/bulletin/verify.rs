//! Whether a bulletin is the next of its clinic, and whether its signers might say it.

use super::{Body, Bulletin, Kind};
use crate::chain::ChainError;
use crate::chain::roster::Roster;
use crate::id::{BulletinHash, DeviceId, PersonId, StatementHash};
use crate::limits;
use crate::member::Role;

/// The rule that a draft breaks for which the second signer is still to come, and no other.
pub const SECOND: &str = "crisis numbers need a second signer";

/// Where a clinic's bulletins end, as far as they were verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// The number of the last one.
    pub number: u64,
    /// Its hash.
    pub hash: BulletinHash,
    /// The statement of the roster that it cites.
    pub cites: StatementHash,
}

/// A bulletin that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it says.
    pub body: Body,
    /// Its hash.
    pub hash: BulletinHash,
    /// Who signed: one person or two.
    pub signers: Vec<PersonId>,
}

impl Verified {
    /// The new end of the clinic's bulletins.
    pub fn last(&self) -> Last {
        Last {
            number: self.body.number,
            hash: self.hash,
            cites: self.body.cites,
        }
    }
}

/// Whether people of that role sign bulletins.
pub fn may_sign(role: Role) -> bool {
    match role {
        Role::Administrator | Role::Clinician => true,
        Role::FrontDesk => false,
    }
}

/// The person for whom a workstation signs after statement `number`; none where it may not.
pub fn signs(roster: &Roster, device: DeviceId, number: u64) -> Option<PersonId> {
    let role = roster.workstation_role(device, number)?;
    may_sign(role).then_some(())?;
    roster.workstation(device).map(|w| w.person)
}

/// Whether a bulletin of that kind needs two signers after statement `number`: crisis numbers
/// do, if two different people who may sign have a workstation.
pub fn needs_second(roster: &Roster, kind: Kind, number: u64) -> bool {
    let mut able: Vec<PersonId> = roster
        .workstations()
        .iter()
        .filter_map(|w| signs(roster, w.id, number))
        .collect();
    able.sort_unstable();
    able.dedup();
    kind == Kind::CrisisNumbers && able.len() > 1
}

/// Verifies a bulletin as the next after `last` (none: as the first).
///
/// # Errors
/// [`ChainError`]: refuse it. Where its [`Body::cites`] is not in the roster, the roster may
/// have grown: pull it and judge again.
pub fn verify(
    roster: &Roster,
    last: Option<&Last>,
    bulletin: &Bulletin,
) -> Result<Verified, ChainError> {
    let body = bulletin.claimed()?;
    if body.roster != roster.id() {
        return Err(ChainError::WrongKind);
    }
    let (number, previous) = last.map_or((0, None), |l| (l.number, Some(l.hash)));
    if body.number != number.saturating_add(1) || body.previous != previous {
        return Err(ChainError::NotNext);
    }
    let cited = roster
        .number_of(body.cites)
        .ok_or(ChainError::Rule("cites what is not in the roster"))?;
    let before = last.and_then(|l| roster.number_of(l.cites));
    if before.is_some_and(|before| cited < before) {
        // Who left in between must not speak for the clinic again.
        return Err(ChainError::Rule(
            "cites an earlier roster than the bulletin before",
        ));
    }
    let signers = signers(roster, cited, bulletin)?;
    checked(&body)?;
    if needs_second(roster, body.kind, cited) && signers.len() < 2 {
        return Err(ChainError::Rule(SECOND));
    }
    Ok(Verified {
        hash: bulletin.hash(),
        body,
        signers,
    })
}

fn signers(roster: &Roster, cited: u64, bulletin: &Bulletin) -> Result<Vec<PersonId>, ChainError> {
    if !(1..=2).contains(&bulletin.signers.len()) {
        return Err(ChainError::Rule("one signer or two"));
    }
    let mut people = Vec::with_capacity(2);
    for signer in &bulletin.signers {
        let person = signs(roster, signer.device, cited).ok_or(ChainError::NotAllowed)?;
        if people.contains(&person) {
            return Err(ChainError::Rule("two signers are two people"));
        }
        people.push(person);
    }
    for signer in &bulletin.signers {
        let keys = roster.workstation(signer.device).map(|w| &w.keys);
        if !keys.is_some_and(|k| bulletin.signed_by(&k.log, &signer.signature)) {
            return Err(ChainError::BadSignature);
        }
    }
    Ok(people)
}

fn checked(body: &Body) -> Result<(), ChainError> {
    let fits = (1..=limits::TOPIC).contains(&body.topic.len());
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !fits || !body.topic.bytes().all(plain) {
        return Err(ChainError::Rule(
            "a topic of 1 to 64 small letters, digits and hyphens",
        ));
    }
    if body.expires.is_some_and(|expires| expires <= body.at) {
        return Err(ChainError::Rule("expires before it was written"));
    }
    Ok(())
}
