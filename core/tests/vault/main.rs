//! The vault through its public interface: opening, damage, full disks, kills, views, clock.
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

mod bodies;
mod canary;
mod child;
mod clock;
mod damage;
mod disk;
mod kill;
mod mending;
mod opening;
mod remote;
mod views;
