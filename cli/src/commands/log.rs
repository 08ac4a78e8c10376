//! `companion log`.

use companion_core::env::Env;
use companion_core::journal::{Mood, Valence};
use companion_core::problem::Problem;
use serde_json::json;

use super::feeling;
use crate::args::{Log, VaultArgs};
use crate::open::open;
use crate::out::Out;
use crate::text;

/// At or below this, help comes into view after saving (see the hazard log).
const LOWEST: f64 = 0.0;

/// Saves first; only then says anything.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Log) -> Result<(), Problem> {
    let mut mood = Mood::new(Valence::from_scale(args.mood)?, feeling::now(env));
    feeling::put(env, &mut mood, &args.feeling)?;
    let companion = open(env, vault)?;
    let share = match (args.share, args.private) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        (false, false) => None,
    };
    let id = companion.journal().record(&mood, share)?;
    let help = args.mood <= LOWEST;
    out.result(&json!({ "saved": id.to_string(), "help": help }), || {
        let short: String = id.to_string().chars().take(8).collect();
        let mut said = format!("Saved.  {short}  {}/10", text::scale(&mood));
        said.push_str(if help {
            "\n\nThank you for writing that down. If it is more than you can carry alone,\n\
             people are there now: `companion crisis` shows whom to call, text or chat with."
        } else {
            "\nNobody watches this around the clock. `companion crisis` shows help."
        });
        said
    });
    Ok(())
}
