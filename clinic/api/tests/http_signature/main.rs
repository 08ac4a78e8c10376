//! Signed requests through the public interface.

mod any_input;
mod profile;
#[cfg(test)]
mod support;

use std::time::Duration;

use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::problem::Code;
use clinic_api::http::request::PartsError;
use clinic_api::http::signature::{Presented, SignatureError, WINDOW, sign};
use support::*;

/// The wire form, written out by hand; the signature was made over the base in
/// the module's documentation with another implementation of Ed25519.
#[test]
fn a_signed_request_has_the_documented_bytes() {
    let request = Request::example();
    let headers = sign(&request.parts(), KEY_ID, CREATED, |base| {
        assert_eq!(std::str::from_utf8(base).unwrap(), BASE);
        rfc_key_sign(base)
    })
    .unwrap();
    assert_eq!(headers.signature_input, INPUT);
    assert_eq!(headers.signature, SIGNATURE);

    let presented = Presented::parse(&[INPUT], &[SIGNATURE]).unwrap();
    assert_eq!(presented.key_id(), &KEY_ID);
    assert_eq!(presented.created(), CREATED);
    assert_eq!(verify_at(&request, CREATED), Ok(()));
}

#[test]
fn each_component_is_bound() {
    type Change = fn(&mut Request);
    let changes: [(&str, Change); 9] = [
        ("method", |r| r.method = "PUT"),
        ("host", |r| r.authority = https("other.example")),
        ("port", |r| r.authority = https("clinic.example:8443")),
        ("path", |r| r.path = "/v1/space"),
        ("case of the path", |r| r.path = "/v1/Spaces"),
        ("trailing slash", |r| r.path = "/v1/spaces/"),
        ("query", |r| r.query = Some("since=8")),
        ("no query", |r| r.query = None),
        ("content", |r| r.digest = ContentDigest::of(b"other")),
    ];
    for (what, change) in changes {
        let mut request = Request::example();
        change(&mut request);
        assert_eq!(
            verify_at(&request, CREATED),
            Err(SignatureError::Invalid),
            "{what}"
        );
    }
}

#[test]
fn no_query_and_an_empty_one_are_signed_alike() {
    let mut request = Request::example();
    request.query = Some("");
    let headers = sign(&request.parts(), KEY_ID, CREATED, rfc_key_sign).unwrap();
    request.query = None;
    let presented = Presented::parse(&[&headers.signature_input], &[&headers.signature]).unwrap();
    assert_eq!(
        presented.verify(&request.parts(), &RFC_PUBLIC, CREATED, WINDOW),
        Ok(())
    );
}

#[test]
fn another_key_id_or_time_breaks_the_signature() {
    let request = Request::example();
    for input in [
        INPUT.replace("keyid=\"00", "keyid=\"01"),
        INPUT.replace("created=1618884473", "created=1618884474"),
    ] {
        let presented = Presented::parse(&[&input], &[SIGNATURE]).unwrap();
        assert_eq!(
            presented.verify(&request.parts(), &RFC_PUBLIC, CREATED, WINDOW),
            Err(SignatureError::Invalid)
        );
    }
}

#[test]
fn another_key_is_refused() {
    let request = Request::example();
    let presented = Presented::parse(&[INPUT], &[SIGNATURE]).unwrap();
    // The public key of RFC 8032, section 7.1, test 1; and bytes that are no point.
    let other = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    for key in [other, [0xff; 32]] {
        assert_eq!(
            presented.verify(&request.parts(), &key, CREATED, WINDOW),
            Err(SignatureError::Invalid)
        );
    }
}

#[test]
fn a_changed_signature_is_refused() {
    let request = Request::example();
    for (from, to) in [("sig=:x9", "sig=:y9"), ("ELHDw==", "ELHDQ==")] {
        let signature = SIGNATURE.replace(from, to);
        assert_ne!(signature, SIGNATURE);
        let presented = Presented::parse(&[INPUT], &[&signature]).unwrap();
        assert_eq!(
            presented.verify(&request.parts(), &RFC_PUBLIC, CREATED, WINDOW),
            Err(SignatureError::Invalid)
        );
    }
}

/// Five minutes are 300 seconds: 1618884473 ± 300 is 1618884173 and 1618884773.
#[test]
fn the_window_is_five_minutes_either_way() {
    let request = Request::example();
    for (now, expected) in [
        (1_618_884_172, Err(SignatureError::Stale)),
        (1_618_884_173, Ok(())),
        (1_618_884_773, Ok(())),
        (1_618_884_774, Err(SignatureError::Stale)),
        (1_650_420_473, Err(SignatureError::Stale)),
        (i64::MIN, Err(SignatureError::Stale)),
        (i64::MAX, Err(SignatureError::Stale)),
    ] {
        assert_eq!(verify_at(&request, now), expected, "{now}");
    }
}

#[test]
fn a_narrower_window_can_be_asked_for() {
    let request = Request::example();
    let presented = Presented::parse(&[INPUT], &[SIGNATURE]).unwrap();
    let verify = |now, window| presented.verify(&request.parts(), &RFC_PUBLIC, now, window);
    assert_eq!(verify(CREATED, Duration::ZERO), Ok(()));
    assert_eq!(
        verify(CREATED + 1, Duration::ZERO),
        Err(SignatureError::Stale)
    );
}

#[test]
fn a_time_that_a_structured_integer_cannot_hold_is_not_signed() {
    let request = Request::example();
    let at = |created| sign(&request.parts(), KEY_ID, created, |_| [0; 64]).map(|_| ());
    // RFC 9651, section 3.3.1: 15 digits.
    assert_eq!(at(999_999_999_999_999), Ok(()));
    assert_eq!(
        at(1_000_000_000_000_000),
        Err(SignatureError::CreatedOutOfRange)
    );
    assert_eq!(at(i64::MIN), Err(SignatureError::CreatedOutOfRange));
}

/// A value that could end its line would let one request pass for another.
#[test]
fn values_that_reach_beyond_their_line_are_refused() {
    let never = |_: &[u8]| -> [u8; 64] { panic!("nothing is signed") };
    let injected = "/a\n\"@query\": ?since=0";
    for path in [
        injected,
        "/a\r",
        "/a b",
        "/a?b",
        "/a#b",
        "a",
        "*",
        "/ä",
        "/\0",
        "/%",
        "/%2",
        "/%zz",
        "/a\"",
        "/a\\b",
        "http://clinic.example/",
    ] {
        let mut request = Request::example();
        request.path = path;
        assert_eq!(
            sign(&request.parts(), KEY_ID, CREATED, never),
            Err(SignatureError::Parts(PartsError::Path)),
            "{path:?}"
        );
        assert_eq!(
            verify_at(&request, CREATED),
            Err(SignatureError::Parts(PartsError::Path)),
            "{path:?}"
        );
    }
    for query in ["a\nb", "a\r\nb", "a b", "a#b", "ö", "a\tb", "%f", "a\"b"] {
        let mut request = Request::example();
        request.query = Some(query);
        assert_eq!(
            sign(&request.parts(), KEY_ID, CREATED, never),
            Err(SignatureError::Parts(PartsError::Query)),
            "{query:?}"
        );
    }
    for method in ["", "post", "Post", "GET\n", "GET ", "M-SEARCH"] {
        let mut request = Request::example();
        request.method = method;
        assert_eq!(
            sign(&request.parts(), KEY_ID, CREATED, never),
            Err(SignatureError::Parts(PartsError::Method)),
            "{method:?}"
        );
    }
}

#[test]
fn characters_that_rfc_3986_allows_are_signed() {
    let mut request = Request::example();
    request.path = "/-._~!$&'()*+,;=:@%C3%A4/1//";
    request.query = Some("a=/?:@&b=%20");
    let headers = sign(&request.parts(), KEY_ID, CREATED, rfc_key_sign).unwrap();
    let presented = Presented::parse(&[&headers.signature_input], &[&headers.signature]).unwrap();
    assert_eq!(
        presented.verify(&request.parts(), &RFC_PUBLIC, CREATED, WINDOW),
        Ok(())
    );
}

#[test]
fn authorities_have_one_form() {
    for (scheme, text, expected) in [
        (Scheme::Https, "Clinic.Example", "clinic.example"),
        (Scheme::Https, "clinic.example:443", "clinic.example"),
        (Scheme::Https, "clinic.example:80", "clinic.example:80"),
        (Scheme::Http, "clinic.example:80", "clinic.example"),
        (Scheme::Http, "127.0.0.1:8080", "127.0.0.1:8080"),
        (Scheme::Http, "LOCALHOST:65535", "localhost:65535"),
        (Scheme::Https, "[2001:DB8::1]:443", "[2001:db8::1]"),
        (Scheme::Http, "[::1]:443", "[::1]:443"),
    ] {
        let parsed = Authority::parse(scheme, text).map(|a| a.to_string());
        assert_eq!(parsed.as_deref(), Ok(expected), "{text}");
    }
    for text in [
        "",
        ":80",
        "a:",
        "a:0",
        "a:080",
        "a:+1",
        "a:65536",
        "a:1:2",
        "u@a",
        "a b",
        "a/b",
        "a\nb",
        "ä",
        "[",
        "]",
        "[]",
        "[::1",
        "::1",
        "[::1]x",
        "[::1]:",
        "[fe80::1%25eth0]",
        "[a]:1",
        "é]:1",
    ] {
        assert!(Authority::parse(Scheme::Https, text).is_err(), "{text:?}");
    }
    let long = format!("{}.example", "a".repeat(250));
    assert!(Authority::parse(Scheme::Https, &long).is_err());
}

#[test]
fn refusals_map_to_codes() {
    let mut request = Request::example();
    let code = |error: Result<(), SignatureError>| error.unwrap_err().code();
    assert_eq!(code(verify_at(&request, 0)), Code::SignatureStale);
    request.query = None;
    assert_eq!(code(verify_at(&request, CREATED)), Code::SignatureInvalid);
    request.path = "";
    request.method = "get";
    assert_eq!(code(verify_at(&request, CREATED)), Code::SignatureMalformed);
    let parse = |input: &[&str]| Presented::parse(input, &[SIGNATURE]).map(|_| ());
    assert_eq!(code(parse(&[])), Code::SignatureMissing);
    assert_eq!(code(parse(&["sig=1"])), Code::SignatureMalformed);
}
