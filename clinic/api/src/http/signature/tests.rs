//! The signature base against the RFC's own examples, which cover more than
//! our profile does.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::signature_base;
use crate::http::authority::{Authority, Scheme};
use crate::http::digest::ContentDigest;
use crate::http::request::Parts;

/// RFC 9421, appendix B.1.4: test-key-ed25519, `d` and `x` of its JWK.
const PRIVATE: &str = "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU";
const PUBLIC: &str = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs";

/// RFC 9421, appendix B.2.6.
const B26_PARAMS: &str = r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
const B26_BASE: &str = r#""date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
const B26_SIGNATURE: &str =
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";

fn b26_base() -> String {
    signature_base(
        &[
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("@method", "POST"),
            ("@path", "/foo"),
            ("@authority", "example.com"),
            ("content-type", "application/json"),
            ("content-length", "18"),
        ],
        B26_PARAMS,
    )
}

#[test]
fn builds_the_base_of_appendix_b_2_6() {
    assert_eq!(b26_base(), B26_BASE);
}

#[test]
fn the_rfcs_signature_verifies_over_our_base() {
    let public = BASE64URL_NOPAD.decode(PUBLIC.as_bytes()).unwrap();
    let signature = BASE64.decode(B26_SIGNATURE.as_bytes()).unwrap();
    UnparsedPublicKey::new(&ED25519, public)
        .verify(b26_base().as_bytes(), &signature)
        .unwrap();
}

#[test]
fn the_rfcs_key_over_our_base_gives_the_rfcs_signature() {
    let seed = BASE64URL_NOPAD.decode(PRIVATE.as_bytes()).unwrap();
    let key = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    assert_eq!(
        BASE64URL_NOPAD.encode(key.public_key().as_ref()),
        PUBLIC,
        "the two halves of the RFC's key"
    );
    let signature = key.sign(b26_base().as_bytes());
    assert_eq!(BASE64.encode(signature.as_ref()), B26_SIGNATURE);
}

/// The example of section 2.5, whose covered fields include four of ours.
#[test]
fn builds_the_base_of_section_2_5() {
    let digest = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
    let params = r#"("@method" "@authority" "@path" "content-digest" "content-length" "content-type");created=1618884473;keyid="test-key-rsa-pss""#;
    let base = signature_base(
        &[
            ("@method", "POST"),
            ("@authority", "example.com"),
            ("@path", "/foo"),
            ("content-digest", digest),
            ("content-length", "18"),
            ("content-type", "application/json"),
        ],
        params,
    );
    let expected = r#""@method": POST
"@authority": example.com
"@path": /foo
"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:
"content-length": 18
"content-type": application/json
"@signature-params": ("@method" "@authority" "@path" "content-digest" "content-length" "content-type");created=1618884473;keyid="test-key-rsa-pss""#;
    assert_eq!(base, expected);
}

fn lines(path: &str, query: Option<&str>) -> Vec<String> {
    let parts = Parts {
        method: "POST",
        authority: &Authority::parse(Scheme::Https, "WWW.example.com:443").unwrap(),
        path,
        query,
        content_digest: &ContentDigest::of(b""),
    };
    parts
        .lines()
        .unwrap()
        .iter()
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect()
}

/// RFC 9421, sections 2.2.1, 2.2.3, 2.2.6 and 2.2.7; RFC 9530, appendix B.2.
#[test]
fn derives_components_as_section_2_2() {
    assert_eq!(
        lines("/path", Some("param=value&foo=bar&baz=bat%2Dman")),
        [
            r#""@method": POST"#,
            r#""@authority": www.example.com"#,
            r#""@path": /path"#,
            r#""@query": ?param=value&foo=bar&baz=bat%2Dman"#,
            r#""content-digest": sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"#,
        ]
    );
    assert_eq!(
        lines("/path", Some("queryString"))[3],
        r#""@query": ?queryString"#
    );
    assert_eq!(lines("/path", None)[3], r#""@query": ?"#);
    assert_eq!(lines("", None)[2], r#""@path": /"#);
}
