//! The clinic's people, by the real programs: a second clinician comes in, changes roles, and goes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use companion_core::env::Env;
use companion_tests::office::{CLINIC, CLINICIAN, PASSPHRASE, open};
use companion_tests::process::command;
use companion_tests::site::Site;
use serde_json::{Value, json};

/// A workstation that `clinic-console` alone uses.
struct Desk {
    dir: PathBuf,
    passphrase: PathBuf,
}

impl Desk {
    fn at(site: &Site, dir: &Path) -> Self {
        let passphrase = site.path().join("desk.passphrase");
        std::fs::write(&passphrase, format!("{PASSPHRASE}\n")).unwrap();
        Self {
            dir: dir.to_owned(),
            passphrase,
        }
    }

    /// A new machine; its vault's passphrase costs next to nothing to try.
    fn new(site: &Site, name: &str) -> Self {
        let desk = Self::at(site, &site.path().join(name));
        drop(open(&desk.dir, Env::system()));
        desk
    }

    /// Runs a command with something typed: its exit code, what it printed, and its complaint.
    fn typed(&self, args: &[&str], typed: &str) -> (i32, String, String) {
        let mut command = command("clinic-console");
        command.arg("--dir").arg(&self.dir).args(args);
        command.arg("--passphrase-file").arg(&self.passphrase);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that reads nothing may have ended.
        let _ = stdin.write_all(typed.as_bytes());
        drop(stdin);
        let ended = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            ended.status.code().unwrap(),
            text(ended.stdout),
            text(ended.stderr),
        )
    }

    fn json_typed(&self, args: &[&str], typed: &str) -> Value {
        let args = [args, &["--json"]].concat();
        let (code, out, err) = self.typed(&args, typed);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        serde_json::from_str(&out).expect("one JSON object")
    }

    fn json(&self, args: &[&str]) -> Value {
        self.json_typed(args, "")
    }

    fn text(&self, args: &[&str]) -> String {
        let (code, out, err) = self.typed(args, "");
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out
    }

    /// The code of a problem.
    fn problem(&self, args: &[&str], typed: &str) -> String {
        let args = [args, &["--json"]].concat();
        let (code, out, _) = self.typed(&args, typed);
        assert_ne!(code, 0, "{args:?}: {out}");
        let value: Value = serde_json::from_str(&out).expect("one JSON object");
        value["problem"]["code"].as_str().unwrap().to_owned()
    }

    /// Notes that this workstation shows, after a sync.
    fn notes(&self, chain: clinic_api::id::ChainId) -> Vec<String> {
        let companion = open(&self.dir, Env::system());
        let round = companion.sync().round_blocking(&Default::default());
        let report = round.unwrap().unwrap();
        assert_eq!(report.alarms, []);
        let entries = companion.care().entries(chain, i64::MIN, i64::MAX, 100);
        let mut notes: Vec<_> = entries
            .unwrap()
            .into_iter()
            .filter_map(|e| e.mood.note)
            .collect();
        notes.sort();
        notes
    }
}

/// A person with a machine, from the first desk to the new one.
fn hired(first: &Desk, site: &Site, name: &str, role: &str) -> Desk {
    first.json(&["roster", "add", name, "--role", role]);
    let offer = first.json(&["roster", "workstation", "add", name]);
    let code = offer["qr"].as_str().unwrap();
    let new = Desk::new(site, &name.replace(' ', "-"));
    let joining = new.json(&["join", code, "--wait", "0"]);
    assert_eq!(joining["joined"], false);
    let digits = joining["digits"].as_str().unwrap();
    // Other digits let nobody in.
    let other: String = digits.chars().map(turned).collect();
    let confirm = ["roster", "workstation", "confirm"];
    assert_eq!(first.problem(&confirm, &other), "pairing-digits");
    first.json_typed(&confirm, digits);
    let joined = new.json(&["join"]);
    assert_eq!(joined["joined"], true);
    assert_eq!(joined["person"], name);
    assert_eq!(joined["patients_missing"], 0);
    assert_eq!(joined["patients_elsewhere"], 0);
    new
}

fn turned(c: char) -> char {
    match c {
        '0' => '1',
        '1'..='9' => '0',
        other => other,
    }
}

#[test]
fn a_second_clinician_comes_in_changes_roles_and_goes() {
    let mut site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    patient.log(&["4", "--note", "before cover", "--share"]);
    patient.sync();
    site.office.sync();
    site.office.close();
    let first = Desk::at(&site, site.office.dir());

    // The patient's phone is off from here on.
    let lee = hired(&first, &site, "Dr. Ada Lee", "clinician");
    assert_eq!(lee.notes(chain), ["before cover"]);
    let list = first.json(&["roster", "list"]);
    assert_eq!(list["clinic"], CLINIC);
    assert_eq!(list["root_here"], true);
    let people = list["people"].as_array().unwrap();
    let names: Vec<_> = people.iter().map(|p| &p["name"]).collect();
    assert_eq!(names, [CLINICIAN, "Dr. Ada Lee"]);
    assert_eq!(people[1]["workstations"].as_array().unwrap().len(), 1);
    assert_eq!(lee.json(&["roster", "list"])["root_here"], false);
    let refused = lee.problem(&["roster", "remove", CLINICIAN], "");
    assert_eq!(refused, "root-not-here");

    // It comes on, is told, and goes on.
    patient.log(&["5", "--note", "with cover", "--share"]);
    patient.sync();
    assert_eq!(lee.notes(chain), ["before cover", "with cover"]);

    first.json(&["roster", "role", "Dr. Ada Lee", "front-desk"]);
    patient.sync();
    patient.log(&["6", "--note", "not for the front desk", "--share"]);
    patient.sync();
    assert_eq!(lee.notes(chain), ["before cover", "with cover"]);
    assert_eq!(first.notes(chain).len(), 3);

    first.json(&["roster", "remove", "dr. ada lee"]);
    let list = first.json(&["roster", "list"]);
    assert_eq!(list["people"].as_array().unwrap().len(), 1);
    let gone = open(&lee.dir, Env::system());
    let round = gone.sync().round_blocking(&Default::default());
    assert_eq!(round.unwrap_err(), companion_core::sync::SyncError::Removed);
    drop(gone);
    let told = first.text(&["roster", "changes"]);
    for line in [
        "Dr. Ada Lee joined the care team.",
        "Dr. Ada Lee moved from the care team to the front desk and reads nothing new of what \
         patients share.",
        "Dr. Ada Lee left the clinic. All their workstations are out.",
    ] {
        assert!(told.contains(line), "{told}");
    }
    let again = first.json(&["roster", "changes"]);
    let again = again["changes"].as_array().unwrap();
    assert!(again.iter().all(|c| c["new"] == json!(false)));
}

#[test]
fn the_root_goes_onto_paper_and_comes_back() {
    let mut site = Site::new();
    site.office.close();
    let first = Desk::at(&site, site.office.dir());
    let kit = |what: &'static str| ["roster", "root-kit", what];
    assert_eq!(first.problem(&kit("forget"), ""), "kit-not-checked");
    let page = site.path().join("root.txt");
    let path = page.to_str().unwrap();
    first.json(&["roster", "root-kit", "make", "--page", path]);
    let printed = std::fs::read_to_string(&page).unwrap();
    let made = first.json(&kit("make"));
    let words: Vec<&str> = made["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w.as_str().unwrap())
        .collect();
    assert_eq!(words.len(), 24);
    for word in &words {
        assert!(printed.contains(word));
    }
    let typed = words.join(" ");
    let (fewer, _) = typed.rsplit_once(' ').unwrap();
    assert_eq!(first.problem(&kit("check"), fewer), "kit-count");
    assert!(first.json_typed(&kit("check"), &typed)["checked"].is_string());
    assert_eq!(first.json(&kit("forget"))["root_here"], false);
    let add = ["roster", "add", "Kim Roe", "--role", "administrator"];
    assert_eq!(first.problem(&add, ""), "root-not-here");
    assert_eq!(first.json_typed(&kit("restore"), &typed)["root_here"], true);
    let kim = hired(&first, &site, "Kim Roe", "administrator");

    // The first machine is lost: the administrator brings the root back, and shuts it out.
    kim.json_typed(&kit("restore"), &typed);
    let list = kim.json(&["roster", "list"]);
    let lost = list["people"][0]["workstations"][0]["workstation"].as_str();
    let out = ["roster", "workstation", "remove", &lost.unwrap()[..12]];
    kim.json(&out);
    let companion = open(&first.dir, Env::system());
    let round = companion.sync().round_blocking(&Default::default());
    assert_eq!(round.unwrap_err(), companion_core::sync::SyncError::Removed);
}
