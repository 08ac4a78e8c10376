//! `companion enrol`.

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
    let sync = companion.sync();
    let joined = sync.join_blocking(&args.invite, args.server.as_deref(), &Cancel::new());
    let joining = match joined {
        Ok(Some(joining)) => joining,
        Ok(None) => {
            let advice = "That was cancelled.";
            return Err(Problem::new(Kind::Internal, "cancelled", advice));
        }
        Err(SyncError::NoServer) => {
            return Err(Problem::new(
                Kind::Input,
                "server-needed",
                "A typed invite doesn't say where the clinic's server is. Add its address, \
                 which the clinic knows: --server https://…",
            ));
        }
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
