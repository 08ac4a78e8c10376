//! How far long work is: one line on the terminal, renewed in place; nothing elsewhere.

use std::io::{IsTerminal, Write};

/// Shown while it lives, on a terminal.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    shown: bool,
    wanted: bool,
}

impl Progress {
    /// Progress of some work: `Reading`.
    pub fn new(what: &'static str, json: bool) -> Self {
        Self {
            what,
            shown: false,
            wanted: !json && std::io::stderr().is_terminal(),
        }
    }

    /// So much of it is done.
    pub fn show(&mut self, done: u64, of: u64) {
        if self.wanted && of > 0 {
            let percent = done.saturating_mul(100) / of;
            eprint!("\r{} {done} of {of} ({percent} %)", self.what);
            let _ = std::io::stderr().flush();
            self.shown = true;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            // The line was for the time being.
            eprint!("\r\u{1b}[K");
        }
    }
}
