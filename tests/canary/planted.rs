//! The search itself: what is planted is found, in every form and at every place.

use companion_tests::search::{files, forms, found, found_secret};
use tempfile::TempDir;

const WORD: &str = "Kanarienvogel-Ümlaut";

#[test]
fn finds_what_is_there_in_every_form() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("deeper")).unwrap();
    for (name, form) in forms(WORD) {
        for skip in 0..3 {
            let mut bytes = vec![0; 5000 + skip];
            bytes.extend_from_slice(&form);
            bytes.extend_from_slice(b"after");
            std::fs::write(dir.path().join("deeper/file"), bytes).unwrap();
            let found = found(&[WORD], &files(dir.path()));
            assert!(!found.is_empty(), "{name}");
            assert!(!found.join("").contains(WORD), "it is named, not shown");
        }
    }
    std::fs::write(dir.path().join("deeper/file"), "Kanarienvoge-l").unwrap();
    assert_eq!(found(&[WORD], &files(dir.path())), Vec::<String>::new());
}

#[test]
fn finds_a_word_within_base64_text() {
    for before in ["", "x", "xy", "xyz"] {
        let text = format!("{before}{WORD} and more");
        let encoded = data_encoding::BASE64.encode(text.as_bytes());
        let haystack = [("text".to_owned(), encoded.into_bytes())];
        assert_ne!(found(&[WORD], &haystack), Vec::<String>::new(), "{before}");
    }
}

#[test]
fn finds_a_secret() {
    let secret: Vec<u8> = (100..132).collect();
    let haystack = |bytes: Vec<u8>| [("here".to_owned(), bytes)];
    for bytes in [
        secret.clone(),
        data_encoding::HEXLOWER.encode(&secret).into_bytes(),
        data_encoding::BASE64.encode(&secret).into_bytes(),
    ] {
        assert_eq!(
            found_secret("key", &secret, &haystack(bytes)),
            ["key in here"]
        );
    }
    let other = haystack(secret.iter().rev().copied().collect());
    assert_eq!(found_secret("key", &secret, &other), Vec::<String>::new());
}
