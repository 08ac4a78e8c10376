//! The companion for phones: what Kotlin, Swift and Python see of the core.
//!
//! - Every call blocks: make none of them on the main thread. What waits for the
//!   network takes a [`Cancellation`].
//! - Every failure is a [`Problem`]; a fault in this software is one, too, and
//!   never carries a panic's text (see [`fault`]).
//! - What happened is returned as data. The one thing that the platform is called
//!   back for is its [`KeyStore`].
//! - The surface is the same on every target, and is kept as text in
//!   `surface.txt`, which a test compares.

#[cfg(target_os = "android")]
extern crate unwinding;

mod care;
mod companion;
mod crisis;
mod fault;
mod ids;
mod journal;
mod keys;
mod problem;
mod redacted;
mod sync;

pub use care::{Care, CareReader, Reading, Review, ReviewState, Role, StaffMember};
pub use companion::{Config, Mended, PatientCompanion};
pub use crisis::{
    Audience, ClinicHelp, ClinicLine, Contact, Country, CrisisHelp, CrisisLine, CrisisNote,
    CrisisQuery, EmergencyNumber, Hours, LeftOut, Source, SourceAgreement, Verification,
    crisis_countries, crisis_help, crisis_help_beside, crisis_regions,
};
pub use ids::{ChainId, Day, DeviceId, EntryId, EventId, LogId, PersonId, SpaceId, Timestamp};
pub use journal::{
    Entry, Journal, Moment, Mood, Sleep, Version, associations, feelings, scale_of_valence,
    valence_of_scale,
};
pub use keys::{KeyStore, KeyStoreError};
pub use problem::{Problem, ProblemKind};
pub use sync::{Alarm, Cancellation, ClinicSync, Joining, SyncReport};

uniffi::setup_scaffolding!();
