//! `companion kit`.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use companion_core::env::Env;
use companion_core::kit::{KitCode, KitPage, KitState};
use companion_core::problem::{Kind, Problem};
use companion_core::sync::{Cancel, KitError, SyncError};
use serde_json::{Value, json};

use crate::args::{Kit, KitCommand, VaultArgs};
use crate::kit_page;
use crate::open::{open, open_empty};
use crate::out::Out;
use crate::text::day;
use crate::wrap::wrap;

/// Whether there is a kit; making, checking, shutting out and using it.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Kit) -> Result<(), Problem> {
    match &args.command {
        None => {
            let state = open(env, vault)?.kit().state()?;
            out.result(&state_json(state), || said(env, state).join("\n"));
            Ok(())
        }
        Some(KitCommand::Make { page }) => make(out, env, vault, page.as_deref()),
        Some(KitCommand::Check) => check(out, env, vault),
        Some(KitCommand::ShutOut) => {
            let kit = open(env, vault)?.kit();
            done(kit.blocking(&Cancel::new(), async |kit| kit.shut_out().await))?;
            out.result(&state_json(kit.state()?), || {
                "That kit opens nothing that you write from now on. Make a new one when you have \
                 a quiet moment: `companion kit make`"
                    .to_owned()
            });
            Ok(())
        }
        Some(KitCommand::Restore { server }) => restore(out, env, vault, server.as_deref()),
    }
}

fn make(out: &Out, env: &Env, vault: &VaultArgs, page: Option<&Path>) -> Result<(), Problem> {
    let kit = open(env, vault)?.kit();
    if let Some(path) = page.filter(|path| path.exists()) {
        return Err(there(path));
    }
    let made = kit.blocking(&Cancel::new(), async |kit| kit.make().await);
    let made: KitPage = done(made)?;
    match page {
        Some(path) => {
            kit_page::write(path, &made, &day(env, made.made_ms))?;
            out.result(&json!({ "page": path, "made_ms": made.made_ms }), || {
                format!(
                    "Written to {}. Print it, then delete the file: whoever has it can read your \
                     journal.\nThen type its words once: companion kit check",
                    path.display()
                )
            });
        }
        None => out.result(&page_json(&made), || shown(env, &made)),
    }
    // Only now: until somebody has seen the words, the same ones are given again.
    kit.handed_over()?;
    Ok(())
}

fn check(out: &Out, env: &Env, vault: &VaultArgs) -> Result<(), Problem> {
    let kit = open(env, vault)?.kit();
    let code = typed()?;
    if !kit.check(&code)? {
        return Err(Problem::new(
            Kind::Refused,
            "kit-other",
            "These words are a recovery kit's, but not of the one that works now. Look for a \
             newer page, or make a new kit: companion kit make",
        ));
    }
    out.result(&state_json(kit.state()?), || {
        "Right. This kit brings your journal back. Put it where you keep your passport.".to_owned()
    });
    Ok(())
}

fn restore(out: &Out, env: &Env, vault: &VaultArgs, server: Option<&str>) -> Result<(), Problem> {
    let companion = open_empty(env, vault)?;
    let code = typed()?;
    let restored = companion
        .kit()
        .blocking(&Cancel::new(), async |kit| kit.restore(&code, server).await);
    if let Err(KitError::Sync(SyncError::NoServer)) = &restored {
        return Err(Problem::new(
            Kind::Input,
            "server-needed",
            "The words don't say where the clinic's server is. Its address stands on the page: \
             --server https://…",
        ));
    }
    let report = done(restored)?;
    let entries = companion.journal().count()?;
    let value = json!({
        "entries": entries,
        "received": report.events_received,
        "alarms": report.alarms.len(),
    });
    out.result(&value, || {
        format!(
            "Your journal is back, with {} {}.\n\nYour other devices are still part of it. If \
             one was lost or stolen, remove it:\n    companion devices",
            entries,
            if entries == 1 { "entry" } else { "entries" }
        )
    });
    Ok(())
}

/// The words, or what the code holds: from the terminal or from standard input, never from an
/// argument, which would stand in the shell's history.
fn typed() -> Result<KitCode, Problem> {
    let mut text = String::new();
    let stdin = std::io::stdin();
    let read = if stdin.is_terminal() {
        let mut err = std::io::stderr();
        let _ = write!(err, "The 24 words, or the code's text: ");
        let _ = err.flush();
        stdin.read_line(&mut text)
    } else {
        stdin.lock().take(4096).read_to_string(&mut text)
    };
    read.map_err(|_| {
        let advice = "The words can't be read.";
        Problem::new(Kind::Input, "kit-unreadable", advice)
    })?;
    KitCode::parse(&text).map_err(Problem::from)
}

fn done<T, E: Into<Problem>>(result: Result<Option<T>, E>) -> Result<T, Problem> {
    result
        .map_err(Into::into)?
        .ok_or_else(|| Problem::new(Kind::Internal, "cancelled", "That was cancelled."))
}

fn there(path: &Path) -> Problem {
    let advice = format!("{} is there already. Nothing was made.", path.display());
    Problem::new(Kind::Conflict, "file-exists", advice)
}

fn page_json(page: &KitPage) -> Value {
    json!({
        "title": KitPage::TITLE,
        "text": KitPage::TEXT,
        "words": page.code.words().iter().collect::<Vec<_>>(),
        "qr": page.code.qr(),
        "clinic": page.clinic,
        "server": page.server,
        "made_ms": page.made_ms,
    })
}

fn shown(env: &Env, page: &KitPage) -> String {
    let mut lines = vec![format!(
        "{}, made on {}",
        KitPage::TITLE,
        day(env, page.made_ms)
    )];
    lines.push(String::new());
    let words: Vec<_> = page.code.words().iter().enumerate().collect();
    for row in words.chunks(4) {
        let cells = row
            .iter()
            .map(|(at, word)| format!("{:>4} {word:<10}", at + 1));
        lines.push(cells.collect::<String>().trim_end().to_owned());
    }
    lines.push(String::new());
    lines.push(format!(
        "Clinic: {}. Its server: {}",
        page.clinic, page.server
    ));
    for paragraph in KitPage::TEXT {
        lines.push(String::new());
        lines.extend(wrap(paragraph, 0));
    }
    lines.push(String::new());
    lines.push("When you have written it down, type it once: companion kit check".to_owned());
    lines.join("\n")
}

/// The state, as `status` shows it, too.
pub fn state_json(state: KitState) -> Value {
    let (made, checked, shut_out) = match state {
        KitState::Never => (None, None, None),
        KitState::Made { made_ms } => (Some(made_ms), None, None),
        KitState::Checked {
            made_ms,
            checked_ms,
        } => (Some(made_ms), Some(checked_ms), None),
        KitState::ShutOut { at_ms } => (None, None, Some(at_ms)),
    };
    json!({ "kit": name(state), "made_ms": made, "checked_ms": checked, "shut_out_ms": shut_out })
}

/// The state's name in JSON.
pub fn name(state: KitState) -> &'static str {
    match state {
        KitState::Never => "never-made",
        KitState::Made { .. } => "made",
        KitState::Checked { .. } => "checked",
        KitState::ShutOut { .. } => "shut-out",
    }
}

/// The state in words.
pub fn said(env: &Env, state: KitState) -> Vec<String> {
    let text = match state {
        KitState::Never => "Recovery kit: none yet. Without one, what only this device has is \
                            gone if it is lost: nobody can open it. Make one with `companion kit \
                            make`, whenever it suits you."
            .to_owned(),
        KitState::Made { made_ms } => format!(
            "Recovery kit: made on {}, never checked. Type its words once: companion kit check",
            day(env, made_ms)
        ),
        KitState::Checked {
            made_ms,
            checked_ms,
        } => format!(
            "Recovery kit: made on {}, checked on {}.",
            day(env, made_ms),
            day(env, checked_ms)
        ),
        KitState::ShutOut { at_ms } => format!(
            "Recovery kit: the last one was shut out on {}. Make a new one with `companion kit \
             make`, whenever it suits you.",
            day(env, at_ms)
        ),
    };
    wrap(&text, 0)
}
