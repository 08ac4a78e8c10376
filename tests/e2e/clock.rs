//! A device whose clock is wrong by a year still joins, syncs and is read.

use std::sync::Arc;

use companion_core::env::{Clock, Env, Random};
use companion_core::event::Moment;
use companion_core::journal::{Mood, Valence};
use companion_core::sync::Cancel;
use companion_tests::office;
use companion_tests::site::Site;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The machine's randomness, and its clock with an error.
struct Wrong(Env, SignedDuration);

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        self.0.now() + self.1
    }
    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}

impl Random for Wrong {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

fn wrong_by(days: i64) -> Env {
    let by = SignedDuration::from_hours(24 * days);
    let wrong = || Arc::new(Wrong(Env::system(), by));
    Env::new(wrong(), wrong())
}

#[test]
fn a_year_behind_or_ahead() {
    for days in [-365, 365] {
        let site = Site::new();
        let env = wrong_by(days);
        let patient = office::open(&site.path().join("patient"), env.clone());
        let (sync, cancel) = (patient.sync(), Cancel::new());
        sync.set_up_patient().unwrap();
        let invitation = site.office.invite("Robin Sand", "1979-05-06");
        let joined = sync.join_blocking(&invitation.qr, None, &cancel).unwrap();
        let digits = joined.unwrap().digits.to_string();
        let admitted = site
            .office
            .admit(&invitation, &digits, "Robin Sand", "1979-05-06");
        let chain = admitted.unwrap();
        for note in ["a", "b"] {
            let felt = Moment::of(env.now(), &env.zone());
            let mut mood = Mood::new(Valence::new(0.25).unwrap(), felt);
            mood.note = Some(note.to_owned());
            let id = patient.journal().record(&mood, Some(true)).unwrap();
            mood.note = Some(format!("{note}, edited"));
            patient.journal().edit(id, &mood).unwrap();
        }
        let report = sync.round_blocking(&cancel).unwrap().unwrap();
        assert_eq!(
            (report.alarms.len(), report.frames_pushed),
            (0, 4),
            "{days}"
        );
        assert_eq!(sync.unsent().unwrap(), 0);
        site.office.sync();
        assert_eq!(
            site.office.notes(chain),
            ["a, edited", "b, edited"],
            "{days}"
        );
        assert_eq!(patient.journal().count().unwrap(), 2);
        // What the clinic says arrives as well, whatever the patient's clock shows.
        let shown: Vec<_> = site.office.entries(chain).iter().map(|e| e.id).collect();
        let care = site.office.companion().care();
        care.note_reading(chain, &shown).unwrap();
        site.office.sync();
        sync.round_blocking(&cancel).unwrap();
        assert_eq!(patient.care().readings(chain).unwrap().len(), 2, "{days}");
    }
}
