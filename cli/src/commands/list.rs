//! `companion list`.

use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::args::{List, VaultArgs};
use crate::open::open;
use crate::out::Out;
use crate::text;

/// Shows entries, newest first.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &List) -> Result<(), Problem> {
    let journal = open(env, vault)?.journal();
    let entries = if let Some(day) = &args.day {
        journal.day(date(day)?)?
    } else {
        let zone = env.zone();
        let from = args
            .from
            .as_deref()
            .map(|d| start(&zone, date(d)?))
            .transpose()?;
        let to = args.to.as_deref().map(date).transpose()?;
        let to = to
            .map(|d| start(&zone, d.tomorrow().map_err(|_| bad_date())?))
            .transpose()?;
        journal.list(from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX), args.most)?
    };
    let all = journal.count()?;
    let value = json!({
        "entries": entries.iter().map(text::entry_json).collect::<Vec<_>>(),
        "total": all,
    });
    out.result(&value, || {
        if entries.is_empty() {
            return "No entries here yet. `companion log 6` saves one.".to_owned();
        }
        let mut lines: Vec<String> = entries.iter().map(text::line).collect();
        if (entries.len() as u64) < all {
            lines.push(format!("{} of {all} entries.", entries.len()));
        }
        lines.join("\n")
    });
    Ok(())
}

fn bad_date() -> Problem {
    Problem::new(
        Kind::Input,
        "impossible-date",
        "A date looks like 2026-11-24.",
    )
}

fn date(text: &str) -> Result<Date, Problem> {
    text.parse().map_err(|_| bad_date())
}

fn start(zone: &TimeZone, day: Date) -> Result<i64, Problem> {
    let at = zone
        .to_timestamp(day.at(0, 0, 0, 0))
        .map_err(|_| bad_date())?;
    Ok(at.as_millisecond())
}
