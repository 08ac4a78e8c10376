//! Secrets as 24 words: BIP-39's published vectors, and what people do when they type.

use companion_core::space::keys::Seed;
use companion_core::space::words24::{Words, WordsError, parse};
use proptest::prelude::*;

/// The vectors of 256 bits that are published with BIP-39 (trezor/python-mnemonic,
/// `vectors.json`, English): entropy and words.
const VECTORS: [(&str, &str); 8] = [
    (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art",
    ),
    (
        "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
        "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title",
    ),
    (
        "8080808080808080808080808080808080808080808080808080808080808080",
        "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless",
    ),
    (
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
    ),
    (
        "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
        "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length",
    ),
    (
        "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863",
        "panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich alcohol speed nation flash devote level hobby quick inner drive ghost inside",
    ),
    (
        "066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad",
        "all hour make first leader extend hole alien behind guard gospel lava path output census museum junior mass reopen famous sing advance salt reform",
    ),
    (
        "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
        "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold",
    ),
];

fn bytes(hex: &str) -> [u8; 32] {
    let decoded = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    decoded.try_into().unwrap()
}

fn secret(typed: &str) -> Result<[u8; 32], WordsError> {
    parse(typed).map(|seed| *seed.expose())
}

#[test]
fn the_published_vectors_hold_both_ways() {
    for (entropy, words) in VECTORS {
        let seed = Seed::new(bytes(entropy));
        assert_eq!(*Words::of(&seed).text(), words);
        assert_eq!(secret(words), Ok(bytes(entropy)));
    }
}

/// The list as it is published: its SHA-256 is given in `core/data/README.md` and by others.
#[test]
fn the_list_is_the_published_one() {
    let list = include_bytes!("../../data/bip39-english.txt");
    let hash = ring::digest::digest(&ring::digest::SHA256, list);
    assert_eq!(
        data_encoding::HEXLOWER.encode(hash.as_ref()),
        "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
    );
}

#[test]
fn what_people_type_is_taken_kindly() {
    let (entropy, words) = VECTORS[4];
    let numbered: String = (1..)
        .zip(words.split(' '))
        .map(|(n, word)| format!(" {n}. {}\n", word.to_uppercase()))
        .collect();
    assert_eq!(secret(&numbered), Ok(bytes(entropy)));
    let four: Vec<String> = words
        .split(' ')
        .map(|word| word.chars().take(4).collect())
        .collect();
    assert_eq!(secret(&four.join(",  ")), Ok(bytes(entropy)));
}

#[test]
fn a_word_that_is_none_is_named_by_its_place_alone() {
    let (_, words) = VECTORS[4];
    for wrong in ["hamstr", "ham", "hamsterx", "h\u{e4}mster", "\u{1f439}"] {
        let typed = words.replacen("toddler", wrong, 1);
        let error = secret(&typed).unwrap_err();
        assert_eq!(error, WordsError::Unknown { position: 10 });
        assert!(!format!("{error} {error:?}").contains(wrong));
    }
}

#[test]
fn too_few_too_many_or_in_another_order() {
    let (_, words) = VECTORS[4];
    let (_, few) = words.split_once(' ').unwrap();
    assert_eq!(secret(few), Err(WordsError::Count { found: 23 }));
    let many = format!("{words} abandon");
    assert_eq!(secret(&many), Err(WordsError::Count { found: 25 }));
    assert_eq!(secret(""), Err(WordsError::Count { found: 0 }));
    let swapped = words.replacen("hamster diagram", "diagram hamster", 1);
    assert_eq!(secret(&swapped), Err(WordsError::Checksum));
    let long = "abandon ".repeat(10_000);
    assert_eq!(secret(&long), Err(WordsError::Count { found: 10_000 }));
}

proptest! {
    #[test]
    fn every_secret_comes_back(entropy: [u8; 32]) {
        let words = Words::of(&Seed::new(entropy));
        prop_assert_eq!(words.iter().count(), 24);
        prop_assert_eq!(secret(&words.text()), Ok(entropy));
    }

    #[test]
    fn whatever_is_typed_is_refused_or_read(typed in "\\PC{0,200}") {
        let _ = secret(&typed);
    }
}
