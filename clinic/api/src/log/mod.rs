//! Logs: frames that are chained by their headers, in runs that end in signed heads.
//!
//! A device pushes and a reader pulls *runs*: the bodies of consecutive frames,
//! and a head, which cites what they were written under. Headers have a fixed layout and are
//! computed, not sent; the head's signature over the last header's hash covers
//! them all. Nothing beyond a head is ever applied.

mod header;
mod run;

pub use header::{Cites, HEADER_LEN, Header, SALT_LEN};
pub use run::{FrameName, Head, Item, LogTip, Run, RunError, Seen, VerifiedRun, log_id};
