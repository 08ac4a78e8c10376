//! The machine that was measured on.

use std::fmt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// What may explain a number.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many of them this program may use.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// The file system and device that the data was on.
    pub disk: String,
    /// The kernel.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
    /// Processes that wanted a processor when it began (one-minute average).
    pub load: String,
}

impl Machine {
    /// This one; `dir` is where the data is.
    pub fn here(dir: &Path) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            let value = line.and_then(|l| l.split_once(':')).map(|(_, v)| v.trim());
            value.unwrap_or("unknown").to_owned()
        };
        let memory = after(&read("/proc/meminfo"), "MemTotal");
        let kib: u64 = memory
            .split_whitespace()
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        Self {
            processor: after(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: kib / 1024,
            disk: disk(&read("/proc/mounts"), dir),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: rustc(),
            load: read("/proc/loadavg")
                .split_whitespace()
                .next()
                .unwrap_or("unknown")
                .to_owned(),
        }
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        json!({
            "processor": self.processor,
            "cores": self.cores,
            "memory_mib": self.memory_mib,
            "disk": self.disk,
            "kernel": self.kernel,
            "rustc": self.rustc,
            "load_before": self.load,
        })
    }
}

/// The mount that the folder is in: the one with the longest path before it.
fn disk(mounts: &str, dir: &Path) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let all = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (device, at, kind) = (fields.next()?, fields.next()?, fields.next()?);
        dir.starts_with(at)
            .then(|| (at.len(), format!("{kind} on {device}")))
    });
    all.max_by_key(|(length, _)| *length)
        .map_or("unknown".to_owned(), |(_, disk)| disk)
}

fn rustc() -> String {
    let out = Command::new("rustc").arg("--version").output();
    let text = out.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".to_owned())
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} cores, {} MiB, {}, Linux {}, {}, load before {}",
            self.processor,
            self.cores,
            self.memory_mib,
            self.disk,
            self.kernel,
            self.rustc,
            self.load
        )
    }
}
