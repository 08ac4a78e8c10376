//! `POST /v1/rosters`: the first statements of a clinic that the operator serves.

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use clinic_api::chain::roster::Roster;
use clinic_api::chain::{ChainKind, Signed};
use clinic_api::http::problem::Code;
use clinic_api::message::Statements;
use clinic_api::space::SpaceKind;
use clinic_api::{limits, wire};

use super::limited;
use crate::app::App;
use crate::auth::Envelope;
use crate::body::{self, Held, status};
use crate::limit::Peer;
use crate::refusal::{Refusal, Result};
use crate::store::{NewChain, Outcome, PageLimit, Standing, Statement};

/// `POST /v1/rosters`.
///
/// The device that signed the request is not known yet: it is one of the
/// workstations in the statements, so they are read before it is believed, and
/// limited like what is unsigned.
pub async fn found(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    request: Request,
) -> Result<Response> {
    limited(&app, peer)?;
    let (parts, body) = request.into_parts();
    let (headers, limit) = (&parts.headers, limits::FOUNDING);
    let envelope = match Envelope::of(&app, &parts) {
        Ok(envelope) => envelope,
        Err(refusal) => return Err(body::discard(&app, headers, body, limit, refusal).await),
    };
    let body = body::read(&app, headers, body, limit).await?;
    envelope.digest().verify(&body.bytes)?;
    body::require_cbor(&parts.headers)?;
    app.blocking(move |app| store_roster(app, &envelope, &body))
        .await?;
    Ok(status(StatusCode::CREATED))
}

fn store_roster(app: &App, envelope: &Envelope, body: &Held) -> Result<()> {
    let sent: Statements = wire::decode(&body.bytes)?;
    let (roster, statements) = verified(app, sent)?;
    let tip = roster.tip().number;
    let signer = roster
        .workstation_role(envelope.device(), tip)
        .and_then(|_| roster.workstation(envelope.device()))
        .ok_or(Code::UnknownDevice)?;
    envelope.verify(&signer.keys.request, app.clock().now())?;
    let new = NewChain {
        id: roster.id(),
        kind: ChainKind::Roster,
        statements,
        devices: roster.workstations().iter().map(|w| w.id).collect(),
        spaces: SpaceKind::OF_CLINIC
            .into_iter()
            .map(|kind| (roster.space(kind), kind))
            .collect(),
        standing: Standing::Admitted,
    };
    match app.store().found(&new)? {
        Outcome::Stored => Ok(()),
        Outcome::Moved | Outcome::Full => same(app, &new),
    }
}

/// The operator's list comes first: nothing else of a foreign roster is looked at.
fn verified(app: &App, sent: Statements) -> Result<(Roster, Vec<Statement>)> {
    let mut roster: Option<Roster> = None;
    let mut statements = Vec::new();
    for bytes in sent.statements {
        let signed = Signed::from_bytes(&bytes)?;
        let hash = signed.hash();
        match &mut roster {
            Some(roster) => roster.append(&signed)?,
            none => {
                let first = Roster::found(&signed)?;
                if !app.serves(first.root_id()) {
                    return Err(Refusal::because(
                        Code::NotAllowed,
                        "the operator does not serve this clinic",
                    ));
                }
                *none = Some(first);
            }
        }
        let bytes = bytes.into();
        statements.push(Statement { hash, bytes });
    }
    let roster = roster.ok_or(Code::MalformedBody)?;
    Ok((roster, statements))
}

/// A repeated request: the roster has begun with just these statements.
fn same(app: &App, new: &NewChain) -> Result<()> {
    let limit = PageLimit {
        items: new.statements.len(),
        bytes: usize::MAX,
    };
    let stored = app.store().statements(new.id, 0, limit)?;
    if stored
        .items
        .iter()
        .eq(new.statements.iter().map(|s| &s.bytes))
    {
        Ok(())
    } else {
        Err(Code::ChainConflict.into())
    }
}
