//! One file a command.

pub mod crisis;
pub mod devices;
pub mod edit;
pub mod enrol;
pub mod erase;
pub mod export;
mod feeling;
mod find;
pub mod import;
mod import_own;
pub mod kit;
pub mod leave;
pub mod list;
pub mod log;
mod page;
pub mod readers;
pub mod search;
pub mod share;
pub mod show;
pub mod status;
pub mod sync;
