//! The two check symbols of a typed invite.
//!
//! A Reed-Solomon code over GF(32), whose elements are the 32 characters: bit i
//! of a character's value is the coefficient of αⁱ, and α⁵ = α² + 1 (the
//! polynomial x⁵ + x² + 1, which is primitive). A word is the polynomial of which
//! its characters are the coefficients, the first character's the highest; it is
//! valid if α and α² are roots. The code's distance is 3 up to 31 characters, so
//! no word with one or two wrong characters is valid: every mistyped character
//! and every two that changed places are found.

/// x⁵ + x² + 1.
const FIELD: u8 = 0b10_0101;
/// The generator (x + α)(x + α²) = x² + 6x + 8, without its first coefficient.
const GENERATOR: [u8; 2] = [6, 8];

/// The two symbols that make `word` valid when they follow it: the remainder of
/// word · x² by the generator. All symbols are below 32.
pub(super) fn symbols(word: impl IntoIterator<Item = u8>) -> [u8; 2] {
    let [first, second] = GENERATOR;
    word.into_iter().fold([0, 0], |[high, low], symbol| {
        let over = high ^ symbol;
        [low ^ times(over, first), times(over, second)]
    })
}

/// The product in GF(32).
fn times(mut a: u8, b: u8) -> u8 {
    let mut product = 0;
    for bit in 0..5 {
        if b >> bit & 1 == 1 {
            product ^= a;
        }
        a <<= 1;
        if a & 32 != 0 {
            a ^= FIELD;
        }
    }
    product
}
