//! The page for administrators and the units: what they name is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::clinic::Clinic;
use crate::support::process::{Server, request};

const UNITS: [&str; 3] = [
    "clinic-server.service",
    "clinic-backup.service",
    "clinic-backup.timer",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn unit(name: &str) -> String {
    read(&format!("clinic/server/deploy/{name}"))
}

fn help(command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_clinic-server"))
        .args([command, "--help"])
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// Words of the form `--name`.
fn flags(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let long =
        |w: &&str| w.starts_with("--") && w[2..].starts_with(|c: char| c.is_ascii_lowercase());
    words.filter(long).collect()
}

#[test]
fn every_flag_that_is_named_exists_and_every_one_that_exists_is_named() {
    let helps = ["serve", "backup", "restore", "check", "erase"]
        .map(help)
        .concat();
    let exist = flags(&helps);
    let page = read("docs/RUNNING.md");
    // Other programs' flags (the last four are the console's), and how to ask for help.
    let others = [
        "--release",
        "--now",
        "--help",
        "--version",
        "--vacuum-size",
        "--pipe",
        "--uid",
        "--json",
        "--page",
        "--passphrase-file",
        "--role",
    ];
    let named: BTreeSet<_> = flags(&page)
        .into_iter()
        .filter(|f| !others.contains(f))
        .collect();
    let unknown: Vec<_> = named.difference(&exist).collect();
    assert!(unknown.is_empty(), "RUNNING.md names {unknown:?}");
    let unnamed: Vec<_> = exist
        .difference(&named)
        .filter(|f| !others.contains(f))
        .collect();
    assert!(unnamed.is_empty(), "RUNNING.md does not name {unnamed:?}");
    for (name, command) in [
        ("clinic-server.service", "serve"),
        ("clinic-backup.service", "backup"),
    ] {
        let (unit, help) = (unit(name), help(command));
        let start = unit.lines().find(|l| l.starts_with("ExecStart=")).unwrap();
        let wrong: Vec<_> = flags(start).difference(&flags(&help)).copied().collect();
        assert!(wrong.is_empty(), "{name} names {wrong:?}");
        assert!(start.starts_with(&format!(
            "ExecStart=/usr/local/bin/clinic-server {command} "
        )));
    }
}

#[test]
fn what_the_page_says_of_limits_and_metrics_is_so() {
    let page = read("docs/RUNNING.md");
    // Families that count by route are shown once there is something to show.
    let dir = tempfile::tempdir().unwrap();
    let root = Clinic::new(10).root_id();
    let server = Server::start_with(dir.path(), root, &["--metrics", "127.0.0.1:0"]);
    request(&server.address, "GET", "/readyz", &[], b"").unwrap();
    let metrics = server.metrics();
    server.stop();
    let metric = |word: &&str| word.starts_with("clinic_");
    let words = page.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let named: BTreeSet<_> = words.filter(metric).collect();
    assert!(named.len() > 10);
    for name in named {
        let family = name.strip_suffix("_total").unwrap_or(name);
        assert!(metrics.contains(&format!("# HELP {family} ")), "{name}");
    }
    let serve = help("serve");
    for (flag, default) in [
        ("--peer-rate <N>", "[default: 1]"),
        ("--all-rate <N>", "[default: 30]"),
        ("--device-rate <N>", "[default: 100]"),
        ("--patient-storage <MIB>", "[default: 1024]"),
    ] {
        let said = serve.split(flag).nth(1).unwrap();
        let said = said.split("\n      --").next().unwrap();
        assert!(said.contains(default), "{flag}: {said}");
    }
    assert!(help("backup").contains("[default: 30]"));
}

/// systemd's own opinion, where it is there to ask.
#[test]
fn systemd_takes_the_units() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("no systemd here: the units were not verified");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in UNITS {
        // It looks whether the program is there.
        let program = env!("CARGO_BIN_EXE_clinic-server");
        let text = unit(name).replace("/usr/local/bin/clinic-server", program);
        let text = text.replace(
            "Documentation=file:///usr/local/share/doc",
            "Documentation=file:///",
        );
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(UNITS.map(|name| dir.path().join(name)))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verify.stderr).into_owned();
    assert!(verify.status.success(), "{said}");
    for name in UNITS {
        assert!(!said.contains(name), "{said}");
    }
    for name in &UNITS[..2] {
        // 0 is closed, 10 open; most units of a distribution have 9.
        let rated = Command::new("systemd-analyze")
            .args(["security", "--offline=yes", "--no-pager", "--threshold=20"])
            .arg(dir.path().join(name))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&rated.stdout).into_owned();
        assert!(rated.status.success(), "{name}: {said}");
    }
}
