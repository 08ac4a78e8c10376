//! Turns a panic into a [`Problem`], without its text.
//!
//! A panic's text can hold what a person wrote: slicing inside a character quotes
//! the whole string. uniffi would hand that text to the platform, and Rust's own
//! hook would print it to where the platform keeps its logs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use companion_core::problem;

use crate::Problem;

static HOOK: Once = Once::new();

/// Runs a call of the surface.
///
/// # Errors
/// What the call fails with; `internal` where it panics.
pub(crate) fn guarded<T, E>(call: impl FnOnce() -> Result<T, E>) -> Result<T, Problem>
where
    E: Into<problem::Problem>,
{
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            if let Some(place) = info.location() {
                eprintln!("companion: a fault at {}:{}", place.file(), place.line());
            }
        }));
    });
    // Nothing is left half done by unwinding: the vault writes in transactions, and its lock
    // outlives a panic (see `SharedVault`).
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| Problem::from(error.into())),
        Err(_) => Err(Problem::internal()),
    }
}

#[cfg(test)]
mod tests;
