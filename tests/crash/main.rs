//! Killing programs at any moment: what was acknowledged is there afterwards, once.
//!
//! A kill ends a process, not the machine: that what is written reaches the disk
//! is up to `synchronous=FULL`, which no test here can see.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: it stops at the first surprise, and measures real processes by the real clock"
)]

mod importing;
mod journal;
mod recording;
mod rounds;
mod syncing;
