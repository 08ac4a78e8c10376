//! A clinic corrects its number; a patient has it, offline and without the passphrase.

use std::path::PathBuf;

use companion_core::crisis::CLINIC_FILE;
use companion_tests::office::PASSPHRASE;
use companion_tests::process::{Ended, command, run};
use companion_tests::site::Site;
use serde_json::{Value, json};

struct Console<'a> {
    site: &'a Site,
    passphrase: PathBuf,
}

impl Console<'_> {
    fn run(&self, args: &[&str]) -> Ended {
        let mut command = command("clinic-console");
        command.arg("--dir").arg(self.site.office.dir());
        command.arg("bulletin").args(args);
        command.arg("--passphrase-file").arg(&self.passphrase);
        run(&mut command)
    }

    fn json(&self, args: &[&str]) -> Value {
        let ended = self.run(&[args, &["--json"]].concat());
        assert_eq!(ended.code, Some(0), "{args:?}: {}{}", ended.out, ended.err);
        serde_json::from_str(&ended.out).expect("one JSON object")
    }

    fn numbers(&self, call: &str) -> String {
        let file = self.site.path().join("numbers.json");
        let numbers = json!({ "numbers": [{
            "label": "Duty clinician",
            "country": "DE",
            "call": call,
            "hours": "24/7",
            "source": "Dr. Ines Falk",
            "verified_on": "2026-11-20",
        }] });
        std::fs::write(&file, numbers.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

#[test]
fn a_clinic_corrects_its_number_and_a_patient_has_it_offline() {
    let mut site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    let before = patient.json(&["crisis", "--country", "DE"]);
    assert_eq!(before["clinic"], Value::Null);
    site.office.close();
    let passphrase = site.path().join("clinic.passphrase");
    std::fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
    let console = Console {
        site: &site,
        passphrase,
    };
    assert_eq!(console.json(&["list"]), json!({ "bulletins": [] }));
    let wrong = console.numbers("030 1111");
    let said = console.json(&["publish", "--numbers", &wrong]);
    assert_eq!(said, json!({ "published": true, "number": 1 }));
    patient.sync();
    let right = console.numbers("030 2222");
    console.json(&["publish", "--numbers", &right]);
    console.json(&[
        "publish",
        "--text",
        "We are closed on Friday.",
        "--topic",
        "news",
    ]);
    patient.sync();
    let retired = console.numbers("0800 0");
    std::fs::write(
        &retired,
        std::fs::read_to_string(&retired)
            .unwrap()
            .replace("\"DE\"", "\"GB\"")
            .replace("0800 0", "08457 90 90 90"),
    )
    .unwrap();
    let refused = console.run(&["publish", "--numbers", &retired]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.err.contains("retired"), "{}", refused.err);
    let list = console.json(&["list"]);
    let all: Vec<_> = list["bulletins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["number"].clone())
        .collect();
    assert_eq!(all, [2, 3]);
    let shown = console.run(&["show", "2"]);
    assert!(shown.out.contains("030 2222"), "{}", shown.out);
    // Offline from here on: the API is gone, and so is the passphrase.
    drop(console);
    let dir = patient.dir().to_owned();
    drop(site.server);
    let crisis = |more: &[&str]| {
        let mut command = command("companion");
        command.arg("crisis").args(more).arg("--dir").arg(&dir);
        run(&mut command)
    };
    let text = crisis(&["--country", "DE"]);
    assert_eq!((text.code, text.err.as_str()), (Some(0), ""));
    let at = |what: &str| {
        text.out
            .find(what)
            .unwrap_or_else(|| panic!("{what}: {}", text.out))
    };
    assert!(at("030 2222") < at("112"), "{}", text.out);
    assert!(!text.out.contains("030 1111"), "{}", text.out);
    let help: Value = serde_json::from_str(&crisis(&["--json"]).out).unwrap();
    // The clinic's country where none was chosen.
    assert_eq!(help["country"], "DE");
    assert_eq!(help["emergency"], before["emergency"]);
    assert_eq!(help["lines"], before["lines"]);
    assert_eq!(
        help["clinic"]["lines"][0]["contacts"][0]["number"],
        "030 2222"
    );
    // A broken file never stands before help.
    std::fs::write(dir.join(CLINIC_FILE), [0xff; 99]).unwrap();
    let text = crisis(&["--country", "DE"]);
    assert_eq!(text.code, Some(0));
    assert!(text.out.contains("112"), "{}", text.out);
}
