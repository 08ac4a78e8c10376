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

/// What comes back on a connection after these bytes, until it is closed.
fn answer(address: &str, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
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
        body: Duration::from_millis(600),
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
        let claim = format!(
            "POST /v1/invites/{}/claim HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc",
            "0".repeat(32)
        );
        let body = String::from_utf8(answer(address, claim.as_bytes())).unwrap();
        assert!(body.starts_with("HTTP/1.1 408"), "{body}");
        assert!(body.contains("\"code\":\"request-timeout\""), "{body}");
        let after = request(address, "GET", "/healthz", &[], b"").unwrap();
        assert_eq!(after.status, 200);
        // A whole body that comes in pieces, none of them late, but late in all.
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(claim.as_bytes()).unwrap();
        let mut late = Vec::new();
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(200));
            // The server may have closed by now.
            if stream.write_all(b"d").is_err() {
                break;
            }
        }
        let _ = stream.read_to_end(&mut late);
        assert!(late.starts_with(b"HTTP/1.1 408"));
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
