//! End to end: the real programs, over HTTP, as patients, clinicians and operators use them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: it stops at the first surprise, and measures real processes by the real clock"
)]

mod bulletins;
mod clock;
mod commands;
mod demo;
mod devices;
mod enrolment;
mod erasing;
mod exporting;
mod following;
mod kit;
mod leaving;
mod oracle;
mod other_writer;
mod readers;
mod restored;
mod shapes;
mod sharing;
mod staff;
mod thief;
mod vault;
