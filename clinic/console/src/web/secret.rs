//! Random texts that nobody can guess, and comparing them without telling how much fits.

use companion_core::env::Env;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// 256 random bits as 64 hexadecimal digits. Has no `Debug`; wiped when dropped.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(env: &Env) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(env.random());
        let digit = |nibble: u8| {
            HEX.get(usize::from(nibble & 15))
                .map_or('0', |c| char::from(*c))
        };
        let text = bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(*byte)]);
        Self(Zeroizing::new(text.collect()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `given` is the same, in a time that depends on nothing but its length.
    pub(crate) fn fits(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}
