//! Callers who keep the server waiting are let go, and the others are served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clinic_api::http::authority::{Authority, Scheme};
use clinic_server::app::{App, Config};
use clinic_server::limit::Patience;
use clinic_server::serve::serve;
use clinic_server::store::memory::MemoryStore;
use clinic_server::tls::Certificates;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

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

const PATIENCE: Patience = Patience {
    head: Duration::from_millis(300),
    piece: Duration::from_millis(300),
    body: Duration::from_secs(3),
    grace: Duration::from_millis(900),
};

fn config() -> Config {
    let name = Authority::parse(Scheme::Https, HOST).unwrap();
    let clinics = vec![Clinic::new(10).root_id()];
    let mut config = Config::new(vec![(Scheme::Https, name)], clinics);
    config.patience = PATIENCE;
    config
}

/// A server in this process: its address, what stops it, and its end.
async fn start(config: Config) -> (App, String, oneshot::Sender<()>, JoinHandle<bool>) {
    let app = App::new(Arc::new(MemoryStore::new()), TestClock::new(), config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, app.clone(), async {
        let _ = stopped.await;
    }));
    (app, address, stop, serving)
}

/// Waits until that is counted: right after the caller has seen it.
async fn counted(app: &App, line: &str) {
    for _ in 0..100 {
        if app.metrics_text().contains(line) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{line} is not in\n{}", app.metrics_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_callers_are_let_go() {
    let (_, address, stop, serving) = start(config()).await;
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

/// Who asks and asks and reads nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_let_go() {
    let mut config = config();
    // Not by the time for all of an answer.
    config.patience.body = Duration::from_secs(60);
    let (app, address, stop, serving) = start(config).await;
    let reading = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        let ask = b"GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n";
        // More than all buffers between the two hold.
        let sent = (0..2000).take_while(|_| stream.write_all(ask).is_ok());
        let sent = sent.count();
        std::thread::sleep(SOON);
        let mut read = Vec::new();
        // Cut off: by the end of the stream, or by a reset.
        let _ = stream.read_to_end(&mut read);
        let answers = read.windows(15).filter(|w| w == b"HTTP/1.1 200 OK");
        assert!(answers.count() < sent);
    });
    reading.await.unwrap();
    counted(&app, "clinic_connections 0\n").await;
    stop.send(()).unwrap();
    assert!(serving.await.unwrap());
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let head = [&length[1..], &[kind, flags, 0, 0, 0, stream]].concat();
    [&head, payload].concat()
}

/// Answers pings, as long as the server asks; how long that was.
fn answer_pings(stream: &mut TcpStream) -> Duration {
    let begun = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut head = [0; 9];
    while stream.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        if stream.read_exact(&mut payload).is_err() {
            break;
        }
        if (head[3], head[4]) == (6, 0) && stream.write_all(&frame(6, 1, 0, &payload)).is_err() {
            break;
        }
    }
    begun.elapsed()
}

/// HTTP/2 by hand: a caller that answers every ping, and takes no answer (its
/// window is 0, setting 4), or asks nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_alone_keep_no_connection() {
    let (app, address, stop, serving) = start(config()).await;
    let callers = tokio::task::spawn_blocking(move || {
        let ask = |path: &[u8]| {
            let path = [&[0x04, path.len() as u8], path].concat();
            frame(
                1,
                5,
                1,
                &[&[0x82, 0x86], &path[..], &[0x01, 1, b'x']].concat(),
            )
        };
        let takes_nothing = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
        for sent in [
            [takes_nothing, ask(b"/v1/openapi.json")],
            [frame(4, 0, 0, &[]), ask(b"/healthz")],
        ] {
            let mut stream = TcpStream::connect(&address).unwrap();
            let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
            stream.write_all(preface).unwrap();
            stream.write_all(&sent.concat()).unwrap();
            let lasted = answer_pings(&mut stream).as_secs();
            // All of an answer may take 3.
            assert!((3..10).contains(&lasted), "{lasted}");
        }
    });
    callers.await.unwrap();
    counted(
        &app,
        "clinic_connections_dropped_total{kind=\"answer-late\"} 1\n",
    )
    .await;
    stop.send(()).unwrap();
    assert!(serving.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_handshake_is_let_go() {
    let mut config = config();
    let fixture = |name| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/tls")
            .join(name)
    };
    let pair = Certificates::load(&fixture("first.pem"), &fixture("first.key"));
    config.certificates = Some(Arc::new(pair.unwrap()));
    let (app, address, stop, serving) = start(config).await;
    let callers = tokio::task::spawn_blocking(move || {
        assert!(answer(&address, b"").is_empty());
        // The head of a hello of 512 bytes.
        assert!(answer(&address, &[22, 3, 1, 2, 0, 1, 0]).is_empty());
    });
    callers.await.unwrap();
    counted(
        &app,
        "clinic_connections_dropped_total{kind=\"handshake-late\"} 2\n",
    )
    .await;
    stop.send(()).unwrap();
    assert!(serving.await.unwrap());
}
