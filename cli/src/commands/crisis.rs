//! `companion crisis`.

use companion_core::crisis::{Input, help_for_input, render_text, to_json};
use companion_core::problem::Problem;

use crate::args::Crisis;
use crate::out::Out;

/// Shows help first; what was not understood comes after it and never instead of it.
pub fn run(out: &Out, args: &Crisis) -> Result<(), Problem> {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let country = args.country.clone().or_else(|| {
        let (_, rest) = locale.as_deref()?.split_once('_')?;
        rest.get(..2).map(str::to_owned)
    });
    let (help, errors) = help_for_input(&Input {
        country: country.as_deref(),
        region: args.region.as_deref(),
        audience: args.audience.as_deref(),
        language: args.lang.as_deref(),
    });
    out.result(&to_json(&help), || render_text(&help, 80));
    if out.is_json() {
        return Ok(());
    }
    for error in errors {
        eprintln!("\n{}", Problem::from(error).advice);
    }
    if country.is_none() {
        eprintln!("\nTo see the lines of a country: companion crisis --country US");
    }
    Ok(())
}
