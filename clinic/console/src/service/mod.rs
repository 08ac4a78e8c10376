//! What the console's pages need from whatever holds the keys.
//!
//! The pages know nothing of vaults, frames or networks: they ask a [`Service`]
//! and show what it says. Whoever implements it decides nothing about HTML and
//! receives nothing that has not been checked for shape.

mod clinic;
mod invite;
mod patient;

pub use clinic::{Founded, MendedView, NewClinic, State, SyncView};
pub use invite::{Admission, Applicant, Invitation, InviteState, InviteView};
pub use patient::{
    EntryView, PatientPage, PatientRow, Range, ReadTrace, ReaderView, ReviewState, ReviewView,
    TracedEntry, TrendPoint,
};

use companion_core::problem::Problem;

/// What a service answers: a value, or a [`Problem`] that the page shows in its own words.
pub type Answer<T> = Result<T, Problem>;

/// The clinician's vault and its sync, as the pages see them.
///
/// Methods are synchronous and may block: the pages call them on a blocking
/// thread, several at once. Ids are opaque; they are put into addresses
/// (percent-encoded), so they must never be, or be made from, anything personal.
///
/// # Errors
/// Whatever a method returns as a [`Problem`] is shown to the clinician with
/// its advice and code. An advice never holds what a patient wrote.
pub trait Service: Send + Sync {
    /// Whether there is a clinic here and whether the vault is open. Must be quick.
    fn state(&self) -> State;

    /// Creates the clinic: its root, its first person and this workstation. Leaves the vault open.
    ///
    /// # Errors
    /// `Conflict` where a clinic exists already, `Storage` where the folder cannot be written.
    fn found(&self, new: &NewClinic) -> Answer<Founded>;

    /// Opens the vault.
    ///
    /// On a vault that is open already it checks the passphrase all the same and
    /// leaves the vault open either way; a form that was sent twice relies on it.
    ///
    /// # Errors
    /// `Locked` where the passphrase does not fit.
    fn unlock(&self, passphrase: &str) -> Answer<()>;

    /// Closes the vault and forgets its keys. Does nothing where none is open.
    fn lock(&self);

    /// All invites that are worth showing, the newest first.
    fn invites(&self) -> Answer<Vec<InviteView>>;

    /// Makes an invite for one person. Its secret is in the answer, and nowhere else afterwards.
    fn invite(&self, applicant: &Applicant) -> Answer<Invitation>;

    /// Admits the person who claimed an invite, if `digits` are those that this side computed.
    ///
    /// `digits` are as many ASCII digits as [`InviteState::Claimed`] asks for.
    /// Where they differ, the service refuses the claim, makes the invite void
    /// and answers [`Admission::DigitsDiffer`]: that is an outcome, not an error.
    fn admit(&self, invite: &str, digits: &str, applicant: &Applicant) -> Answer<Admission>;

    /// Makes an invite void that was not used yet.
    fn withdraw(&self, invite: &str) -> Answer<()>;

    /// All patients, in the order in which they are to be shown.
    fn patients(&self) -> Answer<Vec<PatientRow>>;

    /// One patient, with what was felt within `range`; `None` where there is no such patient.
    ///
    /// Reading is traced: the service records for the patient who read which entries.
    fn patient(&self, id: &str, range: &Range) -> Answer<Option<PatientPage>>;

    /// Records that the person who is signed in has reviewed these entries, in the version they saw.
    fn mark_reviewed(&self, patient: &str, entries: &[String]) -> Answer<()>;

    /// When the last sync succeeded, and what stands in the way since. Must be quick; no network.
    fn sync(&self) -> SyncView;

    /// What became of the vault after damage, until that is settled. Must be quick.
    fn mended(&self) -> Option<MendedView> {
        None
    }

    /// Syncs now and comes back when it is done or has failed; a failure is what
    /// [`Service::sync`] tells from then on, so that every page can show it.
    fn sync_now(&self) -> Answer<()>;
}
