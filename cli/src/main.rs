//! `companion`: a headless patient's client, and `companion demo`, which shows
//! the whole product on one machine.

mod args;
mod commands;
mod demo;
mod interrupt;
mod kit_page;
mod mended;
mod open;
mod out;
mod progress;
mod text;
mod wrap;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use companion_core::problem::Problem;
use out::Out;

// What is freed is wiped: journals and keys pass through this process.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// The journal's file is not what was written.
const DAMAGED: &str = "vault-damaged";

fn main() -> ExitCode {
    let args = Args::parse();
    let out = Out::new(args.json);
    let env = companion_core::env::Env::system();
    let mut result = run(&args, &out, &env);
    if result.as_ref().is_err_and(|p| p.code == DAMAGED) {
        // It showed only in reading: nothing was changed by what was asked, so it is asked again.
        result = open::mend(&env, &args.vault).and_then(|()| run(&args, &out, &env));
    }
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => out.fail(&problem),
    }
}

fn run(args: &Args, out: &Out, env: &companion_core::env::Env) -> Result<(), Problem> {
    match &args.command {
        Command::Crisis(crisis) => commands::crisis::run(out, env, &args.vault, crisis),
        Command::Demo(options) => demo::run(out, env, options, args.vault.dir.as_ref()),
        Command::Enrol(enrol) => commands::enrol::run(out, env, &args.vault, enrol),
        Command::Log(log) => commands::log::run(out, env, &args.vault, log),
        Command::List(list) => commands::list::run(out, env, &args.vault, list),
        Command::Search(search) => commands::search::run(out, env, &args.vault, search),
        Command::Show(show) => commands::show::run(out, env, &args.vault, show),
        Command::Edit(edit) => commands::edit::run(out, env, &args.vault, edit),
        Command::Erase(erase) => commands::erase::run(out, env, &args.vault, erase),
        Command::Share(entry) => commands::share::run(out, env, &args.vault, entry, true),
        Command::Unshare(entry) => commands::share::run(out, env, &args.vault, entry, false),
        Command::Import(import) => commands::import::run(out, env, &args.vault, import),
        Command::Export(export) => commands::export::run(out, env, &args.vault, export),
        Command::Sync(sync) => commands::sync::run(out, env, &args.vault, sync),
        Command::Devices(devices) => commands::devices::run(out, env, &args.vault, devices),
        Command::Kit(kit) => commands::kit::run(out, env, &args.vault, kit),
        Command::Leave(leave) => commands::leave::run(out, env, &args.vault, leave),
        Command::Readers => commands::readers::run(out, env, &args.vault),
        Command::Status => commands::status::run(out, env, &args.vault),
    }
}
