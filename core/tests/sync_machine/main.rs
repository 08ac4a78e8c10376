//! The sync machine against a clinic API in memory: no sockets, one thread.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a failure here is a failed test"
)]

#[path = "../support/mod.rs"]
mod support;

mod bulletins;
mod cut;
mod delivery;
mod erasing;
mod hostile;
mod leaving;
mod light;
mod members;
mod mended;
mod removal;
mod restored;
