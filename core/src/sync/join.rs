//! A patient joins a clinic by an invite.

use clinic_api::chain::Signed;
use clinic_api::chain::patient::ClinicRef;
use clinic_api::id::ChainId;
use clinic_api::message::{Claim, InviteOffer, Offer};
use clinic_api::wire;
use minicbor::{Decode, Encode};

use super::address::Server;
use super::error::SyncError;
use super::machine::patient_spaces;
use super::request::Request;
use super::{Cancel, Link, SERVER, Sync, block_on};
use crate::care::own_chain;
use crate::space::invite::{self, Digits, InviteCode, InviteSecret};
use crate::space::patient;
use crate::vault::{Me, Vault, VaultError};

const JOINING: &str = "sync.joining";

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
        let address = match (&code.server, server) {
            (_, Some(typed)) => Server::parse(typed)?,
            (Some(scanned), None) => Server::parse(scanned)?,
            (None, None) => return Err(SyncError::NoServer),
        };
        let mut link = Link::new(&mut self.vault.lock(), address.clone())?;
        let path = format!("/v1/invites/{}", code.secret.lookup());
        let answer = link.expect(&Request::get(path.clone()).unsigned()).await?;
        let offer = checked_offer(&code, &answer)?;
        let (claim, joining) = {
            let mut vault = self.vault.lock();
            prepare(&mut vault, &code.secret, &offer, &address)?
        };
        let request = Request::post(format!("{path}/claim"), wire::encode(&claim)).unsigned();
        link.expect(&request).await?;
        let kept = Kept {
            clinic: joining.clinic.clone(),
            digits: joining.digits.value(),
        };
        self.vault
            .lock()
            .set_setting(JOINING, &wire::encode(&kept))?;
        Ok(joining)
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
        block_on(cancel, self.join(invite, server))
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
        Ok(Some(Joining {
            clinic: kept.clinic,
            digits: Digits::from_value(kept.digits),
        }))
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
        Ok(self.vault.lock().unsent()?)
    }
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
fn prepare(
    vault: &mut Vault,
    secret: &InviteSecret,
    offer: &Offer,
    address: &Server,
) -> Result<(Claim, Joining), SyncError> {
    let id = set_up(vault)?;
    vault.load_patient(id)?;
    let chain = vault.chains().patient(id).ok_or(SyncError::Internal)?;
    let clinic = ClinicRef {
        roster: offer.roster,
        root: offer.root,
    };
    let tip = chain.tip();
    if chain.clinic_at(tip.number) != Some(clinic) {
        let device = vault.device()?;
        let env = vault.env().clone();
        let next = patient::join_clinic(&env, tip, &device, clinic);
        vault.extend_patient(id, &next)??;
    }
    for entry in patient_spaces(id, Some(offer.roster)) {
        vault.follow_space(&entry)?;
    }
    vault.set_setting(SERVER, address.to_string().as_bytes())?;
    let statements = vault.statements(id)?;
    let claim = Claim {
        statements: statements
            .iter()
            .map(|s| Signed::to_bytes(s).into())
            .collect(),
        mac: secret.claim_mac(id, offer.root),
    };
    let digits = invite::digits(secret.lookup(), id, offer.root, offer.roster)?;
    Ok((
        claim,
        Joining {
            clinic: offer.clinic.clone(),
            digits,
        },
    ))
}
