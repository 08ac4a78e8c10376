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
mod syncing;
mod walk;
mod world;
mod writing;

use run::Simulator;
use stats::Stats;
use steps::Source;

/// Every run that once failed, and some that do a little of everything; then fresh ones.
#[test]
fn the_corpus_and_fresh_runs_are_clean() {
    let simulator = Simulator::new();
    let mut stats = Stats::default();
    let files = run::files();
    assert!(!files.is_empty());
    for path in files {
        let steps = steps::parse(&std::fs::read_to_string(&path).unwrap());
        if let Err(failed) = simulator.run(&steps, &mut stats) {
            let (after, what) = (failed.after, failed.violation.0);
            panic!("{}: after {after} steps: {what}", path.display());
        }
    }
    let mut source = Source::new(2026);
    for n in 0..60 {
        let steps = source.run();
        if let Err(failed) = simulator.run(&steps, &mut stats) {
            let (after, what) = (failed.after, failed.violation.0);
            panic!("fresh run {n}: after {after} steps: {what}");
        }
    }
    println!("{stats}");
    nothing_is_vacuous(&stats);
}

/// Every step did something, every lie changed an answer, every alarm that a server can bring
/// about was raised.
fn nothing_is_vacuous(stats: &Stats) {
    for act in steps::all() {
        let times = stats.acts.get(&format!("{act:?}")).copied();
        assert!(times.unwrap_or(0) >= 3, "{act:?}: {times:?}");
    }
    for lie in lies::Lie::ALL {
        let times = stats.lies.get(&format!("{lie:?}")).copied();
        assert!(times.unwrap_or(0) >= 2, "{lie:?}: {times:?}");
    }
    for alarm in [
        "BodyMissing",
        "ChainForked",
        "ChainInvalid",
        "LogForked",
        "OwnLogLonger",
        "RunInvalid",
        "UnknownDevice",
        "Withheld",
    ] {
        let times = stats.alarms.get(alarm).copied();
        assert!(times.unwrap_or(0) >= 1, "{alarm}: {times:?}");
    }
    assert!(stats.late_erasures > 0);
}

/// Bytes of any kind are steps.
#[test]
fn any_bytes_are_steps() {
    for length in 0..=9 {
        assert_eq!(steps::decode(&vec![255; length]).len(), length.div_ceil(4));
    }
    let mut source = Source::new(1);
    let steps = source.run();
    assert_eq!(steps::parse(&run::written(&steps, "why")), steps);
}
