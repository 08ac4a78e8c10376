//! The contract of the clinic API: messages, the outer format of sealed frames, and what both sides verify.
//!
//! Nothing here can decrypt. The server depends on this crate and never on the
//! core, so it is built without the code that could.

pub mod bulletin;
pub mod chain;
pub mod crypto;
mod deterministic;
pub mod events;
pub mod http;
pub mod id;
pub mod leave;
pub mod limits;
pub mod log;
pub mod member;
pub mod message;
pub mod space;
pub mod wire;
