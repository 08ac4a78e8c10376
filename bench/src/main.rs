//! `make bench`: measures, prints a table and writes JSON.

use std::process::ExitCode;

use clap::Parser;
use companion_bench::args::Args;
use companion_bench::parts::{self, Setup};
use companion_bench::report::Report;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("the measurement failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> companion_bench::Result<()> {
    let setup = Setup::new(args)?;
    let mut report = Report::new(args, setup.dir());
    for part in args.parts() {
        eprintln!("measuring: {part}");
        let rows = parts::run(part, &setup)?;
        for row in &rows {
            eprintln!("  {}", row.line());
        }
        report.rows.extend(rows);
    }
    println!("{report}");
    let path = report.write(args.out.as_deref())?;
    println!("written: {}", path.display());
    Ok(())
}
