//! `companion import`.

use std::fs::File;
use std::io::{BufRead, IsTerminal, Read, Seek, Write};

use companion_core::env::Env;
use companion_core::import::Format;
use companion_core::import::daylio::{
    FILE_BYTES, ImportError, ImportedEntry, MoodMap, Plan, Reading,
};
use companion_core::journal::{Imported, Journal, Valence};
use companion_core::problem::{Kind, Problem};
use jiff::tz::TimeZone;
use serde_json::json;

use super::import_own;
use crate::args::{Import, VaultArgs};
use crate::interrupt::Interrupt;
use crate::open::open;
use crate::out::Out;
use crate::progress::Progress;
use crate::text;
use crate::wrap::clean;

/// So many entries are saved before progress is shown, and Ctrl-C looked at.
const STEP: usize = 200;

/// Imports a file, whichever of the formats it is.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Import) -> Result<(), Problem> {
    let mut file = File::open(&args.file).map_err(|_| unreadable())?;
    let mut start = Vec::new();
    let read = (&file).take(256).read_to_end(&mut start);
    read.and_then(|_| file.rewind()).map_err(|_| unreadable())?;
    match Format::detect(&start) {
        Format::Own => import_own::run(out, env, vault, args, file),
        Format::Daylio => daylio(out, env, vault, args, file),
    }
}

/// Imports a Daylio export; nothing is written until every mood name has a value.
fn daylio(
    out: &Out,
    env: &Env,
    vault: &VaultArgs,
    args: &Import,
    file: File,
) -> Result<(), Problem> {
    let mut bytes = Vec::new();
    let most = FILE_BYTES as u64 + 1;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|_| unreadable())?;
    let zone = match &args.zone {
        Some(name) => TimeZone::get(name).map_err(|_| {
            Problem::new(
                Kind::Input,
                "zone-unknown",
                "A zone looks like Europe/Berlin.",
            )
        })?,
        None => env.zone(),
    };
    let reading = Reading::parse(&bytes)?;
    let mut moods = mapping(&args.moods)?;
    if !out.is_json() && std::io::stdin().is_terminal() {
        ask(&reading, &mut moods)?;
    }
    let plan = plan(&reading, &moods, &zone)?;
    let journal = open(env, vault)?.journal();
    let imported = if args.dry_run {
        journal.try_import(&plan.entries)?
    } else {
        save(out, &journal, &plan.entries, args.share)?
    };
    let left: Vec<_> = plan
        .left_out
        .iter()
        .map(|l| json!({ "line": l.line, "reason": l.reason.code() }))
        .collect();
    let value = json!({
        "format": "daylio",
        "dry_run": args.dry_run,
        "added": imported.added,
        "already": imported.already,
        "left_out": left,
        "unread_columns": reading.unread_columns(),
    });
    out.result(&value, || {
        let verb = if args.dry_run { " would be" } else { "" };
        let mut lines = vec![format!("{}{verb} added.", text::entries(imported.added))];
        if imported.already > 0 {
            lines.push(format!(
                "{} were here already, or were erased.",
                imported.already
            ));
        }
        lines.extend(
            plan.left_out
                .iter()
                .map(|l| format!("Line {}: {}", l.line, l.reason)),
        );
        if !reading.unread_columns().is_empty() {
            let names = clean(&reading.unread_columns().join(", "));
            lines.push(format!("Not imported: {names}"));
        }
        if args.dry_run {
            lines.push("Nothing was saved.".to_owned());
        }
        lines.join("\n")
    });
    Ok(())
}

fn save(
    out: &Out,
    journal: &Journal,
    entries: &[ImportedEntry],
    share: bool,
) -> Result<Imported, Problem> {
    let interrupt = Interrupt::listen()?;
    let mut progress = Progress::new("Importing", out.is_json());
    let mut all = Imported::default();
    for some in entries.chunks(STEP) {
        if interrupt.told() {
            return Err(import_own::stopped(all.added));
        }
        let came = journal.import(some, share)?;
        all.added = all.added.saturating_add(came.added);
        all.already = all.already.saturating_add(came.already);
        progress.show(all.added.saturating_add(all.already), entries.len() as u64);
    }
    Ok(all)
}

/// A file that isn't there, or isn't ours to read.
pub fn unreadable() -> Problem {
    Problem::new(Kind::Input, "file-unreadable", "That file can't be read.")
}

/// The mapping that the command line gives.
pub fn mapping(moods: &[String]) -> Result<MoodMap, Problem> {
    let mut map = MoodMap::new();
    for mood in moods {
        map.insert(mood)?;
    }
    Ok(map)
}

/// What the import would write; names the moods that still need a value.
pub fn plan(reading: &Reading, moods: &MoodMap, zone: &TimeZone) -> Result<Plan, Problem> {
    reading.plan(moods, zone).map_err(|error| {
        let unmapped = matches!(error, ImportError::UnmappedMoods { .. });
        let mut problem = Problem::from(error);
        if unmapped {
            // These names are the person's own, and this is their own terminal.
            let names = reading
                .mood_names()
                .into_iter()
                .filter(|m| moods.value(&m.name).is_none());
            let names: Vec<_> = names
                .map(|m| format!("  --mood '{}=…'", clean(&m.name)))
                .collect();
            problem.advice = format!("{}\n{}", problem.advice, names.join("\n"));
        }
        problem
    })
}

fn ask(reading: &Reading, moods: &mut MoodMap) -> Result<(), Problem> {
    let ended = || Problem::new(Kind::Input, "no-answer", "Nothing was imported.");
    for mood in reading.mood_names() {
        while moods.value(&mood.name).is_none() {
            eprint!(
                "What does “{}” ({}) mean, from 0 ({}) to 10 ({})? ",
                clean(&mood.name),
                if mood.count == 1 {
                    "once".to_owned()
                } else {
                    format!("{} times", mood.count)
                },
                Valence::LEAST,
                Valence::MOST,
            );
            std::io::stderr().flush().map_err(|_| ended())?;
            let mut answer = String::new();
            let read = std::io::stdin()
                .lock()
                .read_line(&mut answer)
                .map_err(|_| ended())?;
            if read == 0 {
                return Err(ended());
            }
            match answer.trim().parse::<f64>() {
                Ok(step) if (0.0..=10.0).contains(&step) => {
                    moods.set(&mood.name, step / 5.0 - 1.0)?
                }
                Ok(_) | Err(_) => eprintln!("A number from 0 to 10, please."),
            }
        }
    }
    Ok(())
}
