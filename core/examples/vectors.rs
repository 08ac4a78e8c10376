//! Prints the test vectors of docs/PROTOCOL.md:
//! `cargo run -p companion-core --example vectors > tests/vectors/protocol.json`.
//!
//! Clock and randomness are fixed, so the same code prints the same bytes.

#[path = "vectors/mod.rs"]
mod vectors;

fn main() {
    println!("{}", vectors::text());
}
