//! A PostgreSQL server of the measurement's own, on a socket and with its data in `/tmp`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::Result;

/// Makes a database cluster and runs it until its input ends. It is as durable as it comes:
/// `fsync` and `synchronous_commit` are on.
const KEEPER: &str = r#"
set -u
cd /
pid=0
dir=$(mktemp -d /tmp/bench-pg.XXXXXX)
trap 'kill -INT "$pid" 2>/dev/null; wait; rm -rf "$dir"' EXIT
trap '' INT TERM
"$1/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C --no-sync >&2 || exit 1
"$1/postgres" -D "$dir/data" -k "$dir" -c max_connections=200 -c listen_addresses= >&2 &
pid=$!
for _ in $(seq 600); do
    "$1/pg_isready" -q -h "$dir" && break
    sleep 0.05
done
echo "$dir"
read -r _
"#;

/// The server; it ends with its owner.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    dir: PathBuf,
    keeper: Child,
    input: Option<ChildStdin>,
}

/// Where Debian keeps the newest version's programs; none where it is not installed.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.flatten().map(|version| version.path().join("bin"));
    versions.filter(|bin| bin.join("postgres").exists()).max()
}

impl Postgres {
    /// Starts one; none where PostgreSQL is not installed.
    ///
    /// # Errors
    /// What kept it from starting.
    pub fn start() -> Result<Option<Self>> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let root = Command::new("id").arg("-u").output()?.stdout == b"0\n";
        let mut command = if root {
            // PostgreSQL does not run as root.
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=postgres",
                "--regid=postgres",
                "--init-groups",
                "sh",
            ]);
            command
        } else {
            Command::new("sh")
        };
        let mut keeper = command
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let out = keeper.stdout.take().ok_or("no output")?;
        let mut dir = String::new();
        BufReader::new(out).read_line(&mut dir)?;
        if dir.trim().is_empty() {
            return Err("PostgreSQL does not start".into());
        }
        Ok(Some(Self {
            programs,
            dir: dir.trim().into(),
            input: keeper.stdin.take(),
            keeper,
        }))
    }

    /// Makes a database, as a copy of another that nobody uses now, or in place of one of that
    /// name; returns its address.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn database(&self, name: &str, like: &str) -> Result<String> {
        for (program, args) in [
            ("dropdb", vec!["--if-exists", "--force", name]),
            ("createdb", vec!["-T", like, name]),
        ] {
            let status = Command::new(self.programs.join(program))
                .args(["-U", "postgres", "-h"])
                .arg(&self.dir)
                .args(args)
                // That there was none to drop is said there.
                .stderr(Stdio::null())
                .status()?;
            if !status.success() {
                return Err(format!("{program} failed").into());
            }
        }
        Ok(format!(
            "host={} user=postgres dbname={name}",
            self.dir.display()
        ))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.keeper.wait();
    }
}
