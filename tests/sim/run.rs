//! Running bytes, shrinking what fails, and the corpus.

use std::path::{Path, PathBuf};

use crate::settled::Settled;
use crate::stats::Stats;
use crate::steps::{self, WIDTH};
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

    /// Runs bytes: the same bytes come to the same, always.
    pub fn run(&self, bytes: &[u8], stats: &mut Stats) -> Result<(), Failed> {
        self.run_steps(bytes, stats, false)
    }

    /// As [`Self::run`], printing each step.
    pub fn show(&self, bytes: &[u8]) -> Result<(), Failed> {
        self.run_steps(bytes, &mut Stats::default(), true)
    }

    fn run_steps(&self, bytes: &[u8], stats: &mut Stats, show: bool) -> Result<(), Failed> {
        stats.runs += 1;
        let mut world = World::new(&self.settled, self.root.path(), stats);
        let steps = steps::decode(bytes);
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

    /// The shortest bytes found that still fail.
    pub fn shrink(&self, bytes: &[u8]) -> Vec<u8> {
        let kind = |bytes: &[u8]| {
            let failed = self.run(bytes, &mut Stats::default()).err()?;
            // Another device, or another count, is the same failure.
            Some(failed.violation.0.chars().filter(|c| !c.is_ascii_digit()).collect::<String>())
        };
        let wanted = kind(bytes);
        let fails = |bytes: &[u8]| kind(bytes) == wanted;
        let mut best = bytes.to_vec();
        if let Err(failed) = self.run(&best, &mut Stats::default()) {
            best.truncate((failed.after + 1) * WIDTH);
        }
        let mut chunk = (best.len() / WIDTH / 2).max(1);
        loop {
            let mut at = 0;
            let mut any = false;
            while at < best.len() {
                let end = (at + chunk * WIDTH).min(best.len());
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

/// A file of the corpus: a step a line in hexadecimal, and comments.
pub fn read(text: &str) -> Vec<u8> {
    let lines = text.lines().map(|l| l.split('#').next().unwrap_or_default());
    let digits: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
    data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap()
}

/// Bytes as a file of the corpus.
pub fn written(bytes: &[u8], why: &str) -> String {
    let mut text = format!("# {why}\n");
    for (chunk, step) in bytes.chunks(WIDTH).zip(steps::decode(bytes)) {
        let hex = data_encoding::HEXLOWER.encode(chunk);
        text.push_str(&format!("{hex} # {step:?}\n"));
    }
    text
}
