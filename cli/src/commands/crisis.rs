//! `companion crisis`.

use companion_core::crisis::{Input, clinic_help, help_for_input, render_text, to_json};
use companion_core::env::Env;
use companion_core::problem::Problem;

use crate::args::{Crisis, VaultArgs};
use crate::open::dir;
use crate::out::Out;

/// Shows help first; what was not understood comes after it and never instead of it.
///
/// The clinic's own numbers come from beside the journal, which stays closed.
pub fn run(out: &Out, env: &Env, vault: &VaultArgs, args: &Crisis) -> Result<(), Problem> {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let clinic = dir(vault).ok().and_then(|dir| clinic_help(&dir, env.now()));
    let of_clinic = clinic.as_ref().and_then(|c| c.lines.first());
    let chosen = args.country.clone();
    let chosen = chosen.or_else(|| of_clinic.map(|line| line.country.as_str().to_owned()));
    let country = chosen.or_else(|| {
        let (_, rest) = locale.as_deref()?.split_once('_')?;
        rest.get(..2).map(str::to_owned)
    });
    let (help, errors) = help_for_input(&Input {
        country: country.as_deref(),
        region: args.region.as_deref(),
        audience: args.audience.as_deref(),
        language: args.lang.as_deref(),
    });
    let help = help.with_clinic(clinic);
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
