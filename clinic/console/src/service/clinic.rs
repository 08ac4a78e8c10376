//! The clinic itself: whether it exists, how it is founded, how fresh it is.

use companion_core::problem::Problem;
use jiff::Timestamp;
use zeroize::Zeroizing;

/// Where this workstation stands.
#[derive(Clone, PartialEq, Eq)]
pub enum State {
    /// There is no clinic in this folder yet.
    NoClinic,
    /// There is one, and its vault is closed.
    Locked,
    /// The vault is open.
    Open {
        /// What the clinic calls itself.
        clinic_name: String,
        /// Who is signed in.
        person_name: String,
    },
}

/// What the first-run page asks for. Has no `Debug`: it holds the passphrase.
pub struct NewClinic {
    /// What the clinic calls itself; not empty, at most 200 characters.
    pub clinic_name: String,
    /// The first clinician; not empty, at most 200 characters.
    pub person_name: String,
    /// At least [`crate::web::MIN_PASSPHRASE`] characters.
    pub passphrase: Zeroizing<String>,
    /// The clinic's server: `https`, or `http` on this machine alone.
    pub server_url: String,
}

/// A clinic that was just created.
#[derive(Clone)]
pub struct Founded {
    /// The fingerprint of the clinic's root key, as text; compared by people.
    pub root_fingerprint: String,
}

/// How fresh is what the console shows.
#[derive(Clone)]
pub struct SyncView {
    /// When everything was last fetched and sent; `None` if never.
    pub last_ok: Option<Timestamp>,
    /// What has stood in the way since then.
    pub problem: Option<Problem>,
}

/// What became of this workstation's vault after its file was damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MendedView {
    /// When it was noticed.
    pub at: Timestamp,
    /// The folder that the damaged files were put in.
    pub aside: String,
    /// Whether this workstation's keys came back; without them it is unknown to the clinic.
    pub identity: bool,
    /// Whether a sync has brought back since what the server has.
    pub filled: bool,
}
