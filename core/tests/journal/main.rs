//! The journal through its handle: what may be recorded, and what becomes of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

#[path = "../support/mod.rs"]
mod support;

mod days;
mod erasing;
mod import;
mod input;
mod pages;
mod search;
mod sharing;
mod vocabulary;
