//! Runs that were reordered, dropped, replayed, cut, prolonged or altered.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failure must stop a test, also in its helpers"
)]

use clinic_api::id::{DeviceId, HeadHash, HeaderHash, LogId, SpaceId, StatementHash};
use clinic_api::log::{Cites, HEADER_LEN, Head, Header, Item, LogTip, Run, RunError, Seen, log_id};
use clinic_api::wire::{self, SUITE, VERSION, WireError};
use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair};

const SPACE: SpaceId = SpaceId([1; 32]);
const DEVICE: DeviceId = DeviceId([2; 32]);
const CITES: Cites = Cites {
    epoch: StatementHash([3; 32]),
    patient: StatementHash([4; 32]),
    roster: StatementHash([5; 32]),
};

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn key() -> [u8; 32] {
    pair().public_key().as_ref().try_into().unwrap()
}

fn sign(bytes: &[u8]) -> [u8; 64] {
    pair().sign(bytes).as_ref().try_into().unwrap()
}

fn head_after(tip: Option<&LogTip>, number: u64, header: HeaderHash) -> Head {
    Head {
        version: VERSION,
        suite: SUITE,
        space: SPACE,
        device: DEVICE,
        nonce: [6; 16],
        beat: tip.map_or(1, |t| t.beat + 1),
        previous: tip.map(|t| t.head),
        number,
        header,
        seen: vec![Seen {
            log: LogId([8; 16]),
            beat: 9,
            head: HeadHash([10; 32]),
        }],
        patient: CITES.patient,
        roster: CITES.roster,
        at: 1,
        epoch: CITES.epoch,
        bulletin: None,
    }
}

/// The next run of a log, with bodies that say who they are.
fn next(tip: Option<&LogTip>, bodies: &[u8]) -> Run {
    let log = log_id(SPACE, DEVICE, &[6; 16]);
    let (mut number, mut last) = tip.map_or((0, HeaderHash::NONE), |t| (t.number, t.header));
    let mut items = Vec::new();
    for byte in bodies {
        number += 1;
        let body = vec![*byte; 40];
        let header = Header::new(log, number, last, &CITES, Header::content_of(&body));
        last = header.hash(SPACE);
        items.push(Item::Body(body));
    }
    Run::new(items, &head_after(tip, number, last), sign)
}

/// A log of runs with so many frames each.
fn log(lengths: &[u8]) -> Vec<Run> {
    let mut tip: Option<LogTip> = None;
    let mut frame = 0_u8;
    let mut runs = Vec::new();
    for length in lengths {
        let bodies: Vec<u8> = (0..*length)
            .map(|_| {
                frame = frame.wrapping_add(1);
                frame
            })
            .collect();
        let run = next(tip.as_ref(), &bodies);
        tip = Some(run.verify(SPACE, tip.as_ref(), &key()).unwrap().tip);
        runs.push(run);
    }
    runs
}

fn take(runs: &[Run]) -> Result<Option<LogTip>, RunError> {
    let mut tip = None;
    for run in runs {
        let run = Run::from_bytes(&run.to_bytes())?;
        tip = Some(run.verify(SPACE, tip.as_ref(), &key())?.tip);
    }
    Ok(tip)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn only_the_whole_order_verifies(
        lengths in prop::collection::vec(0_u8..4, 2..6),
        picks in prop::collection::vec(0_usize..6, 1..7),
    ) {
        let runs = log(&lengths);
        let order: Vec<usize> = picks.into_iter().map(|p| p % runs.len()).collect();
        let shuffled: Vec<Run> = order.iter().map(|n| runs[*n].clone()).collect();
        let in_order = order.iter().copied().eq(0..order.len());
        prop_assert_eq!(take(&shuffled).is_ok(), in_order, "{:?}", order);
        let tip = take(&runs).unwrap().unwrap();
        prop_assert_eq!(tip.number, lengths.iter().map(|n| u64::from(*n)).sum::<u64>());
    }

    #[test]
    fn a_run_with_other_items_does_not_fit(
        count in 1_u8..6,
        at in 0_usize..6,
        what in 0_u8..6,
    ) {
        let mut run = log(&[count]).remove(0);
        let at = at % usize::from(count);
        match what {
            0 => drop(run.items.remove(at)),
            1 => run.items.insert(at, run.items[at].clone()),
            2 => run.items.push(Item::Erased([9; 32])),
            3 => run.items[at] = Item::Body(vec![99; 40]),
            4 => run.items[at] = Item::Erased(Header::content_of(&[99; 40])),
            _ if count > 1 => run.items.swap(at, (at + 1) % usize::from(count)),
            _ => run.items.clear(),
        }
        prop_assert_eq!(take(&[run]).unwrap_err(), RunError::FramesDoNotFit);
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(run) = Run::from_bytes(&bytes) {
            prop_assert!(run.verify(SPACE, None, &key()).is_err());
        }
    }

    #[test]
    fn any_changed_byte_is_refused(at in 0_usize..1000, bit in 0_u8..8) {
        let bytes = log(&[2]).remove(0).to_bytes();
        let mut changed = bytes.clone();
        changed[at % bytes.len()] ^= 1 << bit;
        let judged = Run::from_bytes(&changed).and_then(|r| r.verify(SPACE, None, &key()));
        prop_assert!(judged.is_err());
    }
}

#[test]
fn an_erased_body_leaves_the_log_as_it_was() {
    let whole = log(&[3, 2]);
    let mut erased = whole.clone();
    for run in &mut erased {
        for item in &mut run.items {
            if let Item::Body(body) = item {
                *item = Item::Erased(Header::content_of(body));
            }
        }
    }
    assert_eq!(take(&erased).unwrap(), take(&whole).unwrap());
}

#[test]
fn each_field_of_a_head_is_signed() {
    let run = log(&[2]).remove(0);
    let good = run.claimed_head().unwrap();
    let changes: [fn(&mut Head); 12] = [
        |h| h.space.0[0] ^= 1,
        |h| h.device.0[0] ^= 1,
        |h| h.nonce[0] ^= 1,
        |h| h.beat += 1,
        |h| h.previous = Some(HeadHash([1; 32])),
        |h| h.number += 1,
        |h| h.header.0[31] ^= 1,
        |h| h.seen.clear(),
        |h| h.patient.0[0] ^= 1,
        |h| h.roster.0[0] ^= 1,
        |h| h.at += 1,
        |h| h.epoch.0[0] ^= 1,
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let mut head = good.clone();
        change(&mut head);
        let mut forged = run.clone();
        forged.head = wire::encode(&head);
        let space = head.space;
        let refused = forged.verify(space, None, &key()).unwrap_err();
        assert_eq!(refused, RunError::BadSignature, "change {n}");
    }
}

#[test]
fn each_citation_and_the_place_are_in_the_header() {
    let run = log(&[1]).remove(0);
    let changes: [fn(&mut Head); 3] = [
        |h| h.epoch.0[0] ^= 1,
        |h| h.patient.0[0] ^= 1,
        |h| h.roster.0[0] ^= 1,
    ];
    assert_eq!(run.claimed_head().unwrap().cites(), CITES);
    for change in changes {
        let mut head = run.claimed_head().unwrap();
        change(&mut head);
        let forged = Run::new(run.items.clone(), &head, sign);
        assert_eq!(take(&[forged]).unwrap_err(), RunError::FramesDoNotFit);
    }
}

#[test]
fn two_heads_for_one_beat_are_a_conflict_and_a_jump_is_a_gap() {
    let runs = log(&[1, 1, 1]);
    let tip = take(&runs[..2]).unwrap();
    let first = take(&runs[..1]).unwrap();
    let other = next(first.as_ref(), &[77]);
    let verify =
        |run: &Run, tip: &Option<LogTip>| run.verify(SPACE, tip.as_ref(), &key()).map(drop);
    assert_eq!(verify(&other, &first), Ok(()));
    assert_eq!(verify(&other, &tip), Err(RunError::Conflict));
    assert_eq!(verify(&runs[1], &tip), Err(RunError::Conflict));
    let after_other = other.verify(SPACE, first.as_ref(), &key()).unwrap().tip;
    assert_eq!(
        verify(&runs[2], &Some(after_other)),
        Err(RunError::Conflict)
    );
    assert_eq!(verify(&runs[2], &first), Err(RunError::Gap));
    assert_eq!(verify(&runs[1], &None), Err(RunError::Gap));
}

#[test]
fn a_gap_or_conflict_that_the_device_did_not_sign_is_a_bad_signature() {
    let runs = log(&[1, 1, 1]);
    let tip = take(&runs[..1]).unwrap();
    for run in [&runs[0], &runs[2]] {
        let mut forged = run.clone();
        forged.signature[0] ^= 1;
        let refused = forged.verify(SPACE, tip.as_ref(), &key()).unwrap_err();
        assert_eq!(refused, RunError::BadSignature);
    }
}

#[test]
fn later_versions_are_told_apart_from_damage() {
    // Version 2 whose other fields this version could not read.
    let head = [0xa3, 0, 2, 1, 1, 2, 0x61, b'x'];
    let mut run = log(&[1]).remove(0);
    run.head = head.to_vec();
    let refused = run.claimed_head().unwrap_err();
    assert_eq!(refused, RunError::Wire(WireError::Unsupported));
}

#[test]
fn unknown_fields_are_ignored_and_signed_as_received() {
    let run = log(&[1]).remove(0);
    let mut head = run.head.clone();
    assert_eq!(head[0], 0xad, "a map of thirteen");
    head[0] = 0xae;
    head.extend_from_slice(&[0x18, 99, 0x63, b'n', b'e', b'w']);
    let signed = [b"companion/1 head\0", head.as_slice()].concat();
    let newer = Run {
        head,
        signature: sign(&signed),
        ..run.clone()
    };
    let verified = newer.verify(SPACE, None, &key()).unwrap();
    assert_eq!(verified.head, run.claimed_head().unwrap());
    assert_ne!(verified.tip.head, run.head_hash());
    // Also in an array, here the run itself.
    let mut bytes = run.to_bytes();
    assert_eq!(bytes[0], 0x83);
    bytes[0] = 0x84;
    bytes.push(0xf6);
    assert_eq!(Run::from_bytes(&bytes).unwrap(), run);
}

#[test]
fn lengths_are_held_to() {
    let item = |length| vec![Item::Body(vec![0; length])];
    let judge = |items| {
        let run = Run {
            items,
            ..log(&[1]).remove(0)
        };
        Run::from_bytes(&run.to_bytes()).map(drop)
    };
    assert_eq!(judge(item(31)), Err(RunError::FrameLength));
    assert_eq!(judge(item(32)), Ok(()));
    assert_eq!(judge(item(262_144)), Ok(()));
    assert_eq!(judge(item(262_145)), Err(RunError::FrameLength));
    let many = |n| vec![Item::Erased([0; 32]); n];
    assert_eq!(judge(many(512)), Ok(()));
    assert_eq!(judge(many(513)), Err(RunError::TooManyFrames));
    let huge = vec![Item::Body(vec![0; 262_144]); 16];
    assert_eq!(judge(huge), Err(RunError::Wire(WireError::TooLarge)));
}

#[test]
fn the_header_is_laid_out_as_documented() {
    let header = Header::new(
        LogId([0xa1; 16]),
        0x0102,
        HeaderHash([0xa2; 32]),
        &CITES,
        [0xa3; 32],
    );
    let by_hand = [
        &[1, 1][..],
        &[0xa1; 16],
        &[0, 0, 0, 0, 0, 0, 1, 2],
        &[0xa2; 32],
        &[3; 32],
        &[4; 32],
        &[5; 32],
        &[0xa3; 32],
    ]
    .concat();
    assert_eq!(header.as_bytes().as_slice(), by_hand);
    assert_eq!(by_hand.len(), HEADER_LEN);
    assert_eq!(header.context(), &by_hand[..154]);
}
