//! `companion show`.

use companion_core::env::Env;
use companion_core::problem::Problem;
use serde_json::json;

use super::find;
use crate::args::{EntryArg, VaultArgs};
use crate::open::open;
use crate::out::Out;
use crate::text;

/// Shows one entry with its earlier versions.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &EntryArg) -> Result<(), Problem> {
    let journal = open(env, vault)?.journal();
    let entry = find::entry(&journal, &args.entry)?;
    let versions = journal.versions(entry.id)?;
    let value = json!({
        "entry": text::entry_json(&entry),
        "versions": versions.iter().map(text::version_json).collect::<Vec<_>>(),
    });
    out.result(&value, || {
        let mut all = text::full(out, &entry.mood);
        let sharing = if entry.shared {
            "Your care team can read this."
        } else {
            "Only you can read this."
        };
        all.push('\n');
        if let Some(later) = text::written_later(&entry) {
            all.push_str(&format!("\n{later}"));
        }
        all.push_str(&format!("\n{sharing}"));
        let earlier: Vec<_> = versions.iter().filter(|v| v.id != entry.version).collect();
        if !earlier.is_empty() {
            all.push_str("\n\nEarlier versions:");
            for version in earlier {
                all.push_str(&format!("\n\n{}", text::full(out, &version.mood)));
            }
        }
        all
    });
    Ok(())
}
