//! A patient's device in this process, and what both sides know.

use clinic_api::id::ChainId;
use companion_core::care::{ReviewState, ReviewedVersion};
use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::event::Moment;
use companion_core::journal::{Mood, Valence};
use companion_core::sync::{Cancel, Report, SyncError};
use companion_tests::office::open;
use companion_tests::site::Site;

/// An enrolled patient's device.
pub struct Device {
    companion: Companion,
    /// The patient, for the clinic.
    pub chain: ChainId,
}

impl Device {
    /// Enrols at the command line; from then on the journal is used here.
    pub fn enrol(site: &Site) -> Self {
        let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
        let companion = open(patient.dir(), Env::system());
        Self { companion, chain }
    }

    /// Saves an entry that is shared.
    pub fn record(&self, note: &str) {
        let env = Env::system();
        let felt = Moment::of(env.now(), &env.zone());
        let mut mood = Mood::new(Valence::new(0.2).unwrap(), felt);
        mood.note = Some(note.to_owned());
        self.companion.journal().record(&mood, Some(true)).unwrap();
    }

    /// One round of syncing.
    pub fn sync(&self) -> Result<Report, SyncError> {
        let round = self.companion.sync().round_blocking(&Cancel::new());
        round.map(Option::unwrap)
    }

    /// A round that somebody gives up after a while; whether it was done by then.
    pub fn sync_with(&self, cancel: &Cancel) -> Result<Option<Report>, SyncError> {
        self.companion.sync().round_blocking(cancel)
    }

    /// The notes in the journal, in alphabetical order.
    pub fn notes(&self) -> Vec<String> {
        let entries = self.companion.journal().list(i64::MIN, i64::MAX, u32::MAX);
        let notes = entries.unwrap().into_iter().filter_map(|e| e.mood.note);
        let mut notes: Vec<String> = notes.collect();
        notes.sort();
        notes
    }

    /// What has been reviewed, as the patient sees it.
    pub fn reviewed(&self) -> Vec<ReviewedVersion> {
        reviewed(&self.companion, self.chain)
    }
}

/// What has been reviewed, as one side sees it, in some order that both share.
pub fn reviewed(companion: &Companion, chain: ChainId) -> Vec<ReviewedVersion> {
    let reviews = companion.care().reviews(chain).unwrap().into_iter();
    let mut seen: Vec<ReviewedVersion> = reviews
        .map(|r| ReviewedVersion {
            entry: r.entry,
            version: r.version,
        })
        .collect();
    seen.sort_by_key(|v| (v.entry.to_string(), v.version.to_string()));
    seen
}

/// The clinician reviews the first entry that nobody has reviewed.
pub fn review_one(site: &Site, chain: ChainId) {
    let done = reviewed(site.office.companion(), chain);
    let entries = site.office.entries(chain).into_iter();
    let mut seen = entries.map(|e| ReviewedVersion {
        entry: e.id,
        version: e.version,
    });
    if let Some(next) = seen.find(|v| !done.contains(v)) {
        let care = site.office.companion().care();
        care.review(chain, &[next], ReviewState::Reviewed).unwrap();
    }
}
