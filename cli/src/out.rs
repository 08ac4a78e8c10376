//! What is printed: text for people, or one JSON object.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use companion_core::problem::{Kind, Problem};
use serde_json::{Value, json};

/// Where results go.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    json: bool,
    colour: bool,
}

impl Out {
    /// Text, or JSON where asked.
    pub fn new(json: bool) -> Self {
        // See no-color.org: set and not empty.
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
            || std::env::var_os("TERM").is_some_and(|v| v == "dumb");
        Self {
            json,
            colour: !json && !unwanted && std::io::stdout().is_terminal(),
        }
    }

    /// Whether JSON was asked for.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// A text that steps back, where there are colours.
    pub fn dim(&self, text: &str) -> String {
        self.styled("2", text)
    }

    /// A text that stands out, where there are colours.
    pub fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    fn styled(&self, style: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{style}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A line of text; nothing where JSON was asked for.
    pub fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            print(text.as_ref());
        }
    }

    /// The result: JSON where asked, else the text.
    pub fn result(&self, value: &Value, text: impl FnOnce() -> String) {
        if self.json {
            print(&format!("{value:#}"));
        } else {
            let text = text();
            if !text.is_empty() {
                print(text.trim_end());
            }
        }
    }

    /// One of many results, as they come: a line of JSON where asked, else a line of text.
    pub fn each(&self, value: &Value, text: impl FnOnce() -> String) {
        if self.json {
            print(&value.to_string());
        } else {
            print(&text());
        }
    }

    /// Says what went wrong and gives the exit code (as `sysexits.h` has them).
    pub fn fail(&self, problem: &Problem) -> ExitCode {
        if self.json {
            let value = json!({ "problem": {
                "kind": format!("{:?}", problem.kind).to_lowercase(),
                "code": problem.code,
                "retry": problem.retry,
                "advice": problem.advice,
            }});
            print(&format!("{value:#}"));
        } else {
            let _ = writeln!(std::io::stderr(), "{}\n({})", problem.advice, problem.code);
        }
        ExitCode::from(exit_code(problem))
    }
}

/// What a program that a signal ended gives.
const STOPPED: u8 = 130;

fn exit_code(problem: &Problem) -> u8 {
    if problem.code.ends_with("-stopped") {
        return STOPPED;
    }
    match problem.kind {
        Kind::Input => 65,
        Kind::Offline => 69,
        Kind::Internal => 70,
        Kind::Conflict => 73,
        Kind::Storage => 74,
        Kind::Tampered => 76,
        Kind::Locked | Kind::Refused => 77,
        Kind::Version => 78,
        _ => 1,
    }
}

/// Whoever reads the other end of a pipe may have gone; what was done is done.
fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}
