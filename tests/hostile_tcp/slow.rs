//! Whoever is slow holds nobody for long.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use companion_core::sync::{Cancel, SyncError};
use companion_tests::proxy::{Fault, Way};
use companion_tests::site::Site;

use crate::people::Device;

/// The API's patience with the head of a request, and with the next piece of a body.
const API: Duration = Duration::from_secs(15);
/// A client's patience with an answer.
const CLIENT: Duration = Duration::from_secs(60);
const LEEWAY: Duration = Duration::from_secs(5);

/// Sends a beginning and then a byte now and then; how long until the API ends it.
fn trickle(port: u16, beginning: String, pause: Duration) -> Duration {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let began = Instant::now();
    stream.write_all(beginning.as_bytes()).unwrap();
    stream.set_read_timeout(Some(pause)).unwrap();
    let mut answer = [0; 1024];
    while began.elapsed() < API + LEEWAY {
        match stream.read(&mut answer) {
            Ok(0) => return began.elapsed(),
            // An answer says why; the end follows.
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if stream.write_all(b"a").is_err() {
                    return began.elapsed();
                }
            }
            Err(_) => return began.elapsed(),
        }
    }
    panic!("the API still waits");
}

#[test]
fn a_request_that_trickles_is_cut_off_and_holds_up_nobody() {
    let site = Site::new();
    let port = site.server.port();
    let host = format!("Host: {}", site.address().trim_start_matches("http://"));
    let head = format!("GET /v1/time HTTP/1.1\r\n{host}\r\nx-slow: ");
    let body = format!(
        "POST /v1/invites/{}/claim HTTP/1.1\r\n{host}\r\ncontent-type: application/cbor\r\ncontent-length: 9000\r\n\r\n",
        "0".repeat(32)
    );
    // The head byte by byte; the body stopping altogether.
    let slow: Vec<_> = [(head, Duration::from_millis(500)), (body, API + LEEWAY)]
        .into_iter()
        .cycle()
        .take(20)
        .map(|(beginning, pause)| std::thread::spawn(move || trickle(port, beginning, pause)))
        .collect();
    let device = Device::enrol(&site);
    device.record("meanwhile");
    let began = Instant::now();
    device.sync().unwrap();
    site.office.sync();
    assert!(began.elapsed() < LEEWAY, "others are served at once");
    assert_eq!(site.office.notes(device.chain), ["meanwhile"]);
    for one in slow {
        let took = one.join().unwrap();
        assert!(took < API + LEEWAY, "{took:?}");
    }
}

#[test]
fn an_answer_that_trickles_comes_and_one_that_stalls_can_be_given_up() {
    let site = Site::behind_proxy();
    let device = Device::enrol(&site);
    device.record("in time");
    site.proxy().set(Fault::Trickle(Way::Down, 20));
    assert_eq!(device.sync().unwrap().alarms, []);
    assert!(site.proxy().clear());

    device.record("after a stall");
    site.proxy().set(Fault::Stall(Way::Down, 20));
    let cancel = Cancel::new();
    let later = cancel.clone();
    let began = Instant::now();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        later.cancel();
    });
    assert!(device.sync_with(&cancel).unwrap().is_none(), "given up");
    assert!(began.elapsed() < LEEWAY);
    site.proxy().clear();
    assert_eq!(device.sync().unwrap().alarms, []);
    site.office.sync();
    assert_eq!(
        site.office.notes(device.chain),
        ["after a stall", "in time"]
    );
}

#[test]
fn a_client_gives_up_by_itself() {
    let site = Site::behind_proxy();
    let device = Device::enrol(&site);
    device.record("waits");
    site.proxy().set(Fault::Stall(Way::Down, 20));
    let began = Instant::now();
    assert_eq!(device.sync(), Err(SyncError::Unreachable));
    assert!(began.elapsed() < CLIENT + LEEWAY);
    site.proxy().clear();
    device.sync().unwrap();
    site.office.sync();
    assert_eq!(site.office.notes(device.chain), ["waits"]);
}
