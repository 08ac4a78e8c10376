//! Bringing a patient in: an invite, its claim, and the comparison of digits.

use jiff::{Timestamp, civil::Date};
use zeroize::Zeroizing;

/// Who is to be invited or admitted.
#[derive(Clone)]
pub struct Applicant {
    /// The person's name; not empty, at most 200 characters.
    pub name: String,
    /// The day of birth; never in the future.
    pub birth_date: Date,
}

/// How far an invite has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteState {
    /// Nobody has used it yet.
    Waiting,
    /// A phone has used it and waits to be admitted.
    Claimed {
        /// How many digits both sides compare; twelve in this version.
        digits_needed: u8,
    },
    /// The person was admitted.
    Admitted,
    /// Its time is over, or it was withdrawn.
    Expired,
}

/// An invite in the list. Holds no secret.
#[derive(Clone)]
pub struct InviteView {
    /// Opaque.
    pub id: String,
    /// For whom it was made, where that is known on this workstation.
    pub applicant: Option<Applicant>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on nobody can use it.
    pub expires: Timestamp,
    /// How far it has come.
    pub state: InviteState,
}

/// A new invite with its secret. Has no `Debug`; its secrets are wiped when it is dropped.
#[derive(Clone)]
pub struct Invitation {
    /// Opaque; the same as in [`InviteView::id`].
    pub id: String,
    /// The code to type, without spaces.
    pub code_text: Zeroizing<String>,
    /// What the QR code holds.
    pub qr_payload: Zeroizing<String>,
    /// From when on nobody can use it.
    pub expires: Timestamp,
}

/// What came of comparing the digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// They were the same: the person is a patient of this clinic now.
    Admitted,
    /// They differed: nobody was admitted, and the invite is void.
    DigitsDiffer,
}
