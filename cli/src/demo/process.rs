//! The demo's child processes: found beside this program, ended with it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use companion_core::problem::Problem;

use super::failed;

const PATIENCE: Duration = Duration::from_secs(20);

/// Every child process of the demo, so that a signal finds them all. Clones are one and the same.
#[derive(Clone, Default)]
pub struct Children(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    ended: bool,
    running: Vec<Arc<Mutex<Child>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end(child: &Mutex<Child>) {
    let mut child = lock(child);
    let _ = child.kill();
    let _ = child.wait();
}

impl Children {
    /// Ends them, and lets no other be started.
    pub fn end(&self) {
        let mut state = lock(&self.0);
        state.ended = true;
        state.running.iter().for_each(|child| end(child));
    }

    fn spawn(&self, command: &mut Command) -> Result<(Process, Option<ChildStdout>), Problem> {
        // Held meanwhile: a child is either known here or never started.
        let mut state = lock(&self.0);
        if state.ended {
            return Err(failed("The demo was told to end."));
        }
        let mut child = command
            .spawn()
            .map_err(|_| failed("A program of the demo can't be started."))?;
        let stdout = child.stdout.take();
        let child = Arc::new(Mutex::new(child));
        state.running.push(child.clone());
        Ok((Process(child), stdout))
    }
}

/// A child process, ended when this is dropped.
pub struct Process(Arc<Mutex<Child>>);

impl Process {
    /// Starts a program that lies beside this one; waits for the first line that
    /// it prints, which says where it listens. Its log goes to `log`.
    pub fn start(
        children: &Children,
        program: &str,
        args: &[String],
        log: &Path,
    ) -> Result<(Self, String), Problem> {
        let beside = std::env::current_exe()
            .ok()
            .and_then(|exe| exe.parent().map(|dir| dir.join(program)))
            .filter(|path| path.exists())
            .ok_or_else(|| {
                failed("clinic-server and clinic-console have to lie beside companion; see the README.")
            })?;
        let log = File::create(log).map_err(|_| failed("A log file can't be written."))?;
        let mut command = Command::new(beside);
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let (process, stdout) = children.spawn(&mut command)?;
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
        end(&self.0);
    }
}
