//! Plain text before a proxy alone, and whose limit a request counts against then.

use std::process::Command;

use crate::support::clinic::Clinic;
use crate::support::process::{Server, request};

/// The status of looking for an invite that is not there, with that header.
fn look(server: &Server, name: &'static str, value: &str) -> u16 {
    let target = format!("/v1/invites/{}", "ab".repeat(16));
    let headers = [(name, value.to_owned())];
    let answer = request(&server.address, "GET", &target, &headers, b"");
    answer.unwrap().status
}

#[test]
fn each_caller_of_a_named_proxy_has_a_limit_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    // One request each, and the next after 1000 seconds.
    let slow = ["--peer-rate", "0.001"];
    let arguments = [&slow[..], &["--behind-proxy", "127.0.0.0/8"]].concat();
    let server = Server::start_with(dir.path(), Clinic::new(10).root_id(), &arguments);
    let header = "x-forwarded-for";
    assert_eq!(look(&server, header, "203.0.113.1"), 404);
    assert_eq!(look(&server, header, "203.0.113.1"), 429);
    assert_eq!(look(&server, header, "198.51.100.9, 203.0.113.1"), 429);
    assert_eq!(look(&server, header, "203.0.113.2"), 404);
    // The proxy itself, whatever else came along.
    assert_eq!(look(&server, "forwarded", "for=198.51.100.1"), 404);
    assert_eq!(look(&server, "forwarded", "for=198.51.100.2"), 429);
    server.stop();
}

#[test]
fn without_a_named_proxy_nobody_says_who_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let slow = ["--peer-rate", "0.001"];
    for more in [&[][..], &["--behind-proxy", "192.0.2.1"]] {
        let arguments = [&slow[..], more].concat();
        let server = Server::start_with(dir.path(), Clinic::new(10).root_id(), &arguments);
        assert_eq!(look(&server, "x-forwarded-for", "203.0.113.1"), 404);
        assert_eq!(look(&server, "x-forwarded-for", "203.0.113.2"), 429);
        assert_eq!(look(&server, "forwarded", "for=203.0.113.3"), 429);
        server.stop();
    }
}

#[test]
fn plain_text_is_for_this_machine_or_a_proxy() {
    let dir = tempfile::tempdir().unwrap();
    let all = [
        "--listen",
        "0.0.0.0:0",
        "--authority",
        "https://clinic.example",
    ];
    let start = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_clinic-server"))
            .args(["serve", "--dir", dir.path().to_str().unwrap()])
            .args(arguments)
            .output()
            .unwrap()
    };
    let refused = start(&all);
    assert!(!refused.status.success() && refused.stdout.is_empty());
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        text.contains("--tls-cert") && text.contains("--behind-proxy"),
        "{text}"
    );
    let shown = start(&["--metrics", "0.0.0.0:0"]);
    assert!(!shown.status.success() && shown.stdout.is_empty());
    let arguments = [&all[..], &["--behind-proxy", "192.0.2.1"]].concat();
    let server = Server::start_with(dir.path(), Clinic::new(10).root_id(), &arguments);
    server.stop();
}
