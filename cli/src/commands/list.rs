//! `companion list`.

use companion_core::env::Env;
use companion_core::journal::Page;
use companion_core::problem::{Kind, Problem};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::page;
use crate::args::{List, VaultArgs};
use crate::open::open;
use crate::out::Out;
use crate::text;

/// Shows entries, newest first.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &List) -> Result<(), Problem> {
    let (from, to) = range(&env.zone(), args)?;
    let after = page::after(&args.page)?;
    let day = args.day.as_deref().map(date).transpose()?;
    let journal = open(env, vault)?.journal();
    let page = if let Some(day) = day {
        Page {
            entries: journal.day(day)?,
            next: None,
        }
    } else {
        journal.page(from, to, after, args.page.most)?
    };
    let all = journal.count()?;
    let value = json!({
        "entries": page.entries.iter().map(text::entry_json).collect::<Vec<_>>(),
        "total": all,
        "next": page::next_json(&page),
    });
    out.result(&value, || {
        if page.entries.is_empty() {
            return if all == 0 {
                "No entries here yet. `companion log 6` saves one.".to_owned()
            } else {
                format!("None of these. In all there are {}.", text::entries(all))
            };
        }
        let mut lines: Vec<String> = page.entries.iter().map(|e| text::line(out, e)).collect();
        if (page.entries.len() as u64) < all {
            lines.push(format!(
                "\n{} of {}.",
                page.entries.len(),
                text::entries(all)
            ));
        }
        if let Some(next) = page::next(&page) {
            lines.push(format!("There is more: add --next {next}"));
        }
        lines.join("\n")
    });
    Ok(())
}

/// From which instant on, and before which.
fn range(zone: &TimeZone, args: &List) -> Result<(i64, i64), Problem> {
    let start = |day: &str| start(zone, date(day)?);
    let end = |day: &str| self::start(zone, date(day)?.tomorrow().map_err(|_| bad_date())?);
    let from = match (&args.from, &args.after) {
        (Some(from), _) => start(from)?,
        (None, Some(after)) => end(after)?,
        (None, None) => i64::MIN,
    };
    let to = match (&args.to, &args.before) {
        (Some(to), _) => end(to)?,
        (None, Some(before)) => start(before)?,
        (None, None) => i64::MAX,
    };
    Ok((from, to))
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
