//! Who asks, behind proxies: only what a named proxy wrote is believed.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue};
use clinic_server::proxy::{AddressHeader, Proxies};

fn proxies(header: AddressHeader) -> Proxies {
    let trusted = ["192.0.2.0/28", "2001:db8:1::/48"];
    Proxies::new(trusted.map(|t| t.parse().unwrap()).into(), header)
}

fn caller(header: AddressHeader, peer: &str, lines: &[(&'static str, &str)]) -> String {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let peer: IpAddr = peer.parse().unwrap();
    proxies(header).caller(peer, &headers).to_string()
}

#[test]
fn the_last_address_that_is_no_proxy_s_counts() {
    let of = |peer: &str, lines: &[(&'static str, &str)]| {
        caller(AddressHeader::XForwardedFor, peer, lines)
    };
    let forwarded = |list| [("x-forwarded-for", list)];
    let cases = [
        // peer, what it passes on, who asks
        ("192.0.2.1", "203.0.113.7", "203.0.113.7"),
        ("192.0.2.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("192.0.2.1", "198.51.100.1,192.0.2.9", "198.51.100.1"),
        ("192.0.2.1", "203.0.113.7:4711", "203.0.113.7"),
        ("192.0.2.1", "2001:db8:2::5", "2001:db8:2::5"),
        ("192.0.2.1", "[2001:db8:2::5]:443", "2001:db8:2::5"),
        ("192.0.2.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1::9", "203.0.113.7", "203.0.113.7"),
        ("::ffff:192.0.2.1", "203.0.113.7", "203.0.113.7"),
        // What cannot be read is the proxy's own doing.
        ("192.0.2.1", "unknown", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.1, unknown", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.1, , 192.0.2.9", "192.0.2.9"),
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "\u{e9}", "192.0.2.1"),
        // All are proxies.
        ("192.0.2.1", "192.0.2.3, 192.0.2.2", "192.0.2.3"),
        // Who is no proxy says nothing of others.
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("192.0.2.16", "198.51.100.1", "192.0.2.16"),
    ];
    for (peer, list, who) in cases {
        assert_eq!(of(peer, &forwarded(list)), who, "{peer} {list}");
    }
    // Two lines are one list, in their order.
    let two = [
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-for", "203.0.113.7"),
    ];
    assert_eq!(of("192.0.2.1", &two), "203.0.113.7");
    let two = [
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-for", "192.0.2.2"),
    ];
    assert_eq!(of("192.0.2.1", &two), "198.51.100.1");
    assert_eq!(of("192.0.2.1", &[]), "192.0.2.1");
    // The other header came with the request.
    let other = [("forwarded", "for=198.51.100.1")];
    assert_eq!(of("192.0.2.1", &other), "192.0.2.1");
}

/// The examples of RFC 7239, sections 4 and 6, among them.
#[test]
fn the_standard_header_is_read_where_it_is_configured() {
    let cases = [
        ("for=203.0.113.43;proto=http;by=192.0.2.1", "203.0.113.43"),
        ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        (
            "for=198.51.100.43, for=203.0.113.60;proto=https",
            "203.0.113.60",
        ),
        ("proto=https; for=\"203.0.113.60:47011\"", "203.0.113.60"),
        ("for=198.51.100.1, for=_hidden", "192.0.2.1"),
        ("for=unknown", "192.0.2.1"),
        ("proto=https", "192.0.2.1"),
        // An open quote does not swallow what the proxy added.
        ("for=\"198.51.100.1, for=203.0.113.60", "203.0.113.60"),
        ("for=x;y=\"a\\\", for=203.0.113.60", "203.0.113.60"),
    ];
    for (list, who) in cases {
        let found = caller(
            AddressHeader::Forwarded,
            "192.0.2.1",
            &[("forwarded", list)],
        );
        assert_eq!(found, who, "{list}");
    }
    let other = [("x-forwarded-for", "198.51.100.1")];
    assert_eq!(
        caller(AddressHeader::Forwarded, "192.0.2.1", &other),
        "192.0.2.1"
    );
}
