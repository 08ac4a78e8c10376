//! The real program: killed, stopped, kept waiting; and what it is built of.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod backups;
mod deploying;
mod graph;
mod grouped;
mod killed;
mod postgres;
mod proxied;
mod slow;
mod start;
mod stopped;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod writers;
