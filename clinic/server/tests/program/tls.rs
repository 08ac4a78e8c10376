//! TLS as a caller meets it, and a certificate that changes while callers are connected.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use crate::support::clinic::Clinic;
use crate::support::process::{Server, read_answer};
use crate::support::site::{Answer, Signer};
use crate::writers::pause;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls")
        .join(name)
}

/// A server with the first certificate, in files of its own.
fn start(dir: &Path, clinic: &Clinic) -> Server {
    show(dir, "first");
    let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    let arguments = [
        "--tls-cert",
        cert.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
        "--authority",
        "localhost:443",
        "--metrics",
        "127.0.0.1:0",
    ];
    Server::start_with(&dir.join("store"), clinic.root_id(), &arguments)
}

fn show(dir: &Path, name: &str) {
    std::fs::copy(fixture(&format!("{name}.pem")), dir.join("cert.pem")).unwrap();
    std::fs::copy(fixture(&format!("{name}.key")), dir.join("key.pem")).unwrap();
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connect(address: &str, versions: &[&'static SupportedProtocolVersion]) -> std::io::Result<Tls> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_file(fixture("root.pem")).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut tls = StreamOwned::new(connection, stream);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock)?;
    }
    Ok(tls)
}

fn shown(tls: &Tls) -> Vec<u8> {
    tls.conn.peer_certificates().unwrap()[0].to_vec()
}

fn certificate(name: &str) -> Vec<u8> {
    let path = fixture(&format!("{name}.pem"));
    CertificateDer::from_pem_file(path).unwrap().to_vec()
}

/// One request on a connection that stays open.
fn get(tls: &mut Tls, target: &str, headers: &[(&'static str, String)]) -> Answer {
    let mut head = format!("GET {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    tls.write_all(head.as_bytes()).unwrap();
    read_answer(tls).unwrap()
}

fn host() -> Vec<(&'static str, String)> {
    vec![("host", "localhost".to_owned())]
}

#[test]
fn both_versions_are_spoken_and_requests_are_signed_for_the_name() {
    let dir = tempfile::tempdir().unwrap();
    let clinic = Clinic::new(10);
    let server = start(dir.path(), &clinic);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut tls = connect(&server.address, &[version]).unwrap();
        assert_eq!(get(&mut tls, "/healthz", &host()).status, 200);
    }
    let mut tls = connect(&server.address, rustls::ALL_VERSIONS).unwrap();
    let now = get(&mut tls, "/v1/time", &host());
    let created = now.read::<clinic_api::message::ServerTime>().now;
    // The default port goes unwritten, as clients leave it out.
    let signer = Signer {
        device: &clinic.clinician,
        authority: "localhost",
        created,
    };
    let headers = signer.headers("GET", "/v1/invites", b"");
    let answer = get(&mut tls, "/v1/invites", &headers);
    assert_eq!(answer.refused(), (401, "unknown-device"));
    server.stop();
}

/// What `openssl` makes of it, which can speak what rustls cannot.
#[test]
fn nothing_older_is_spoken() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &Clinic::new(10));
    let handshake = |version: &str| {
        let mut client = std::process::Command::new("openssl");
        client.args([
            "s_client",
            "-connect",
            &server.address,
            "-servername",
            "localhost",
        ]);
        client.args(["-cipher", "ALL:@SECLEVEL=0", version]);
        client.args(["-CAfile", fixture("root.pem").to_str().unwrap()]);
        let done = client.stdin(std::process::Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let agreed = "Verify return code: 0 (ok)";
    assert!(handshake("-tls1_2").contains(agreed));
    for version in ["-tls1", "-tls1_1"] {
        let seen = handshake(version);
        assert!(seen.contains("Cipher is (NONE)"), "{version}: {seen}");
    }
    server.stop();
}

#[test]
fn a_new_certificate_is_shown_and_nobody_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &Clinic::new(10));
    let mut open = connect(&server.address, rustls::ALL_VERSIONS).unwrap();
    assert_eq!(shown(&open), certificate("first"));
    show(dir.path(), "second");
    server.signal("HUP");
    await_certificate(&server, "second");
    assert_eq!(get(&mut open, "/healthz", &host()).status, 200);
    assert_eq!(shown(&open), certificate("first"));
    // What is no pair is not taken; nor is what is not there.
    std::fs::copy(fixture("first.key"), dir.path().join("key.pem")).unwrap();
    server.signal("HUP");
    server.await_metric("clinic_certificate_reloads_total{kind=\"failed\"} 1");
    std::fs::remove_file(dir.path().join("key.pem")).unwrap();
    server.signal("HUP");
    server.await_metric("clinic_certificate_reloads_total{kind=\"failed\"} 2");
    await_certificate(&server, "second");
    assert_eq!(get(&mut open, "/healthz", &host()).status, 200);
    server.stop();
}

fn await_certificate(server: &Server, name: &str) {
    let begun = Instant::now();
    loop {
        let tls = connect(&server.address, rustls::ALL_VERSIONS).unwrap();
        if shown(&tls) == certificate(name) {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "not shown: {name}"
        );
        pause(50);
    }
}

#[test]
fn it_does_not_start_without_a_pair() {
    let dir = tempfile::tempdir().unwrap();
    let (cert, key) = (fixture("first.pem"), fixture("second.key"));
    let broken = dir.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA").unwrap();
    let missing = dir.path().join("missing.pem");
    for (cert, key) in [
        (&cert, &key),
        (&broken, &key),
        (&missing, &key),
        (&cert, &cert),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_clinic-server"))
            .args(["serve", "--dir"])
            .arg(dir.path().join("store"))
            .arg("--tls-cert")
            .arg(cert)
            .arg("--tls-key")
            .arg(key)
            .output()
            .unwrap();
        assert!(!output.status.success() && !output.stderr.is_empty());
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn who_speaks_no_tls_gets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path(), &Clinic::new(10));
    let address: SocketAddr = server.address.parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.windows(4).any(|w| w == b"HTTP"));
    server.await_metric("clinic_connections_dropped_total{kind=\"handshake-failed\"} 1");
    server.stop();
}
