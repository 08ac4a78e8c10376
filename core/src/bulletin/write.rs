//! Writing a bulletin at a workstation, and signing another's.

use clinic_api::bulletin::{self, Body, Bulletin, Draft, Kind};
use clinic_api::chain::ChainError;
use clinic_api::chain::roster::Roster;
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, PersonId};
use clinic_api::wire;
use jiff::Timestamp;

use super::{BulletinError, Bulletins};
use crate::crisis::CrisisNumbers;
use crate::sync::SyncError;
use crate::vault::{Vault, VaultError};

/// Characters of a text.
const LONGEST: usize = 20_000;

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saying {
    /// Numbers for a crisis.
    Numbers(CrisisNumbers),
    /// A text.
    Text(String),
    /// Hours and schedules, as text.
    Schedule(String),
}

/// A bulletin that this workstation signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drafted {
    /// It can be published.
    Ready(Bulletin),
    /// A second person has to sign it.
    NeedsSecond(Bulletin),
}

/// A draft as its second signer is shown it, before signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// What it says, and where it would stand.
    pub body: Body,
    /// Who signed it.
    pub by: String,
}

impl Saying {
    fn draft(self, topic: &str, expires: Option<Timestamp>) -> Result<Draft, BulletinError> {
        let (kind, content) = match self {
            Self::Numbers(numbers) => {
                numbers.check()?;
                (Kind::CrisisNumbers, wire::encode(&numbers))
            }
            Self::Text(text) => (Kind::Text, checked(text)?),
            Self::Schedule(text) => (Kind::Schedule, checked(text)?),
        };
        Ok(Draft {
            kind,
            topic: topic.to_owned(),
            content,
            expires: expires.map(Timestamp::as_millisecond),
        })
    }
}

fn checked(text: String) -> Result<Vec<u8>, BulletinError> {
    let control = |c: char| c.is_control() && c != '\n';
    let fits = !text.trim().is_empty() && text.chars().count() <= LONGEST;
    if fits && !text.chars().any(control) {
        Ok(text.into_bytes())
    } else {
        Err(BulletinError::Content)
    }
}

impl Bulletins {
    /// Writes and signs the next bulletin. Call [`Bulletins::pull`] before.
    ///
    /// # Errors
    /// [`BulletinError::Number`], [`BulletinError::Content`]: correct it;
    /// [`BulletinError::NotAllowed`].
    pub fn draft(
        &self,
        saying: Saying,
        topic: &str,
        expires: Option<Timestamp>,
    ) -> Result<Drafted, BulletinError> {
        let draft = saying.draft(topic, expires)?;
        let mut vault = self.vault.lock();
        let roster = ours(&mut vault)?;
        let last = vault.last_bulletin(roster)?;
        let at = vault.env().now().as_millisecond();
        let device = vault.device()?.id();
        let chain = vault.chains().roster(roster).ok_or(VaultError::Damaged)?;
        let (tip, kind) = (chain.tip(), draft.kind);
        bulletin::signs(chain, device, tip.number).ok_or(BulletinError::NotAllowed)?;
        let second = bulletin::needs_second(chain, kind, tip.number);
        let body = Body::following(roster, last.as_ref(), at, tip.hash, draft);
        let signed = sign(&mut vault, Bulletin::unsigned(&body))?;
        let chain = vault.chains().roster(roster).ok_or(VaultError::Damaged)?;
        match bulletin::verify(chain, last.as_ref(), &signed) {
            Ok(_) => Ok(Drafted::Ready(signed)),
            Err(ChainError::Rule(bulletin::SECOND)) if second => Ok(Drafted::NeedsSecond(signed)),
            Err(_) => Err(BulletinError::Content),
        }
    }

    /// What another's draft says, once its signature is verified.
    ///
    /// # Errors
    /// [`BulletinError::Draft`], [`BulletinError::Outdated`], [`BulletinError::Number`].
    pub fn review(&self, draft: &[u8]) -> Result<Review, BulletinError> {
        let mut vault = self.vault.lock();
        let roster = ours(&mut vault)?;
        let (_, body, first) = reviewed(&vault, roster, draft)?;
        let chain = vault.chains().roster(roster).ok_or(VaultError::Damaged)?;
        let by = chain
            .person(first)
            .map_or(String::new(), |p| p.name.clone());
        Ok(Review { body, by })
    }

    /// Signs another's draft as the second: show the person [`Bulletins::review`] first.
    ///
    /// # Errors
    /// As [`Bulletins::review`]; [`BulletinError::SamePerson`], [`BulletinError::NotAllowed`].
    pub fn sign(&self, draft: &[u8]) -> Result<Bulletin, BulletinError> {
        let mut vault = self.vault.lock();
        let roster = ours(&mut vault)?;
        let (bulletin, body, first) = reviewed(&vault, roster, draft)?;
        let device = vault.device()?.id();
        let chain = vault.chains().roster(roster).ok_or(VaultError::Damaged)?;
        let cited = chain.number_of(body.cites).ok_or(BulletinError::Draft)?;
        let me = bulletin::signs(chain, device, cited);
        if me.ok_or(BulletinError::NotAllowed)? == first {
            return Err(BulletinError::SamePerson);
        }
        let last = vault.last_bulletin(roster)?;
        let signed = sign(&mut vault, bulletin)?;
        let chain = vault.chains().roster(roster).ok_or(VaultError::Damaged)?;
        bulletin::verify(chain, last.as_ref(), &signed).map_err(|_| BulletinError::Draft)?;
        Ok(signed)
    }

    /// Pulls the clinic's roster and bulletins alone.
    ///
    /// # Errors
    /// [`BulletinError::Sync`].
    pub async fn pull(&self) -> Result<crate::sync::Report, BulletinError> {
        Ok(self.sync.pull_bulletins().await?)
    }

    /// Publishes a bulletin that has all its signatures.
    ///
    /// # Errors
    /// [`BulletinError::Outdated`] where another came first; [`BulletinError::Sync`].
    pub async fn publish(&self, bulletin: &Bulletin) -> Result<(), BulletinError> {
        match self.sync.publish(bulletin).await {
            Err(SyncError::Refused(Code::ChainConflict)) => Err(BulletinError::Outdated),
            result => Ok(result?),
        }
    }
}

/// The roster of this workstation, loaded.
fn ours(vault: &mut Vault) -> Result<ChainId, BulletinError> {
    let Some(crate::vault::Me::Staff { roster, .. }) = vault.me()? else {
        return Err(BulletinError::NotAllowed);
    };
    vault.load_roster(roster)?;
    Ok(roster)
}

fn sign(vault: &mut Vault, bulletin: Bulletin) -> Result<Bulletin, BulletinError> {
    let device = vault.device()?;
    Ok(bulletin.signed(device.id(), |bytes| device.log().sign(bytes)))
}

/// A draft that waits for its second signer, and who was the first: all of it verified but that.
fn reviewed(
    vault: &Vault,
    roster: ChainId,
    draft: &[u8],
) -> Result<(Bulletin, Body, PersonId), BulletinError> {
    let chain = vault.chains().roster(roster).ok_or(VaultError::Damaged)?;
    let bulletin = Bulletin::from_bytes(draft).map_err(|_| BulletinError::Draft)?;
    let body = bulletin.claimed().map_err(|_| BulletinError::Draft)?;
    let last = vault.last_bulletin(roster)?;
    match bulletin::verify(chain, last.as_ref(), &bulletin) {
        Ok(_) | Err(ChainError::Rule(bulletin::SECOND)) => {}
        Err(ChainError::NotNext) => return Err(BulletinError::Outdated),
        Err(_) => return Err(BulletinError::Draft),
    }
    if body.kind == Kind::CrisisNumbers {
        let numbers: CrisisNumbers =
            wire::decode(&body.content).map_err(|_| BulletinError::Draft)?;
        numbers.check()?;
    }
    let first = first(chain, &bulletin, &body).ok_or(BulletinError::Draft)?;
    Ok((bulletin, body, first))
}

fn first(chain: &Roster, bulletin: &Bulletin, body: &Body) -> Option<PersonId> {
    let cited = chain.number_of(body.cites)?;
    let signer = bulletin.signers.first()?;
    bulletin::signs(chain, signer.device, cited)
}
