//! One signed request, as the documentation of `clinic_api::http` has it.

use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::request::Parts;
use clinic_api::http::signature::{Presented, SignatureError, WINDOW};
use ring::signature::Ed25519KeyPair;

pub const CREATED: i64 = 1_618_884_473;

pub const KEY_ID: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31,
];

pub const BASE: &str = r#""@method": POST
"@authority": clinic.example
"@path": /v1/spaces
"@query": ?since=7
"content-digest": sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:
"@signature-params": ("@method" "@authority" "@path" "@query" "content-digest");created=1618884473;keyid="000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";alg="ed25519";tag="companion-clinic-api""#;

pub const INPUT: &str = r#"sig=("@method" "@authority" "@path" "@query" "content-digest");created=1618884473;keyid="000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";alg="ed25519";tag="companion-clinic-api""#;

/// Made by Python's cryptography 48 over [`BASE`] with the key of RFC 9421,
/// appendix B.1.4.
pub const SIGNATURE: &str = "sig=:x9vh0ifaJkU48RotohKN1zBvkCOiGKSPy3XFqyAOR9vYFmtO3NBEztrtdOqmEhgVRNTo/8dnQsrGBWThOELHDw==:";

/// RFC 9421, appendix B.1.4: test-key-ed25519, `d` and `x` of its JWK, in hexadecimal.
const RFC_PRIVATE: &str = "9f8362f87a484a954e6e740c5b4c0e84229139a20aa8ab56ff66586f6a7d29c5";
pub const RFC_PUBLIC: [u8; 32] = [
    0x26, 0xb4, 0x0b, 0x8f, 0x93, 0xff, 0xf3, 0xd8, 0x97, 0x11, 0x2f, 0x7e, 0xbc, 0x58, 0x2b, 0x23,
    0x2d, 0xbd, 0x72, 0x51, 0x7d, 0x08, 0x2f, 0xe8, 0x3c, 0xfb, 0x30, 0xdd, 0xce, 0x43, 0xd1, 0xbb,
];

pub fn hex(text: &str) -> [u8; 32] {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .unwrap()
        .try_into()
        .unwrap()
}

pub fn rfc_key_sign(base: &[u8]) -> [u8; 64] {
    let key = Ed25519KeyPair::from_seed_unchecked(&hex(RFC_PRIVATE)).unwrap();
    key.sign(base).as_ref().try_into().unwrap()
}

pub fn https(text: &str) -> Authority {
    Authority::parse(Scheme::Https, text).unwrap()
}

pub struct Request {
    pub method: &'static str,
    pub authority: Authority,
    pub path: &'static str,
    pub query: Option<&'static str>,
    pub digest: ContentDigest,
}

impl Request {
    pub fn example() -> Self {
        Self {
            method: "POST",
            authority: https("clinic.example"),
            path: "/v1/spaces",
            query: Some("since=7"),
            digest: ContentDigest::of(b"{\"hello\": \"world\"}\n"),
        }
    }

    pub fn parts(&self) -> Parts<'_> {
        Parts {
            method: self.method,
            authority: &self.authority,
            path: self.path,
            query: self.query,
            content_digest: &self.digest,
        }
    }
}

/// The example's signature, presented with another request or at another time.
pub fn verify_at(request: &Request, now: i64) -> Result<(), SignatureError> {
    Presented::parse(&[INPUT], &[SIGNATURE]).unwrap().verify(
        &request.parts(),
        &RFC_PUBLIC,
        now,
        WINDOW,
    )
}
