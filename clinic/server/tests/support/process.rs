//! The real program, spoken to over a socket by nothing but the standard library.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use clinic_api::id::MemberId;
use clinic_api::message::ServerTime;

use super::contract::{self, Asked};
use super::keys::Device;
use super::site::{Answer, Signer};

pub struct Server {
    pub child: Child,
    pub address: String,
    /// Where its metrics are, if it was asked to show them.
    pub metrics: Option<String>,
}

impl Server {
    /// Starts one, and waits until it says where it listens.
    pub fn start(dir: &Path, clinic: MemberId) -> Self {
        Self::start_with(dir, clinic, &[])
    }

    /// Starts one with more arguments.
    pub fn start_with(dir: &Path, clinic: MemberId, arguments: &[&str]) -> Self {
        let dir = dir.to_str().unwrap();
        Self::start_on(&["--dir", dir], clinic, arguments)
    }

    /// Starts one whose store these arguments name.
    pub fn start_on(store: &[&str], clinic: MemberId, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_clinic-server"))
            .arg("serve")
            .args(store)
            .arg("--clinic")
            .arg(clinic.to_string())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            line.trim().to_owned()
        };
        let address = line();
        let (_, address) = address
            .strip_prefix("listening on ")
            .and_then(|a| a.split_once("://"))
            .unwrap();
        let metrics = arguments.contains(&"--metrics").then(|| {
            let line = line();
            let address = line.strip_prefix("metrics on http://").unwrap();
            address.strip_suffix("/metrics").unwrap().to_owned()
        });
        Self {
            address: address.to_owned(),
            metrics,
            child,
        }
    }

    /// Asks it to stop; it has to end well.
    pub fn stop(self) {
        self.signal("TERM");
        assert_eq!(self.wait().code(), Some(0));
    }

    /// Its metrics, as they stand.
    pub fn metrics(&self) -> String {
        let address = self.metrics.as_deref().unwrap();
        let answer = request(address, "GET", "/metrics", &[], b"").unwrap();
        assert_eq!(answer.status, 200);
        String::from_utf8(answer.body).unwrap()
    }

    /// Waits until its metrics have this line.
    #[track_caller]
    pub fn await_metric(&self, line: &str) {
        for _ in 0..200 {
            if self.metrics().lines().any(|l| l == line) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{line} is not in\n{}", self.metrics());
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
    let answer = parse(&bytes).ok_or_else(|| std::io::Error::other("no whole answer"))?;
    let asked = Asked {
        method,
        target,
        headers,
        body,
    };
    if target != "/metrics" {
        contract::hold(&asked, &answer);
    }
    Ok(answer)
}

/// One answer from a connection that stays open.
pub fn read_answer(stream: &mut impl Read) -> std::io::Result<Answer> {
    let mut bytes = Vec::new();
    let mut one = [0];
    loop {
        if stream.read(&mut one)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.push(one[0]);
        if let Some(answer) = parse(&bytes) {
            return Ok(answer);
        }
    }
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
