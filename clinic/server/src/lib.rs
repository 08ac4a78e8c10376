//! The clinic API: keeps chains, invites and sealed runs, and gives them to whoever may read them.
//!
//! It can decrypt nothing: it depends on the contract, [`clinic_api`], and is
//! built without the code that could. [`app::router`] is the whole service
//! over any [`store::Store`]; [`serve::serve`] puts it on a socket.

pub mod access;
mod answer;
mod api;
pub mod app;
mod auth;
pub mod backup;
mod body;
pub mod check;
pub mod clock;
pub mod exposition;
pub mod leaving;
pub mod limit;
pub mod log;
mod measured;
pub mod metrics;
pub mod openapi;
pub mod proxy;
mod record;
pub mod refusal;
pub mod routes;
pub mod serve;
pub mod store;
mod streams;
pub mod tls;
pub mod verified;
