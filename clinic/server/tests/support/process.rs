//! The real program, spoken to over a socket by nothing but the standard library.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use clinic_api::id::MemberId;
use clinic_api::message::ServerTime;

use super::keys::Device;
use super::site::{Answer, Signer};

pub struct Server {
    pub child: Child,
    pub address: String,
}

impl Server {
    /// Starts one, and waits until it says where it listens.
    pub fn start(dir: &Path, clinic: MemberId) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_clinic-server"))
            .args(["serve", "--dir"])
            .arg(dir)
            .arg("--clinic")
            .arg(clinic.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.to_owned(),
            child,
        }
    }

    /// Sends a signal by its name, as `kill` knows it.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub fn now(&self) -> i64 {
        let answer = request(&self.address, "GET", "/v1/time", &[], b"").unwrap();
        answer.read::<ServerTime>().now
    }

    pub fn call(
        &self,
        device: &Device,
        created: i64,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> std::io::Result<Answer> {
        call(&self.address, device, created, method, target, body)
    }
}

/// A signed request on a connection of its own.
pub fn call(
    address: &str,
    device: &Device,
    created: i64,
    method: &str,
    target: &str,
    body: &[u8],
) -> std::io::Result<Answer> {
    let signer = Signer {
        device,
        authority: address,
        created,
    };
    let headers = signer.headers(method, target, body);
    request(address, method, target, &headers, body)
}

/// One HTTP/1.1 request. An error is all that a killed server leaves.
pub fn request(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&'static str, String)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head.push_str(&format!("host: {address}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    ));
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| std::io::Error::other("no whole answer"))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        headers.insert(
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_str(value).ok()?,
        );
    }
    let body = bytes[end + 4..].to_vec();
    let length = headers.get("content-length");
    let length = length.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    (length.unwrap_or(0) == body.len()).then_some(Answer {
        status,
        headers,
        body,
    })
}
