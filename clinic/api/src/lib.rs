//! The contract of the clinic API: messages, the outer format of sealed frames, and what both sides verify.
//!
//! Nothing here can decrypt. The server depends on this crate and never on the core.

pub mod http;
