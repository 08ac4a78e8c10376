//! `companion leave`.

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::leave::{Incorporated, Left, Preview};
use companion_core::problem::{Kind, Problem};
use companion_core::sync::{Cancel, SyncError};
use companion_core::vault::Vault;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::export;
use crate::args::{Export, Leave, VaultArgs};
use crate::open::{dir, open};
use crate::out::Out;
use crate::text::{day, entries};
use crate::wrap::wrap;

/// What leaving means; with `--yes`, leaving.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Leave) -> Result<(), Problem> {
    let companion = open(env, vault)?;
    if args.erase_here && !args.yes {
        return Err(Problem::new(
            Kind::Input,
            "leave-unsure",
            "--erase-here deletes the journal on this machine, for good. Add --yes if you mean it.",
        ));
    }
    let before = companion.leaving().left()?;
    let (shown, exported, left) = match before {
        Some(left) => (None, None, Some(left)),
        None => go(out, env, &companion, args)?,
    };
    let erases = args.erase_here && left.is_some();
    drop(companion);
    if erases {
        Vault::delete(&dir(vault)?)?;
    }
    let value = as_json(shown.as_ref(), exported.as_deref(), left.as_ref(), erases);
    out.result(&value, || {
        let mut lines = match (&shown, &left) {
            (_, Some(left)) => done(env, left, exported.as_deref()),
            (Some(shown), None) => beforehand(env, shown),
            (None, None) => Vec::new(),
        };
        if erases {
            lines.push("The journal on this machine is deleted.".to_owned());
        }
        lines.join("\n")
    });
    Ok(())
}

type Gone = (Option<Preview>, Option<String>, Option<Left>);

/// Shows or leaves, where nobody left before.
fn go(out: &Out, env: &Env, companion: &Companion, args: &Leave) -> Result<Gone, Problem> {
    let (leaving, sync) = (companion.leaving(), companion.sync());
    // What is shown is what the clinic has now; without it nobody can decide, or leave.
    if sync.server()?.is_none() {
        return Err(SyncError::NoServer.into());
    }
    sync.round_blocking(&Cancel::new())?;
    if let Some(left) = leaving.left()? {
        return Ok((None, None, Some(left)));
    }
    let shown = leaving.preview()?;
    if !args.yes {
        return Ok((Some(shown), None, None));
    }
    if args.export.is_none() && !args.no_export {
        return Err(Problem::new(
            Kind::Input,
            "export-first",
            "Write a copy of your journal first: --export FILE. If you want none, say --no-export. \
             Nothing was erased.",
        ));
    }
    let exported = match &args.export {
        Some(file) => {
            let how = Export {
                file: file.clone(),
                force: false,
            };
            export::to_file(out, env, companion, &how)?;
            Some(file.display().to_string())
        }
        None => None,
    };
    let left = leaving.leave_blocking(&shown, &Cancel::new())?;
    Ok((Some(shown), exported, left))
}

fn taken_json(taken: &[Incorporated]) -> Value {
    let each = taken.iter().map(|one| {
        json!({
            "entry": one.entry.to_string(),
            "felt_ms": one.felt.as_ref().map(|felt| felt.ms),
            "taken_ms": one.taken_ms,
            "by": one.by,
        })
    });
    each.collect()
}

fn as_json(
    shown: Option<&Preview>,
    exported: Option<&str>,
    left: Option<&Left>,
    erased_here: bool,
) -> Value {
    let taken = left
        .map(|l| &l.incorporated)
        .or(shown.map(|s| &s.incorporated));
    json!({
        "left": left.is_some(),
        "clinic": shown.map(|s| &s.clinic),
        "request_number": shown.map(|s| &s.request_number),
        "entries": shown.map(|s| s.entries),
        "shared": shown.map(|s| s.shared),
        "unsent": shown.map(|s| s.unsent),
        "incorporated": taken_json(taken.map_or(&[], Vec::as_slice)),
        "exported": exported,
        "receipt": left.map(|l| json!({
            "erased_at": l.receipt.erased_at,
            "backups_expire_at": l.receipt.backups_expire_at,
            "runs": l.receipt.runs,
            "bytes": l.receipt.bytes,
            "request": l.receipt.request.map(|hash| hash.to_string()),
            "key": HEXLOWER.encode(&l.receipt.key),
            "signed": HEXLOWER.encode(&l.signed),
        })),
        "erased_here": erased_here,
    })
}

/// What a person reads before they decide.
fn beforehand(env: &Env, shown: &Preview) -> Vec<String> {
    let mut lines = wrap(&format!("If you leave {}:", shown.clinic), 0);
    let said = |lines: &mut Vec<String>, text: &str| {
        lines.push(String::new());
        lines.extend(wrap(text, 0));
    };
    said(&mut lines, Preview::GOES);
    lines.push(format!("You share {} now.", entries(shown.shared)));
    said(&mut lines, Preview::STAYS_THERE);
    lines.extend(taken(env, &shown.incorporated));
    said(&mut lines, Preview::STAYS_HERE);
    lines.push(format!("{} on this device.", entries(shown.entries)));
    said(&mut lines, Preview::TREATMENT);
    said(&mut lines, Preview::UNDONE);
    lines.push(String::new());
    lines.push("To leave, with a copy of your journal in a file first:".to_owned());
    lines.push("    companion leave --export FILE --yes".to_owned());
    lines.push(String::new());
    let asked = "Should this not work, the server's operator can erase it without reading \
                 anything. They need this request number:";
    lines.extend(wrap(asked, 0));
    let number = &shown.request_number;
    let (first, second) = number.split_at(number.len() / 2);
    lines.push(format!("    {}", first.trim()));
    lines.push(format!("    {}", second.trim()));
    lines
}

fn taken(env: &Env, taken: &[Incorporated]) -> Vec<String> {
    if taken.is_empty() {
        return vec!["It took none of your entries into its record.".to_owned()];
    }
    let mut lines = vec![format!(
        "Taken into its record: {}:",
        entries(taken.len() as u64)
    )];
    for one in taken {
        let felt = one.felt.as_ref().map_or("erased since".to_owned(), |felt| {
            format!("of {}", day(env, felt.ms))
        });
        let by = one.by.as_deref().unwrap_or("somebody no longer there");
        let line = format!("- {felt}, taken on {} by {by}", day(env, one.taken_ms));
        lines.extend(wrap(&line, 2));
    }
    lines
}

/// What a person reads afterwards.
fn done(env: &Env, left: &Left, exported: Option<&str>) -> Vec<String> {
    let ms = |seconds: i64| seconds.saturating_mul(1000);
    let mut lines = wrap(
        &format!(
            "You left. The clinic's server says that on {} it erased all that it kept of you, and \
             that its backups hold nothing of it from {} on.",
            day(env, ms(left.receipt.erased_at)),
            day(env, ms(left.receipt.backups_expire_at)),
        ),
        0,
    );
    if let Some(file) = exported {
        lines.push(format!("A copy of your journal: {file}"));
    }
    lines.extend(taken(env, &left.incorporated));
    lines.push(String::new());
    let stays = "Your journal stays on this device, and goes on as yours alone. The signed \
                 receipt is kept: `companion leave --json` shows it.";
    lines.extend(wrap(stays, 0));
    lines
}
