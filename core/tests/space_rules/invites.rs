//! Invites as people type and scan them, and the digits that they compare.

use clinic_api::id::{ChainId, InviteLookup, MemberId};
use companion_core::space::invite::{Digits, InviteCode, InviteError, InviteSecret, digits};
use proptest::prelude::*;

const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn secret() -> InviteSecret {
    InviteSecret::from_bytes(*b"sixteen secrets!")
}

/// Base32 of the bytes, by hand in Python: `int.from_bytes(b"sixteen secrets!") << 2`
/// in base 32 with Crockford's digits; then the two check symbols, found there by trying all
/// pairs for the one with which α and α² are roots, by tables of logarithms.
#[test]
fn the_text_is_what_another_implementation_makes() {
    assert_eq!(secret().text(), TEXT);
    let parsed = InviteSecret::parse(TEXT).unwrap();
    assert_eq!(parsed.expose(), b"sixteen secrets!");
}

const TEXT: &str = "EDMQ-GX35-CNQ2-0WV5-CDS6-AX3K-44XC";

fn several() -> Vec<String> {
    let mut secrets = vec![[0; 16], [0xff; 16], *b"sixteen secrets!"];
    secrets.extend((0_u8..9).map(|n| std::array::from_fn(|i| n ^ (i as u8).wrapping_mul(37))));
    let text = |bytes| InviteSecret::from_bytes(bytes).text().replace('-', "");
    secrets.into_iter().map(text).collect()
}

fn passes(typed: &[u8]) -> bool {
    InviteSecret::parse(std::str::from_utf8(typed).unwrap()).is_ok()
}

#[test]
fn every_mistyped_character_is_caught() {
    let mut tried = 0;
    for text in several() {
        for at in 0..text.len() {
            for other in ALPHABET.bytes().filter(|c| *c != text.as_bytes()[at]) {
                let mut typed = text.clone().into_bytes();
                typed[at] = other;
                tried += 1;
                assert!(!passes(&typed), "{other} at {at} of {text}");
            }
        }
    }
    assert_eq!(tried, 12 * 28 * 31);
}

#[test]
fn every_two_characters_that_changed_places_are_caught() {
    let mut tried = 0;
    for text in several() {
        for first in 0..text.len() {
            for second in first + 1..text.len() {
                let mut typed = text.clone().into_bytes();
                typed.swap(first, second);
                let differs = typed != text.as_bytes();
                tried += usize::from(differs && second == first + 1);
                assert_eq!(passes(&typed), !differs, "{first} and {second} of {text}");
            }
        }
    }
    assert!(tried > 200, "{tried} neighbours");
}

/// All 378 pairs of places of one invite, with all other characters.
#[test]
fn every_two_mistyped_characters_are_caught() {
    let text = TEXT.replace('-', "").into_bytes();
    let mut tried = 0;
    for first in 0..text.len() {
        for second in first + 1..text.len() {
            for one in ALPHABET.bytes().filter(|c| *c != text[first]) {
                for other in ALPHABET.bytes().filter(|c| *c != text[second]) {
                    let mut typed = text.clone();
                    (typed[first], typed[second]) = (one, other);
                    tried += 1;
                    assert!(!passes(&typed), "at {first} and {second}");
                }
            }
        }
    }
    assert_eq!(tried, 378 * 31 * 31);
}

#[test]
fn the_check_characters_are_of_the_alphabet_too() {
    let typed = format!("{}U", &TEXT[..33]);
    assert_eq!(InviteSecret::parse(&typed).unwrap_err(), InviteError::Shape);
}

#[test]
fn case_hyphens_spaces_and_lookalikes_do_not_matter() {
    let plain = TEXT.replace('-', "");
    let spelled = [
        plain.clone(),
        plain.to_lowercase(),
        format!("  {}\n", TEXT.replace('-', " ")),
        plain.replace('0', "O"),
        plain.replace('0', "o"),
        plain.replace('1', "I"),
        plain.replace('1', "l"),
        plain.chars().map(|c| format!("{c}-")).collect(),
    ];
    for text in spelled {
        let parsed = InviteSecret::parse(&text).unwrap();
        assert_eq!(parsed.expose(), secret().expose(), "{text}");
    }
}

#[test]
fn neither_secret_nor_typed_text_is_printed() {
    assert_eq!(format!("{:?}", secret()), "InviteSecret(..)");
    let wrong = InviteSecret::parse("not an invite").unwrap_err();
    assert!(!format!("{wrong} {wrong:?}").contains("not an invite"));
}

#[test]
fn a_code_carries_root_and_server() {
    let root = MemberId([0xa5; 32]);
    for (server, read) in [
        ("https://clinic.example", "https://clinic.example"),
        ("https://clinic.example:8443", "https://clinic.example:8443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("http://localhost:9", "http://localhost:9"),
    ] {
        let code = InviteCode::parse(&InviteCode::qr(&secret(), root, server)).unwrap();
        assert_eq!(code.secret.expose(), secret().expose());
        assert_eq!(code.root, Some(root));
        assert_eq!(code.server.as_deref(), Some(read));
    }
    for server in [
        "http://clinic.example",
        "http://127.0.0.1.example",
        "https://a/b",
        "https://a@b",
    ] {
        let code = InviteCode::parse(&InviteCode::qr(&secret(), root, server));
        assert_eq!(code.unwrap_err(), InviteError::NotOurs, "{server}");
    }
}

/// By hash-wasm 4.13 and by argon2-cffi: Argon2id, 64 MiB, 3 passes, 4 lanes.
#[test]
fn digits_are_those_of_other_implementations() {
    let found = digits(
        InviteLookup([1; 16]),
        ChainId([2; 32]),
        MemberId([3; 32]),
        ChainId([4; 32]),
    );
    let found: Digits = found.unwrap();
    assert_eq!(found.to_string(), "292 553 914 175");
    let plain = found.to_string().replace(' ', "");
    assert!(found.matches(&plain) && found.matches("292 553 914 175"));
    assert!(!found.matches(&plain[..11]) && !found.matches(""));
    let mut wrong = plain.into_bytes();
    wrong[11] = if wrong[11] == b'9' {
        b'0'
    } else {
        wrong[11] + 1
    };
    assert!(!found.matches(&String::from_utf8(wrong).unwrap()));
}

#[test]
fn each_part_of_the_transcript_changes_the_digits() {
    let ask = |lookup: u8, patient: u8, root: u8, roster: u8| {
        let (lookup, root) = (InviteLookup([lookup; 16]), MemberId([root; 32]));
        let digits = digits(lookup, ChainId([patient; 32]), root, ChainId([roster; 32]));
        digits.unwrap().to_string()
    };
    let good = ask(1, 2, 3, 4);
    for other in [
        ask(9, 2, 3, 4),
        ask(1, 9, 3, 4),
        ask(1, 2, 9, 4),
        ask(1, 2, 3, 9),
    ] {
        assert_ne!(good, other);
    }
}

proptest! {
    #[test]
    fn any_secret_survives_being_typed(bytes in any::<[u8; 16]>()) {
        let text = InviteSecret::from_bytes(bytes).text();
        prop_assert_eq!(text.len(), 34);
        let parsed = InviteSecret::parse(&text).unwrap();
        prop_assert_eq!(parsed.expose(), &bytes);
    }

    #[test]
    fn any_input_is_judged(text in "\\PC*") {
        let _ = InviteCode::parse(&text);
        let _ = InviteCode::parse(&format!("PC1:{text}"));
    }
}
