//! What is between a patient and a clinician can neither read nor bend what they write.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: it stops at the first surprise, and measures real processes by the real clock"
)]

mod faults;
mod memory;
mod planted;
mod words;
