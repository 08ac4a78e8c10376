//! The clinic's people: added, changed and removed by whoever holds the root, against a clinic
//! API in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    dead_code,
    reason = "a failure here is a failed test; the support is shared with other tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod acts;
mod cover;
mod first_contact;
mod holders;
mod house;
mod root_kit;
mod told;
