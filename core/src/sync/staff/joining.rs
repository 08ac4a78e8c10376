//! A workstation comes in: offered by who holds the root, answered by the new machine, let in
//! when the digits on both are the same.

#[cfg(test)]
mod tests;

use clinic_api::chain::Signed;
use clinic_api::chain::roster::Roster;
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, DeviceId, InviteLookup, PersonId};
use clinic_api::message::ServerTime;
use clinic_api::wire::{self, bytes_array};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::act::own_roster;
use super::change::RosterChange;
use super::error::StaffError;
use super::front_check::FrontCheck;
use super::{Staff, front_check};
use crate::space::invite::Digits;
use crate::space::pairing::{PairingCode, PairingPlace, PairingSecret};
use crate::sync::address::Server;
use crate::sync::chains;
use crate::sync::pairing::{
    self, Answering, Checked, Invitation, Offered, PairingError, PairingKind, Waiting,
};
use crate::sync::patients::clinic_spaces;
use crate::sync::request::Request;
use crate::sync::{Link, SERVER, Sync, SyncError, server};
use crate::vault::{Me, Vault, VaultError};

const OFFERED: &str = "staff.offered";
const ANSWERED: &str = "staff.answered";
/// So long a code is good, in seconds: both machines are at hand.
const OPEN_SECONDS: i64 = 24 * 60 * 60;

#[derive(Encode, Decode)]
#[cbor(map)]
struct KeptOffer {
    #[n(0)]
    #[cbor(with = "bytes_array")]
    secret: [u8; 16],
    #[n(1)]
    offer: ByteVec,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct KeptAnswer {
    #[n(0)]
    lookup: InviteLookup,
    #[n(1)]
    body: ByteVec,
    #[n(2)]
    digits: u64,
    #[n(3)]
    offer: ByteVec,
    #[n(4)]
    server: String,
}

/// A workstation that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The clinic's name.
    pub clinic: String,
    /// Whose workstation it is.
    pub person: String,
    /// Its first contact: whether everybody whom *front* names is a patient of this clinic.
    pub front: FrontCheck,
}

fn kept<T: for<'b> Decode<'b, ()>>(vault: &Vault, name: &str) -> Result<Option<T>, VaultError> {
    let bytes = vault.secret(name)?;
    bytes
        .map(|b| wire::decode(&b).map_err(|_| VaultError::Damaged))
        .transpose()
}

fn keep<T: Encode<()>>(vault: &mut Vault, name: &str, what: &T) -> Result<(), VaultError> {
    vault.keep_secret(name, &Zeroizing::new(wire::encode(what)))
}

impl Staff {
    /// Offers a place at the clinic to another machine of a person; an earlier offer ends.
    ///
    /// The code is good for a day and for one machine, which is in only after
    /// [`Staff::confirm_workstation`].
    ///
    /// # Errors
    /// [`StaffError::NoRoot`], [`StaffError::UnknownPerson`]; [`SyncError::Unreachable`] try later.
    pub async fn offer_workstation(&self, person: PersonId) -> Result<Invitation, StaffError> {
        // Looks at the roster, and issues what keys are due: the next statement is to be the one
        // to which the new machine consents.
        self.change(RosterChange::RenewKeys).await?;
        self.withdraw_workstation().await?;
        let mut link = self.link()?;
        let time = Request::get("/v1/time".to_owned()).unsigned();
        let time: ServerTime = wire::decode(&link.expect(&time).await?).map_err(SyncError::from)?;
        let expires = time.now.saturating_add(OPEN_SECONDS);
        let (secret, offer, invitation) = {
            let mut vault = self.vault.lock();
            let (offered, place) = offered(&mut vault, person, expires)?;
            let secret = PairingSecret::generate(&vault.env().clone());
            let offer = wire::encode(&offered);
            let made = KeptOffer {
                secret: *secret.expose(),
                offer: offer.clone().into(),
            };
            keep(&mut vault, OFFERED, &made)?;
            let invitation = Invitation {
                text: secret.text(),
                qr: PairingCode::qr(&secret, &place),
                expires,
            };
            (secret, offer, invitation)
        };
        pairing::offer(&mut link, &secret, &offer).await?;
        Ok(invitation)
    }

    /// The machine that answered the offer; none while none did.
    ///
    /// # Errors
    /// [`PairingError`] in [`SyncError::Pairing`]: make a new code.
    pub async fn workstation_answer(&self) -> Result<Option<Waiting>, StaffError> {
        let mut link = self.link()?;
        let answer = self.answer_to_ours(&mut link).await?;
        Ok(answer.map(|(_, checked)| Waiting {
            name: checked.answered.name,
            digits: checked.digits,
        }))
    }

    async fn answer_to_ours(
        &self,
        link: &mut Link,
    ) -> Result<Option<(Offered, Checked)>, StaffError> {
        let ours = kept::<KeptOffer>(&self.vault.lock(), OFFERED)?;
        let ours = ours.ok_or(SyncError::from(PairingError::NotBegun))?;
        let secret = PairingSecret::from_bytes(ours.secret);
        let answer = pairing::fetch_answer(link, &secret, &ours.offer).await?;
        let offered = wire::decode(&ours.offer).map_err(|_| VaultError::Damaged)?;
        Ok(answer.map(|checked| (offered, checked)))
    }

    /// Lets the machine in that answered; `digits` are those on its screen. Then syncs once.
    ///
    /// Can be called again after any failure.
    ///
    /// # Errors
    /// [`PairingError::DigitsDiffer`], [`StaffError::Moved`]: nobody was let in, start over.
    /// [`PairingError::NotAnswered`]; [`SyncError::Unreachable`] try later.
    pub async fn confirm_workstation(&self, digits: &str) -> Result<DeviceId, StaffError> {
        let mut link = self.link()?;
        let answer = self.answer_to_ours(&mut link).await?;
        let (offered, checked) = answer.ok_or(SyncError::from(PairingError::NotAnswered))?;
        if !checked.digits.matches(digits) {
            return Err(SyncError::from(PairingError::DigitsDiffer).into());
        }
        let person = offered
            .person
            .ok_or(SyncError::from(PairingError::Forged))?;
        let device = checked.answered.keys;
        let new = device.id();
        let change = RosterChange::AddWorkstation {
            person,
            device,
            consent: checked.answered.consent,
        };
        self.change(change).await?;
        // Where a team's key is new, the epochs that lead back are better written here.
        Sync::new(self.vault.clone(), self.line.clone())
            .round()
            .await?;
        self.withdraw_workstation().await?;
        Ok(new)
    }

    /// Ends the offer; nothing where there is none.
    ///
    /// # Errors
    /// [`StaffError::Sync`]; the server's word isn't waited for.
    pub async fn withdraw_workstation(&self) -> Result<(), StaffError> {
        let ours = kept::<KeptOffer>(&self.vault.lock(), OFFERED)?;
        let Some(ours) = ours else {
            return Ok(());
        };
        let lookup = PairingSecret::from_bytes(ours.secret).lookup();
        if let Ok(mut link) = self.link() {
            // It ends by itself, too, and nobody is let in without this workstation.
            let _ = pairing::withdraw(&mut link, lookup).await;
        }
        Ok(self.vault.lock().forget_secret(OFFERED)?)
    }

    /// Answers an offer, on a new machine; `server` is needed where the code was typed.
    ///
    /// Can be called again with the same code after any failure.
    ///
    /// # Errors
    /// [`PairingError`] in [`SyncError::Pairing`]; [`SyncError::Unreachable`] try later.
    pub async fn answer_workstation(
        &self,
        code: &str,
        server: Option<&str>,
        name: &str,
    ) -> Result<Answering, StaffError> {
        let code = PairingCode::parse(code).map_err(|e| SyncError::from(PairingError::from(e)))?;
        let address = match (&code.place, server) {
            (_, Some(typed)) => Server::parse(typed)?,
            (Some(place), None) => Server::parse(&place.server)?,
            (None, None) => return Err(SyncError::NoServer.into()),
        };
        if self.vault.lock().me()?.is_some() {
            return Err(SyncError::from(PairingError::OwnJournal).into());
        }
        let lookup = code.secret.lookup();
        let mut link = Link::new(&self.line, &mut self.vault.lock(), address.clone())?;
        let begun = kept::<KeptAnswer>(&self.vault.lock(), ANSWERED)?;
        let answer = match begun.filter(|answer| answer.lookup == lookup) {
            // The word on it may have been lost: the server shows the offer to nobody else.
            Some(answer) => answer,
            None => {
                let kind = PairingKind::Workstation;
                let fetched = pairing::fetch(&mut link, &code, kind).await?;
                let mut vault = self.vault.lock();
                let device = vault.device()?;
                let prepared = pairing::prepare(&code.secret, &fetched, &device, name)?;
                let answer = KeptAnswer {
                    lookup,
                    body: prepared.body.into(),
                    digits: prepared.digits.value(),
                    offer: fetched.bytes.into(),
                    server: address.to_string(),
                };
                keep(&mut vault, ANSWERED, &answer)?;
                answer
            }
        };
        pairing::answer(&mut link, lookup, answer.body.to_vec()).await?;
        Ok(Answering {
            digits: Digits::from_value(answer.digits),
        })
    }

    /// The offer that this machine answered and that is not confirmed yet; none otherwise.
    ///
    /// # Errors
    /// [`StaffError::Sync`].
    pub fn answering(&self) -> Result<Option<Answering>, StaffError> {
        let answer = kept::<KeptAnswer>(&self.vault.lock(), ANSWERED)?;
        Ok(answer.map(|answer| Answering {
            digits: Digits::from_value(answer.digits),
        }))
    }

    /// Becomes the workstation that was let in, syncs, and compares *front* with the patients'
    /// chains. Can be called again after any failure.
    ///
    /// The roster has to hold what was offered, under the root that was offered.
    ///
    /// # Errors
    /// [`PairingError::NotConfirmed`]: the digits were not confirmed yet, try again.
    /// [`PairingError::Forged`]: the server shows another roster; nothing was taken from it.
    pub async fn finish_joining(&self) -> Result<Joined, StaffError> {
        let answer = kept::<KeptAnswer>(&self.vault.lock(), ANSWERED)?;
        if let Some(answer) = answer {
            self.become_workstation(&answer).await?;
        }
        let sync = Sync::new(self.vault.clone(), self.line.clone());
        let report = sync.round().await?;
        if !report.alarms.is_empty() {
            return Err(StaffError::Forked);
        }
        let mut vault = self.vault.lock();
        let id = own_roster(&vault)?;
        let front = front_check::check(&mut vault)?;
        let me = vault.device()?.id();
        let roster = vault.chains().roster(id).ok_or(SyncError::Internal)?;
        let of_me = roster.workstation(me).ok_or(SyncError::Removed)?;
        let person = roster.person(of_me.person);
        Ok(Joined {
            clinic: roster.name().to_owned(),
            person: person.map_or(String::new(), |p| p.name.clone()),
            front,
        })
    }

    async fn become_workstation(&self, answer: &KeptAnswer) -> Result<(), StaffError> {
        let offered: Offered = wire::decode(&answer.offer).map_err(|_| VaultError::Damaged)?;
        let address = Server::parse(&answer.server)?;
        let mut link = Link::new(&self.line, &mut self.vault.lock(), address.clone())?;
        // Nobody whom the server knows, until the other workstation said so.
        let statements = match chains::whole(&mut link, offered.chain).await {
            Err(SyncError::Refused(Code::UnknownDevice | Code::UnknownChain)) => {
                return Err(SyncError::from(PairingError::NotConfirmed).into());
            }
            other => other?,
        };
        let mut vault = self.vault.lock();
        let me = vault.device()?.id();
        let roster = checked_roster(&statements, &offered, me)?;
        let role = roster.workstation_role(me, roster.tip().number);
        let role = role.ok_or(SyncError::Removed)?;
        let person = offered
            .person
            .ok_or(SyncError::from(PairingError::Forged))?;
        let known = vault.statement_count(roster.id())?;
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        for next in statements.iter().skip(known) {
            vault.extend_roster(roster.id(), next)??;
        }
        for entry in clinic_spaces(roster.id()) {
            if entry.kind.team().is_some_and(|team| team.includes(role)) {
                vault.follow_space(&entry)?;
            }
        }
        vault.set_setting(SERVER, address.to_string().as_bytes())?;
        let roster = roster.id();
        vault.set_me(&Me::Staff { roster, person })?;
        Ok(vault.forget_secret(ANSWERED)?)
    }

    fn link(&self) -> Result<Link, StaffError> {
        let mut vault = self.vault.lock();
        let address = server(&vault)?.ok_or(SyncError::NoServer)?;
        Ok(Link::new(&self.line, &mut vault, address)?)
    }
}

fn offered(
    vault: &mut Vault,
    person: PersonId,
    expires: i64,
) -> Result<(Offered, PairingPlace), StaffError> {
    let id: ChainId = own_roster(vault)?;
    vault.load_roster(id)?;
    let roster = vault.chains().roster(id).ok_or(SyncError::Internal)?;
    let tip = roster.tip();
    roster
        .role_at(person, tip.number)
        .ok_or(StaffError::UnknownPerson)?;
    let root = roster.root_id();
    let offered = Offered {
        kind: PairingKind::Workstation,
        chain: id,
        number: tip.number,
        hash: tip.hash,
        roster: Some(id),
        root: Some(root),
        expires,
        person: Some(person),
    };
    let place = PairingPlace {
        tip,
        root,
        server: server(vault)?.ok_or(SyncError::NoServer)?.to_string(),
    };
    Ok((offered, place))
}

/// The roster of these statements, which holds what was offered, and this machine where it was
/// to be.
fn checked_roster(
    statements: &[Signed],
    offered: &Offered,
    me: DeviceId,
) -> Result<Roster, StaffError> {
    let forged = || SyncError::from(PairingError::Forged);
    let (first, rest) = statements.split_first().ok_or_else(forged)?;
    let mut roster = Roster::found(first)?;
    for next in rest {
        roster.append(next)?;
    }
    let placed = roster.workstation(me);
    let whole = roster.id() == offered.chain
        && Some(roster.root_id()) == offered.root
        && roster.number_of(offered.hash) == Some(offered.number)
        && placed.is_some_and(|w| Some(w.person) == offered.person);
    if whole {
        Ok(roster)
    } else {
        Err(forged().into())
    }
}
