//! `companion share` and `companion unshare`.

use companion_core::env::Env;
use companion_core::problem::Problem;
use serde_json::json;

use super::find;
use crate::args::{EntryArg, VaultArgs};
use crate::open::open;
use crate::out::Out;

/// Shares an entry with the care team, or takes it back.
pub fn run(
    out: &Out,
    env: &Env,
    vault: &VaultArgs,
    args: &EntryArg,
    share: bool,
) -> Result<(), Problem> {
    let journal = open(env, vault)?.journal();
    let entry = find::entry(&journal, &args.entry)?;
    if share {
        journal.share(entry.id)?;
    } else {
        journal.unshare(entry.id)?;
    }
    out.result(
        &json!({ "entry": entry.id.to_string(), "shared": share }),
        || {
            if share {
                "Shared. Your care team can read it after the next sync.".to_owned()
            } else {
                "No longer shared. What somebody has read already stays read.".to_owned()
            }
        },
    );
    Ok(())
}
