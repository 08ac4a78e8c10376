//! One spelling for every value; unknown fields ignored; keys that can be keys.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failure must stop a test, also in its helpers"
)]

use clinic_api::chain::patient::{PatientChain, PatientStep};
use clinic_api::chain::{Body, ChainError, ChainKind, Signed};
use clinic_api::member::{DeviceKeys, KEM_KEY, kem_well_formed};
use clinic_api::message::{Have, Pull, ServerTime};
use clinic_api::wire::{self, WireError};
use minicbor::bytes::ByteVec;
use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair};

fn judge(hex: &str) -> Result<ServerTime, WireError> {
    let hex = hex.replace(' ', "");
    wire::decode(&data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap())
}

const SEVEN: Result<ServerTime, WireError> = Ok(ServerTime { now: 7 });
const BAD: Result<ServerTime, WireError> = Err(WireError::Malformed);

/// All by hand from RFC 8949: what stands for `{0: 7}`, and what nearly does.
#[test]
fn one_spelling_alone_is_read() {
    let cases = [
        ("a1 00 07", SEVEN),
        ("a1 00 1807", BAD),               // 7 in two bytes
        ("a1 00 190007", BAD),             // in three
        ("a1 00 1b0000000000000007", BAD), // in nine
        ("a1 1800 07", BAD),               // the key in two
        ("b801 00 07", BAD),               // the length in two
        ("bf 00 07 ff", BAD),              // indefinite
        ("a2 00 07 00 07", BAD),           // twice
        ("a2 00 07 00 08", BAD),           // twice, with another value
        ("a2 01 07 00 07", BAD),           // not ascending
        ("a1 00 07 00", Err(WireError::Trailing)),
        ("a1 00", BAD),
        ("a0", BAD),
        ("a1 01 07", BAD),
        ("a1 00 6137", BAD),
        ("a1 00 1c", BAD), // a reserved code
        ("", BAD),
        ("9bffffffffffffffff", BAD),
        ("bbffffffffffffffff", BAD),
        ("5bffffffffffffffff", BAD),
    ];
    for (hex, due) in cases {
        assert_eq!(judge(hex), due, "{hex}");
    }
}

#[test]
fn unknown_fields_of_any_shape_are_ignored_but_spelled_in_one_way() {
    let cases = [
        ("a2 00 07 01 83 01 02 a1 61 78 f6", SEVEN),
        ("a2 00 07 18ff fb 3ff0000000000000", SEVEN),
        ("a2 00 07 01 f9 3c00", SEVEN),
        ("a2 00 07 01 c1 00", SEVEN),
        ("a2 00 07 20 00", SEVEN), // a negative key comes after all others
        ("a2 20 00 00 07", BAD),
        ("a2 00 07 01 1817", BAD),
        ("a2 00 07 01 9f ff", BAD),
        ("a2 00 07 01 a2 05 00 05 00", BAD),
        ("a2 00 07 01 f818", BAD), // a simple value in two bytes
    ];
    for (hex, due) in cases {
        assert_eq!(judge(hex), due, "{hex}");
    }
}

#[test]
fn depth_is_limited_so_that_no_input_exhausts_the_stack() {
    let nested = |levels: usize| format!("a2 00 07 01 {}00", "81".repeat(levels));
    assert_eq!(judge(&nested(30)), SEVEN);
    assert_eq!(judge(&nested(31)), BAD);
    assert_eq!(judge(&nested(100_000)), BAD);
}

proptest! {
    #[test]
    fn what_is_written_is_read(logs in prop::collection::vec(any::<([u8; 16], u64)>(), 0..40)) {
        let have = logs.into_iter().map(|(log, beat)| Have { log: log.into(), beat });
        let pull = Pull { have: have.collect() };
        prop_assert_eq!(wire::decode::<Pull>(&wire::encode(&pull)).unwrap(), pull);
    }

    #[test]
    fn whatever_is_read_would_be_written_alike(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        // No field of these is optional, so what is read has one spelling.
        if let Ok(list) = wire::decode::<Vec<ByteVec>>(&bytes) {
            prop_assert_eq!(wire::encode(&list), bytes);
        }
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(statement) = Signed::from_bytes(&bytes) {
            prop_assert!(PatientChain::found(&statement).is_err());
        }
    }
}

fn keys() -> (Ed25519KeyPair, DeviceKeys) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
    let log = pair.public_key().as_ref().try_into().unwrap();
    let device = DeviceKeys {
        log,
        request: [2; 32],
        kem: vec![1; KEM_KEY],
    };
    (pair, device)
}

fn founding(device: &DeviceKeys, pair: &Ed25519KeyPair, change: fn(&mut Vec<u8>)) -> Signed {
    let step = PatientStep::Founded {
        device: device.clone(),
        nonce: [3; 16],
    };
    let body = Body::following(ChainKind::Patient, None, 4, device.id().into(), step);
    let mut bytes = wire::encode(&body);
    change(&mut bytes);
    let signed = [b"companion/1 patient statement\0", bytes.as_slice()].concat();
    Signed {
        body: bytes,
        signature: pair.sign(&signed).as_ref().try_into().unwrap(),
    }
}

#[test]
fn a_statement_with_unknown_fields_is_signed_and_named_as_received() {
    let (pair, device) = keys();
    let plain = founding(&device, &pair, |_| ());
    let newer = founding(&device, &pair, |bytes| {
        assert_eq!(bytes[0], 0xa7);
        bytes[0] = 0xa8;
        bytes.extend_from_slice(&[0x18, 200, 0x81, 0xf5]);
    });
    let (plain, newer) = (
        PatientChain::found(&plain).unwrap(),
        PatientChain::found(&newer).unwrap(),
    );
    assert_eq!(plain.devices(), newer.devices());
    assert_ne!(plain.id(), newer.id());
}

#[test]
fn a_later_version_is_told_apart_from_damage() {
    let (pair, device) = keys();
    let later = founding(&device, &pair, |bytes| {
        // {0: 2, 1: 1, 2: 1, 3: "?"}
        *bytes = vec![0xa4, 0, 2, 1, 1, 2, 1, 3, 0x61, b'?'];
    });
    let refused = PatientChain::found(&later).unwrap_err();
    assert_eq!(refused, ChainError::Wire(WireError::Unsupported));
    let damaged = founding(&device, &pair, |bytes| bytes.truncate(9));
    let refused = PatientChain::found(&damaged).unwrap_err();
    assert_eq!(refused, ChainError::Wire(WireError::Malformed));
}

#[test]
fn a_device_signs_logs_and_requests_with_two_keys() {
    let (pair, mut device) = keys();
    device.request = device.log;
    let refused = PatientChain::found(&founding(&device, &pair, |_| ()));
    assert!(matches!(refused, Err(ChainError::Rule(_))));
}

/// FIPS 203, section 7.2: 3,328 is the greatest coefficient. Twelve bits each,
/// little-endian: 3,328 = 0xd00 is `00 _d` first and `0_ d0` second.
#[test]
fn a_kem_key_has_reduced_coefficients() {
    let with = |at: usize, three: [u8; 3]| {
        let mut key = vec![0; KEM_KEY];
        key[at..at + 3].copy_from_slice(&three);
        kem_well_formed(&key)
    };
    for at in [0, 3, 1149] {
        assert!(with(at, [0x00, 0x0d, 0x00]), "3,328 and 0");
        assert!(!with(at, [0x01, 0x0d, 0x00]), "3,329 and 0");
        assert!(with(at, [0x00, 0x00, 0xd0]), "0 and 3,328");
        assert!(!with(at, [0x00, 0x10, 0xd0]), "0 and 3,329");
        assert!(!with(at, [0xff, 0xff, 0xff]));
    }
    assert!(
        with(1152, [0xff, 0xff, 0xff]),
        "the seed and X25519 may be anything"
    );
    assert!(!kem_well_formed(&vec![0; KEM_KEY - 1]));
    assert!(!kem_well_formed(&vec![0; KEM_KEY + 1]));
}
