//! Running steps, shrinking what fails, and the corpus.

use std::path::{Path, PathBuf};

use crate::settled::Settled;
use crate::stats::Stats;
use crate::steps::Step;
use crate::world::{Violation, World};

/// A violation, and how many steps had been done.
#[derive(Debug)]
pub struct Failed {
    pub violation: Violation,
    pub after: usize,
}

/// The settled world and a folder in memory for the vaults.
pub struct Simulator {
    settled: Settled,
    root: tempfile::TempDir,
}

impl Simulator {
    pub fn new() -> Self {
        let root = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let root = root.unwrap();
        let settled = Settled::found(root.path());
        Self { settled, root }
    }

    /// Runs steps: the same steps come to the same, always.
    pub fn run(&self, steps: &[Step], stats: &mut Stats) -> Result<(), Failed> {
        self.run_steps(steps, stats, false)
    }

    /// As [`Self::run`], printing each step.
    pub fn show(&self, steps: &[Step]) -> Result<(), Failed> {
        self.run_steps(steps, &mut Stats::default(), true)
    }

    fn run_steps(&self, steps: &[Step], stats: &mut Stats, show: bool) -> Result<(), Failed> {
        stats.runs += 1;
        let mut world = World::new(&self.settled, self.root.path(), stats);
        for (after, step) in steps.iter().enumerate() {
            if show {
                println!("{after}: {step:?}");
            }
            match world.step(*step) {
                Ok(true) => world.stats.act(step.act),
                Ok(false) => {}
                Err(violation) => return Err(Failed { violation, after }),
            }
        }
        let end = world.finish();
        let excused = world.model.excused.clone();
        drop(world);
        stats.excuse(&excused);
        end.map_err(|violation| Failed {
            violation,
            after: steps.len(),
        })
    }

    /// The fewest steps found that still fail in the same way.
    pub fn shrink(&self, steps: &[Step]) -> Vec<Step> {
        let kind = |steps: &[Step]| {
            let failed = self.run(steps, &mut Stats::default()).err()?;
            // Another device, or another count, is the same failure.
            Some(
                failed
                    .violation
                    .0
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .collect::<String>(),
            )
        };
        let wanted = kind(steps);
        let fails = |steps: &[Step]| kind(steps) == wanted;
        let mut best = steps.to_vec();
        if let Err(failed) = self.run(&best, &mut Stats::default()) {
            best.truncate(failed.after + 1);
        }
        let mut chunk = (best.len() / 2).max(1);
        loop {
            let mut at = 0;
            let mut any = false;
            while at < best.len() {
                let end = (at + chunk).min(best.len());
                let shorter = [&best[..at], &best[end..]].concat();
                if fails(&shorter) {
                    best = shorter;
                    any = true;
                } else {
                    at = end;
                }
            }
            if chunk > 1 {
                chunk = chunk.div_ceil(2);
            } else if !any {
                return best;
            }
        }
    }
}

/// Where what was found is kept.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sim/corpus")
}

/// The files of the corpus, by name.
pub fn files() -> Vec<PathBuf> {
    let all = std::fs::read_dir(corpus()).unwrap();
    let mut files: Vec<_> = all
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "steps"))
        .collect();
    files.sort();
    files
}

/// Steps as a file of the corpus.
pub fn written(steps: &[Step], why: &str) -> String {
    let lines = steps.iter().map(|step| format!("{step}\n"));
    format!("# {why}\n{}", lines.collect::<String>())
}
