//! `/v1/chains/{chain}`: reading a chain, and appending one statement.

use axum::extract::{RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::{ChainKind, Signed as Statement};
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, DeviceId, SpaceId, StatementHash};
use clinic_api::limits;
use clinic_api::message::{ChainPage, Chains};

use super::{Name, number, settle};
use crate::access::Caller;
use crate::app::App;
use crate::auth;
use crate::body::{cbor, status};
use crate::refusal::{Refusal, Result};
use crate::store::{self, Append, Outcome, PageLimit};
use crate::verified::{Keep, Loaded};

/// `GET /v1/chains/{chain}?from=N`.
pub async fn read(
    State(app): State<App>,
    Name(chain): Name<ChainId>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, 0).await?;
    let chain = chain.ok_or(Code::UnknownChain)?;
    let from = number(query.as_deref().unwrap_or_default(), "from")?;
    let page = app
        .blocking(move |app| read_page(app, signed.device, chain, from))
        .await?;
    Ok(cbor(&page))
}

/// `GET /v1/chains`: the chains that the caller is in, for a recovery kit that knows nothing else.
pub async fn own(State(app): State<App>, request: Request) -> Result<Response> {
    let signed = auth::signed(&app, request, 0).await?;
    let chains = app
        .blocking(move |app| Ok(app.access().caller(signed.device)?.chains()))
        .await?;
    Ok(cbor(&Chains { chains }))
}

fn read_page(app: &App, device: DeviceId, chain: ChainId, from: u64) -> Result<ChainPage> {
    let access = app.access();
    let caller = access.caller(device)?;
    match kind(app, chain)? {
        ChainKind::Patient => access.patient(&caller, chain).map(drop)?,
        ChainKind::Roster => access.roster(&caller, chain).map(drop)?,
        ChainKind::Epoch => access
            .space(&caller, SpaceId(chain.0))
            .map(drop)
            .map_err(as_chain)?,
    }
    let limit = PageLimit {
        items: limits::CHAIN_PAGE,
        bytes: limits::PULL_PAGE,
    };
    let page = app.store().statements(chain, from, limit)?;
    Ok(ChainPage {
        statements: page.items.into_iter().map(Into::into).collect(),
        more: page.more,
    })
}

/// `POST /v1/chains/{chain}`.
pub async fn append(
    State(app): State<App>,
    Name(chain): Name<ChainId>,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, limits::STATEMENT).await?;
    let chain = chain.ok_or(Code::UnknownChain)?;
    app.blocking(move |app| {
        let next = New {
            statement: Statement::from_bytes(&signed.body.bytes)?,
            bytes: signed.body.bytes.clone(),
        };
        settle(|| {
            let caller = app.access().caller(signed.device)?;
            match kind(app, chain)? {
                ChainKind::Patient => append_patient(app, &caller, chain, &next),
                ChainKind::Roster => append_roster(app, &caller, chain, &next),
                ChainKind::Epoch => append_epoch(app, &caller, SpaceId(chain.0), &next),
            }
        })
    })
    .await?;
    Ok(status(StatusCode::CREATED))
}

/// A statement that is to be appended, and its bytes as they came.
struct New {
    statement: Statement,
    bytes: Vec<u8>,
}

fn append_patient(app: &App, caller: &Caller, id: ChainId, next: &New) -> Result<Outcome> {
    let loaded = app.access().patient(caller, id)?.append()?;
    if already(app, id, loaded.chain.number_of(next.statement.hash()), next)? {
        return Ok(Outcome::Stored);
    }
    let (before, mut after) = (&loaded.chain, (*loaded.chain).clone());
    after.append(&next.statement)?;
    let clinic = |number| before.clinic_at(number);
    if after.clinic_at(after.tip().number) != clinic(before.tip().number) {
        // Who joins a clinic reads its roster, so joining takes an invite.
        return Err(Code::NotAllowed.into());
    }
    let new = after
        .members()
        .filter(|id| !before.members().any(|old| old == *id));
    let devices = new.map(|id| DeviceId(id.0)).collect();
    // Whoever filled the storage must not keep themselves in by that.
    let members = |chain: &PatientChain| chain.recipients_at(chain.tip().number).len();
    let puts_out = members(&after) < members(before);
    let append = Append {
        devices,
        charge: (!puts_out).then(|| app.access().charge(&loaded)),
        ..plain(&loaded, before.tip().hash.into(), next)
    };
    store_grown(app, append, after)
}

fn append_roster(app: &App, caller: &Caller, id: ChainId, next: &New) -> Result<Outcome> {
    let loaded = app.access().roster(caller, id)?.append()?;
    if already(app, id, loaded.chain.number_of(next.statement.hash()), next)? {
        return Ok(Outcome::Stored);
    }
    let (before, mut after) = (&loaded.chain, (*loaded.chain).clone());
    after.append(&next.statement)?;
    let old = before.workstations().len();
    let new = after.workstations().iter().skip(old);
    let append = Append {
        devices: new.map(|w| w.id).collect(),
        ..plain(&loaded, before.tip().hash.into(), next)
    };
    store_grown(app, append, after)
}

fn append_epoch(app: &App, caller: &Caller, space: SpaceId, next: &New) -> Result<Outcome> {
    let open = app.access().space(caller, space).map_err(as_chain)?;
    let loaded = app
        .chains()
        .epochs(space, open.parties())?
        .ok_or(Code::UnknownChain)?;
    let stored = loaded.chain.get(next.statement.hash()).map(|e| e.number);
    if already(app, space.into(), stored, next)? {
        return Ok(Outcome::Stored);
    }
    let mut after = (*loaded.chain).clone();
    after.append(open.parties(), &next.statement)?;
    if !after.is_current(open.parties()) {
        // Whoever left since the statements that it cites would get the key.
        return Err(Refusal::because(
            Code::ChainConflict,
            "the members have changed since the statements that it cites",
        ));
    }
    let mut append = plain(&loaded, loaded.chain.tip().map(|t| t.hash), next);
    append.guards.extend(&open.guards);
    append
        .guards
        .extend(open.roster.as_ref().map(Loaded::guard));
    append.charge = open.charge;
    store_grown(app, append, after)
}

/// Whether just this statement stands at its place already: a repeated request.
fn already(app: &App, chain: ChainId, number: Option<u64>, next: &New) -> Result<bool> {
    let Some(number) = number else {
        return Ok(false);
    };
    let limit = PageLimit { items: 1, bytes: 0 };
    let stored = app.store().statements(chain, number, limit)?;
    Ok(stored.items.first() == Some(&next.bytes))
}

fn plain<T>(loaded: &Loaded<T>, previous: Option<StatementHash>, next: &New) -> Append {
    Append {
        chain: loaded.id,
        previous,
        statement: store::Statement {
            hash: next.statement.hash(),
            bytes: next.bytes.clone(),
        },
        devices: Vec::new(),
        guards: vec![loaded.guard()],
        charge: None,
    }
}

fn store_grown<T: Keep>(app: &App, append: Append, after: T) -> Result<Outcome> {
    let outcome = app.store().append(&append)?;
    if outcome == Outcome::Stored {
        let bytes = append.statement.bytes.len();
        app.chains().grown(append.chain, after, bytes);
    }
    Ok(outcome)
}

fn kind(app: &App, chain: ChainId) -> Result<ChainKind> {
    let info = app.store().chain(chain)?.ok_or(Code::UnknownChain)?;
    Ok(info.kind)
}

/// A space that is not there for the caller, asked for by its chain.
fn as_chain(refusal: Refusal) -> Refusal {
    if refusal.code() == Code::UnknownSpace {
        Code::UnknownChain.into()
    } else {
        refusal
    }
}
