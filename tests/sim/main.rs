//! The simulator: devices, a console and a hostile server on a virtual clock, judged by a
//! reference. What is real in it and what is not: docs/SIMULATION.md.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a failure here is a failed test"
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
mod world;

use run::Simulator;
use stats::Stats;

#[test]
fn the_corpus_runs_clean() {
    let simulator = Simulator::new();
    let mut stats = Stats::default();
    let mut files: Vec<_> = std::fs::read_dir(run::corpus())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "hex"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for path in files {
        let bytes = run::read(&std::fs::read_to_string(&path).unwrap());
        if let Err(failed) = simulator.run(&bytes, &mut stats) {
            panic!("{}: after {}: {}", path.display(), failed.after, failed.violation.0);
        }
    }
    println!("{stats}");
}
