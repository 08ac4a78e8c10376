//! A patient at the command line: each command is a process of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use companion_core::env::Env;
use serde_json::Value;

use crate::office::{PASSPHRASE, open};
use crate::process::{Ended, command, run};

/// A patient's journal, used by `companion` alone.
#[derive(Debug)]
pub struct Patient {
    dir: PathBuf,
    passphrase: PathBuf,
}

impl Patient {
    /// A journal in a folder below `at`, whose passphrase costs next to nothing to try.
    pub fn new(at: &Path, name: &str) -> Self {
        let patient = Self::without_journal(at, name);
        drop(open(&patient.dir, Env::system()));
        patient
    }

    /// A folder and a passphrase; the first command makes the journal.
    pub fn without_journal(at: &Path, name: &str) -> Self {
        let dir = at.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let passphrase = at.join(format!("{name}.passphrase"));
        std::fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
        Self { dir, passphrase }
    }

    /// The journal's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A command, ready to run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = command("companion");
        command.args(args);
        command.arg("--dir").arg(&self.dir);
        command.arg("--passphrase-file").arg(&self.passphrase);
        command
    }

    /// Runs a command.
    pub fn run(&self, args: &[&str]) -> Ended {
        run(&mut self.command(args))
    }

    /// Runs a command that has to succeed, and reads its JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let ended = run(self.command(args).arg("--json"));
        assert_eq!(ended.code, Some(0), "{args:?}: {}{}", ended.out, ended.err);
        assert_eq!(ended.err, "");
        serde_json::from_str(&ended.out).expect("one JSON object")
    }

    /// Runs a command that has to fail: its exit code, the problem's code, and the problem.
    pub fn problem(&self, args: &[&str]) -> (i32, String, Value) {
        let ended = run(self.command(args).arg("--json"));
        let code = ended.code.expect("an exit code");
        assert_ne!(code, 0, "{args:?}: {}", ended.out);
        assert_eq!(ended.err, "");
        let problem: Value = serde_json::from_str(&ended.out).expect("one JSON object");
        let problem = problem["problem"].clone();
        let name = problem["code"].as_str().unwrap().to_owned();
        (code, name, problem)
    }

    /// Runs a command that reads from standard input: its exit code, and its JSON or the problem.
    pub fn typed(&self, args: &[&str], input: &str) -> (i32, Value) {
        let mut command = self.command(args);
        command.arg("--json");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let ended = child.wait_with_output().unwrap();
        let value = serde_json::from_slice(&ended.stdout).expect("one JSON object");
        (ended.status.code().expect("an exit code"), value)
    }

    /// Saves an entry; its id.
    pub fn log(&self, args: &[&str]) -> String {
        let saved = self.json(&[&["log"], args].concat());
        saved["saved"].as_str().unwrap().to_owned()
    }

    /// One round of syncing, in which nothing may look odd; its report.
    pub fn sync(&self) -> Value {
        let report = self.json(&["sync"]);
        assert_eq!(report["alarms"], serde_json::json!([]));
        report
    }

    /// Every entry.
    pub fn entries(&self) -> Vec<Value> {
        let listed = self.json(&["list", "--most", "1000000"]);
        let entries = listed["entries"].as_array().unwrap().clone();
        assert_eq!(listed["total"], entries.len());
        entries
    }

    /// The notes of the entries that are shared (or not), in alphabetical order.
    pub fn notes(&self, shared: bool) -> Vec<String> {
        let entries = self.entries();
        let of_kind = entries.iter().filter(|e| e["shared"] == shared);
        let mut notes: Vec<String> = of_kind
            .filter_map(|e| e["note"].as_str().map(str::to_owned))
            .collect();
        notes.sort();
        notes
    }
}
