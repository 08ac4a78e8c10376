//! What is measured, a file a part.

pub mod bytes;
pub mod live;
pub mod many;
pub mod open;
pub mod poll;
pub mod push;
pub mod restore;
pub mod save;
mod setup;

pub use setup::Setup;

use crate::Result;
use crate::args::Part;
use crate::report::Row;

/// Measures one part.
///
/// # Errors
/// What kept it from being measured, also a product that did other work than its baseline.
pub fn run(part: Part, setup: &Setup) -> Result<Vec<Row>> {
    match part {
        Part::Save => save::measure(setup),
        Part::Open => open::measure(setup),
        Part::Push => push::measure(setup),
        Part::Restore => restore::measure(setup),
        Part::Live => live::measure(setup),
        Part::Poll => poll::measure(setup),
        Part::Bytes => bytes::measure(setup),
        Part::Many => many::measure(setup),
    }
}
