//! The clinician's console: a web page that is served to this machine alone.
//!
//! It runs on the clinician's own computer, where the keys are, and shows what
//! patients chose to share. The pages are rendered here, hold no script, and
//! ask nothing of any other machine. Behind them stands a [`service::Service`].
//!
//! Start with [`router`] and [`serve`].

#[cfg(any(test, feature = "fake"))]
pub mod fake;

pub mod chart;
pub mod qr;
pub mod service;
pub mod summary;
pub mod web;
pub mod words;
pub mod workstation;

pub use web::{Config, OpenToken, bind, router, serve};
