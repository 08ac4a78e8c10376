//! Another device of a patient: from the one that is in, and from the new one.

use clinic_api::chain::Signed;
use clinic_api::chain::patient::PatientChain;
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, DeviceId, InviteLookup};
use clinic_api::message::ServerTime;
use clinic_api::wire::{self, bytes_array};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, Zeroizing};

use super::{Checked, Fetched, Offered, PairingError, PairingKind};
use crate::care::own_chain;
use crate::device;
use crate::space::invite::Digits;
use crate::space::keys::{DeviceSecrets, Seed};
use crate::space::pairing::{PairingCode, PairingPlace, PairingSecret};
use crate::space::patient;
use crate::sync::address::Server;
use crate::sync::chains::{loaded, whole};
use crate::sync::driver::Credentials;
use crate::sync::error::SyncError;
use crate::sync::request::Request;
use crate::sync::spaces::patient_spaces;
use crate::sync::{Link, SERVER, Sync, server};
use crate::vault::{Me, Vault, VaultError};

/// A pairing that this device offered.
const OFFERED: &str = "pairing.offered";
/// A pairing that this device answered.
const ANSWERED: &str = "pairing.answered";
/// So long a code is good, in seconds: both devices are at hand.
const OPEN_SECONDS: i64 = 24 * 60 * 60;

/// A pairing as it is shown to the person, once. Has no `Debug`: it holds the secret.
#[derive(Clone)]
pub struct Invitation {
    /// What a person types on the new device.
    pub text: String,
    /// What a QR code holds.
    pub qr: String,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}

/// A new device that answered and waits to be let in. Has no `Debug`: it holds a name.
#[derive(Clone)]
pub struct Waiting {
    /// What it calls itself.
    pub name: String,
    /// The digits that it shows, if nobody stands in between.
    pub digits: Digits,
}

/// A pairing that this device answered: the digits for the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answering {
    /// To be compared with those on the other device.
    pub digits: Digits,
}

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
    /// Keys of its own, where this vault's were removed.
    #[n(5)]
    seeds: Option<ByteVec>,
}

impl Drop for KeptAnswer {
    fn drop(&mut self) {
        if let Some(seeds) = &mut self.seeds {
            seeds.as_mut_slice().zeroize();
        }
    }
}

fn kept<T: for<'b> Decode<'b, ()>>(vault: &Vault, name: &str) -> Result<Option<T>, SyncError> {
    let Some(bytes) = vault.secret(name)? else {
        return Ok(None);
    };
    let read = wire::decode(&bytes).map_err(|_| VaultError::Damaged)?;
    Ok(Some(read))
}

fn keep<T: Encode<()>>(vault: &mut Vault, name: &str, what: &T) -> Result<(), SyncError> {
    Ok(vault.keep_secret(name, &Zeroizing::new(wire::encode(what)))?)
}

impl Sync {
    /// Offers another device of the person to come in; an earlier offer ends.
    ///
    /// The code is good for a day and for one device, which is in only after
    /// [`Sync::confirm_pairing`].
    ///
    /// # Errors
    /// [`SyncError::NoServer`] before a clinic was joined; [`SyncError::Removed`];
    /// [`SyncError::Unreachable`] try later.
    pub async fn offer_pairing(&self) -> Result<Invitation, SyncError> {
        let mut link = self.link()?;
        let chain = own_chain(&self.vault.lock())?;
        self.catch_up(&mut link, chain).await?;
        let earlier = kept::<KeptOffer>(&self.vault.lock(), OFFERED)?;
        if let Some(earlier) = earlier {
            // It ends by itself, too.
            let lookup = PairingSecret::from_bytes(earlier.secret).lookup();
            let _ = super::withdraw(&mut link, lookup).await;
        }
        let time = Request::get("/v1/time".to_owned()).unsigned();
        let time: ServerTime = wire::decode(&link.expect(&time).await?)?;
        let (secret, offer, invitation) = {
            let mut vault = self.vault.lock();
            let expires = time.now.saturating_add(OPEN_SECONDS);
            let (offered, place) = offered(&mut vault, chain, expires)?;
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
        super::offer(&mut link, &secret, &offer).await?;
        Ok(invitation)
    }

    /// The device that answered this device's offer; none while nobody did.
    ///
    /// # Errors
    /// [`PairingError::NotBegun`]; [`PairingError::Over`], [`PairingError::Forged`] make a new
    /// code; [`SyncError::Unreachable`] try later.
    pub async fn pairing_answer(&self) -> Result<Option<Waiting>, SyncError> {
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
    ) -> Result<Option<(Offered, Checked)>, SyncError> {
        let ours = kept::<KeptOffer>(&self.vault.lock(), OFFERED)?;
        let ours = ours.ok_or(PairingError::NotBegun)?;
        let secret = PairingSecret::from_bytes(ours.secret);
        let answer = super::fetch_answer(link, &secret, &ours.offer).await?;
        let offered = wire::decode(&ours.offer).map_err(|_| VaultError::Damaged)?;
        Ok(answer.map(|checked| (offered, checked)))
    }

    /// Lets the device in that answered; `digits` are what the person typed from its screen, none
    /// where they compared by eye. Then syncs once, so that it can read all there is.
    ///
    /// Can be called again after any failure.
    ///
    /// # Errors
    /// [`PairingError::DigitsDiffer`], [`PairingError::Moved`]: nobody was let in, start over.
    /// [`PairingError::NotAnswered`]; [`SyncError::Unreachable`] try later.
    pub async fn confirm_pairing(&self, digits: Option<&str>) -> Result<DeviceId, SyncError> {
        let mut link = self.link()?;
        let answer = self.answer_to_ours(&mut link).await?;
        let (offered, checked) = answer.ok_or(PairingError::NotAnswered)?;
        if digits.is_some_and(|typed| !checked.digits.matches(typed)) {
            return Err(PairingError::DigitsDiffer.into());
        }
        let keys = &checked.answered.keys;
        let new = keys.id();
        self.state(&mut link, offered.chain, |vault, chain| {
            if chain.device_in(new, chain.tip().number) {
                return Ok(None);
            }
            if chain.tip() != offered.tip() {
                return Err(PairingError::Moved.into());
            }
            let (env, me) = (vault.env().clone(), vault.device()?);
            let consent = checked.answered.consent;
            let new = keys.clone();
            Ok(Some(patient::add_consenting(
                &env, chain, &me, new, consent,
            )))
        })
        .await?;
        {
            let mut vault = self.vault.lock();
            device::name(&mut vault, new, &checked.answered.name)?;
        }
        // Its epochs come first: the new device can't write one that leads back to what was.
        self.round().await?;
        self.withdraw_pairing().await?;
        Ok(new)
    }

    /// Ends the pairing that this device offered; nothing where there is none.
    ///
    /// # Errors
    /// [`SyncError::Vault`]; the server's word isn't waited for.
    pub async fn withdraw_pairing(&self) -> Result<(), SyncError> {
        let ours = kept::<KeptOffer>(&self.vault.lock(), OFFERED)?;
        let Some(ours) = ours else {
            return Ok(());
        };
        let lookup = PairingSecret::from_bytes(ours.secret).lookup();
        if let Ok(mut link) = self.link() {
            // It ends by itself, too, and nobody is let in without this device.
            let _ = super::withdraw(&mut link, lookup).await;
        }
        Ok(self.vault.lock().forget_secret(OFFERED)?)
    }

    /// Answers, on a new device, what was scanned or typed from another one of the person;
    /// `server` is needed where it was typed.
    ///
    /// What this vault holds that no clinic knows comes along. Can be called again with the same
    /// code after any failure. When the other device has confirmed, the next round brings all.
    ///
    /// # Errors
    /// [`PairingError`]; [`SyncError::Unreachable`] try later.
    pub async fn answer_pairing(
        &self,
        code: &str,
        server: Option<&str>,
        name: &str,
    ) -> Result<Answering, SyncError> {
        let code = PairingCode::parse(code).map_err(PairingError::from)?;
        let address = match (&code.place, server) {
            (_, Some(typed)) => Server::parse(typed)?,
            (Some(place), None) => Server::parse(&place.server)?,
            (None, None) => return Err(SyncError::NoServer),
        };
        let lookup = code.secret.lookup();
        let mut link = Link::new(&self.line, &mut self.vault.lock(), address.clone())?;
        let begun = kept::<KeptAnswer>(&self.vault.lock(), ANSWERED)?;
        let answer = match begun.filter(|answer| answer.lookup == lookup) {
            // The word on it may have been lost: the server shows the offer to nobody else.
            Some(answer) => answer,
            None => {
                let fetched = super::fetch(&mut link, &code, PairingKind::PatientDevice).await?;
                let mut vault = self.vault.lock();
                prepare(&mut vault, &code.secret, fetched, &address, name)?
            }
        };
        super::answer(&mut link, lookup, answer.body.to_vec()).await?;
        Ok(Answering {
            digits: Digits::from_value(answer.digits),
        })
    }

    /// The pairing that this device answered and that is not confirmed yet; none otherwise.
    ///
    /// # Errors
    /// [`SyncError::Vault`].
    pub fn answering(&self) -> Result<Option<Answering>, SyncError> {
        let answer = kept::<KeptAnswer>(&self.vault.lock(), ANSWERED)?;
        Ok(answer.map(|answer| Answering {
            digits: Digits::from_value(answer.digits),
        }))
    }

    /// Forgets a pairing that this device answered, to go on as before.
    ///
    /// # Errors
    /// [`SyncError::Vault`].
    pub fn forget_answer(&self) -> Result<(), SyncError> {
        Ok(self.vault.lock().forget_secret(ANSWERED)?)
    }

    /// Becomes the device that was let in, if a pairing was answered and confirmed.
    pub(in crate::sync) async fn finish_pairing(&self) -> Result<(), SyncError> {
        let answer = kept::<KeptAnswer>(&self.vault.lock(), ANSWERED)?;
        let Some(answer) = answer else {
            return Ok(());
        };
        let offered: Offered = wire::decode(&answer.offer).map_err(|_| VaultError::Damaged)?;
        let address = Server::parse(&answer.server)?;
        let renewed = answer.seeds.as_ref().map(|s| secrets(s)).transpose()?;
        let (mut link, me) = {
            let mut vault = self.vault.lock();
            let me = renewed.clone().map_or_else(|| vault.device(), Ok)?;
            let who = Credentials::from(&me);
            let link = Link::of(&self.line, &vault, address.clone(), who)?;
            (link, me.id())
        };
        let found = match whole(&mut link, offered.chain).await {
            Ok(statements) => {
                checked_chain(&statements, &offered, me).map(|chain| (statements, chain))
            }
            // Nobody whom the server knows, until the other device said so.
            Err(SyncError::Refused(Code::UnknownDevice | Code::UnknownChain)) => {
                Err(PairingError::NotConfirmed.into())
            }
            Err(error) => Err(error),
        };
        let ours = Some(Me::Patient {
            chain: offered.chain,
        });
        let waits = found
            .as_ref()
            .is_err_and(|error| *error == PairingError::NotConfirmed.into());
        if waits && self.vault.lock().me()? == ours {
            // One of the person's devices that is to have keys of its own: it goes on with those
            // that it has.
            return Ok(());
        }
        let (statements, chain) = found?;
        let clinic = chain.clinic_at(chain.tip().number);
        let clinic = clinic.ok_or(PairingError::Forged)?;
        let mut vault = self.vault.lock();
        if !vault.may_become(chain.id())? {
            return Err(PairingError::OwnJournal.into());
        }
        let known = vault.statement_count(chain.id())?;
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        for next in statements.iter().skip(known) {
            vault.extend_patient(chain.id(), next)??;
        }
        let spaces = patient_spaces(chain.id(), Some(clinic.roster));
        vault.become_patient(chain.id(), &spaces)?;
        if let Some(renewed) = renewed {
            vault.renew_device(&renewed)?;
        }
        vault.set_setting(SERVER, address.to_string().as_bytes())?;
        Ok(vault.forget_secret(ANSWERED)?)
    }
}

fn offered(
    vault: &mut Vault,
    id: ChainId,
    expires: i64,
) -> Result<(Offered, PairingPlace), SyncError> {
    let chain = loaded(vault, id)?;
    let tip = chain.tip();
    if !chain.device_in(vault.device()?.id(), tip.number) {
        return Err(SyncError::Removed);
    }
    let clinic = chain.clinic_at(tip.number).ok_or(SyncError::NoServer)?;
    let offered = Offered {
        kind: PairingKind::PatientDevice,
        chain: id,
        number: tip.number,
        hash: tip.hash,
        roster: Some(clinic.roster),
        root: Some(clinic.root),
        expires,
        person: None,
    };
    let place = PairingPlace {
        tip,
        root: clinic.root,
        server: server(vault)?.ok_or(SyncError::NoServer)?.to_string(),
    };
    Ok((offered, place))
}

/// Everything is in the vault before the answer is sent, so that a retry sends the same.
fn prepare(
    vault: &mut Vault,
    secret: &PairingSecret,
    fetched: Fetched,
    address: &Server,
    name: &str,
) -> Result<KeptAnswer, SyncError> {
    let id = fetched.offered.chain;
    if !vault.may_become(id)? {
        return Err(PairingError::OwnJournal.into());
    }
    let mut device = vault.device()?;
    let mut seeds = None;
    if vault.me()? == Some(Me::Patient { chain: id }) {
        // A device joins once: who was removed comes back with keys of its own.
        device = DeviceSecrets::generate(vault.env())?;
        let bytes = device.seeds().map(|seed| *seed.expose()).concat();
        seeds = Some(ByteVec::from(bytes));
    }
    let prepared = super::prepare(secret, &fetched, &device, name)?;
    let answer = KeptAnswer {
        lookup: secret.lookup(),
        body: prepared.body.into(),
        digits: prepared.digits.value(),
        offer: fetched.bytes.into(),
        server: address.to_string(),
        seeds,
    };
    keep(vault, ANSWERED, &answer)?;
    Ok(answer)
}

fn secrets(bytes: &[u8]) -> Result<DeviceSecrets, SyncError> {
    let mut seeds = bytes.chunks_exact(32).map(Seed::try_from);
    let mut next = || seeds.next().and_then(Result::ok).ok_or(VaultError::Damaged);
    Ok(DeviceSecrets::from_seeds(next()?, next()?, next()?)?)
}

/// The chain of these statements, which holds what was offered, and this device.
fn checked_chain(
    statements: &[Signed],
    offered: &Offered,
    me: DeviceId,
) -> Result<PatientChain, SyncError> {
    let (first, rest) = statements.split_first().ok_or(PairingError::Forged)?;
    let mut chain = PatientChain::found(first)?;
    for next in rest {
        chain.append(next)?;
    }
    let clinic = chain.clinic_at(offered.number);
    let of_clinic = clinic.map(|c| (Some(c.roster), Some(c.root)));
    let whole = chain.id() == offered.chain
        && chain.number_of(offered.hash) == Some(offered.number)
        && of_clinic == Some((offered.roster, offered.root));
    if !whole {
        return Err(PairingError::Forged.into());
    }
    if chain.device_in(me, chain.tip().number) {
        Ok(chain)
    } else {
        Err(PairingError::NotConfirmed.into())
    }
}
