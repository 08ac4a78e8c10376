//! What to measure.

use std::fmt;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures the product against baselines, alternately, in one run.
#[derive(Debug, Clone, Parser)]
#[command(version, about)]
pub struct Args {
    /// Measure these parts alone.
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    pub only: Vec<Part>,
    /// Smaller sizes and fewer repetitions: to look, not to report.
    #[arg(long)]
    pub quick: bool,
    /// How often each measurement is repeated.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Folder for what is measured, on the disk that is meant.
    #[arg(long, value_name = "DIR", default_value = "target/bench-data")]
    pub dir: PathBuf,
    /// Where the JSON goes, instead of a new file in `bench/results`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// A part of what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Saving an entry.
    Save,
    /// Opening a vault and reading today.
    Open,
    /// Pushing many entries.
    Push,
    /// Restoring many entries.
    Restore,
    /// One entry, from being saved to being seen.
    Live,
    /// Asking when nothing is new.
    Poll,
    /// Bytes on the wire and on the server's disk, and the server's CPU.
    Bytes,
    /// Many patients at once.
    Many,
}

impl Part {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Self; 8] = [
        Self::Save,
        Self::Open,
        Self::Push,
        Self::Restore,
        Self::Live,
        Self::Poll,
        Self::Bytes,
        Self::Many,
    ];
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Save => "save",
            Self::Open => "open",
            Self::Push => "push",
            Self::Restore => "restore",
            Self::Live => "live",
            Self::Poll => "poll",
            Self::Bytes => "bytes",
            Self::Many => "many",
        })
    }
}

impl Args {
    /// How often each measurement is repeated, in a quick run, too.
    pub fn repetitions(&self) -> u32 {
        if self.quick {
            self.repeat.min(3)
        } else {
            self.repeat
        }
    }

    /// The parts to measure: those that were asked for, or all.
    pub fn parts(&self) -> Vec<Part> {
        let asked = |part: &Part| self.only.is_empty() || self.only.contains(part);
        Part::ALL.into_iter().filter(asked).collect()
    }
}
