//! The clinic API as a program.

mod options;
mod place;
mod run;

use std::process::ExitCode;

use clap::Parser;
use clinic_server::log::JsonLines;
use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use options::{Cli, Command, LogForm};

fn main() -> ExitCode {
    let cli = Cli::parse();
    log(cli.log);
    let done = match cli.command {
        Command::Serve(options) => run::serve(*options),
        Command::Backup(options) => run::backup(&options),
        Command::Restore(options) => run::restore(&options),
        Command::Erase(options) => run::erase(&options),
        Command::Check(options) => run::check(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn log(form: LogForm) {
    match form {
        LogForm::Text => tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .with_target(false)
            .init(),
        LogForm::Json => tracing_subscriber::registry()
            .with(JsonLines::to(std::io::stderr))
            .with(LevelFilter::from_level(Level::INFO))
            .init(),
    }
}
