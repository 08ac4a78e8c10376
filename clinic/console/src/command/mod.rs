//! What the console does at the command line: one file a command.

pub mod join;
mod root_kit;
pub mod roster;
mod workstation;

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::vault::{Cost, PassphraseFile, Vault, VaultError};
use jiff::Timestamp;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// The shortest passphrase for a new vault, in characters.
const SHORTEST: usize = 12;

/// How a command opens the vault, and prints.
#[derive(Debug, clap::Args)]
pub struct How {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// File whose first line is the passphrase; asked for at the terminal otherwise.
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// What a command came to: for programs, and for people.
type Done = (Value, String);

impl How {
    fn open(&self, env: &Env, dir: &Path) -> Result<Companion, Problem> {
        let keys = self.keys(env, dir, false)?;
        Ok(Companion::open(dir, &keys, env.clone())?)
    }

    fn open_or_create(&self, env: &Env, dir: &Path) -> Result<Companion, Problem> {
        let keys = self.keys(env, dir, !Vault::exists(dir))?;
        std::fs::create_dir_all(dir).map_err(VaultError::from)?;
        Ok(Companion::open_or_create(dir, &keys, env.clone())?)
    }

    fn keys(&self, env: &Env, dir: &Path, new: bool) -> Result<PassphraseFile, Problem> {
        let path = dir.join("vault.key");
        let passphrase = self.passphrase(new)?;
        Ok(PassphraseFile::new(
            path,
            passphrase,
            Cost::RECOMMENDED,
            env.clone(),
        ))
    }

    fn passphrase(&self, new: bool) -> Result<String, Problem> {
        let unreadable = |_| input("passphrase-unreadable", "The passphrase can't be read.");
        let passphrase = match &self.passphrase_file {
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(unreadable)?;
                text.lines().next().unwrap_or_default().to_owned()
            }
            None if std::io::stdin().is_terminal() => ask(new).map_err(unreadable)?,
            None => {
                return Err(input(
                    "passphrase-needed",
                    "Give the passphrase: --passphrase-file FILE, or run this at a terminal.",
                ));
            }
        };
        if new && passphrase.chars().count() < SHORTEST {
            return Err(input(
                "passphrase-short",
                "Choose a longer passphrase, at least 12 characters: four or five random words \
                 are easy to remember and hard to guess. Nobody can recover it for you.",
            ));
        }
        Ok(passphrase)
    }

    /// Prints what came of it. A problem is printed here as JSON where that was asked for; the
    /// caller says it in words.
    fn print(&self, done: Result<Done, Problem>) -> Result<(), Problem> {
        match done {
            Ok((value, text)) => {
                if self.json {
                    line(&value.to_string());
                } else {
                    line(text.trim_end());
                }
                Ok(())
            }
            Err(problem) => {
                if self.json {
                    let value = json!({ "problem": {
                        "kind": format!("{:?}", problem.kind).to_lowercase(),
                        "code": problem.code,
                        "retry": problem.retry,
                        "advice": problem.advice,
                    }});
                    line(&value.to_string());
                }
                Err(problem)
            }
        }
    }
}

fn ask(new: bool) -> std::io::Result<String> {
    if !new {
        return rpassword::prompt_password("Passphrase: ");
    }
    eprintln!(
        "This is a new vault. Choose a passphrase: four or five random words are good.\n\
         Nobody can recover it for you, so keep it somewhere safe."
    );
    loop {
        let first = rpassword::prompt_password("New passphrase: ")?;
        if first == rpassword::prompt_password("Once more: ")? {
            return Ok(first);
        }
        eprintln!("These two differ. Try again.");
    }
}

fn input(code: &'static str, advice: &str) -> Problem {
    Problem::new(Kind::Input, code, advice)
}

/// Whoever reads the other end of a pipe may have gone; what was done is done.
fn line(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// A secret or digits: from the terminal or standard input, never from an argument, which would
/// stand in the shell's history.
fn typed(prompt: &str) -> Result<Zeroizing<String>, Problem> {
    const MOST: u64 = 4_096;
    let mut text = Zeroizing::new(String::with_capacity(4_096));
    let stdin = std::io::stdin();
    let read = if stdin.is_terminal() {
        eprint!("{prompt}");
        stdin.read_line(&mut text)
    } else {
        stdin.lock().take(MOST).read_to_string(&mut text)
    };
    read.map_err(|_| input("input-unreadable", "What was typed can't be read."))?;
    Ok(text)
}

/// Whether a person can be asked.
fn at_terminal() -> bool {
    std::io::stdin().is_terminal()
}

fn day(env: &Env, ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    env.zone().to_datetime(at).strftime("%-d %B %Y").to_string()
}

fn instant(ms: i64) -> Value {
    Timestamp::from_millisecond(ms).map_or(Value::Null, |at| json!(at.to_string()))
}
