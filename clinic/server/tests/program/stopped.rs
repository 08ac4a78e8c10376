//! SIGTERM and SIGINT: no more is accepted, what was begun is finished.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::clinic::Clinic;
use crate::support::process::Server;
use crate::support::site::Signer;
use crate::support::space::{Log, push};
use crate::writers::{Written, check, pause, scene, stored, write_until_gone};

#[test]
fn what_was_acknowledged_survives_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let clinic = Clinic::new(10);
    let root = clinic.root_id();
    let mut server = Server::start(dir.path(), root);
    let scene = scene(&server, clinic, &[50, 51, 52]);
    let mut written = vec![Written::default(); scene.devices.len()];
    for signal in ["TERM", "INT"] {
        write_until_gone(&server, &scene, &mut written, || {
            pause(300);
            server.signal(signal);
        });
        assert_eq!(server.wait().code(), Some(0), "{signal}");
        server = Server::start(dir.path(), root);
        check(&server, &scene, &written);
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_request_that_was_begun_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let clinic = Clinic::new(10);
    let root = clinic.root_id();
    let server = Server::start(dir.path(), root);
    let scene = scene(&server, clinic, &[50]);
    let device = &scene.devices[0];
    let run = Log::new(device, scene.space, 1, scene.epoch).run(&[5000], 1);
    let body = push(std::slice::from_ref(&run));
    let target = format!("/v1/spaces/{}/runs", scene.space);
    let signer = Signer {
        device,
        authority: &server.address,
        created: server.now(),
    };
    let mut head = format!(
        "POST {target} HTTP/1.1\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in signer.headers("POST", &target, &body) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    // An idle connection does not hold the stop up; one that has begun does.
    let idle = TcpStream::connect(&server.address).unwrap();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"\r\n").unwrap();
    stream.write_all(&body[..1000]).unwrap();
    pause(300);
    server.signal("TERM");
    pause(500);
    assert!(TcpStream::connect(&server.address).is_err());
    stream.write_all(&body[1000..]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(server.wait().code(), Some(0));
    drop(idle);
    let server = Server::start(dir.path(), root);
    assert!(stored(&server, &scene) == [run]);
    server.signal("KILL");
    server.wait();
}
