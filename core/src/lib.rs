//! The patient's companion: domain, vault and sync. No user interface, no global state.
//!
//! Everything that happens is an [`event`]; everything on a screen is a view of
//! events. A capability makes an event, the vault appends it and applies it to
//! the views in one transaction, sync seals it and sends it, and what comes from
//! others takes the same way in.

pub mod bulletin;
pub mod care;
pub mod companion;
pub mod crisis;
pub mod device;
pub mod env;
pub mod event;
pub mod export;
pub mod front;
pub mod import;
pub mod journal;
pub mod kit;
pub mod leave;
pub mod members;
pub mod problem;
pub mod space;
pub mod sync;
pub mod vault;
