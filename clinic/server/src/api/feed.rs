//! `GET /v1/feed?since=N`: what changed for the caller since a position.

use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use clinic_api::events::Changed;
use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, DeviceId, SpaceId};
use clinic_api::limits;
use clinic_api::message::{ChangeKind, ChangeOf, Feed};

use super::number;
use crate::access::{Access, Caller};
use crate::app::App;
use crate::auth;
use crate::body::cbor;
use crate::refusal::{Refusal, Result};
use crate::store::Scope;
use crate::streams::changed;

/// `GET /v1/feed?since=N`.
pub async fn read(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response> {
    let signed = auth::signed(&app, request, 0).await?;
    let since = number(query.as_deref().unwrap_or_default(), "since")?;
    let feed = app
        .blocking(move |app| since_then(app, signed.device, since))
        .await?;
    Ok(cbor(&feed))
}

fn since_then(app: &App, device: DeviceId, since: u64) -> Result<Feed> {
    let access = app.access();
    let caller = access.caller(device)?;
    let mut feed = Feed {
        changes: Vec::new(),
        position: u64::MAX,
        more: false,
    };
    for scope in scopes(&caller) {
        let page = app.store().changes(scope, since, limits::FEED_PAGE)?;
        for change in page.changes {
            let Changed { kind, id } = changed(change.thing);
            if may_know(&access, &caller, kind, id)? {
                feed.changes.push(ChangeOf {
                    kind,
                    id,
                    revision: change.revision,
                });
            }
        }
        // Of several the one that is furthest behind: what is named twice does no harm.
        feed.position = feed.position.min(page.position);
        feed.more |= page.more;
    }
    Ok(feed)
}

/// Whose changes concern a caller; there is one at least.
pub fn scopes(caller: &Caller) -> impl Iterator<Item = Scope> {
    let patients = caller.patients().map(|p| Scope::Patient(p.id));
    let clinics = caller.rosters().map(|r| Scope::Clinic(r.id));
    patients.chain(clinics)
}

/// Whether a caller may know that something changed: whether it may read it.
pub fn may_know(
    access: &Access<'_>,
    caller: &Caller,
    kind: ChangeKind,
    id: [u8; 32],
) -> Result<bool> {
    let chain = ChainId(id);
    match kind {
        ChangeKind::Chain => {
            Ok(readable(access.patient(caller, chain))? || readable(access.roster(caller, chain))?)
        }
        ChangeKind::Epochs | ChangeKind::Space => readable(access.space(caller, SpaceId(id))),
        ChangeKind::Invites => Ok(caller.workstation_of(chain).is_some()),
    }
}

fn readable<T>(found: Result<T>) -> Result<bool> {
    let hidden = |refusal: &Refusal| {
        let code = refusal.code();
        matches!(code, Code::UnknownChain | Code::UnknownSpace)
    };
    match found {
        Ok(_) => Ok(true),
        // That it is gone is for whoever had it to hear; the feed's scope says who had.
        Err(refusal) if refusal.code() == Code::Gone => Ok(true),
        Err(refusal) if hidden(&refusal) => Ok(false),
        Err(refusal) => Err(refusal),
    }
}
