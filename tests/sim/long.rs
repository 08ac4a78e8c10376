//! The simulator for as long as one likes: `make sim SECONDS=60 JOBS=1 SEED=1`.
//!
//! Prints its seed first and the counts last. What fails is shrunk and saved to
//! the corpus; the exit code is 1 then. `RUN=FILE` shows the steps of one file.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a program of the tests; where it stops, something is wrong with the code"
)]

mod check;
mod device;
mod exceptions;
mod lies;
mod model;
mod run;
mod server;
mod settled;
mod stats;
mod steps;
mod syncing;
mod walk;
mod world;
mod writing;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use run::Simulator;
use stats::Stats;
use steps::Source;

fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok().filter(|v| !v.is_empty());
    given.map_or(otherwise, |v| {
        v.parse().unwrap_or_else(|_| panic!("{name} is a number"))
    })
}

fn main() -> ExitCode {
    if let Ok(file) = std::env::var("RUN") {
        let steps = steps::parse(&std::fs::read_to_string(file).unwrap());
        return match Simulator::new().show(&steps) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failed) => {
                println!("after {} steps: {}", failed.after, failed.violation.0);
                ExitCode::FAILURE
            }
        };
    }
    let started = Instant::now();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = number("SEED", now.unwrap().as_secs());
    let (seconds, jobs) = (number("SECONDS", 60), number("JOBS", 1));
    let enough = number("STEPS", u64::MAX);
    println!("seed {seed}, {jobs} jobs, {seconds} s");
    let until = started + Duration::from_secs(seconds);
    let each = enough / jobs.max(1);
    let found = std::thread::scope(|scope| {
        let all: Vec<_> = (0..jobs)
            .map(|job| scope.spawn(move || work(seed, job, until, each)))
            .collect();
        let done = all.into_iter().map(|thread| thread.join().unwrap());
        done.collect::<Vec<_>>()
    });
    let mut stats = Stats::default();
    let mut violations = 0;
    for (of_job, failures) in found {
        stats.add(&of_job);
        violations += failures;
    }
    print!("{stats}");
    let took = started.elapsed().as_secs_f64();
    println!("{:.0} steps a second", stats.steps as f64 / took);
    println!(
        "{} runs, {} steps, {violations} violations",
        stats.runs, stats.steps
    );
    if violations == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What failed once, first of all.
fn corpus(simulator: &Simulator, stats: &mut Stats) -> u64 {
    let mut violations = 0;
    for path in run::files() {
        let steps = steps::parse(&std::fs::read_to_string(&path).unwrap());
        if let Err(failed) = simulator.run(&steps, stats) {
            violations += 1;
            let file = path.file_name().unwrap_or_default().display();
            println!(
                "after {} steps: {} ({file})",
                stats.steps, failed.violation.0
            );
        }
    }
    violations
}

fn work(seed: u64, job: u64, until: Instant, enough: u64) -> (Stats, u64) {
    let simulator = Simulator::new();
    let mut source = Source::new(Source::new(seed ^ job.rotate_left(32)).next());
    let (mut stats, mut violations) = (Stats::default(), 0);
    if job == 0 {
        violations += corpus(&simulator, &mut stats);
    }
    while Instant::now() < until && stats.steps < enough && violations < 8 {
        let steps = source.run();
        let Err(failed) = simulator.run(&steps, &mut stats) else {
            continue;
        };
        violations += 1;
        println!("after {} steps: {}", stats.steps, failed.violation.0);
        if std::env::var("SHRINK").as_deref() == Ok("0") {
            continue;
        }
        let small = simulator.shrink(&steps);
        let why = match simulator.run(&small, &mut Stats::default()) {
            Err(failed) => failed.violation.0,
            Ok(()) => failed.violation.0,
        };
        let text = run::written(&small, &why);
        let name = clinic_api::crypto::hash("corpus", &[text.as_bytes()]);
        let name = data_encoding::HEXLOWER.encode(&name[..6]);
        let path = run::corpus().join(format!("{name}.steps"));
        std::fs::write(&path, text).unwrap();
        println!("{} steps: {why}: {}", small.len(), path.display());
    }
    (stats, violations)
}
