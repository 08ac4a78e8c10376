//! `/v1/bulletins/{roster}`: what a clinic says to all its patients.

use axum::extract::{RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use clinic_api::bulletin::{self, Bulletin, BulletinPage, Last};
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, DeviceId};
use clinic_api::limits;

use super::{Name, number, settle};
use crate::app::App;
use crate::auth;
use crate::body::{cbor, status};
use crate::refusal::{Refusal, Result};
use crate::store::{NewBulletin, Outcome, PageLimit, StoreError};

/// `GET /v1/bulletins/{roster}?from=N`: for who may read the roster.
pub async fn read(
    State(app): State<App>,
    Name(roster): Name<ChainId>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, 0).await?;
    let roster = roster.ok_or(Code::UnknownChain)?;
    let from = number(query.as_deref().unwrap_or_default(), "from")?;
    let page = app
        .blocking(move |app| read_page(app, signed.device, roster, from))
        .await?;
    Ok(cbor(&page))
}

fn read_page(app: &App, device: DeviceId, roster: ChainId, from: u64) -> Result<BulletinPage> {
    let access = app.access();
    access.roster(&access.caller(device)?, roster)?;
    let limit = PageLimit {
        items: limits::BULLETIN_PAGE,
        bytes: limits::PULL_PAGE,
    };
    let page = app.store().bulletins(roster, from, limit)?;
    Ok(BulletinPage {
        bulletins: page.items.into_iter().map(Into::into).collect(),
        more: page.more,
    })
}

/// `POST /v1/bulletins/{roster}`: by a workstation of it.
pub async fn publish(
    State(app): State<App>,
    Name(roster): Name<ChainId>,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, limits::BULLETIN).await?;
    let roster = roster.ok_or(Code::UnknownChain)?;
    app.blocking(move |app| {
        let next = Bulletin::from_bytes(&signed.body.bytes)?;
        settle(|| store(app, signed.device, roster, &next, &signed.body.bytes))
    })
    .await?;
    Ok(status(StatusCode::CREATED))
}

fn store(
    app: &App,
    device: DeviceId,
    id: ChainId,
    next: &Bulletin,
    bytes: &[u8],
) -> Result<Outcome> {
    let access = app.access();
    let caller = access.caller(device)?;
    access.roster(&caller, id)?;
    let loaded = caller.workstation_of(id).ok_or(Code::NotAllowed)?;
    let last = app.store().last_bulletin(id)?;
    if last.as_deref() == Some(bytes) {
        // The same again: its answer may have been lost.
        return Ok(Outcome::Stored);
    }
    let last = last.map(|bytes| ended(&bytes)).transpose()?;
    let roster = &loaded.chain;
    let verified = bulletin::verify(roster, last.as_ref(), next)?;
    let tip = roster.tip().number;
    let still = |d: DeviceId| bulletin::signs(roster, d, tip).is_some();
    if !next.signers.iter().all(|s| still(s.device)) {
        // A reader judges by the cited roster alone; who left since is stopped here.
        return Err(Refusal::because(
            Code::ChainInvalid,
            "a signer may not sign any more",
        ));
    }
    let one = next.signers.len() < 2;
    if one && bulletin::needs_second(roster, verified.body.kind, tip) {
        // Its signer chose what it cites: not the time before there was a second one.
        return Err(Refusal::because(
            Code::ChainInvalid,
            "a second person has to sign",
        ));
    }
    Ok(app.store().publish(&NewBulletin {
        roster: id,
        number: verified.body.number,
        bytes: bytes.to_vec(),
        guards: vec![loaded.guard()],
    })?)
}

/// Where what is stored ends; it was verified when it was stored.
fn ended(bytes: &[u8]) -> Result<Last> {
    let damaged = |_| StoreError::Damaged("a bulletin");
    let bulletin = Bulletin::from_bytes(bytes).map_err(damaged)?;
    let body = bulletin.claimed().map_err(damaged)?;
    Ok(Last {
        number: body.number,
        hash: bulletin.hash(),
        cites: body.cites,
    })
}
