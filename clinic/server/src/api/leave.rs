//! `/v1/chains/{chain}/leave`: erasing what is kept of somebody who leaves, and what is left then.

use axum::extract::{Extension, Request, State};
use axum::response::Response;
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, DeviceId, MemberId, SpaceId};
use clinic_api::leave::{Departure, LeaveError, SignedLeave, SignedReceipt};
use clinic_api::limits;

use super::{Name, limited, settle};
use crate::app::App;
use crate::auth;
use crate::body::{self, cbor};
use crate::leaving::Blank;
use crate::limit::Peer;
use crate::refusal::{Refusal, Result};
use crate::store::{Leaving, Outcome};

/// `POST /v1/chains/{chain}/leave`.
pub async fn leave(
    State(app): State<App>,
    Name(chain): Name<ChainId>,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, limits::LEAVE).await?;
    let chain = chain.ok_or(Code::UnknownChain)?;
    let receipt = app
        .blocking(move |app| {
            let word = SignedLeave::from_bytes(&signed.body.bytes)?;
            let bytes = signed.body.bytes.to_vec();
            settle(|| erase(app, signed.device, chain, &word, &bytes))?;
            let first = word_about(chain, &word);
            let departed = app.store().departed(first)?.ok_or(Code::Internal)?;
            Ok(SignedReceipt::from_bytes(&departed.receipt)?)
        })
        .await?;
    Ok(cbor(&receipt))
}

/// Under which name the receipt of a word is kept: the chain's, or its first space's.
fn word_about(chain: ChainId, word: &SignedLeave) -> ChainId {
    let leave: Option<clinic_api::leave::Leave> = clinic_api::wire::decode(&word.body).ok();
    let spaces = leave.and_then(|leave| leave.spaces);
    let first = spaces.and_then(|spaces| spaces.first().copied());
    first.map_or(chain, ChainId::from)
}

fn erase(
    app: &App,
    device: DeviceId,
    chain: ChainId,
    word: &SignedLeave,
    bytes: &[u8],
) -> Result<Outcome> {
    let access = app.access();
    let caller = access.caller(device)?;
    let loaded = access.patient(&caller, chain)?.append()?;
    let leave = word.verify(&loaded.chain).map_err(refused)?;
    if leave.signer != MemberId::from(device) {
        return Err(Code::NotAllowed.into());
    }
    if loaded.chain.tip().hash != leave.tip {
        return Err(Code::ChainConflict.into());
    }
    let everything = leave.spaces.is_none();
    let all = leave.gone();
    let mut here: Vec<SpaceId> = Vec::new();
    for space in &all {
        match app.store().space(*space)? {
            Some(_) => here.push(*space),
            None if everything => {}
            None => return Err(Code::Gone.into()),
        }
    }
    let config = app.config();
    let seed = config.receipt_seed.ok_or(Code::Unavailable)?;
    let blank = Blank {
        chain,
        spaces: &all,
        request: Some(word.hash()),
        at: app.clock().now(),
        backup_days: config.backup_days,
        seed: app.store().receipt_seed(&seed)?,
    };
    let outcome = app.store().leave(&Leaving {
        chain,
        spaces: here,
        everything,
        leave: Some(bytes.to_vec()),
        guards: vec![loaded.guard()],
        receipt: &|swept| blank.filled(swept),
    })?;
    if outcome == Outcome::Stored {
        for space in &all {
            app.chains().forget((*space).into());
        }
        if everything {
            app.chains().forget(chain);
        }
    }
    Ok(outcome)
}

fn refused(error: LeaveError) -> Refusal {
    match error {
        LeaveError::Wire(error) => error.into(),
        LeaveError::NotAllowed => Code::NotAllowed.into(),
        LeaveError::Outdated => Code::ChainConflict.into(),
        LeaveError::OtherChain | LeaveError::BadSignature | _ => Code::ChainInvalid.into(),
    }
}

/// `GET /v1/chains/{chain}/leave`: unsigned, for nobody is left who could sign. Whoever knows the
/// chain's name may know that it is gone.
pub async fn departed(
    State(app): State<App>,
    Name(chain): Name<ChainId>,
    peer: Option<Extension<Peer>>,
    request: Request,
) -> Result<Response> {
    limited(&app, peer)?;
    let (parts, body) = request.into_parts();
    body::read(&app, &parts.headers, body, 0).await?;
    let chain = chain.ok_or(Code::UnknownChain)?;
    let departed = app
        .blocking(move |app| Ok(app.store().departed(chain)?.ok_or(Code::UnknownChain)?))
        .await?;
    Ok(cbor(&Departure {
        leave: departed.leave.map(Into::into),
        receipt: departed.receipt.into(),
    }))
}
