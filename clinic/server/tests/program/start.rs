//! Starting: what it says, and when it will not.

use std::process::{Command, Output};

use crate::support::clinic::Clinic;
use crate::support::process::{Server, request};

fn serve(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clinic-server"))
        .arg("serve")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn it_answers_where_it_says_that_it_listens() {
    let dir = tempfile::tempdir().unwrap();
    let new = dir.path().join("not/there/yet");
    let server = Server::start(&new, Clinic::new(10).root_id());
    assert!(server.address.starts_with("127.0.0.1:"));
    for target in ["/healthz", "/readyz"] {
        let answer = request(&server.address, "GET", target, &[], b"").unwrap();
        assert_eq!((answer.status, answer.body), (200, b"ok".to_vec()));
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn it_does_not_start_on_what_it_cannot_use() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("clinic.db"), "not ours, whoever wrote it here").unwrap();
    let cases: [(&str, &[&str]); 6] = [
        ("a file for a directory", &["--dir", file.to_str().unwrap()]),
        ("another's file", &["--dir", other.to_str().unwrap()]),
        (
            "no name for all addresses",
            &["--dir", path, "--listen", "0.0.0.0:0"],
        ),
        (
            "an address that is not ours",
            &["--dir", path, "--listen", "192.0.2.1:1"],
        ),
        ("no fingerprint", &["--dir", path, "--clinic", "12"]),
        ("no name", &["--dir", path, "--authority", "a b"]),
    ];
    for (name, arguments) in cases {
        let output = serve(arguments);
        assert!(!output.status.success(), "{name}");
        assert!(output.stdout.is_empty(), "{name}");
        assert!(!output.stderr.is_empty(), "{name}");
    }
}
