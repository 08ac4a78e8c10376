//! What sealing, wrapping, padding, invites and the table of authority refuse.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure must stop a test, also in its helpers"
)]

#[path = "space_rules/authority.rs"]
mod authority;
#[path = "space_rules/authors.rs"]
mod authors;
#[path = "space_rules/epochs.rs"]
mod epochs;
#[path = "space_rules/invites.rs"]
mod invites;
#[path = "space_rules/padding.rs"]
mod padding;
#[path = "space_rules/pairings.rs"]
mod pairings;
#[path = "space_rules/patients.rs"]
mod patients;
#[path = "space_rules/seals.rs"]
mod seals;
#[path = "space_rules/staff.rs"]
mod staff;
#[path = "../examples/vectors/mod.rs"]
mod vectors;
#[path = "space_rules/words.rs"]
mod words;
