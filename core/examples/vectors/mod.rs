//! Makes the vectors: a clinic, a patient, their chains, spaces and logs, and
//! for each kind a few forgeries with the error that they must give.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the example and the tests that include it use each a part; a failure must stop them"
)]

pub mod describe;
pub mod extras;
pub mod fixed;
pub mod forge;
pub mod forge_chains;
pub mod forge_epochs;
pub mod forge_logs;
pub mod logs;
pub mod pairing;
pub mod world;

use serde_json::{Value, json};

/// Bytes as the file has them.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    data_encoding::HEXLOWER.encode(bytes.as_ref())
}

/// The whole file.
pub fn text() -> String {
    serde_json::to_string_pretty(&generate()).unwrap()
}

/// The vectors as a value.
pub fn generate() -> Value {
    let world = world::World::new();
    json!({
        "about": "Vectors of docs/PROTOCOL.md. Bytes are in hexadecimal. All keys here are public: never use one.",
        "version": clinic_api::wire::VERSION,
        "suite": clinic_api::wire::SUITE,
        "actors": describe::actors(&world),
        "chains": describe::chains(&world),
        "spaces": describe::spaces(&world),
        "hashes": extras::hashes(),
        "padme": extras::padme(),
        "clock": extras::clock(),
        "invite": extras::invite(&world),
        "pairing": pairing::pairing(&world),
        "request": extras::request(&world),
        "messages": extras::messages(&world),
        "negative": forge::all(&world),
    })
}
