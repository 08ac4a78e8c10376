//! `companion demo`: server, clinic, patient and console on one machine, for real.
//!
//! The clinic API and the console run as processes of their own; patient and
//! clinician each have a vault of their own; everything between them goes over HTTP.

mod process;
mod search;
mod stage;
mod stop;

use std::path::PathBuf;
use std::time::Instant;

use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::args::Demo;
use crate::commands::import::unreadable;
use crate::out::Out;
use process::Children;
use stage::Stage;
use stop::Stop;

/// The journal that the demo brings along: some months between infusions.
const JOURNAL: &[u8] = include_bytes!("../../../tests/fixtures/daylio/demo.csv");
/// For the demo's vaults alone.
pub(crate) const PASSPHRASE: &str = "only for this demo";

/// Runs the demo.
pub fn run(out: &Out, env: &Env, args: &Demo, dir: Option<&PathBuf>) -> Result<(), Problem> {
    let keep = dir.cloned();
    let dir = match &keep {
        Some(dir) => dir.clone(),
        None => std::env::temp_dir().join(format!("companion-demo-{}", std::process::id())),
    };
    std::fs::create_dir_all(&dir).map_err(|_| failed("The demo's folder can't be made."))?;
    let children = Children::default();
    let stop = Stop::listen(children.clone())?;
    let result = show(out, env, args, dir.clone(), children, &stop);
    if keep.is_none() {
        // Best effort: what stays behind is a demo's data under a demo's passphrase.
        let _ = std::fs::remove_dir_all(&dir);
    }
    match (&result, stop.signal()) {
        // What failed after a signal failed because of it.
        (Err(_), Some(signal)) => std::process::exit(128 + signal),
        _ => result,
    }
}

fn show(
    out: &Out,
    env: &Env,
    args: &Demo,
    dir: PathBuf,
    children: Children,
    stop: &Stop,
) -> Result<(), Problem> {
    let mut steps = Steps::new(out);
    out.line("The Patient Companion, on this machine alone.\n");
    let journal = match &args.import {
        Some(file) => std::fs::read(file).map_err(|_| unreadable())?,
        None => JOURNAL.to_vec(),
    };
    let mut stage = Stage::open(env, dir, children)?;
    let address = steps.time("server", "Clinic API started", |_| stage.start_server())?;
    steps.say(&format!("listening on {address}, with an empty store"));
    steps.time("clinic", "Clinic initialised", |_| stage.found_clinic())?;
    let digits = steps.time("enrol", "Patient enrolled by an invite", |_| stage.enrol())?;
    if let Some(digits) = digits {
        steps.say(&format!("both sides compared the digits {digits}"));
    }
    let zone = env.zone();
    let zone = if zone.iana_name().is_some() {
        zone
    } else {
        TimeZone::UTC
    };
    let imported = steps.time("import", "Journal imported from Daylio's format", |_| {
        stage.import(&journal, &args.moods, &zone)
    })?;
    steps.say(&format!(
        "{} entries added, {} there before, {} lines left out",
        imported.added, imported.already, imported.left_out
    ));
    let recorded = steps.time("record", "Entries of today saved", |_| {
        stage.record_today(&zone)
    })?;
    steps.say(&format!(
        "{recorded} entries, each durable before it said so"
    ));
    let sent = steps.time("sync", "Everything sealed and synced", |_| {
        stage.sync_patient()
    })?;
    steps.say(&format!(
        "{} frames, {} bytes over HTTP in {} requests",
        sent.frames_pushed, sent.bytes, sent.requests
    ));
    let read = steps.time("read", "Read at the clinic's workstation", |_| {
        stage.read_at_clinic()
    })?;
    steps.say(&format!("{read} entries opened with the clinic's keys"));
    let found = steps.time(
        "search",
        "The server's files searched for the patient's words",
        |_| stage.search_server(),
    )?;
    steps.say(&format!(
        "{} words and phrases looked for in {} bytes: {} found",
        found.needles, found.bytes, found.hits
    ));
    out.line("\n  What the server holds looks like this:\n");
    for line in &found.sample {
        out.line(format!("      {line}"));
    }
    let console = steps.time("console", "Console started", |_| stage.start_console())?;
    let total: f64 = steps.seconds.values().filter_map(Value::as_f64).sum();
    let value = json!({
        "entries_imported": imported.added,
        "entries_already": imported.already,
        "lines_left_out": imported.left_out,
        "entries_recorded": recorded,
        "frames_pushed": sent.frames_pushed,
        "entries_read_by_clinic": read,
        "bytes_on_wire": sent.bytes,
        "plaintext_needles": found.needles,
        "plaintext_hits_in_server": found.hits,
        "server_bytes": found.bytes,
        "server_url": address,
        "console_url": console,
        "seconds": steps.seconds,
        "seconds_total": round(total),
    });
    out.result(&value, || {
        format!(
            "\nDone in {total:.1} s. Open the clinician's console:\n\n    {console}\n\n\
             Its passphrase is “{PASSPHRASE}”. The link works once."
        )
    });
    if args.exit {
        return Ok(());
    }
    out.line("\nEverything stays up until you press Ctrl-C.");
    stop.wait();
    Ok(())
}

/// Steps with their times.
struct Steps<'a> {
    out: &'a Out,
    seconds: Map<String, Value>,
}

impl<'a> Steps<'a> {
    fn new(out: &'a Out) -> Self {
        Self {
            out,
            seconds: Map::new(),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "measures how long the demo's steps took"
    )]
    fn time<T>(
        &mut self,
        key: &str,
        what: &str,
        work: impl FnOnce(&Out) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let start = Instant::now();
        let result = work(self.out)?;
        let seconds = start.elapsed().as_secs_f64();
        self.out.line(format!("  {seconds:>6.2} s   {what}"));
        self.seconds.insert(key.to_owned(), round(seconds).into());
        Ok(result)
    }

    fn say(&self, text: &str) {
        self.out.line(format!("             {text}"));
    }
}

fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

pub(crate) fn failed(advice: &str) -> Problem {
    Problem::new(Kind::Internal, "demo-failed", advice)
}
