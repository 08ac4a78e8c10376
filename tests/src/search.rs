//! Looks for words in bytes, in every form that a careless program would leave them in.

use std::path::Path;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use memchr::memmem;

/// Bytes that were searched, and where they come from.
pub type Haystack = (String, Vec<u8>);

/// Every file below a folder.
pub fn files(dir: &Path) -> Vec<Haystack> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    all
}

/// The forms of a word: its name, and the bytes to look for.
pub fn forms(word: &str) -> Vec<(&'static str, Vec<u8>)> {
    let swapped: String = word.chars().map(swap).collect();
    let mut forms = Vec::new();
    for (plain, wide, text) in [
        ("utf-8", "utf-16", word.to_owned()),
        ("utf-8, other case", "utf-16, other case", swapped),
        (
            "utf-8, lower case",
            "utf-16, lower case",
            word.to_lowercase(),
        ),
        (
            "utf-8, upper case",
            "utf-16, upper case",
            word.to_uppercase(),
        ),
        (
            "backwards",
            "utf-16 backwards",
            word.chars().rev().collect(),
        ),
    ] {
        let units: Vec<u16> = text.encode_utf16().collect();
        forms.push((wide, units.iter().flat_map(|u| u.to_le_bytes()).collect()));
        forms.push((wide, units.iter().flat_map(|u| u.to_be_bytes()).collect()));
        forms.push((plain, text.into_bytes()));
    }
    let bytes = word.as_bytes();
    forms.push(("hexadecimal", HEXLOWER.encode(bytes).into_bytes()));
    forms.push(("hexadecimal", HEXUPPER.encode(bytes).into_bytes()));
    let percent: String = bytes.iter().map(|b| format!("%{b:02X}")).collect();
    forms.push(("percent", percent.into_bytes()));
    // Base64 depends on where in the text the word begins: what the word alone decides is looked for.
    for skip in 0..3 {
        let inner = &bytes[skip..];
        let whole = &inner[..inner.len() / 3 * 3];
        forms.push(("base64", BASE64_NOPAD.encode(whole).into_bytes()));
        forms.push(("base64", BASE64URL_NOPAD.encode(whole).into_bytes()));
    }
    forms
}

fn swap(letter: char) -> char {
    if letter.is_lowercase() {
        letter.to_uppercase().next().unwrap_or(letter)
    } else {
        letter.to_lowercase().next().unwrap_or(letter)
    }
}

/// Where a secret stands: as bytes, in hexadecimal or in base64. It is named by `name`, not shown.
pub fn found_secret(name: &str, secret: &[u8], haystacks: &[Haystack]) -> Vec<String> {
    let forms = [
        secret.to_vec(),
        HEXLOWER.encode(secret).into_bytes(),
        HEXUPPER.encode(secret).into_bytes(),
        BASE64_NOPAD
            .encode(&secret[..secret.len() / 3 * 3])
            .into_bytes(),
        BASE64URL_NOPAD
            .encode(&secret[..secret.len() / 3 * 3])
            .into_bytes(),
    ];
    let mut found = Vec::new();
    for form in forms {
        let finder = memmem::Finder::new(&form);
        let places = haystacks
            .iter()
            .filter(|(_, bytes)| finder.find(bytes).is_some());
        found.extend(places.map(|(place, _)| format!("{name} in {place}")));
    }
    found
}

/// Where words stand, and in which form. Words are named by their place in the list, not shown.
pub fn found(words: &[&str], haystacks: &[Haystack]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, word) in words.iter().enumerate() {
        assert!(word.len() >= 10, "too short to be unmistakable");
        for (name, form) in forms(word) {
            let finder = memmem::Finder::new(&form);
            for (place, bytes) in haystacks {
                if finder.find(bytes).is_some() {
                    found.push(format!("word {number} as {name} in {place}"));
                }
            }
        }
    }
    found
}
