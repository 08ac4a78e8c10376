//! One file a command.

pub mod crisis;
pub mod edit;
pub mod enrol;
mod feeling;
mod find;
pub mod import;
pub mod list;
pub mod log;
pub mod share;
pub mod show;
pub mod status;
pub mod sync;
