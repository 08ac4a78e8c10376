//! The clinic API: keeps chains, invites and sealed runs, and gives them to whoever may read them.
//!
//! It can decrypt nothing: it depends on the contract, [`clinic_api`], and is
//! built without the code that could. [`app::router`] is the whole service
//! over any [`store::Store`]; [`serve::serve`] puts it on a socket.

pub mod access;
mod api;
pub mod app;
mod auth;
mod body;
pub mod clock;
pub mod limit;
pub mod refusal;
pub mod serve;
pub mod store;
pub mod verified;
