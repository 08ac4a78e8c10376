//! Journals that people bring from other apps.
//!
//! Each format is read by pure functions: bytes in, a plan out. Nothing here
//! opens a file or a vault, and nothing is written before a whole plan exists.

pub mod daylio;
