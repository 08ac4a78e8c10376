//! Whatever comes, parsing and verifying give an answer; and only what was
//! signed is accepted.

use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::request::Parts;
use clinic_api::http::signature::{Presented, WINDOW, sign};
use proptest::prelude::*;

use crate::support::*;

/// Text made of the pieces of the real fields, which gets further than noise.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("sig="),
        Just("("),
        Just(")"),
        Just(";"),
        Just(","),
        Just(" "),
        Just("\""),
        Just("\\"),
        Just(":"),
        Just("=="),
        Just("?1"),
        Just("@1"),
        Just("%\"%c3%a4\""),
        Just("\"@method\""),
        Just("\"@authority\""),
        Just("\"@path\""),
        Just("\"@query\""),
        Just("\"content-digest\""),
        Just("created=1618884473"),
        Just("keyid=\"00\""),
        Just("alg=\"ed25519\""),
        Just("tag=\"companion-clinic-api\""),
        Just("AAAA"),
        Just("-999999999999999"),
        Just("9999999999999999"),
        Just("1.5"),
        Just("\n"),
        Just("ä"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~]{0,300}", pieces()]
}

proptest! {
    #[test]
    fn parsing_never_panics(
        inputs in prop::collection::vec(field(), 0..3),
        signatures in prop::collection::vec(field(), 0..3),
    ) {
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let signatures: Vec<&str> = signatures.iter().map(String::as_str).collect();
        prop_assert!(Presented::parse(&inputs, &signatures).is_err());
        let _ = Presented::parse(&inputs, &[SIGNATURE]);
        let _ = Presented::parse(&[INPUT], &signatures);
    }

    #[test]
    fn one_changed_byte_is_never_accepted(at in 0usize..288, to in 0x20u8..0x7f) {
        let mut fields = format!("{INPUT}|{SIGNATURE}").into_bytes();
        prop_assume!(at < fields.len() && fields[at] != b'|' && to != b'|' && fields[at] != to);
        fields[at] = to;
        let fields = String::from_utf8(fields).unwrap();
        let (input, signature) = fields.split_once('|').unwrap();
        let verified = Presented::parse(&[input], &[signature])
            .and_then(|p| p.verify(&Request::example().parts(), &RFC_PUBLIC, CREATED, WINDOW));
        prop_assert!(verified.is_err());
    }

    #[test]
    fn any_parts_and_times_give_an_answer(
        method in any::<String>(), path in any::<String>(), query in any::<Option<String>>(),
        now in any::<i64>(), key in any::<[u8; 32]>(),
    ) {
        let example = Request::example();
        let parts = Parts {
            method: &method, path: &path, query: query.as_deref(), ..example.parts()
        };
        let presented = Presented::parse(&[INPUT], &[SIGNATURE]).unwrap();
        prop_assert!(presented.verify(&parts, &RFC_PUBLIC, now, WINDOW).is_err());
        prop_assert!(presented.verify(&example.parts(), &key, CREATED, WINDOW).is_err());
    }

    #[test]
    fn what_is_signed_verifies(
        method in "[A-Z]{1,9}", path in "(/[a-z0-9._~-]{0,9}){1,4}", query in "([a-z=&?/]|%[0-9A-F]{2}){0,20}",
        host in "[A-Za-z0-9.-]{1,20}", port in 1u16.., body in any::<Vec<u8>>(),
        key_id in any::<[u8; 32]>(), created in 0i64..4_102_444_800, off in -300i64..=300,
    ) {
        let digest = ContentDigest::of(&body);
        let authority = Authority::parse(Scheme::Https, &format!("{host}:{port}")).unwrap();
        let parts = Parts {
            method: &method, authority: &authority, path: &path, query: Some(&query),
            content_digest: &digest,
        };
        let headers = sign(&parts, key_id, created, rfc_key_sign).unwrap();
        let presented =
            Presented::parse(&[&headers.signature_input], &[&headers.signature]).unwrap();
        prop_assert_eq!(presented.key_id(), &key_id);
        prop_assert_eq!(presented.created(), created);
        prop_assert_eq!(presented.verify(&parts, &RFC_PUBLIC, created + off, WINDOW), Ok(()));
    }

    #[test]
    fn authorities_and_digests_never_panic(text in field(), lines in prop::collection::vec(field(), 0..3)) {
        if let Ok(authority) = Authority::parse(Scheme::Https, &text) {
            let again = Authority::parse(Scheme::Https, authority.as_str());
            prop_assert_eq!(again.as_ref(), Ok(&authority));
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        prop_assert!(ContentDigest::parse(&lines).is_err());
    }
}
