//! `companion enrol`: with an invite of a clinic, or a code of another device.

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::sync::{Cancel, SyncError};
use serde_json::json;

use crate::args::{Enrol, VaultArgs};
use crate::open::open;
use crate::out::Out;

/// Joins a clinic and shows the digits that its staff compares.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Enrol) -> Result<(), Problem> {
    let companion = open(env, vault)?;
    if let Some(code) = &args.pair {
        return pair(out, &companion, args, code);
    }
    let sync = companion.sync();
    let invite = args.invite.as_deref().unwrap_or_default();
    let joined = sync.join_blocking(invite, args.server.as_deref(), &Cancel::new());
    let joining = match joined {
        Ok(Some(joining)) => joining,
        Ok(None) => {
            return Err(cancelled());
        }
        Err(SyncError::NoServer) => return Err(server_needed()),
        Err(error) => return Err(error.into()),
    };
    if args.share_by_default {
        companion.journal().set_share_by_default(true)?;
    }
    let value = json!({ "clinic": joining.clinic, "digits": joining.digits.to_string() });
    out.result(&value, || {
        format!(
            "You are joining {}.\n\nRead these digits to the clinic's staff:\n\n    {}\n\n\
             They type them on their side. When they fit, nobody stands in between, and\n\
             `companion sync` exchanges what is new. The clinic's care team will be able to\n\
             read what you share with them, and nothing else.",
            joining.clinic, joining.digits
        )
    });
    Ok(())
}

/// Answers another device of the same person.
fn pair(out: &Out, companion: &Companion, args: &Enrol, code: &str) -> Result<(), Problem> {
    let server = args.server.as_deref();
    let answered = companion.sync().blocking(&Cancel::new(), async |sync: &_| {
        sync.answer_pairing(code, server, &args.name).await
    });
    let answering = match answered {
        Ok(Some(answering)) => answering,
        Ok(None) => return Err(cancelled()),
        Err(SyncError::NoServer) => return Err(server_needed()),
        Err(error) => return Err(error.into()),
    };
    if args.share_by_default {
        companion.journal().set_share_by_default(true)?;
    }
    let digits = answering.digits.to_string();
    out.result(&json!({ "digits": digits }), || {
        format!(
            "Your other device now shows who answered. Type these digits there:\n\n    {digits}\n\n\
             with `companion devices pair --confirm`. When that is done, `companion sync`\n\
             brings your whole journal to this device."
        )
    });
    Ok(())
}

fn cancelled() -> Problem {
    Problem::new(Kind::Internal, "cancelled", "That was cancelled.")
}

fn server_needed() -> Problem {
    Problem::new(
        Kind::Input,
        "server-needed",
        "What is typed doesn't say where the clinic's server is. Add its address, which the \
         clinic and your other device know: --server https://…",
    )
}
