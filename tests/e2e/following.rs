//! Following the clinic API: what is new on one side is in the other's view at once.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::event::Moment;
use companion_core::journal::{Mood, Valence};
use companion_core::sync::{Cancel, Followed, Report, SyncError};
use companion_tests::console::Browser;
use companion_tests::office::{PASSPHRASE, open};
use companion_tests::process::{PATIENCE, Process, command};
use companion_tests::site::Site;

/// What happened so far, and whether the last of it ended.
#[derive(Default)]
struct Seen {
    events: Mutex<Vec<Followed>>,
    more: Condvar,
}

/// A companion that follows in a thread of its own.
struct Follower {
    cancel: Cancel,
    seen: Arc<Seen>,
    thread: Option<JoinHandle<Result<(), SyncError>>>,
}

impl Follower {
    fn start(companion: &Companion) -> Self {
        let (cancel, seen) = (Cancel::new(), Arc::<Seen>::default());
        let (of_thread, told) = (cancel.clone(), seen.clone());
        let sync = companion.sync();
        let thread = std::thread::spawn(move || {
            sync.follow_blocking(&of_thread, |event| {
                told.events.lock().unwrap().push(event.clone());
                told.more.notify_all();
            })
        });
        Self {
            cancel,
            seen,
            thread: Some(thread),
        }
    }

    /// Waits until what happened since `from` is enough; where that stands.
    fn until(&self, from: usize, enough: impl Fn(&[Followed]) -> bool) -> usize {
        let end = Instant::now() + PATIENCE;
        let mut events = self.seen.events.lock().unwrap();
        while !enough(&events[from..]) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not in time: {:?}", &events[from..]);
            events = self.seen.more.wait_timeout(events, left).unwrap().0;
        }
        events.len()
    }

    /// Waits until the stream is open, and the feed was asked after that.
    fn live(&self) -> usize {
        self.until(0, |events| {
            let at = events.iter().position(|e| matches!(e, Followed::Live));
            at.is_some_and(|at| events[at..].iter().any(|e| matches!(e, Followed::Round(_))))
        })
    }

    /// The reports since then.
    fn reports(&self, from: usize) -> Vec<Report> {
        let events = self.seen.events.lock().unwrap();
        let mut reports = Vec::new();
        for event in &events[from..] {
            if let Followed::Round(report) = event {
                reports.push(report.clone());
            }
        }
        reports
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.cancel.cancel();
        let ended = self.thread.take().unwrap().join().unwrap();
        assert_eq!(ended, Ok(()));
    }
}

fn record(phone: &Companion, note: &str) {
    let felt = Moment {
        ms: Env::system().now().as_millisecond(),
        offset: 0,
        zone: "UTC".to_owned(),
    };
    let mut mood = Mood::new(Valence::new(0.0).unwrap(), felt);
    mood.note = Some(note.to_owned());
    phone.journal().record(&mood, Some(true)).unwrap();
}

/// Waits until the clinic sees these notes; how long that took.
fn seen_by(site: &Site, chain: clinic_api::id::ChainId, notes: &[&str]) -> Duration {
    let begun = Instant::now();
    while site.office.notes(chain) != notes {
        assert!(begun.elapsed() < PATIENCE, "{:?}", site.office.notes(chain));
        std::thread::sleep(Duration::from_micros(200));
    }
    begun.elapsed()
}

#[test]
fn an_entry_is_in_the_waiting_view_at_once() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let phone = open(patient.dir(), Env::system());
    let at_clinic = Follower::start(site.office.companion());
    let at_home = Follower::start(&phone);
    at_home.live();
    at_clinic.live();
    // What the first rounds told each other.
    std::thread::sleep(Duration::from_millis(500));
    let (home, clinic) = (
        at_home.seen.events.lock().unwrap().len(),
        at_clinic.seen.events.lock().unwrap().len(),
    );
    let mut notes = Vec::new();
    let mut took = Vec::new();
    for n in 0..20 {
        let note = format!("entry {n:02}");
        record(&phone, &note);
        notes.push(note);
        let all: Vec<&str> = notes.iter().map(String::as_str).collect();
        took.push(seen_by(&site, chain, &all));
    }
    took.sort();
    assert!(took[10] < Duration::from_secs(1), "{took:?}");
    std::thread::sleep(Duration::from_millis(300));
    // Nobody asked for anything that was not new.
    let requests = |reports: &[Report]| reports.iter().map(|r| r.requests).sum::<u64>();
    let (home, clinic) = (at_home.reports(home), at_clinic.reports(clinic));
    assert!(requests(&clinic) <= 45, "{}", requests(&clinic));
    // A push for each of its spaces, and a look at what came of it.
    assert!(requests(&home) <= 85, "{}", requests(&home));
    assert!(home.iter().chain(&clinic).all(|r| r.alarms.is_empty()));
}

#[test]
fn a_server_that_was_away_is_followed_again() {
    let mut site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let phone = open(patient.dir(), Env::system());
    let at_clinic = Follower::start(site.office.companion());
    let at_home = Follower::start(&phone);
    let (home, clinic) = (at_home.live(), at_clinic.live());
    site.server.kill();
    record(&phone, "while it was away");
    let failed = |events: &[Followed]| events.iter().any(|e| matches!(e, Followed::Failed(_)));
    at_home.until(home, failed);
    at_clinic.until(clinic, |events| {
        events.iter().any(|e| matches!(e, Followed::Polling))
    });
    site.server.again();
    seen_by(&site, chain, &["while it was away"]);
    at_clinic.until(clinic, |events| {
        events.iter().any(|e| matches!(e, Followed::Live))
    });
    record(&phone, "while it was there");
    seen_by(&site, chain, &["while it was away", "while it was there"]);
    // A stop is as good; streams do not hold it up.
    let begun = Instant::now();
    site.server.stop();
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn who_is_shut_out_hears_of_it_at_once() {
    let site = Site::new();
    let patient = companion_tests::patient::Patient::new(site.path(), "patient");
    let invitation = site.office.invite("Robin Sand", "1979-05-06");
    let args = [
        "enrol",
        "--invite",
        &invitation.text,
        "--server",
        site.address(),
    ];
    patient.json(&args);
    let phone = open(patient.dir(), Env::system());
    let at_home = Follower::start(&phone);
    let from = at_home.live();
    let office = site.office.companion().office();
    office
        .blocking(&Cancel::new(), async |o: &_| {
            o.withdraw(invitation.lookup).await
        })
        .unwrap();
    at_home.until(from, |events| {
        events.iter().any(|e| matches!(e, Followed::Polling))
    });
    record(&phone, "kept here");
    at_home.until(from, |events| {
        let refused = |e: &Followed| {
            matches!(
                e,
                Followed::Failed(SyncError::Refused(_) | SyncError::Removed)
            )
        };
        events.iter().any(refused)
    });
}

#[test]
fn a_poll_with_nothing_new_is_one_request() {
    let site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    let phone = open(patient.dir(), Env::system());
    let poll = |companion: &Companion| {
        let report = companion.sync().poll_blocking(&Cancel::new());
        report.unwrap().unwrap().requests
    };
    for companion in [&phone, site.office.companion()] {
        assert!(poll(companion) > 1);
    }
    for companion in [site.office.companion(), &phone] {
        poll(companion);
        assert_eq!(poll(companion), 1);
        assert_eq!(poll(companion), 1);
    }
}

#[test]
fn the_command_line_follows_until_it_is_ended() {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    patient.log(&["4", "--note", "to be read", "--share"]);
    let mut process = Process::start(&mut patient.command(&["sync", "--follow", "--json"]));
    process.line(|line| line == r#"{"live":true}"#);
    site.office.sync();
    assert_eq!(site.office.notes(chain), ["to be read"]);
    let shown: Vec<_> = site.office.entries(chain).iter().map(|e| e.id).collect();
    let care = site.office.companion().care();
    assert_eq!(care.note_reading(chain, &shown).unwrap(), 1);
    site.office.sync();
    process.line(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("an object a line");
        line["events_received"] == 1
    });
    process.signal("TERM");
    assert_eq!(process.wait(PATIENCE).code(), Some(0));
    let status = patient.json(&["status"]);
    assert_eq!(status["entries_read"], 1);
}

#[test]
fn the_consoles_page_has_it_without_being_asked_to_sync() {
    let mut site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    site.office.close();
    let mut serve = command("clinic-console");
    serve.arg("--dir").arg(site.office.dir());
    let process = Process::start(&mut serve);
    let address = process.line(|line| line.starts_with("http://"));
    let mut browser = Browser::open(&address);
    browser.unlock(PASSPHRASE);
    // What comes after it has begun to follow.
    std::thread::sleep(Duration::from_secs(1));
    patient.log(&["4", "--note", "for your eyes", "--share"]);
    patient.sync();
    let begun = Instant::now();
    loop {
        browser.visit("/patients");
        let link = browser.after("<a href=\"/patients/").expect("a patient");
        browser.visit(&format!("/patients/{link}"));
        if browser.page.contains("for your eyes") {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{}",
            browser.page
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}
