//! The crisis room, held to its directory.
//!
//! The expected values come from `core/data/crisis-lines.json` itself, read here
//! without the code under test, and from outside where that file is silent.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what these tests share stands outside of test functions"
)]

#[path = "crisis/choice.rs"]
mod choice;
#[path = "crisis/directory.rs"]
mod directory;
#[path = "crisis/input.rs"]
mod input;
#[path = "crisis/oracle.rs"]
mod oracle;
#[path = "crisis/rules.rs"]
mod rules;
#[path = "crisis/screen.rs"]
mod screen;
