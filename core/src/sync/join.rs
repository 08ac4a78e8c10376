//! A patient joins a clinic by an invite.

use clinic_api::chain::Signed;
use clinic_api::chain::patient::ClinicRef;
use clinic_api::id::{ChainId, InviteLookup};
use clinic_api::message::{Claim, InviteOffer, Offer};
use clinic_api::wire;
use minicbor::{Decode, Encode};

use super::address::Server;
use super::error::SyncError;
use super::kit::clinic_name;
use super::leave::has_left;
use super::request::Request;
use super::spaces::patient_spaces;
use super::{Cancel, Link, SERVER, Sync};
use crate::care::own_chain;
use crate::space::invite::{self, Digits, InviteCode, InviteSecret};
use crate::space::patient;
use crate::vault::{Me, Vault, VaultError};

const JOINING: &str = "sync.joining";
const CLAIMING: &str = "sync.claiming";

/// A joining that was begun: the digits for staff to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// The clinic's name, as its offer says.
    pub clinic: String,
    /// The 12 digits to read out to the clinic's staff.
    pub digits: Digits,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Kept {
    #[n(0)]
    clinic: String,
    #[n(1)]
    digits: u64,
}

impl From<Kept> for Joining {
    fn from(kept: Kept) -> Self {
        Self {
            clinic: kept.clinic,
            digits: Digits::from_value(kept.digits),
        }
    }
}

/// A claim as it was sent first. The server takes the same bytes again, and no others.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Claiming {
    #[n(0)]
    lookup: InviteLookup,
    #[cbor(n(1), with = "minicbor::bytes")]
    claim: Vec<u8>,
    #[n(2)]
    joining: Kept,
}

impl Sync {
    /// Makes this vault a patient's, with a chain of its own, if it isn't yet.
    ///
    /// From here on entries can be saved; nothing leaves the device.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where the vault is a clinic's workstation.
    pub fn set_up_patient(&self) -> Result<ChainId, SyncError> {
        set_up(&mut self.vault.lock())
    }

    /// Joins a clinic by what was typed or scanned; `server` is needed where it was typed.
    ///
    /// Can be called again with the same invite after any failure.
    ///
    /// # Errors
    /// [`SyncError::Invite`] type it again; [`SyncError::ForgedOffer`] stop and ask the
    /// clinic; [`SyncError::Unreachable`] try later.
    pub async fn join(&self, invite: &str, server: Option<&str>) -> Result<Joining, SyncError> {
        let code = InviteCode::parse(invite)?;
        if has_left(&self.vault.lock())? {
            return Err(SyncError::Left);
        }
        let address = match (&code.server, server) {
            (_, Some(typed)) => Server::parse(typed)?,
            (Some(scanned), None) => Server::parse(scanned)?,
            (None, None) => return Err(SyncError::NoServer),
        };
        let mut link = Link::new(&self.line, &mut self.vault.lock(), address.clone())?;
        let lookup = code.secret.lookup();
        let path = format!("/v1/invites/{lookup}");
        let begun = begun(&self.vault.lock(), lookup)?;
        let claiming = match begun {
            // The answer to it may have been lost: the server offers nothing a second time.
            Some(claiming) => claiming,
            None => {
                let request = Request::get(path.clone()).unsigned();
                let offer = checked_offer(&code, &link.expect(&request).await?)?;
                prepare(&mut self.vault.lock(), &code.secret, &offer)?
            }
        };
        self.vault
            .lock()
            .set_setting(SERVER, address.to_string().as_bytes())?;
        let request = Request::post(format!("{path}/claim"), claiming.claim).unsigned();
        link.expect(&request).await?;
        // Another device's word, if one was waited for, is waited for no more.
        self.forget_answer()?;
        let kept = claiming.joining;
        self.vault
            .lock()
            .set_setting(JOINING, &wire::encode(&kept))?;
        Ok(kept.into())
    }

    /// As [`Sync::join`], for callers without an async runtime; none when cancelled.
    ///
    /// # Errors
    /// As [`Sync::join`].
    pub fn join_blocking(
        &self,
        invite: &str,
        server: Option<&str>,
        cancel: &Cancel,
    ) -> Result<Option<Joining>, SyncError> {
        self.line.block_on(cancel, self.join(invite, server))
    }

    /// The joining that was begun last, with its digits; none before.
    ///
    /// # Errors
    /// [`SyncError::Vault`].
    pub fn joining(&self) -> Result<Option<Joining>, SyncError> {
        let Some(bytes) = self.vault.lock().setting(JOINING)? else {
            return Ok(None);
        };
        let kept: Kept = wire::decode(&bytes).map_err(|_| VaultError::Damaged)?;
        Ok(Some(kept.into()))
    }

    /// The clinic's name: as its roster says, or its offer before that was pulled; none before a
    /// clinic was joined.
    ///
    /// # Errors
    /// [`SyncError::Vault`].
    pub fn clinic(&self) -> Result<Option<String>, SyncError> {
        let offered = self.joining()?.map(|joining| joining.clinic);
        let mut vault = self.vault.lock();
        let Some(Me::Patient { chain: id }) = vault.me()? else {
            return Ok(offered);
        };
        vault.load_patient(id)?;
        let chain = vault.chains().patient(id).cloned();
        let named = chain.map(|chain| clinic_name(&mut vault, &chain));
        Ok(named
            .transpose()?
            .filter(|name| !name.is_empty())
            .or(offered))
    }

    /// The patient whose device this is.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] before [`Sync::set_up_patient`].
    pub fn patient(&self) -> Result<ChainId, SyncError> {
        Ok(own_chain(&self.vault.lock())?)
    }

    /// How many events of this device the clinic API doesn't have yet.
    ///
    /// # Errors
    /// [`SyncError::Vault`].
    pub fn unsent(&self) -> Result<u64, SyncError> {
        let vault = self.vault.lock();
        if has_left(&vault)? {
            // There is nowhere to send it to.
            return Ok(0);
        }
        Ok(vault.unsent()?)
    }
}

/// The claim of this invite that was prepared before.
fn begun(vault: &Vault, lookup: InviteLookup) -> Result<Option<Claiming>, SyncError> {
    let Some(bytes) = vault.setting(CLAIMING)? else {
        return Ok(None);
    };
    let claiming: Claiming = wire::decode(&bytes).map_err(|_| VaultError::Damaged)?;
    Ok((claiming.lookup == lookup).then_some(claiming))
}

fn checked_offer(code: &InviteCode, answer: &[u8]) -> Result<Offer, SyncError> {
    let given: InviteOffer = wire::decode(answer)?;
    if code.secret.offer_mac(&given.offer) != given.mac {
        return Err(SyncError::ForgedOffer);
    }
    let offer: Offer = wire::decode(&given.offer)?;
    if code.root.is_some_and(|root| root != offer.root) {
        return Err(SyncError::ForgedOffer);
    }
    Ok(offer)
}

fn set_up(vault: &mut Vault) -> Result<ChainId, SyncError> {
    match vault.me()? {
        Some(Me::Patient { chain }) => Ok(chain),
        Some(Me::Staff { .. }) => Err(VaultError::NotSetUp.into()),
        None => {
            let device = vault.device()?;
            let first = patient::found(&vault.env().clone(), &device);
            let chain = ChainId::from(first.hash());
            vault.extend_patient(chain, &first)??;
            for entry in patient_spaces(chain, None) {
                vault.follow_space(&entry)?;
            }
            vault.set_me(&Me::Patient { chain })?;
            Ok(chain)
        }
    }
}

/// Everything is in the vault before the claim is sent, so that a retry sends the same.
fn prepare(vault: &mut Vault, secret: &InviteSecret, offer: &Offer) -> Result<Claiming, SyncError> {
    let id = set_up(vault)?;
    vault.load_patient(id)?;
    let chain = vault.chains().patient(id).ok_or(SyncError::Internal)?;
    let clinic = ClinicRef {
        roster: offer.roster,
        root: offer.root,
    };
    let tip = chain.tip();
    let joined = chain.clinic_at(tip.number);
    // What was shared with one clinic is sealed to its team: changing clinics needs more than this.
    if joined.is_some_and(|now| now != clinic) {
        return Err(SyncError::OtherClinic);
    }
    if joined.is_none() {
        let device = vault.device()?;
        let env = vault.env().clone();
        let next = patient::join_clinic(&env, tip, &device, clinic);
        vault.extend_patient(id, &next)??;
    }
    for entry in patient_spaces(id, Some(offer.roster)) {
        vault.follow_space(&entry)?;
    }
    let statements = vault.statements(id)?;
    let claim = Claim {
        statements: statements
            .iter()
            .map(|s| Signed::to_bytes(s).into())
            .collect(),
        mac: secret.claim_mac(id, offer.root),
    };
    let digits = invite::digits(secret.lookup(), id, offer.root, offer.roster)?;
    let claiming = Claiming {
        lookup: secret.lookup(),
        claim: wire::encode(&claim),
        joining: Kept {
            clinic: offer.clinic.clone(),
            digits: digits.value(),
        },
    };
    vault.set_setting(CLAIMING, &wire::encode(&claiming))?;
    Ok(claiming)
}
