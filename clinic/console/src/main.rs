//! Starts the clinician's console and prints the address that opens it.

mod bulletin;
mod command;

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use clinic_console::service::Service;
use clinic_console::workstation::Workstation;
use clinic_console::{Config, OpenToken, bind, router, serve};
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::vault::Cost;
use jiff::SignedDuration;

// What is freed is wiped: what patients wrote and keys pass through this process.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// The clinician's console: a web page on this computer alone.
///
/// It prints an address that opens it once. Press Enter for another.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where the clinic's vault is kept.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Where to listen: 127.0.0.1 or ::1, with a port; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The clinic's server, offered when a clinic is created.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Lock after this many minutes without use.
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=720))]
    idle: u16,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do at the command line, instead of opening the page. Close the page first.
#[derive(clap::Subcommand)]
enum Command {
    Roster(command::roster::Args),
    Join(command::join::Args),
    Bulletin(bulletin::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Problem> {
    let env = Env::system();
    match &args.command {
        Some(Command::Roster(what)) => return command::roster::run(&env, &args.dir, what).await,
        Some(Command::Join(what)) => return command::join::run(&env, &args.dir, what).await,
        Some(Command::Bulletin(what)) => return bulletin::run(&env, &args.dir, what).await,
        None => {}
    }
    let listener = bind(args.listen).await?;
    let address = listener.local_addr().map_err(|_| {
        Problem::new(
            Kind::Internal,
            "cannot-listen",
            "The console could not find out its own address. Start it again.",
        )
    })?;
    let service: Arc<dyn Service> =
        Arc::new(Workstation::new(&args.dir, env.clone(), Cost::RECOMMENDED));
    let mut config = Config::new(address)?;
    config.idle = SignedDuration::from_mins(args.idle.into());
    config.server = args.server;

    let (router, token) = router(service, env, config);
    let token = Arc::new(token);
    print_address(&token);
    print_more_on_enter(token.clone());
    serve(listener, router, &token, interrupted()).await
}

/// The address stands alone on its line of standard output, for programs; what it is goes to people.
fn print_address(token: &OpenToken) {
    eprintln!(
        "Open this address in your browser. It works once, within ten minutes; press Enter here for another."
    );
    println!("{}", token.address());
    // Whoever reads the other end of a pipe may have gone; the console goes on.
    let _ = std::io::stdout().flush();
}

fn print_more_on_enter(token: Arc<OpenToken>) {
    std::thread::spawn(move || {
        let mut line = String::new();
        while std::io::stdin()
            .lock()
            .read_line(&mut line)
            .is_ok_and(|n| n > 0)
        {
            line.clear();
            print_address(&token);
        }
    });
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
