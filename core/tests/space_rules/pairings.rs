//! Pairing codes as people type and scan them, and what derives from them.

use clinic_api::chain::Tip;
use clinic_api::id::{MemberId, StatementHash};
use companion_core::space::invite::{InviteCode, InviteError};
use companion_core::space::pairing::{PairingCode, PairingPlace, PairingSecret, digits};
use data_encoding::HEXLOWER;
use proptest::prelude::*;

fn secret() -> PairingSecret {
    PairingSecret::from_bytes(*b"sixteen secrets!")
}

/// By Python's hmac and hashlib, and argon2-cffi: HKDF-SHA256 without salt, HMAC-SHA256, and
/// Argon2id with 64 MiB, 3 passes, 4 lanes.
#[test]
fn what_derives_is_what_another_implementation_makes() {
    let hex = |bytes: &[u8]| HEXLOWER.encode(bytes);
    let (offer, answer) = (b"an offer", b"an answer");
    assert_eq!(
        hex(&secret().lookup().0),
        "56916f28a3fdec4a0b4c84ef03627a5f"
    );
    assert_eq!(
        hex(&secret().offer_mac(offer)),
        "f1b82a1fedb53a5289a2d2c69b03eddb319749e17a9263f7db881c4ea31b90e6"
    );
    assert_eq!(
        hex(&secret().answer_mac(offer, answer)),
        "839b6bb33f69c57382c1f66963cc2161ac52f2989aaf1850c3a45982a54391ed"
    );
    let found = digits(secret().lookup(), offer, answer).unwrap();
    assert_eq!(found.to_string(), "578 771 087 632");
}

#[test]
fn a_scanned_code_carries_where_the_chain_ends() {
    let place = PairingPlace {
        tip: Tip {
            number: 1_234,
            hash: StatementHash([0x5a; 32]),
        },
        root: MemberId([0xa5; 32]),
        server: "https://clinic.example:8443".to_owned(),
    };
    let text = PairingCode::qr(&secret(), &place);
    let code = PairingCode::parse(&text).unwrap();
    assert_eq!(code.secret.expose(), secret().expose());
    assert_eq!(code.place, Some(place));
    // A QR code's alphanumeric mode holds it.
    let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "$%*+-./: ".contains(c);
    assert!(text.chars().all(allowed), "{text}");
    assert_eq!(InviteCode::parse(&text).unwrap_err(), InviteError::NotOurs);
    let other = text.replace("PP1:", "PC1:");
    assert_eq!(
        PairingCode::parse(&other).unwrap_err(),
        InviteError::NotOurs
    );
}

#[test]
fn a_typed_code_carries_the_secret_alone() {
    let code = PairingCode::parse(&secret().text().to_lowercase()).unwrap();
    assert_eq!(code.secret.expose(), secret().expose());
    assert_eq!(code.place, None);
    assert_eq!(format!("{:?}", code.secret), "PairingSecret(..)");
}

proptest! {
    #[test]
    fn any_input_is_judged(text in "\\PC*") {
        let _ = PairingCode::parse(&text);
        let _ = PairingCode::parse(&format!("PP1:{}:{text}", secret().text()));
    }
}
