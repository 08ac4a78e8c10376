//! What was recorded, request by request.

use companion_tests::http::length;
use companion_tests::proxy::Proxy;

/// The whole requests that went by in the last `streams` streams, in their order.
pub fn requests(proxy: &Proxy, streams: usize) -> Vec<Vec<u8>> {
    let wire = proxy.wire();
    let from = wire.len().saturating_sub(streams);
    let mut requests = Vec::new();
    for stream in &wire[from..] {
        let mut rest = stream.as_slice();
        while rest.starts_with(b"POST ") || rest.starts_with(b"GET ") {
            match length(rest) {
                Some(length) if length <= rest.len() => {
                    requests.push(rest[..length].to_vec());
                    rest = &rest[length..];
                }
                _ => break,
            }
        }
    }
    requests
}

/// Where a request goes.
pub fn target(request: &[u8]) -> String {
    let line = request.split(|b| *b == b'\r').next().unwrap();
    let line = String::from_utf8_lossy(line);
    line.split(' ').nth(1).unwrap_or_default().to_owned()
}
