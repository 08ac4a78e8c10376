//! Frames and wraps: whatever byte is changed, they do not open.

use clinic_api::id::{HeaderHash, LogId, MemberId, SpaceId, StatementHash};
use clinic_api::log::{Cites, Header};
use companion_core::event::Frame;
use companion_core::space::epoch::EpochKey;
use companion_core::space::frame::{self, Place};
use companion_core::space::keys::{DeviceSecrets, Seed};
use companion_core::space::wrap::{self, Purpose};
use companion_core::space::{SpaceError, pad};
use proptest::prelude::*;

use super::vectors::{fixed, logs};

const SPACE: SpaceId = SpaceId([9; 32]);

fn key() -> EpochKey {
    EpochKey::new(Seed::new([1; 32]), SPACE, 3)
}

fn place() -> Place {
    Place {
        space: SPACE,
        log: LogId([2; 16]),
        number: 7,
        previous: HeaderHash([3; 32]),
        cites: Cites {
            epoch: StatementHash([4; 32]),
            patient: StatementHash([5; 32]),
            roster: StatementHash([6; 32]),
        },
    }
}

fn sealed(body: &[u8]) -> (Frame, Vec<u8>, Header) {
    let env = fixed::env("seals");
    let frame = Frame {
        events: vec![logs::event(&env, 100, true, 0, body)],
    };
    let (body, header) = frame::seal(&env, &key(), &place(), &frame).unwrap();
    (frame, body, header)
}

/// The header of a place whose bytes were changed at `at`; bytes 0 and 1 are
/// version and suite, which this version writes in no other way.
fn header_with_change(at: usize, bit: u8) -> Header {
    let (_, _, header) = sealed(b"\xa0");
    let mut raw = *header.as_bytes();
    raw[at] ^= bit;
    let id = |from: usize| <[u8; 32]>::try_from(&raw[from..from + 32]).unwrap();
    let changed = Header::new(
        LogId(raw[2..18].try_into().unwrap()),
        u64::from_be_bytes(raw[18..26].try_into().unwrap()),
        HeaderHash(id(26)),
        &Cites {
            epoch: StatementHash(id(58)),
            patient: StatementHash(id(90)),
            roster: StatementHash(id(122)),
        },
        id(154),
    );
    assert_eq!(changed.as_bytes(), &raw, "the layout is as documented");
    changed
}

#[test]
fn each_byte_of_the_context_is_bound() {
    let (_, body, _) = sealed(b"\xa0");
    for at in 2..154 {
        let header = header_with_change(at, 1);
        let opened = frame::open(&key(), SPACE, &header, &body);
        assert_eq!(opened, Err(SpaceError::DoesNotOpen), "byte {at}");
    }
}

#[test]
fn each_byte_of_the_body_is_bound() {
    let (frame, body, header) = sealed(b"\xa0");
    assert_eq!(frame::open(&key(), SPACE, &header, &body), Ok(frame));
    assert_eq!(body.len(), 16 + 512 + 16);
    for at in 0..body.len() {
        let mut changed = body.clone();
        changed[at] ^= 0x80;
        let opened = frame::open(&key(), SPACE, &header, &changed);
        assert_eq!(opened, Err(SpaceError::DoesNotOpen), "byte {at}");
    }
}

#[test]
fn another_key_space_or_epoch_does_not_open() {
    let (_, body, header) = sealed(b"\xa0");
    let other_seed = EpochKey::new(Seed::new([2; 32]), SPACE, 3);
    let other_number = EpochKey::new(Seed::new([1; 32]), SPACE, 4);
    let other_space = EpochKey::new(Seed::new([1; 32]), SpaceId([8; 32]), 3);
    for key in [other_seed, other_number, other_space] {
        let opened = frame::open(&key, SPACE, &header, &body);
        assert_eq!(opened, Err(SpaceError::DoesNotOpen));
    }
    let opened = frame::open(&key(), SpaceId([8; 32]), &header, &body);
    assert_eq!(opened, Err(SpaceError::DoesNotOpen));
}

#[test]
fn the_largest_frame_fits_and_a_larger_one_is_refused() {
    let env = fixed::env("large");
    let seal = |length: usize| {
        let frame = Frame {
            events: vec![logs::event(&env, 100, true, 0, &vec![0; length])],
        };
        frame::seal(&env, &key(), &place(), &frame).map(|(body, _)| body.len())
    };
    // Padded lengths near 256 KiB are multiples of 8,192 (E 17, S 5, step 4,096).
    assert_eq!(seal(257_000), Ok(258_048 + 32));
    assert_eq!(seal(258_100), Err(SpaceError::TooLarge));
}

#[test]
fn two_frames_of_the_same_events_share_nothing() {
    let env = fixed::env("twice");
    let frame = Frame {
        events: vec![logs::event(&env, 100, true, 0, b"\xa0")],
    };
    let (one, _) = frame::seal(&env, &key(), &place(), &frame).unwrap();
    let (two, _) = frame::seal(&env, &key(), &place(), &frame).unwrap();
    assert_ne!(one[..16], two[..16]);
    assert_ne!(one[16..], two[16..]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_sealed_opens(body in prop::collection::vec(any::<u8>(), 0..3000)) {
        let (frame, sealed, header) = sealed(&body);
        prop_assert_eq!(frame::open(&key(), SPACE, &header, &sealed).unwrap(), frame);
        prop_assert_eq!(sealed.len(), 32 + pad::padme(sealed.len() - 32));
    }

    #[test]
    fn a_cut_or_longer_body_does_not_open(cut in 0_usize..544, more in 1_usize..40) {
        let (_, body, header) = sealed(b"\xa0");
        let opened = frame::open(&key(), SPACE, &header, &body[..cut]);
        prop_assert_eq!(opened, Err(SpaceError::DoesNotOpen));
        let longer = [body, vec![0; more]].concat();
        let opened = frame::open(&key(), SPACE, &header, &longer);
        prop_assert_eq!(opened, Err(SpaceError::DoesNotOpen));
    }

    #[test]
    fn a_wrap_opens_for_its_recipient_and_purpose_alone(at in 0_usize..1168, bit in 0_u8..8) {
        let env = fixed::env("wraps");
        let device = DeviceSecrets::generate(&env).unwrap();
        let other = DeviceSecrets::generate(&env).unwrap();
        let parts: [&[u8]; 2] = [&[1; 32], &[2; 8]];
        let purpose = Purpose { label: "epoch wrap", parts: &parts };
        let id = MemberId::from(device.id());
        let made = wrap::wrap(&env, id, &device.keys().kem, purpose, &Seed::new([3; 32])).unwrap();
        let opened = wrap::unwrap(device.reader(), purpose, &made).unwrap();
        prop_assert_eq!(opened.expose(), &[3; 32]);

        let mut changed = made.clone();
        let target = if at < 1120 { &mut changed.enc[at] } else { &mut changed.sealed[at - 1120] };
        *target ^= 1 << bit;
        prop_assert!(wrap::unwrap(device.reader(), purpose, &changed).is_err());
        let label = Purpose { label: "team wrap", parts: &parts };
        prop_assert!(wrap::unwrap(device.reader(), label, &made).is_err());
        let elsewhere: [&[u8]; 2] = [&[1; 32], &[2, 2, 2, 2, 2, 2, 2, 3]];
        let elsewhere = Purpose { label: "epoch wrap", parts: &elsewhere };
        prop_assert!(wrap::unwrap(device.reader(), elsewhere, &made).is_err());
        let mut stolen = made;
        stolen.recipient = other.id().into();
        prop_assert!(wrap::unwrap(other.reader(), purpose, &stolen).is_err());
    }
}
