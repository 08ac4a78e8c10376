//! What the product costs, measured against baselines in the same run.
//!
//! Each part of [`parts`] does the same work twice, alternately: as the product does it, and as
//! bare code does that has nothing else to do. What is reported is the ratio. See
//! `docs/BENCHMARKS.md` for what each baseline is, and what it leaves out.

pub mod args;
pub mod bare;
pub mod clock;
pub mod entries;
pub mod machine;
pub mod parts;
pub mod raw;
pub mod report;
pub mod stats;
pub mod words;
pub mod world;

/// Whatever kept a measurement from being made.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The result of a step of a measurement.
pub type Result<T> = std::result::Result<T, Failure>;
