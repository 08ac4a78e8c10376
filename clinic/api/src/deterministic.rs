//! One spelling for every value: the part of RFC 8949, section 4.2.1, that keeps
//! two readers of the same signed bytes from reading different things.
//!
//! Refused: indefinite lengths, numbers and lengths that are longer than need be,
//! reserved codes, more than [`DEPTH`] levels, and maps whose integer keys do not
//! ascend strictly (so none comes twice). Floats may have any width.

use crate::wire::WireError;

/// How deep a value may be nested.
pub(crate) const DEPTH: u8 = 32;

/// Checks that `bytes` are one value in its one spelling.
pub(crate) fn check(bytes: &[u8]) -> Result<(), WireError> {
    let (_, rest) = item(bytes, DEPTH)?;
    if rest.is_empty() {
        Ok(())
    } else {
        Err(WireError::Trailing)
    }
}

/// The first byte's major type and the number that goes with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    major: u8,
    value: u64,
}

fn head(bytes: &[u8]) -> Result<(Head, &[u8]), WireError> {
    let (&first, rest) = bytes.split_first().ok_or(WireError::Malformed)?;
    let (major, info) = (first >> 5, first & 31);
    let width = match info {
        0..=23 => 0,
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return Err(WireError::Malformed),
    };
    let (number, rest) = rest.split_at_checked(width).ok_or(WireError::Malformed)?;
    let value = number
        .iter()
        .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let shortest = match width {
        0 => {
            return Ok((
                Head {
                    major,
                    value: info.into(),
                },
                rest,
            ));
        }
        1 if major == 7 => value >= 32,
        _ if major == 7 => true,
        1 => value >= 24,
        2 => value > 0xff,
        4 => value > 0xffff,
        _ => value > 0xffff_ffff,
    };
    if shortest {
        Ok((Head { major, value }, rest))
    } else {
        Err(WireError::Malformed)
    }
}

fn item(bytes: &[u8], depth: u8) -> Result<(Head, &[u8]), WireError> {
    let depth = depth.checked_sub(1).ok_or(WireError::Malformed)?;
    let (start, mut rest) = head(bytes)?;
    match start.major {
        2 | 3 => {
            let length = usize::try_from(start.value).map_err(|_| WireError::Malformed)?;
            let (_, after) = rest.split_at_checked(length).ok_or(WireError::Malformed)?;
            rest = after;
        }
        4 => {
            for _ in 0..start.value {
                (_, rest) = item(rest, depth)?;
            }
        }
        5 => {
            let mut last = None;
            for _ in 0..start.value {
                let key;
                (key, rest) = item(rest, depth)?;
                if key.major <= 1 {
                    if last.is_some_and(|before| before >= key) {
                        return Err(WireError::Malformed);
                    }
                    last = Some(key);
                }
                (_, rest) = item(rest, depth)?;
            }
        }
        6 => (_, rest) = item(rest, depth)?,
        _ => {}
    }
    Ok((start, rest))
}
