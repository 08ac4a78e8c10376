//! `companion search`.

use companion_core::env::Env;
use companion_core::problem::Problem;
use serde_json::json;

use super::page;
use crate::args::{Search, VaultArgs};
use crate::open::open;
use crate::out::Out;
use crate::text;

/// Finds entries by their words, newest first.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Search) -> Result<(), Problem> {
    let after = page::after(&args.page)?;
    let journal = open(env, vault)?.journal();
    let found = journal.search(&args.words.join(" "), after, args.page.most)?;
    let value = json!({
        "entries": found.entries.iter().map(text::entry_json).collect::<Vec<_>>(),
        "next": page::next_json(&found),
    });
    out.result(&value, || {
        if found.entries.is_empty() {
            return if after.is_some() {
                "No more entries with these words.".to_owned()
            } else {
                "No entry has all of these words. A word is found by its beginning.".to_owned()
            };
        }
        let mut lines: Vec<String> = found.entries.iter().map(|e| text::line(out, e)).collect();
        if let Some(next) = page::next(&found) {
            lines.push(format!("\nThere is more: add --next {next}"));
        }
        lines.join("\n")
    });
    Ok(())
}
