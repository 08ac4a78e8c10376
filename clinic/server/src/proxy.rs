//! Who really asks, where a proxy stands before the server.
//!
//! A proxy adds the address of its caller at the right end of a header. What
//! stands left of that came with the request and may be made up. So the list
//! is read from the right, and only as long as whoever added an entry is a
//! proxy that the operator named.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// In which header a proxy names its caller. One and no other: a proxy that
/// writes one of them lets the other pass as its caller made it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressHeader {
    /// `X-Forwarded-For`, as most proxies write it.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl AddressHeader {
    fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

/// The proxies that the operator named.
#[derive(Debug, Clone)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    header: AddressHeader,
}

impl Proxies {
    /// Those in these networks, which name their callers in this header.
    pub fn new(trusted: Vec<IpNet>, header: AddressHeader) -> Self {
        Self { trusted, header }
    }

    /// Who asks: the peer itself unless it is a named proxy; else the last
    /// address in the header that is not a named proxy's. What cannot be read
    /// is nobody's: then it is the proxy that passed it on.
    pub fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut caller = peer.to_canonical();
        let lines: Vec<_> = headers.get_all(self.header.name()).iter().collect();
        for line in lines.iter().rev() {
            let Ok(line) = line.to_str() else {
                return caller;
            };
            // Not by the rules of quoting: an open quote on the left would
            // swallow what the proxy wrote.
            for entry in line.rsplit(',') {
                if !self.trusts(caller) {
                    return caller;
                }
                match self.address(entry.trim()) {
                    Some(address) => caller = address,
                    None => return caller,
                }
            }
        }
        caller
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }

    fn address(&self, entry: &str) -> Option<IpAddr> {
        let node = match self.header {
            AddressHeader::XForwardedFor => entry,
            AddressHeader::Forwarded => entry.split(';').find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                name.eq_ignore_ascii_case("for").then_some(value)
            })?,
        };
        let node = node.trim_matches('"');
        let plain = node.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
        let address: Option<IpAddr> = plain.unwrap_or(node).parse().ok();
        let with_port = || node.parse::<SocketAddr>().ok().map(|a| a.ip());
        address.or_else(with_port).map(|a| a.to_canonical())
    }
}
