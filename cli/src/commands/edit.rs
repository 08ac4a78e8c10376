//! `companion edit`.

use companion_core::env::Env;
use companion_core::journal::Valence;
use companion_core::problem::Problem;
use serde_json::json;

use super::{feeling, find};
use crate::args::{Edit, VaultArgs};
use crate::open::open;
use crate::out::Out;

/// Saves a new version of an entry.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Edit) -> Result<(), Problem> {
    let journal = open(env, vault)?.journal();
    let entry = find::entry(&journal, &args.entry)?;
    let mut mood = entry.mood.clone();
    if let Some(step) = args.mood {
        mood.valence = Valence::from_scale(step)?;
    }
    feeling::put(env, &mut mood, &args.feeling)?;
    journal.edit(entry.id, &mood)?;
    out.result(&json!({ "saved": entry.id.to_string() }), || {
        "Saved. The earlier version is kept; `companion show` has both.".to_owned()
    });
    Ok(())
}
