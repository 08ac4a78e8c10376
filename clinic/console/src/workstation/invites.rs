//! Invites: made, listed, admitted, withdrawn.

use std::time::Duration;

use clinic_api::id::InviteLookup;
use clinic_api::limits;
use clinic_api::message;
use companion_core::companion::Companion;
use companion_core::problem::{Kind, Problem};
use companion_core::sync::{self, AdmitError, Cancel, SyncError};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::service::{Admission, Answer, Applicant, Invitation, InviteState, InviteView};

const DIGITS: u8 = 12;
/// So long a page waits for the list; reading it again costs nothing.
const PATIENCE: Duration = Duration::from_secs(6);

fn cancelled() -> Problem {
    Problem::new(Kind::Internal, "cancelled", "That was cancelled.")
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn lookup(id: &str) -> Answer<InviteLookup> {
    id.parse().map_err(|_| {
        Problem::new(
            Kind::Input,
            "unknown-invite",
            "There is no such invite any more.",
        )
    })
}

/// Cancels by itself after a while.
fn patience() -> Cancel {
    let cancel = Cancel::new();
    let late = cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        late.cancel();
    });
    cancel
}

/// The invites that the server keeps.
///
/// # Errors
/// `Offline` (`server-slow`) where it does not answer within a few seconds.
pub(super) fn list(companion: &Companion) -> Answer<Vec<InviteView>> {
    let all = companion
        .office()
        .blocking(&patience(), async |o: &_| o.invites().await)?
        .ok_or_else(|| {
            Problem::new(
                Kind::Offline,
                "server-slow",
                "The clinic's server is slow to answer. Nothing was changed.",
            )
            .passing()
        })?;
    Ok(all.into_iter().rev().map(view).collect())
}

fn view(invite: sync::InviteView) -> InviteView {
    let birth_date = invite.birth_date.parse().ok();
    let applicant = birth_date.map(|birth_date| Applicant {
        name: invite.name,
        birth_date,
    });
    InviteView {
        id: invite.lookup.to_string(),
        applicant,
        created: instant(invite.expires.saturating_sub(limits::INVITE_SECONDS)),
        expires: instant(invite.expires),
        state: match invite.state {
            message::InviteState::Waiting => InviteState::Waiting,
            message::InviteState::Claimed => InviteState::Claimed {
                digits_needed: DIGITS,
            },
            message::InviteState::Admitted => InviteState::Admitted,
            message::InviteState::Withdrawn | message::InviteState::Expired => InviteState::Expired,
        },
    }
}

pub(super) fn make(companion: &Companion, applicant: &Applicant) -> Answer<Invitation> {
    let birth_date = applicant.birth_date.to_string();
    let made = companion
        .office()
        .blocking(&Cancel::new(), async |o: &_| {
            o.invite(&applicant.name, &birth_date).await
        })?
        .ok_or_else(cancelled)?;
    Ok(Invitation {
        id: made.lookup.to_string(),
        code_text: Zeroizing::new(made.text.replace('-', "")),
        qr_payload: Zeroizing::new(made.qr),
        expires: instant(made.expires),
    })
}

pub(super) fn admit(
    companion: &Companion,
    invite: &str,
    digits: &str,
    applicant: &Applicant,
) -> Answer<Admission> {
    let lookup = lookup(invite)?;
    let birth_date = applicant.birth_date.to_string();
    let done = companion
        .office()
        .blocking(&Cancel::new(), async |o: &_| {
            let done = o.admit(lookup, digits, &applicant.name, &birth_date).await;
            Ok::<Result<_, AdmitError>, SyncError>(done)
        })?
        .ok_or_else(cancelled)?;
    match done {
        Ok(_) => Ok(Admission::Admitted),
        Err(AdmitError::Sync(SyncError::DigitsDiffer | SyncError::ForgedClaim)) => {
            // Somebody may stand in between: nobody can use this invite any more.
            withdraw(companion, invite)?;
            Ok(Admission::DigitsDiffer)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn withdraw(companion: &Companion, invite: &str) -> Answer<()> {
    let lookup = lookup(invite)?;
    companion
        .office()
        .blocking(&Cancel::new(), async |o: &_| o.withdraw(lookup).await)?
        .ok_or_else(cancelled)
}
