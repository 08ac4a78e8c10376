//! What the tests share: devices with real keys, valid chains, sealed-looking
//! runs, and callers that sign requests as the protocol says.

#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "shared by several test programs, none of which uses all of it"
)]

pub mod clinic;
pub mod contract;
pub mod keys;
pub mod meddling;
pub mod patient;
pub mod postgres;
pub mod process;
pub mod site;
pub mod space;
pub mod world;
