//! `Content-Digest` through the public interface. The digests are those that
//! RFC 9530 gives in its appendix B.

use clinic_api::http::digest::{ContentDigest, DigestError};
use clinic_api::http::problem::Code;

/// Appendix B.1: this content, with its line feed.
const CONTENT: &[u8] = b"{\"hello\": \"world\"}\n";
const FIELD: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
/// Appendix B.2: no content.
const EMPTY: &str = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

#[test]
fn the_rfcs_samples() {
    assert_eq!(ContentDigest::of(CONTENT).to_string(), FIELD);
    assert_eq!(ContentDigest::of(b"").to_string(), EMPTY);
    assert_eq!(
        ContentDigest::of_pieces([&CONTENT[..7], b"", &CONTENT[7..]]).to_string(),
        FIELD
    );
    assert_eq!(ContentDigest::of_pieces([]).to_string(), EMPTY);
}

#[test]
fn a_content_has_its_digest_and_no_other() {
    let digest = ContentDigest::parse(&[FIELD]).unwrap();
    assert_eq!(digest.verify(CONTENT), Ok(()));
    for other in [
        &CONTENT[..CONTENT.len() - 1],
        b"",
        b"{\"hello\": \"woXYZ\"}\n",
    ] {
        assert_eq!(digest.verify(other), Err(DigestError::Mismatch));
    }
    assert_eq!(ContentDigest::parse(&[EMPTY]).unwrap().verify(b""), Ok(()));
    assert_eq!(DigestError::Mismatch.code(), Code::DigestMismatch);
}

#[test]
fn all_but_the_one_form_is_refused() {
    use DigestError::{Algorithm, Missing, NotExact, NotStructured, Repeated, TooLong, Value};
    let refusal = |lines: &[&str]| ContentDigest::parse(lines).err();
    assert_eq!(refusal(&[]), Some(Missing));
    assert_eq!(refusal(&[FIELD, FIELD]), Some(Repeated));
    assert_eq!(refusal(&[&" ".repeat(257)]), Some(TooLong));
    // Appendix B.10 has a field like this one, with both algorithms.
    let both = format!("{FIELD}, sha-512=:AAAA:");
    for (line, expected) in [
        ("", Algorithm),
        ("sha-512=:AAAA:", Algorithm),
        ("SHA-256=:AAAA:", NotStructured),
        ("md5=:AAAA:", Algorithm),
        (both.as_str(), Algorithm),
        ("sha-256", Value),
        ("sha-256=(1 2)", Value),
        ("sha-256=:AAAA:", Value),
        (
            "sha-256=\"RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=\"",
            Value,
        ),
        (
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP_lF5HF9bvEF8FabDg=:",
            NotStructured,
        ),
        ("sha-256=:RK/0", NotStructured),
        ("\n", NotStructured),
    ] {
        assert_eq!(refusal(&[line]), Some(expected), "{line}");
    }
    for line in [
        format!(" {FIELD}"),
        format!("{FIELD} "),
        format!("{FIELD};a=1"),
        format!("{EMPTY}, {FIELD}"),
    ] {
        assert_eq!(refusal(&[&line]), Some(NotExact), "{line}");
    }
    // Without padding, and with a bit set that base64 leaves unused.
    for line in [FIELD.replace("Dg=", "Dg"), FIELD.replace("Dg=", "Dh=")] {
        let refused = refusal(&[&line]);
        assert!(matches!(refused, Some(NotExact | NotStructured)), "{line}");
    }
}
