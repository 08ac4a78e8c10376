//! Padding: Padmé (Nikitin et al., PURBs, PoPETs 2019), at least 512 bytes.
//!
//! Hides all but the order of magnitude of a length, at a cost of at most 12 %.

use super::SpaceError;

/// The least length of a padded plaintext.
pub const LEAST: usize = 512;

/// The length that `length` bytes are padded to.
pub fn padme(length: usize) -> usize {
    let length = length.max(LEAST);
    let e = length.ilog2();
    let s = e.ilog2() + 1;
    let low = 1_usize
        .checked_shl(e.saturating_sub(s))
        .map_or(0, |bit| bit.saturating_sub(1));
    length.saturating_add(low) & !low
}

/// `length (4 bytes, big-endian) ‖ bytes ‖ zeros`, padded.
///
/// # Errors
/// [`SpaceError::TooLarge`] above 4 GiB.
pub fn pad(bytes: &[u8]) -> Result<Vec<u8>, SpaceError> {
    let length = u32::try_from(bytes.len()).map_err(|_| SpaceError::TooLarge)?;
    let mut out = length.to_be_bytes().to_vec();
    out.extend_from_slice(bytes);
    out.resize(padme(out.len()), 0);
    Ok(out)
}

/// The reverse of [`pad`]; other padding than zeros is refused.
///
/// # Errors
/// [`SpaceError::NotAFrame`].
pub fn unpad(padded: &[u8]) -> Result<&[u8], SpaceError> {
    let (length, rest) = padded
        .split_first_chunk::<4>()
        .ok_or(SpaceError::NotAFrame)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| SpaceError::NotAFrame)?;
    let (bytes, zeros) = rest.split_at_checked(length).ok_or(SpaceError::NotAFrame)?;
    if zeros.iter().all(|b| *b == 0) {
        Ok(bytes)
    } else {
        Err(SpaceError::NotAFrame)
    }
}
