//! The demo's child processes: found beside this program, ended with it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use companion_core::problem::Problem;

use super::failed;

const PATIENCE: Duration = Duration::from_secs(20);

/// A child process, ended when this is dropped.
pub struct Process(Child);

impl Process {
    /// Starts a program that lies beside this one; waits for the first line that
    /// it prints, which says where it listens. Its log goes to `log`.
    pub fn start(program: &str, args: &[String], log: &Path) -> Result<(Self, String), Problem> {
        let beside = std::env::current_exe()
            .ok()
            .and_then(|exe| exe.parent().map(|dir| dir.join(program)))
            .filter(|path| path.exists())
            .ok_or_else(|| {
                failed("clinic-server and clinic-console have to lie beside companion; see the README.")
            })?;
        let log = File::create(log).map_err(|_| failed("A log file can't be written."))?;
        let mut child = Command::new(beside)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|_| failed("A program of the demo can't be started."))?;
        let stdout = child.stdout.take();
        let process = Self(child);
        let stdout = stdout.ok_or_else(|| failed("A program of the demo can't be read."))?;
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            if let Some(Ok(first)) = lines.next() {
                let _ = send.send(first);
            }
            // Goes on reading, so that the child never waits for us.
            lines.for_each(drop);
        });
        let line = receive.recv_timeout(PATIENCE).map_err(|_| {
            failed("A program of the demo did not start; its log is in the demo's folder.")
        })?;
        Ok((process, line))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
