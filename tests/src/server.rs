//! The clinic API as a process that can be killed and started again.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use clinic_api::id::MemberId;

use crate::process::{Process, command};

/// A port that was free just now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The clinic API over a store that outlives it.
#[derive(Debug)]
pub struct Server {
    dir: PathBuf,
    port: u16,
    authority: Option<String>,
    root: MemberId,
    process: Option<Process>,
    logs: String,
}

impl Server {
    /// Starts one that serves one clinic, under its own address or the name that clients use.
    pub fn start(dir: &Path, root: MemberId, authority: Option<String>) -> Self {
        let mut server = Self {
            dir: dir.to_owned(),
            port: free_port(),
            authority,
            root,
            process: None,
            logs: String::new(),
        };
        server.again();
        server
    }

    /// Starts it on the address that it had.
    pub fn again(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let mut serve = command("clinic-server");
        serve.args(["serve", "--dir"]).arg(&self.dir);
        serve.args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        serve.args(["--clinic", &self.root.to_string()]);
        if let Some(name) = &self.authority {
            serve.args(["--authority", name]);
        }
        let process = Process::start(&mut serve);
        process.line(|line| line.starts_with("listening on "));
        self.process = Some(process);
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
            self.logs.push_str(&process.complained());
        }
    }

    /// Asks it to stop; it has to end well.
    pub fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        process.signal("TERM");
        let status = process.wait(crate::process::PATIENCE);
        let ended = process.ended(status);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        self.logs.push_str(&ended.err);
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its store.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// All that it logged, in all its lives.
    pub fn logs(&self) -> String {
        let running = self.process.as_ref().map(Process::complained);
        format!("{}{}", self.logs, running.unwrap_or_default())
    }
}
