//! Padmé against values worked out by hand, and its promises.

use companion_core::space::SpaceError;
use companion_core::space::pad::{LEAST, pad, padme, unpad};
use proptest::prelude::*;

/// By hand from the paper: E = ⌊log2 n⌋, S = ⌊log2 E⌋ + 1, up to the next
/// multiple of 2^(E−S).
#[test]
fn lengths_worked_out_by_hand() {
    let cases = [
        (0, 512),
        (511, 512),
        (512, 512), // E 9, S 4: multiples of 32
        (513, 544),
        (545, 576),
        (1_000, 1_024),
        (1_023, 1_024),
        (1_025, 1_088),   // E 10, S 4: of 64
        (2_049, 2_176),   // E 11, S 4: of 128
        (4_097, 4_352),   // E 12, S 4: of 256
        (9_999, 10_240),  // E 13, S 4: of 512
        (65_536, 65_536), // E 16, S 5: of 2,048
        (65_537, 67_584),
        (1_000_000, 1_015_808), // E 19, S 5: of 16,384
    ];
    for (from, to) in cases {
        assert_eq!(padme(from), to, "{from}");
    }
}

#[test]
fn padding_that_is_not_zero_is_refused_wherever_it_is() {
    let padded = pad(b"words").unwrap();
    assert_eq!(padded.len(), LEAST);
    assert_eq!(padded[..9], *b"\0\0\0\x05words");
    for at in 9..padded.len() {
        let mut changed = padded.clone();
        changed[at] = 1;
        assert_eq!(unpad(&changed), Err(SpaceError::NotAFrame), "{at}");
    }
    assert_eq!(unpad(&padded[..8]), Err(SpaceError::NotAFrame));
    assert_eq!(unpad(&[]), Err(SpaceError::NotAFrame));
}

proptest! {
    #[test]
    fn it_costs_at_most_twelve_percent_and_only_once(n in LEAST..5_000_000_usize) {
        let padded = padme(n);
        prop_assert!(padded >= n);
        prop_assert!(padded * 100 <= n * 112, "{n} {padded}");
        prop_assert_eq!(padme(padded), padded);
        prop_assert!(padme(n + 1) >= padded);
    }

    #[test]
    fn a_length_has_few_ones(n in LEAST..5_000_000_usize) {
        // What leaks is O(log log n) bits: below its top S + 1 bits a length is zero.
        let padded = padme(n);
        let e = padded.ilog2();
        let kept = e.ilog2() + 2;
        prop_assert!(padded.trailing_zeros() + kept > e, "{padded:b}");
    }

    #[test]
    fn what_was_padded_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        let padded = pad(&bytes).unwrap();
        prop_assert_eq!(padded.len(), padme(bytes.len() + 4));
        prop_assert_eq!(unpad(&padded).unwrap(), bytes.as_slice());
    }
}
