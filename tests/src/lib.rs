//! What the tests that cross crates share: the real programs as processes, a
//! clinic's workstation, a patient at the command line, and what stands between them.
//!
//! Nothing here reaches further than this machine, every process is ended with
//! its owner, and every wait has an end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: it stops at the first surprise, and measures real processes by the real clock"
)]

pub mod chance;
pub mod console;
pub mod http;
pub mod office;
pub mod patient;
pub mod process;
pub mod proxy;
pub mod search;
pub mod server;
pub mod site;
