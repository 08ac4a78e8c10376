//! The service through its router, as each kind of caller meets it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod access;
mod bulletins;
mod chains;
mod competing;
mod epochs;
mod erasures;
mod events;
mod invites;
mod leaving;
mod limits;
mod meanwhile;
mod openapi;
mod pairings;
mod proxies;
mod requests;
mod rosters;
mod runs;
#[path = "../support/mod.rs"]
mod support;
