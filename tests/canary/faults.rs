//! Connections that break and bytes that change on the way: everything is sent in the end, and nothing bent.

use std::time::Duration;

use clinic_api::id::ChainId;
use companion_core::sync::{AdmitError, SyncError};
use companion_tests::chance::Chance;
use companion_tests::patient::Patient;
use companion_tests::proxy::{Fault, Way};
use companion_tests::site::Site;
use serde_json::{Value, json};

const PLACES: [usize; 12] = [
    0, 1, 17, 90, 300, 700, 1_300, 2_200, 3_500, 5_000, 7_000, 10_000,
];

fn all_faults() -> Vec<Fault> {
    let mut all = Vec::new();
    for at in PLACES {
        for way in [Way::Up, Way::Down] {
            all.extend([
                Fault::Cut(way, at),
                Fault::Lose(way, at),
                Fault::Flip(way, at),
            ]);
        }
    }
    all
}

struct Scene {
    site: Site,
    patient: Patient,
    chain: ChainId,
    written: Vec<String>,
    happened: usize,
}

impl Scene {
    fn new() -> Self {
        let site = Site::behind_proxy();
        let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
        Self {
            site,
            patient,
            chain,
            written: Vec::new(),
            happened: 0,
        }
    }

    /// The patient writes, and both sides sync while this goes wrong, then once more without it.
    fn round(&mut self, fault: Fault) {
        let note = format!("entry {:03}", self.written.len());
        self.patient.log(&["5", "--note", &note, "--share"]);
        self.written.push(note);
        let proxy = self.site.proxy();
        proxy.set(fault);
        let ended = self.patient.run(&["sync", "--json"]);
        let said: Value = serde_json::from_str(&ended.out).unwrap();
        let code = said["problem"]["code"].as_str();
        assert_eq!(code.is_none(), ended.code == Some(0));
        match fault {
            Fault::Cut(..) | Fault::Lose(..) => {
                assert!(
                    matches!(code, None | Some("unreachable")),
                    "{fault:?}: {said}"
                );
                assert!(
                    code.is_some() || said["alarms"] == json!([]),
                    "{fault:?}: {said}"
                );
            }
            // Anything may come of it, but a fault of our own.
            Fault::Flip(..) | Fault::Trickle(..) | Fault::Stall(..) | Fault::Hold => {
                assert_ne!(code, Some("internal"), "{fault:?}")
            }
        }
        self.happened += usize::from(proxy.clear());
        self.patient.sync();

        proxy.set(fault);
        match (self.site.office.try_sync(), fault) {
            (Ok(_) | Err(SyncError::Unreachable), _) => {}
            (Err(error), Fault::Flip(..)) => assert_ne!(error, SyncError::Internal, "{fault:?}"),
            (Err(error), _) => panic!("{fault:?}: {error}"),
        }
        self.happened += usize::from(proxy.clear());
        self.site.office.sync();
        assert_eq!(
            self.site.office.notes(self.chain),
            self.written,
            "{fault:?}"
        );
    }

    fn end(self, least: usize) {
        assert_eq!(self.patient.notes(true), self.written);
        assert_eq!(self.patient.json(&["status"])["unsent"], 0);
        assert!(self.happened > least, "{} faults happened", self.happened);
    }
}

#[test]
fn every_fault_passes() {
    let mut scene = Scene::new();
    for fault in all_faults() {
        scene.round(fault);
    }
    // The last places lie beyond what one sync sends.
    scene.end(PLACES.len() * 6);
}

#[test]
fn any_bit_may_change_on_the_way() {
    let mut scene = Scene::new();
    let mut chance = Chance::new("bits on the wire");
    for _ in 0..40 {
        let way = if chance.below(2) == 0 {
            Way::Up
        } else {
            Way::Down
        };
        let at = usize::try_from(chance.below(5_000)).unwrap();
        scene.round(Fault::Flip(way, at));
    }
    scene.end(20);
}

/// The digits of an enrolment that may have to wait: the server limits how often the same
/// machine may use invites, and this test does it often.
fn enrolled(patient: &Patient, enrol: &[&str]) -> String {
    for _ in 0..60 {
        let ended = patient.run(&[enrol, &["--json"]].concat());
        let answer: Value = serde_json::from_str(&ended.out).unwrap();
        if let Some(digits) = answer["digits"].as_str() {
            return digits.to_owned();
        }
        assert_eq!(answer["problem"]["code"], "server-busy", "{}", ended.out);
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("the server stays busy");
}

#[test]
fn joining_goes_on_after_every_fault() {
    for (number, at) in [0, 60, 200, 350, 500, 800, 1_200, 2_000, 4_000]
        .into_iter()
        .enumerate()
    {
        // A server of its own each: nobody may ask it for invites without end.
        let site = Site::behind_proxy();
        for way in [Way::Up, Way::Down] {
            // Or the server's limit would stand in for the fault.
            std::thread::sleep(Duration::from_secs(1));
            let name = format!("Robin Sand {number} {way:?}");
            let patient = Patient::new(site.path(), &name);
            let invitation = site.office.invite(&name, "1979-05-06");
            let enrol = ["enrol", "--invite", &invitation.qr];
            site.proxy().set(Fault::Lose(way, at));
            let ended = patient.run(&[enrol.as_slice(), &["--json"]].concat());
            assert!(matches!(ended.code, Some(0 | 69)), "{}", ended.out);
            site.proxy().clear();
            let digits = enrolled(&patient, &enrol);
            let born = "1979-05-06";
            site.proxy().set(Fault::Cut(way, at));
            let admit = || site.office.admit_alone(&invitation, &digits, &name, born);
            let first = admit();
            site.proxy().clear();
            match first {
                Ok(_) => {}
                Err(AdmitError::Sync(SyncError::Unreachable)) => {
                    admit().unwrap();
                }
                Err(error) => panic!("{error}"),
            }
            site.office.sync();
            patient.sync();
            assert_eq!(patient.json(&["status"])["admitted"], true);
            let patients = site.office.companion().front().patients().unwrap();
            assert_eq!(patients.iter().filter(|p| p.name == name).count(), 1);
        }
    }
}
