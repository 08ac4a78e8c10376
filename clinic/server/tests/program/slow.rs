//! Callers who keep the server waiting are let go, and the others are served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use clinic_api::http::authority::{Authority, Scheme};
use clinic_server::app::{App, Config};
use clinic_server::limit::Patience;
use clinic_server::serve::serve;
use clinic_server::store::memory::MemoryStore;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::clinic::Clinic;
use crate::support::process::request;
use crate::support::site::{HOST, TestClock};

/// Longer than one time to wait, much shorter than for all of a body.
const SOON: Duration = Duration::from_millis(1500);

/// What comes back on a connection soon after these bytes, until it is closed.
fn answer(address: &str, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(sent).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_callers_are_let_go() {
    let name = Authority::parse(Scheme::Https, HOST).unwrap();
    let clinics = vec![Clinic::new(10).root_id()];
    let mut config = Config::new(vec![(Scheme::Https, name)], clinics);
    config.patience = Patience {
        head: Duration::from_millis(300),
        piece: Duration::from_millis(300),
        body: Duration::from_secs(3),
        grace: Duration::from_millis(900),
    };
    let app = App::new(Arc::new(MemoryStore::new()), TestClock::new(), config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, app, async {
        let _ = stopped.await;
    }));
    let host = address.clone();
    let callers = tokio::task::spawn_blocking(move || {
        let address = host.as_str();
        assert!(answer(address, b"").is_empty());
        assert!(answer(address, b"PRI * HTTP/2.0\r\n").is_empty());
        let half = answer(address, b"GET /healthz HTTP/1.1\r\nhost: x\r\n");
        assert!(half.is_empty() || half.starts_with(b"HTTP/1.1 408"));
        // Once a request was answered, the next one's head may not be late either.
        for more in ["", "GET /healthz HTTP/1.1\r\n"] {
            let sent = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n{more}");
            let all = answer(address, sent.as_bytes());
            assert!(all.starts_with(b"HTTP/1.1 200"));
        }
        let claim = format!(
            "POST /v1/invites/{}/claim HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\nabc",
            "0".repeat(32)
        );
        let body = String::from_utf8(answer(address, claim.as_bytes())).unwrap();
        assert!(body.starts_with("HTTP/1.1 408"), "{body}");
        assert!(body.contains("\"code\":\"request-timeout\""), "{body}");
        let after = request(address, "GET", "/healthz", &[], b"").unwrap();
        assert_eq!(after.status, 200);
        // No piece is late, but all of them together are: after 3 of 9 seconds.
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(claim.as_bytes()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let mut first = [0; 12];
        let mut answered = false;
        for _ in 0..90 {
            let sent = stream.write_all(b"d");
            answered = stream.read_exact(&mut first).is_ok();
            if answered || sent.is_err() {
                break;
            }
        }
        assert!(answered && &first == b"HTTP/1.1 408");
    });
    callers.await.unwrap();
    // Who never ends a request does not keep the server from stopping.
    let mut endless = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /v1/invites/{}/claim HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
        "0".repeat(32)
    );
    endless.write_all(head.as_bytes()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(5), serving);
    assert!(ended.await.unwrap().unwrap());
    assert!(TcpStream::connect(&address).is_err());
}
