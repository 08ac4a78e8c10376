//! Programs of the product as processes: found beside the tests, ended with their owner.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where a program of the workspace is.
pub fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the test knows where it is");
    // A test lies in `deps`, a program of the tests beside the others.
    let beside = tests.parent().unwrap();
    let built = if beside.ends_with("deps") {
        beside.parent().unwrap()
    } else {
        beside
    };
    let path = built.join(name);
    assert!(
        path.exists(),
        "{} is not there; first: cargo build -p companion -p clinic-server -p clinic-console",
        path.display()
    );
    path
}

/// A program of the workspace, with nothing of this process's environment.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(program(name));
    command
        .env_clear()
        .env("TZ", "UTC")
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null());
    command
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Ended {
    let mut process = Process::start(command);
    let status = process.wait(PATIENCE);
    process.ended(status)
}

#[derive(Debug, Default)]
struct Printed {
    bytes: Mutex<(Vec<u8>, bool)>,
    more: Condvar,
}

/// A running process, with those that it started: all are killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    out: Arc<Printed>,
    err: Arc<Printed>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts a program in a process group of its own.
    pub fn start(command: &mut Command) -> Self {
        command.process_group(0);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (out, err) = (Arc::<Printed>::default(), Arc::<Printed>::default());
        let readers = vec![
            read(child.stdout.take().unwrap(), out.clone()),
            read(child.stderr.take().unwrap(), err.clone()),
        ];
        Self {
            child,
            out,
            err,
            readers,
        }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a whole line on the standard output that `wanted` takes.
    pub fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        let mut printed = self.out.bytes.lock().unwrap();
        loop {
            let text = String::from_utf8_lossy(&printed.0).into_owned();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            if let Some(line) = whole.lines().find(|line| wanted(line)) {
                return line.to_owned();
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!printed.1 && !left.is_zero(), "no such line: {text}");
            printed = self.out.more.wait_timeout(printed, left).unwrap().0;
        }
    }

    /// What it printed so far.
    pub fn printed(&self) -> String {
        text(&self.out)
    }

    /// What it complained of so far.
    pub fn complained(&self) -> String {
        text(&self.err)
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal to this process alone, by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Whether it is still running.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let until = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < until,
                "not done in time: {} {}",
                self.printed(),
                self.complained()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// All that it printed, once it has ended.
    pub fn ended(mut self, status: ExitStatus) -> Ended {
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        Ended {
            code: status.code(),
            out: self.printed(),
            err: self.complained(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The group, too: what it started must not outlive the test.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill")
            .args(["-s", "KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        self.kill();
    }
}

fn read(mut from: impl Read + Send + 'static, to: Arc<Printed>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut from = BufReader::new(&mut from);
        loop {
            let taken = match from.fill_buf() {
                Ok([]) | Err(_) => break,
                Ok(bytes) => {
                    to.bytes.lock().unwrap().0.extend_from_slice(bytes);
                    bytes.len()
                }
            };
            from.consume(taken);
            to.more.notify_all();
        }
        to.bytes.lock().unwrap().1 = true;
        to.more.notify_all();
    })
}

fn text(printed: &Printed) -> String {
    String::from_utf8_lossy(&printed.bytes.lock().unwrap().0).into_owned()
}
