//! What the clinic says to all its patients: read offline, written by two.
//!
//! A later bulletin of one kind and topic takes the place of an earlier one. An
//! expired one is marked and stays, so nothing that a patient may need ends by
//! itself. Reading needs no network; numbers for a crisis need not even the
//! vault (see [`crate::crisis::clinic_help`]).

mod error;
mod write;

use clinic_api::bulletin::{Body, Kind};
use clinic_api::id::{BulletinHash, ChainId, PersonId};
use clinic_api::wire;
use jiff::Timestamp;

pub use error::BulletinError;
pub use write::{Drafted, Review, Saying};

use crate::companion::SharedVault;
use crate::crisis::{self, ClinicHelp, CrisisNumbers, InForce};
use crate::sync::Sync;
use crate::vault::{Vault, VaultError};

/// Where a bulletin stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In force.
    Current,
    /// In force, though its time is over: shown, and marked.
    Expired,
    /// A later one of the same kind and topic took its place.
    Replaced,
}

/// A bulletin, as it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulletinView {
    /// Its number; the first is 1.
    pub number: u64,
    /// Its hash.
    pub hash: BulletinHash,
    /// When it was written, by its first signer's clock; none for a time that no calendar has.
    pub at: Option<Timestamp>,
    /// When its time is over.
    pub expires: Option<Timestamp>,
    /// What it is about.
    pub kind: Kind,
    /// What a later one of the same kind replaces.
    pub topic: String,
    /// What it says; how to read it depends on the kind.
    pub content: Vec<u8>,
    /// The names of who signed, as the roster has them.
    pub signers: Vec<String>,
    /// Where it stands.
    pub standing: Standing,
}

impl BulletinView {
    /// The numbers that it gives; none where it is about something else or can't be read.
    pub fn numbers(&self) -> Option<CrisisNumbers> {
        (self.kind == Kind::CrisisNumbers).then_some(())?;
        wire::decode(&self.content).ok()
    }

    /// The text that it gives, or the schedule; none where it is about something else.
    pub fn text(&self) -> Option<&str> {
        match self.kind {
            Kind::Text | Kind::Schedule => std::str::from_utf8(&self.content).ok(),
            Kind::CrisisNumbers | Kind::Unknown(_) => None,
        }
    }
}

/// The clinic's bulletins, at a patient's device or a workstation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bulletins {
    vault: SharedVault,
    sync: Sync,
}

impl Bulletins {
    pub(crate) fn new(vault: SharedVault, sync: Sync) -> Self {
        Self { vault, sync }
    }

    /// All that were ever published, as far as this device pulled them, oldest first.
    ///
    /// # Errors
    /// [`BulletinError::Vault`].
    pub fn all(&self) -> Result<Vec<BulletinView>, BulletinError> {
        let mut vault = self.vault.lock();
        let Some(roster) = vault.bulletin_roster()? else {
            return Ok(Vec::new());
        };
        views(&mut vault, roster)
    }

    /// Those in force, expired or not: what to show to patients.
    ///
    /// # Errors
    /// [`BulletinError::Vault`].
    pub fn current(&self) -> Result<Vec<BulletinView>, BulletinError> {
        let mut all = self.all()?;
        all.retain(|view| view.standing != Standing::Replaced);
        Ok(all)
    }

    /// The clinic's own numbers for a crisis; none where it gave none.
    ///
    /// # Errors
    /// [`BulletinError::Vault`]: show help without them.
    pub fn clinic_help(&self) -> Result<Option<ClinicHelp>, BulletinError> {
        let mut vault = self.vault.lock();
        let now = vault.env().now();
        let Some(roster) = vault.bulletin_roster()? else {
            return Ok(None);
        };
        let (clinic, numbers) = in_force(&mut vault, roster)?;
        Ok(crisis::shown(&clinic, &numbers, now))
    }
}

fn bodies(vault: &Vault, roster: ChainId) -> Result<Vec<Body>, VaultError> {
    let read = |b: &clinic_api::bulletin::Bulletin| b.claimed().map_err(|_| VaultError::Damaged);
    vault.bulletins(roster)?.iter().map(read).collect()
}

fn views(vault: &mut Vault, roster: ChainId) -> Result<Vec<BulletinView>, BulletinError> {
    let now = vault.env().now();
    vault.load_roster(roster)?;
    let kept = vault.bulletins(roster)?;
    let bodies = bodies(vault, roster)?;
    let chain = vault.chains().roster(roster).ok_or(VaultError::Damaged)?;
    let name = |person: PersonId| chain.person(person).map(|p| p.name.clone());
    let views = kept.iter().zip(&bodies).map(|(kept, body)| {
        let replaced = bodies
            .iter()
            .any(|b| b.number > body.number && (b.kind, &b.topic) == (body.kind, &body.topic));
        let expires = body.expires.and_then(time);
        let standing = match (replaced, expires.is_some_and(|at| at <= now)) {
            (true, _) => Standing::Replaced,
            (false, true) => Standing::Expired,
            (false, false) => Standing::Current,
        };
        BulletinView {
            number: body.number,
            hash: kept.hash(),
            at: time(body.at),
            expires,
            kind: body.kind,
            topic: body.topic.clone(),
            content: body.content.clone(),
            signers: kept
                .signers
                .iter()
                .filter_map(|s| name(chain.workstation(s.device)?.person))
                .collect(),
            standing,
        }
    });
    Ok(views.collect())
}

fn time(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

/// The clinic's name, and the bulletins with numbers that are in force, by topic.
fn in_force(vault: &mut Vault, roster: ChainId) -> Result<(String, InForce), VaultError> {
    let bodies = bodies(vault, roster)?;
    if bodies.is_empty() {
        return Ok((String::new(), InForce::new()));
    }
    vault.load_roster(roster)?;
    let chain = vault.chains().roster(roster).ok_or(VaultError::Damaged)?;
    let mut last: std::collections::BTreeMap<&str, &Body> = std::collections::BTreeMap::new();
    for body in bodies.iter().filter(|b| b.kind == Kind::CrisisNumbers) {
        // One that can't be read takes nothing away that can.
        if wire::decode::<CrisisNumbers>(&body.content).is_ok() {
            last.insert(&body.topic, body);
        }
    }
    let numbers = last.into_values().filter_map(|body| {
        let content = wire::decode(&body.content).ok()?;
        Some((body.number, body.expires, content))
    });
    Ok((chain.name().to_owned(), numbers.collect()))
}

/// Writes the clinic's numbers beside the vault, to be read while it is closed.
///
/// A disk that can't take them stops nothing: the next time they are written again.
pub(crate) fn keep_for_help(vault: &mut Vault, roster: ChainId) -> Result<(), VaultError> {
    let (clinic, numbers) = in_force(vault, roster)?;
    if let Some(bytes) = crisis::written(&clinic, &numbers).filter(|_| !numbers.is_empty()) {
        let _ = vault.keep_beside(crisis::CLINIC_FILE, &bytes);
    }
    Ok(())
}

/// The same when a vault was opened: the file may have been lost or changed meanwhile.
pub(crate) fn keep_at_opening(vault: &mut Vault) {
    let roster = vault.bulletin_roster();
    if let Ok(Some(roster)) = roster {
        // What is wrong with the vault shows where it is asked for.
        let _ = keep_for_help(vault, roster);
    }
}
