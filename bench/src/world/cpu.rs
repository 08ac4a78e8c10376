//! Processor time of some threads of this process.

use std::time::Duration;

/// How long the threads whose name begins so have run on a processor.
///
/// Of threads that are there now: who wants to count a pool keeps its threads alive.
pub fn of_threads(name: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let nanos = tasks.flatten().filter_map(|task| {
        let comm = std::fs::read_to_string(task.path().join("comm")).ok()?;
        if !comm.starts_with(name) {
            return None;
        }
        // The first number: nanoseconds on a processor.
        let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
