//! `/v1/invites`: how a patient gets in.

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use clinic_api::chain::patient::{ClinicRef, PatientChain};
use clinic_api::chain::{ChainKind, Signed};
use clinic_api::http::problem::Code;
use clinic_api::id::{DeviceId, InviteLookup};
use clinic_api::message::{
    Claim, InviteOffer, InviteRecord, InviteState, Invites, NewInvite, Offer,
};
use clinic_api::space::SpaceKind;
use clinic_api::{limits, wire};

use super::{Name, limited, settle};
use crate::app::App;
use crate::auth;
use crate::body::{self, cbor, status};
use crate::limit::Peer;
use crate::refusal::{Refusal, Result};
use crate::store::{Claimed, Invite, NewChain, Outcome, Stage, Standing, Statement, StoreError};

/// `POST /v1/invites`.
pub async fn create(State(app): State<App>, request: Request) -> Result<Response> {
    let signed = auth::signed(&app, request, limits::INVITE_BODY).await?;
    app.blocking(move |app| {
        let new: NewInvite = wire::decode(&signed.body.bytes)?;
        let offer: Offer = wire::decode(&new.offer)?;
        settle(|| store_invite(app, signed.device, &new, &offer))
    })
    .await?;
    Ok(status(StatusCode::CREATED))
}

fn store_invite(app: &App, device: DeviceId, new: &NewInvite, offer: &Offer) -> Result<Outcome> {
    let caller = app.access().caller(device)?;
    let roster = caller
        .workstation_of(offer.roster)
        .filter(|roster| roster.chain.root_id() == offer.root)
        .ok_or(Code::NotAllowed)?;
    let invite = Invite {
        lookup: new.lookup,
        roster: offer.roster,
        offer: new.offer.clone(),
        mac: new.mac,
        expires: offer.expires,
        stage: Stage::Waiting,
        claim: None,
        chain: None,
    };
    if let Some(old) = app.store().invite(new.lookup)? {
        let same = (old.roster, &old.offer, old.mac) == (offer.roster, &new.offer, new.mac);
        return same
            .then_some(Outcome::Stored)
            .ok_or(Code::InviteUsed.into());
    }
    let now = app.clock().now();
    if offer.expires <= now {
        return Err(Code::InviteExpired.into());
    }
    if offer.expires > now.saturating_add(limits::INVITE_SECONDS) {
        return Err(Refusal::because(
            Code::MalformedBody,
            "the offer is open for more than seven days",
        ));
    }
    if offer.clinic.trim().is_empty() || offer.clinic.len() > limits::NAME {
        return Err(Refusal::because(
            Code::MalformedBody,
            "the clinic's name is not of 1 to 200 bytes",
        ));
    }
    Ok(app.store().create_invite(&invite, &[roster.guard()])?)
}

/// `GET /v1/invites`.
pub async fn list(State(app): State<App>, request: Request) -> Result<Response> {
    let signed = auth::signed(&app, request, 0).await?;
    let invites = app
        .blocking(move |app| of_clinic(app, signed.device))
        .await?;
    Ok(cbor(&invites))
}

fn of_clinic(app: &App, device: DeviceId) -> Result<Invites> {
    let caller = app.access().caller(device)?;
    let now = app.clock().now();
    let mut invites = Vec::new();
    let mut staff = false;
    for roster in caller.rosters() {
        staff = true;
        for invite in app.store().invites(roster.id)? {
            let claim = invite.claim.as_deref().map(wire::decode).transpose();
            let claim = claim.map_err(|_| StoreError::Damaged("a claim cannot be read"))?;
            invites.push(InviteRecord {
                lookup: invite.lookup,
                state: state(&invite, now),
                expires: invite.expires,
                claim,
            });
        }
    }
    if staff {
        Ok(Invites { invites })
    } else {
        Err(Code::NotAllowed.into())
    }
}

fn state(invite: &Invite, now: i64) -> InviteState {
    match invite.stage {
        Stage::Waiting if invite.expires <= now => InviteState::Expired,
        Stage::Waiting => InviteState::Waiting,
        Stage::Claimed => InviteState::Claimed,
        Stage::Admitted => InviteState::Admitted,
        Stage::Withdrawn => InviteState::Withdrawn,
    }
}

/// An invite that waits for somebody.
fn waiting(invite: &Invite, now: i64) -> Result<()> {
    match state(invite, now) {
        InviteState::Waiting => Ok(()),
        InviteState::Claimed | InviteState::Admitted => Err(Code::InviteUsed.into()),
        InviteState::Withdrawn => Err(Code::InviteWithdrawn.into()),
        InviteState::Expired => Err(Code::InviteExpired.into()),
    }
}

/// `GET /v1/invites/{lookup}`: unsigned.
pub async fn offer(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    Name(lookup): Name<InviteLookup>,
) -> Result<Response> {
    limited(&app, peer)?;
    let lookup = lookup.ok_or(Code::UnknownInvite)?;
    let offer = app
        .blocking(move |app| {
            let invite = app.store().invite(lookup)?.ok_or(Code::UnknownInvite)?;
            waiting(&invite, app.clock().now())?;
            Ok(InviteOffer {
                offer: invite.offer,
                mac: invite.mac,
            })
        })
        .await?;
    Ok(cbor(&offer))
}

/// `POST /v1/invites/{lookup}/claim`: unsigned.
pub async fn claim(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    Name(lookup): Name<InviteLookup>,
    request: Request,
) -> Result<Response> {
    limited(&app, peer)?;
    let (parts, body) = request.into_parts();
    let body = body::read(&app, &parts.headers, body, limits::INVITE_BODY).await?;
    body::require_cbor(&parts.headers)?;
    let lookup = lookup.ok_or(Code::UnknownInvite)?;
    app.blocking(move |app| settle(|| store_claim(app, lookup, &body.bytes)))
        .await?;
    Ok(status(StatusCode::CREATED))
}

fn store_claim(app: &App, lookup: InviteLookup, body: &[u8]) -> Result<Outcome> {
    let invite = app.store().invite(lookup)?.ok_or(Code::UnknownInvite)?;
    let claimed = matches!(invite.stage, Stage::Claimed | Stage::Admitted);
    if claimed && invite.claim.as_deref() == Some(body) {
        return Ok(Outcome::Stored);
    }
    waiting(&invite, app.clock().now())?;
    let claim: Claim = wire::decode(body)?;
    let offer: Offer = wire::decode(&invite.offer)?;
    let chain = joined(&claim, &offer)?;
    match app.store().claim(lookup, body, &chain)? {
        Claimed::Stored => Ok(Outcome::Stored),
        Claimed::Moved => Ok(Outcome::Moved),
        Claimed::ChainExists => Err(Code::ChainConflict.into()),
    }
}

/// The chain of a claim: it verifies from its first statement on, and its
/// clinic is the one that invites.
fn joined(claim: &Claim, offer: &Offer) -> Result<NewChain> {
    let mut chain: Option<PatientChain> = None;
    let mut statements = Vec::new();
    for bytes in &claim.statements {
        let signed = Signed::from_bytes(bytes)?;
        match &mut chain {
            Some(chain) => chain.append(&signed)?,
            none => *none = Some(PatientChain::found(&signed)?),
        }
        statements.push(Statement {
            hash: signed.hash(),
            bytes: bytes.to_vec(),
        });
    }
    let chain = chain.ok_or(Code::MalformedBody)?;
    let clinic = ClinicRef {
        roster: offer.roster,
        root: offer.root,
    };
    if chain.clinic_at(chain.tip().number) != Some(clinic) {
        return Err(Refusal::because(
            Code::ChainInvalid,
            "the chain has not joined the clinic that invites",
        ));
    }
    Ok(NewChain {
        id: chain.id(),
        kind: ChainKind::Patient,
        statements,
        devices: chain.members().map(|id| DeviceId(id.0)).collect(),
        spaces: SpaceKind::OF_PATIENT
            .into_iter()
            .map(|kind| (chain.space(kind), kind))
            .collect(),
        standing: Standing::Pending,
    })
}

/// `POST /v1/invites/{lookup}/admit`.
pub async fn admit(
    State(app): State<App>,
    Name(lookup): Name<InviteLookup>,
    request: Request,
) -> Result<Response> {
    decide(app, lookup, request, Stage::Admitted).await
}

/// `POST /v1/invites/{lookup}/withdraw`.
pub async fn withdraw(
    State(app): State<App>,
    Name(lookup): Name<InviteLookup>,
    request: Request,
) -> Result<Response> {
    decide(app, lookup, request, Stage::Withdrawn).await
}

async fn decide(
    app: App,
    lookup: Option<InviteLookup>,
    request: Request,
    to: Stage,
) -> Result<Response> {
    let signed = auth::signed(&app, request, 0).await?;
    app.blocking(move |app| settle(|| store_decision(app, signed.device, lookup, to)))
        .await?;
    Ok(status(StatusCode::NO_CONTENT))
}

fn store_decision(
    app: &App,
    device: DeviceId,
    lookup: Option<InviteLookup>,
    to: Stage,
) -> Result<Outcome> {
    let caller = app.access().caller(device)?;
    if caller.rosters().next().is_none() {
        return Err(Code::NotAllowed.into());
    }
    let lookup = lookup.ok_or(Code::UnknownInvite)?;
    let invite = app.store().invite(lookup)?.ok_or(Code::UnknownInvite)?;
    let roster = caller
        .workstation_of(invite.roster)
        .ok_or(Code::UnknownInvite)?;
    if invite.stage == to {
        return Ok(Outcome::Stored);
    }
    match (invite.stage, to) {
        (Stage::Claimed, Stage::Admitted) | (Stage::Waiting | Stage::Claimed, Stage::Withdrawn) => {
        }
        (Stage::Waiting, _) => {
            waiting(&invite, app.clock().now())?;
            return Err(Refusal::because(
                Code::NotAllowed,
                "nobody has claimed the invite yet",
            ));
        }
        (Stage::Withdrawn, _) => return Err(Code::InviteWithdrawn.into()),
        (Stage::Claimed | Stage::Admitted, _) => {
            return Err(Refusal::because(
                Code::NotAllowed,
                "the patient was admitted already",
            ));
        }
    }
    let guards = [roster.guard()];
    Ok(app.store().decide(lookup, invite.stage, to, &guards)?)
}
