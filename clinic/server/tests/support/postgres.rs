//! A PostgreSQL server of the tests' own, on a socket in a directory of its own.
//!
//! It is never skipped: without PostgreSQL the tests that need it fail. A shell
//! keeps it; when the test program ends, however it ends, the shell stops the
//! server and removes the directory.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use postgres::{Client, NoTls};

/// Makes a database cluster, and starts it at each line that it reads. With a
/// port it also listens there, by TLS, with a certificate for "localhost".
const KEEPER: &str = r#"
set -u
cd /
dir=$(mktemp -d /tmp/clinic-pg.XXXXXX)
trap 'kill -INT "$pid" 2>/dev/null; wait; rm -rf "$dir"' EXIT
trap '' INT TERM
pid=0
"$1/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C --no-sync \
    >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
tls=off
if [ "$2" ]; then
    tls=on
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -addext basicConstraints=critical,CA:FALSE \
        -keyout "$dir/data/server.key" -out "$dir/data/server.crt" 2>/dev/null || exit 1
    chmod 600 "$dir/data/server.key"
fi
while read -r _; do
    wait
    "$1/postgres" -D "$dir/data" -k "$dir" -c max_connections=200 \
        -c listen_addresses="${2:+localhost}" -c port="${2:-5432}" -c ssl="$tls" \
        >>"$dir/log" 2>&1 &
    pid=$!
    echo "$dir"
done
"#;

/// A server with its databases.
pub struct Cluster {
    pub dir: PathBuf,
    port: u16,
    _keeper: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Where Debian keeps the newest version's programs.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
    versions
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path().join("bin"))
        .filter(|bin| bin.join("postgres").exists())
        .max_by_key(|bin| {
            let version = bin.parent().and_then(|v| v.file_name()?.to_str());
            version.and_then(|v| v.parse::<u32>().ok())
        })
        .expect("PostgreSQL is missing: `tools/setup test` installs it")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

impl Cluster {
    pub fn start() -> Self {
        Self::new(None)
    }

    /// One that also listens on this port, by TLS.
    pub fn with_tls(port: u16) -> Self {
        Self::new(Some(port))
    }

    fn new(port: Option<u16>) -> Self {
        // PostgreSQL does not run as root.
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
            command.args(["sh", "-c", KEEPER, "keeper"]);
            command
        } else {
            let mut command = Command::new("sh");
            command.args(["-c", KEEPER, "keeper"]);
            command
        };
        let mut keeper = command
            .arg(programs())
            .arg(port.map_or(String::new(), |port| port.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut cluster = Self {
            dir: PathBuf::new(),
            port: port.unwrap_or(5432),
            commands: keeper.stdin.take().unwrap(),
            answers: BufReader::new(keeper.stdout.take().unwrap()),
            _keeper: keeper,
        };
        cluster.start_again();
        cluster
    }

    /// Starts it again after it was killed; returns when it answers.
    pub fn start_again(&mut self) {
        self.commands.write_all(b"start\n").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "PostgreSQL does not start");
        self.dir = PathBuf::from(line.trim());
        for _ in 0..600 {
            if Client::connect(&self.address("postgres"), NoTls).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.dir.join("log")).unwrap();
        panic!("PostgreSQL does not answer: {log}");
    }

    /// `kill -9` to all of its processes.
    pub fn kill(&self) {
        let file = std::fs::read_to_string(self.dir.join("data/postmaster.pid")).unwrap();
        let main = file.lines().next().unwrap();
        let children = format!("/proc/{main}/task/{main}/children");
        let children = std::fs::read_to_string(children).unwrap();
        let mut kill = Command::new("kill");
        kill.args(["-9", main]).args(children.split_whitespace());
        // One of them may have ended by itself meanwhile.
        kill.stderr(Stdio::null()).status().unwrap();
    }

    pub fn address(&self, database: &str) -> String {
        format!(
            "host={} port={} user=postgres dbname={database}",
            self.dir.display(),
            self.port
        )
    }

    /// The address of a new database.
    pub fn database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut client = self.client("postgres");
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        self.address(&name)
    }

    fn client(&self, database: &str) -> Client {
        Client::connect(&self.address(database), NoTls).unwrap()
    }
}

/// One server for all tests of a program.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start)
}
