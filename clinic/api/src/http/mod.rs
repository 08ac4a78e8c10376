//! How a request is carried: signatures (RFC 9421), digests (RFC 9530), problems (RFC 9457).
//!
//! Pure functions of bytes; the time is passed in. A client signs with these,
//! the server verifies with the same ones.
//!
//! # A signed request, byte by byte
//!
//! Every request, with or without a body, carries exactly these three fields,
//! each on one line (shown wrapped here; there is no line break in them):
//!
//! ```text
//! Content-Digest: sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:
//! Signature-Input: sig=("@method" "@authority" "@path" "@query" "content-digest");
//!     created=1618884473;
//!     keyid="000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
//!     alg="ed25519";tag="companion-clinic-api"
//! Signature: sig=:x9vh0ifaJkU48RotohKN1zBvkCOiGKSPy3XFqyAOR9vYFmtO3NBEztrtdOqmEhgV
//!     RNTo/8dnQsrGBWThOELHDw==:
//! ```
//!
//! The signature is Ed25519 (RFC 8032) over the signature base (RFC 9421,
//! section 2.5): six lines, a single line feed (0x0A) between them and none at
//! the end. For the request above, a `POST` of the 19 bytes
//! `{"hello": "world"}` and line feed to
//! `https://clinic.example/v1/spaces?since=7`, it is (the last line wrapped):
//!
//! ```text
//! "@method": POST
//! "@authority": clinic.example
//! "@path": /v1/spaces
//! "@query": ?since=7
//! "content-digest": sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:
//! "@signature-params": ("@method" "@authority" "@path" "@query" "content-digest");
//!     created=1618884473;keyid="00…1f";alg="ed25519";tag="companion-clinic-api"
//! ```
//!
//! The example is signed with the key of RFC 9421, appendix B.1.4.
//!
//! | Part | Value |
//! |---|---|
//! | `@method` | as sent; capital letters only |
//! | `@authority` | host in lower case, then `:port` unless it is the scheme's own (443 for `https`, 80 for `http`) |
//! | `@path` | as sent, percent-encoding untouched; an empty one is `/` |
//! | `@query` | `?` and the query as sent; without a query, `?` alone |
//! | `content-digest` | `sha-256=:`, SHA-256 of the content in padded base64, `:` |
//! | `created` | when it was signed, in seconds since 1970-01-01T00:00:00Z by the server's clock |
//! | `keyid` | the device's id: 32 bytes as 64 lower-case hexadecimal digits |
//! | `alg`, `tag` | always `"ed25519"` and `"companion-clinic-api"` |
//!
//! The profile is closed. A second label, another order, a parameter more or
//! less (also `expires` and `nonce`), a field on two lines, or the same values
//! spelled in another way are refused, each with its own
//! [`SignatureError`](signature::SignatureError). A request whose `created` is
//! more than 300 seconds from the server's clock, either way, is stale; the
//! answer then carries the server's time, which the client uses as an offset
//! for signing and for nothing else.
//!
//! # What the server does with a request
//!
//! 1. [`Presented::parse`](signature::Presented::parse) the two signature
//!    fields, [`ContentDigest::parse`](digest::ContentDigest::parse) the digest.
//! 2. [`Authority::parse`](authority::Authority::parse) what the request names
//!    (`:authority` or `Host`) and compare it with the configured ones.
//! 3. Find the device's public key by `key_id`, then
//!    [`Presented::verify`](signature::Presented::verify).
//! 4. Read the body, up to its limit, and
//!    [`ContentDigest::verify`](digest::ContentDigest::verify) it, before a
//!    byte of it is used.
//!
//! The path and query that are verified must be the bytes that the request is
//! routed by; nothing may rewrite them in between.
//!
//! # A problem
//!
//! Every refusal is `application/problem+json`:
//!
//! ```text
//! {"type":"urn:companion:problem:signature-stale","title":"The request was signed at another time",
//!  "status":401,"code":"signature-stale","server_time":1618884473}
//! ```
//!
//! `type` decides; `code` repeats its last part for people and logs.
//! `server_time` (seconds since 1970, only with `signature-stale`),
//! `retry_after` (seconds) and `detail` may be missing. No text in it comes
//! from the request. A reader takes at most 16 KiB, ignores members that it
//! does not know or that have another type, and keeps the status of a problem
//! whose type it does not know. See [`problem::Code`] for all of them.

pub mod authority;
pub mod digest;
pub mod problem;
pub mod request;
pub mod signature;

/// Padded base64 in a structured field: `:…:` (RFC 9651, section 4.1.8).
fn byte_sequence(bytes: &[u8]) -> String {
    format!(":{}:", data_encoding::BASE64.encode(bytes))
}
