//! `/v1/pairings`: how a device that is in brings another one in.

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use clinic_api::http::problem::Code;
use clinic_api::id::{DeviceId, InviteLookup};
use clinic_api::message::{NewPairing, PairingAnswer, PairingAnswered, PairingOffer, PairingTerms};
use clinic_api::{limits, wire};

use super::{Name, limited, settle};
use crate::app::App;
use crate::auth;
use crate::body::{self, cbor, status};
use crate::limit::Peer;
use crate::refusal::{Refusal, Result};
use crate::store::{Guard, Outcome, Pairing, PairingLimit, StoreError};

/// `POST /v1/pairings`.
pub async fn create(State(app): State<App>, request: Request) -> Result<Response> {
    let signed = auth::signed(&app, request, limits::PAIRING_BODY).await?;
    app.blocking(move |app| {
        let new: NewPairing = wire::decode(&signed.body.bytes)?;
        let terms: PairingTerms = wire::decode(&new.offer)?;
        settle(|| store(app, signed.device, &new, terms))
    })
    .await?;
    Ok(status(StatusCode::CREATED))
}

fn store(app: &App, device: DeviceId, new: &NewPairing, terms: PairingTerms) -> Result<Outcome> {
    let caller = app.access().caller(device)?;
    let guard = caller.membership(terms.chain).ok_or(Code::NotAllowed)?;
    if let Some(old) = app.store().pairing(new.lookup)? {
        let same = (old.owner, &old.offer, old.mac) == (terms.chain, &new.offer, new.mac);
        return same
            .then_some(Outcome::Stored)
            .ok_or(Code::InviteUsed.into());
    }
    let now = app.clock().now();
    if terms.expires <= now {
        return Err(Code::InviteExpired.into());
    }
    if terms.expires > now.saturating_add(limits::INVITE_SECONDS) {
        return Err(Refusal::because(
            Code::MalformedBody,
            "the offer is open for more than seven days",
        ));
    }
    let pairing = Pairing {
        lookup: new.lookup,
        owner: terms.chain,
        offer: new.offer.clone(),
        mac: new.mac,
        expires: terms.expires,
        withdrawn: false,
        answer: None,
    };
    let limit = PairingLimit {
        pairings: limits::PAIRINGS,
        forget_before: now.saturating_sub(limits::INVITE_SECONDS),
    };
    Ok(app.store().create_pairing(&pairing, limit, &[guard])?)
}

/// Refuses a pairing that waits for nobody.
fn waiting(pairing: &Pairing, now: i64) -> Result<()> {
    if pairing.withdrawn {
        Err(Code::InviteWithdrawn.into())
    } else if pairing.answer.is_some() {
        Err(Code::InviteUsed.into())
    } else if pairing.expires <= now {
        Err(Code::InviteExpired.into())
    } else {
        Ok(())
    }
}

fn find(app: &App, lookup: Option<InviteLookup>) -> Result<Pairing> {
    let lookup = lookup.ok_or(Code::UnknownInvite)?;
    Ok(app.store().pairing(lookup)?.ok_or(Code::UnknownInvite)?)
}

/// `GET /v1/pairings/{lookup}`: unsigned.
pub async fn offer(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    Name(lookup): Name<InviteLookup>,
) -> Result<Response> {
    limited(&app, peer)?;
    let offer = app
        .blocking(move |app| {
            let pairing = find(app, lookup)?;
            waiting(&pairing, app.clock().now())?;
            Ok(PairingOffer {
                offer: pairing.offer,
                mac: pairing.mac,
            })
        })
        .await?;
    Ok(cbor(&offer))
}

/// `POST /v1/pairings/{lookup}/answer`: unsigned.
pub async fn answer(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    Name(lookup): Name<InviteLookup>,
    request: Request,
) -> Result<Response> {
    limited(&app, peer)?;
    let (parts, body) = request.into_parts();
    let body = body::read(&app, &parts.headers, body, limits::PAIRING_BODY).await?;
    body::require_cbor(&parts.headers)?;
    app.blocking(move |app| settle(|| store_answer(app, lookup, &body.bytes)))
        .await?;
    Ok(status(StatusCode::CREATED))
}

fn store_answer(app: &App, lookup: Option<InviteLookup>, body: &[u8]) -> Result<Outcome> {
    let pairing = find(app, lookup)?;
    if pairing.answer.as_deref() == Some(body) {
        return Ok(Outcome::Stored);
    }
    waiting(&pairing, app.clock().now())?;
    let _: PairingAnswer = wire::decode(body)?;
    Ok(app.store().answer_pairing(pairing.lookup, body)?)
}

/// A pairing of a chain that the caller is in.
fn owned(app: &App, device: DeviceId, lookup: Option<InviteLookup>) -> Result<(Pairing, Guard)> {
    let caller = app.access().caller(device)?;
    let pairing = find(app, lookup)?;
    let guard = caller.membership(pairing.owner);
    Ok((pairing, guard.ok_or(Code::UnknownInvite)?))
}

/// `GET /v1/pairings/{lookup}/answer`.
pub async fn answered(
    State(app): State<App>,
    Name(lookup): Name<InviteLookup>,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, 0).await?;
    let answered = app
        .blocking(move |app| {
            let (pairing, _) = owned(app, signed.device, lookup)?;
            let Some(answer) = &pairing.answer else {
                waiting(&pairing, app.clock().now())?;
                return Ok(PairingAnswered { answer: None });
            };
            let answer = wire::decode(answer)
                .map_err(|_| StoreError::Damaged("an answer cannot be read"))?;
            Ok(PairingAnswered {
                answer: Some(answer),
            })
        })
        .await?;
    Ok(cbor(&answered))
}

/// `POST /v1/pairings/{lookup}/withdraw`.
pub async fn withdraw(
    State(app): State<App>,
    Name(lookup): Name<InviteLookup>,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, 0).await?;
    app.blocking(move |app| {
        settle(|| {
            let (pairing, guard) = owned(app, signed.device, lookup)?;
            Ok(app.store().withdraw_pairing(pairing.lookup, &[guard])?)
        })
    })
    .await?;
    Ok(status(StatusCode::NO_CONTENT))
}
