//! A clinic with its API, for tests in other languages; spoken to line by line.
//!
//! Prints `ready ADDRESS INVITE`. Then, a line in, a line out: `admit DIGITS`
//! compares and admits (`admitted` or `refused`); `notes` syncs and prints the
//! notes that are shared, as a JSON array. Ends when its input does.
#![allow(
    clippy::unwrap_used,
    reason = "test code: it stops at the first surprise"
)]

use std::io::{BufRead, Write};

use companion_tests::site::Site;

const NAME: &str = "Robin Test";
const BORN: &str = "1990-01-31";

fn main() {
    let site = Site::new();
    let invitation = site.office.invite(NAME, BORN);
    say(&format!("ready {} {}", site.address(), invitation.text));
    let mut patient = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("admit", digits) => match site.office.admit(&invitation, digits, NAME, BORN) {
                Ok(chain) => {
                    patient = Some(chain);
                    say("admitted");
                }
                Err(_) => say("refused"),
            },
            ("notes", _) => {
                site.office.sync();
                let notes = patient.map(|p| site.office.notes(p)).unwrap_or_default();
                say(&serde_json::to_string(&notes).unwrap());
            }
            _ => say("unknown"),
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
