//! Whoever stands on the wire between the real clients and the real clinic API.
//!
//! Plain HTTP, so that nothing but the protocol itself protects what goes by.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: it stops at the first surprise, and measures real processes by the real clock"
)]

mod mixed;
mod people;
mod replay;
mod slow;
mod wire;
