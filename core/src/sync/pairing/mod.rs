//! Pairing: a device that is in brings another one in, a patient's or a workstation.
//!
//! Here is what both have in common: the bytes of offer and answer, and how they reach the
//! server. Who is let in says the statement that follows, which its own side writes.

mod error;
mod patient_device;

use clinic_api::chain::Tip;
use clinic_api::chain::{patient, roster};
use clinic_api::crypto::{self, Signature};
use clinic_api::id::{ChainId, InviteLookup, MemberId, PersonId, StatementHash};
use clinic_api::limits;
use clinic_api::member::DeviceKeys;
use clinic_api::message::{NewPairing, PairingAnswer, PairingAnswered, PairingOffer};
use clinic_api::wire::{self, bytes_array};
use minicbor::{Decode, Encode};

pub use error::PairingError;
pub use patient_device::{Answering, Invitation, Waiting};

use super::Link;
use super::error::SyncError;
use super::request::Request;
use crate::space::invite::Digits;
use crate::space::keys::DeviceSecrets;
use crate::space::pairing::{self, PairingCode, PairingSecret};

/// Who is paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum PairingKind {
    /// Another device of a patient.
    #[n(1)]
    PatientDevice,
    /// A workstation of a person on a roster.
    #[n(2)]
    Workstation,
}

/// What a device that is in offers to the one that is to come in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Offered {
    /// Who is to come in.
    #[n(0)]
    pub kind: PairingKind,
    /// The patient chain or roster.
    #[n(1)]
    pub chain: ChainId,
    /// The number of its last statement: the one after it is to let the new device in.
    #[n(2)]
    pub number: u64,
    /// That statement.
    #[n(3)]
    pub hash: StatementHash,
    /// The clinic's roster.
    #[n(4)]
    pub roster: Option<ChainId>,
    /// The fingerprint of the clinic's root key.
    #[n(5)]
    pub root: Option<MemberId>,
    /// When the pairing ends, in seconds since 1970 (UTC).
    #[n(6)]
    pub expires: i64,
    /// Whose workstation it is to be.
    #[n(7)]
    pub person: Option<PersonId>,
}

impl Offered {
    /// Where the chain ended when this was offered.
    pub fn tip(&self) -> Tip {
        Tip {
            number: self.number,
            hash: self.hash,
        }
    }

    fn label(&self) -> &'static str {
        match self.kind {
            PairingKind::PatientDevice => patient::CONSENT,
            PairingKind::Workstation => roster::CONSENT,
        }
    }
}

/// What the new device answers. Has no `Debug`: it holds a name that somebody gave.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Answered {
    /// Its keys.
    #[n(0)]
    pub keys: DeviceKeys,
    /// By its log key over the chain and its last statement, as these chains take it.
    #[n(1)]
    #[cbor(with = "bytes_array")]
    pub consent: Signature,
    /// What it calls itself.
    #[n(2)]
    pub name: String,
}

/// A pairing that was fetched, as its bytes came. Has no `Debug`: it holds the secret.
pub struct Fetched {
    /// What was offered.
    pub offered: Offered,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An answer that was checked, with the digits to compare. Has no `Debug`: it holds a name.
pub struct Checked {
    /// The answer.
    pub answered: Answered,
    /// The digits that the new device shows if it was this one that answered.
    pub digits: Digits,
}

/// An answer ready to be sent; the server takes the same bytes again and no others.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The body to send.
    pub body: Vec<u8>,
    /// The digits to show.
    pub digits: Digits,
}

/// Sends an offer to the server; can be repeated with the same.
///
/// # Errors
/// [`SyncError::Unreachable`] and the like: the code leads nowhere yet.
pub(super) async fn offer(
    link: &mut Link,
    secret: &PairingSecret,
    offer: &[u8],
) -> Result<(), SyncError> {
    let body = wire::encode(&NewPairing {
        lookup: secret.lookup(),
        offer: offer.to_vec(),
        mac: secret.offer_mac(offer),
    });
    let request = Request::post("/v1/pairings".to_owned(), body);
    link.expect(&request).await.map_err(error::over).map(drop)
}

/// Fetches what is offered under a code, and checks it by the code.
///
/// # Errors
/// [`PairingError::Forged`]: it is not what the other device offered, or not for one of this
/// kind.
pub(super) async fn fetch(
    link: &mut Link,
    code: &PairingCode,
    kind: PairingKind,
) -> Result<Fetched, SyncError> {
    let request = Request::get(path(code.secret.lookup())).unsigned();
    let given: PairingOffer = wire::decode(&link.expect(&request).await.map_err(error::over)?)?;
    check(code, kind, &given)
}

fn check(
    code: &PairingCode,
    kind: PairingKind,
    given: &PairingOffer,
) -> Result<Fetched, SyncError> {
    if code.secret.offer_mac(&given.offer) != given.mac {
        return Err(PairingError::Forged.into());
    }
    let offered: Offered = wire::decode(&given.offer)?;
    let place = code.place.as_ref();
    let fits = place.is_none_or(|p| p.tip == offered.tip() && Some(p.root) == offered.root);
    if offered.kind != kind || !fits {
        return Err(PairingError::Forged.into());
    }
    Ok(Fetched {
        offered,
        bytes: given.offer.clone(),
    })
}

/// Makes the answer of a new device to what was fetched. Keep it before it is sent.
///
/// # Errors
/// [`PairingError::Name`]: a shorter name.
pub(super) fn prepare(
    secret: &PairingSecret,
    fetched: &Fetched,
    device: &DeviceSecrets,
    name: &str,
) -> Result<Prepared, SyncError> {
    let name = name.trim();
    if name.is_empty() || name.len() > limits::NAME {
        return Err(PairingError::Name.into());
    }
    let offered = &fetched.offered;
    let id = device.id();
    let parts: [&[u8]; 3] = [&offered.chain.0, &offered.hash.0, &id.0];
    let answer = wire::encode(&Answered {
        keys: device.keys().clone(),
        consent: device.log().sign(&crypto::to_sign(offered.label(), &parts)),
        name: name.to_owned(),
    });
    let digits = pairing::digits(secret.lookup(), &fetched.bytes, &answer)?;
    let mac = secret.answer_mac(&fetched.bytes, &answer);
    Ok(Prepared {
        body: wire::encode(&PairingAnswer { answer, mac }),
        digits,
    })
}

/// Sends a prepared answer; can be repeated with the same.
///
/// # Errors
/// [`PairingError::Over`] where another answered first, or the pairing is over.
pub(super) async fn answer(
    link: &mut Link,
    lookup: InviteLookup,
    body: Vec<u8>,
) -> Result<(), SyncError> {
    let request = Request::post(format!("{}/answer", path(lookup)), body).unsigned();
    link.expect(&request).await.map_err(error::over).map(drop)
}

/// Fetches the answer to an offer, and checks it by the secret; none while nobody answered.
///
/// # Errors
/// [`PairingError::Forged`]: somebody without the code answered. Withdraw it and start over.
pub(super) async fn fetch_answer(
    link: &mut Link,
    secret: &PairingSecret,
    offer: &[u8],
) -> Result<Option<Checked>, SyncError> {
    let request = Request::get(format!("{}/answer", path(secret.lookup())));
    let given: PairingAnswered = wire::decode(&link.expect(&request).await.map_err(error::over)?)?;
    given
        .answer
        .map(|given| check_answer(secret, offer, &given))
        .transpose()
}

fn check_answer(
    secret: &PairingSecret,
    offer: &[u8],
    given: &PairingAnswer,
) -> Result<Checked, SyncError> {
    if secret.answer_mac(offer, &given.answer) != given.mac {
        return Err(PairingError::Forged.into());
    }
    let offered: Offered = wire::decode(offer)?;
    let answered: Answered = wire::decode(&given.answer)?;
    let device = answered.keys.id();
    let parts: [&[u8]; 3] = [&offered.chain.0, &offered.hash.0, &device.0];
    let consents = answered.keys.well_formed()
        && crypto::verify(
            &answered.keys.log,
            offered.label(),
            &parts,
            &answered.consent,
        );
    if !consents || answered.name.is_empty() || answered.name.len() > limits::NAME {
        return Err(PairingError::Forged.into());
    }
    let digits = pairing::digits(secret.lookup(), offer, &given.answer)?;
    Ok(Checked { answered, digits })
}

/// Ends a pairing at the server, answered or not.
///
/// # Errors
/// [`SyncError::Unreachable`] and the like: it ends by itself within seven days.
pub(super) async fn withdraw(link: &mut Link, lookup: InviteLookup) -> Result<(), SyncError> {
    let request = Request::post(format!("{}/withdraw", path(lookup)), Vec::new());
    link.expect(&request).await.map_err(error::over).map(drop)
}

fn path(lookup: InviteLookup) -> String {
    format!("/v1/pairings/{lookup}")
}

#[cfg(test)]
mod tests;
