//! Several devices of one person: paired, named, removed, and what becomes of their entries.

use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::request::Parts;
use clinic_api::http::signature;
use clinic_api::id::ChainId;
use companion_core::env::Env;
use companion_core::space::patient::remove_device;
use companion_tests::http::deliver;
use companion_tests::office::open;
use companion_tests::patient::Patient;
use companion_tests::process::run;
use companion_tests::proxy::{Fault, Way};
use companion_tests::site::Site;
use serde_json::{Value, json};

const NAME: &str = "Robin Sand";
const BORN: &str = "1979-05-06";

/// Pairs a device with a code as it is scanned.
fn pair(phone: &Patient, new: &Patient, name: &str) {
    let offer = phone.json(&["devices", "pair"]);
    let code = offer["qr"].as_str().unwrap();
    let answer = new.json(&["enrol", "--pair", code, "--name", name]);
    let digits = answer["digits"].as_str().unwrap();
    phone.json(&["devices", "pair", "--confirm", digits]);
    new.sync();
}

fn listed(patient: &Patient) -> Vec<Value> {
    let list = patient.json(&["devices", "list"]);
    list["devices"].as_array().unwrap().clone()
}

fn all_notes(patient: &Patient) -> Vec<String> {
    let mut all = [patient.notes(true), patient.notes(false)].concat();
    all.sort();
    all
}

/// Other digits than these.
fn wrong(digits: &str) -> String {
    let other = |c: char| if c == '0' { '1' } else { '0' };
    digits
        .chars()
        .map(|c| if c.is_ascii_digit() { other(c) } else { c })
        .collect()
}

#[test]
fn a_second_device_comes_in_by_a_code_and_reads_everything() {
    let site = Site::new();
    let (phone, chain) = site.enrolled(NAME, BORN);
    phone.log(&["4", "--note", "a private"]);
    phone.log(&["5", "--note", "b shared", "--share"]);
    phone.sync();
    site.office.sync();
    let tablet = Patient::new(site.path(), "tablet");
    // Written before anybody else knew of this journal: it comes along.
    tablet.log(&["6", "--note", "c on the tablet"]);

    let offer = phone.json(&["devices", "pair"]);
    let none = phone.json(&["devices", "pair", "--answer"]);
    assert_eq!(none, json!({ "name": null, "digits": null }));
    let (_, code, _) = phone.problem(&["devices", "pair", "--confirm", "1"]);
    assert_eq!(code, "pairing-not-answered");
    // As people type it.
    let typed = offer["text"].as_str().unwrap().to_lowercase();
    let (_, code, _) = tablet.problem(&["enrol", "--pair", &typed, "--name", "Tablet"]);
    assert_eq!(code, "server-needed");
    let server = ["--server", site.address()];
    let answering = ["enrol", "--pair", &typed, "--name", "Tablet"];
    let answer = tablet.json(&[&answering[..], &server].concat());
    assert_eq!(tablet.json(&[&answering[..], &server].concat()), answer);
    let digits = answer["digits"].as_str().unwrap();
    assert_eq!(tablet.json(&["status"])["pairing_digits"], *digits);
    let shown = phone.json(&["devices", "pair", "--answer"]);
    assert_eq!(shown, json!({ "name": "Tablet", "digits": digits }));
    // The code is used up.
    let third = Patient::new(site.path(), "third");
    let late = ["enrol", "--pair", &typed, "--server", site.address()];
    let (exit, code, _) = third.problem(&late);
    assert_eq!((exit, code.as_str()), (77, "pairing-over"));

    let (exit, code, _) = tablet.problem(&["sync"]);
    assert_eq!((exit, code.as_str()), (73, "pairing-not-confirmed"));
    let (exit, code, _) = phone.problem(&["devices", "pair", "--confirm", &wrong(digits)]);
    assert_eq!((exit, code.as_str()), (76, "pairing-digits"));
    assert_eq!(listed(&phone).len(), 1);
    let (_, code, _) = tablet.problem(&["sync"]);
    assert_eq!(code, "pairing-not-confirmed");

    phone.json(&["devices", "pair", "--confirm", digits]);
    let (_, code, _) = phone.problem(&["devices", "pair", "--confirm", digits]);
    assert_eq!(code, "pairing-not-begun");
    tablet.sync();
    let all = ["a private", "b shared", "c on the tablet"];
    assert_eq!(all_notes(&tablet), all);
    tablet.log(&["7", "--note", "d shared", "--share"]);
    tablet.sync();
    phone.sync();
    assert_eq!(all_notes(&phone), [&all[..], &["d shared"]].concat());
    site.office.sync();
    assert_eq!(site.office.notes(chain), ["b shared", "d shared"]);
    for (device, this) in [(&phone, 0), (&tablet, 1)] {
        let devices = listed(device);
        assert_eq!(devices.len(), 2);
        assert_eq!(devices[1]["name"], "Tablet");
        assert_eq!(devices[this]["this"], true);
        assert_eq!(devices[1 - this]["this"], false);
        assert!(devices[1]["removed_ms"].is_null());
        assert_eq!(device.json(&["status"])["devices"], 2);
    }
    // Names stay among the person's own devices.
    phone.json(&["devices", "rename", "Tablet", "unmistakable heron"]);
    phone.sync();
    tablet.sync();
    assert_eq!(listed(&tablet)[1]["name"], "unmistakable heron");
}

#[test]
fn codes_that_are_none_and_journals_that_may_not_are_refused() {
    let site = Site::new();
    let (phone, _) = site.enrolled(NAME, BORN);
    let other = Patient::new(site.path(), "other");
    site.enrol(&other, "Kim Wood", "1990-01-02");
    let offer = phone.json(&["devices", "pair"]);
    let code = offer["qr"].as_str().unwrap();
    // A journal that a clinic knows is somebody's own.
    let (exit, name, _) = other.problem(&["enrol", "--pair", code]);
    assert_eq!((exit, name.as_str()), (77, "own-journal"));
    let new = Patient::new(site.path(), "new");
    for (code, expected) in [
        ("hello", "pairing-shape"),
        ("EDMQ-GX35-CNQ2-0WV5-CDS6-AX3K-44XD", "pairing-mistyped"),
        ("PP1:EDMQ", "pairing-shape"),
    ] {
        let (exit, name, _) = new.problem(&["enrol", "--pair", code]);
        assert_eq!((exit, name.as_str()), (65, expected), "{code}");
    }
    // A code that names another history than the server shows.
    let parts: Vec<&str> = code.splitn(6, ':').collect();
    let bent = format!(
        "{}:{}:{}:0:{}:{}",
        parts[0], parts[1], parts[2], parts[4], parts[5]
    );
    let (exit, name, _) = new.problem(&["enrol", "--pair", &bent]);
    assert_eq!((exit, name.as_str()), (76, "pairing-forged"));
    phone.json(&["devices", "pair", "--withdraw"]);
    let (exit, name, _) = new.problem(&["enrol", "--pair", code]);
    assert_eq!((exit, name.as_str()), (77, "pairing-over"));
    // An earlier code ends with the next.
    let first = phone.json(&["devices", "pair"]);
    phone.json(&["devices", "pair"]);
    let code = first["qr"].as_str().unwrap();
    let (_, name, _) = new.problem(&["enrol", "--pair", code]);
    assert_eq!(name, "pairing-over");
    // As text it fits a terminal, its QR code too.
    for shown in [&["devices", "pair"][..], &["devices", "list"], &["status"]] {
        let shown = phone.run(shown);
        assert_eq!(shown.code, Some(0), "{}", shown.err);
        for line in shown.out.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn a_consent_is_void_once_the_devices_have_changed() {
    let site = Site::new();
    let (phone, _) = site.enrolled(NAME, BORN);
    let (tablet, watch) = (
        Patient::new(site.path(), "tablet"),
        Patient::new(site.path(), "watch"),
    );
    pair(&phone, &tablet, "Tablet");
    let offer = phone.json(&["devices", "pair"]);
    let code = offer["qr"].as_str().unwrap();
    let digits = watch.json(&["enrol", "--pair", code])["digits"].clone();
    // Meanwhile another one comes in by the tablet.
    let laptop = Patient::new(site.path(), "laptop");
    pair(&tablet, &laptop, "Laptop");
    let confirm = ["devices", "pair", "--confirm", digits.as_str().unwrap()];
    let (exit, name, _) = phone.problem(&confirm);
    assert_eq!((exit, name.as_str()), (73, "pairing-moved"));
    // Begun anew, it goes on.
    pair(&phone, &watch, "Watch");
    let names: Vec<Value> = listed(&watch).iter().map(|d| d["name"].clone()).collect();
    assert_eq!(
        names,
        [
            Value::Null,
            json!("Tablet"),
            json!("Laptop"),
            json!("Watch")
        ]
    );
}

#[test]
fn a_removed_device_is_told_and_comes_back_with_what_it_had_not_sent() {
    let site = Site::new();
    let (phone, chain) = site.enrolled(NAME, BORN);
    let tablet = Patient::new(site.path(), "tablet");
    pair(&phone, &tablet, "Tablet");
    tablet.log(&["5", "--note", "a sent", "--share"]);
    tablet.sync();
    tablet.log(&["5", "--note", "b unsent"]);
    tablet.log(&["5", "--note", "c unsent", "--share"]);

    let (exit, name, _) = phone.problem(&["devices", "remove", "nobody", "--yes"]);
    assert_eq!((exit, name.as_str()), (65, "device-not-found"));
    let (exit, name, _) = tablet.problem(&["devices", "remove", "Tablet", "--yes"]);
    assert_eq!((exit, name.as_str()), (77, "this-device"));
    let (exit, name, _) = phone.problem(&["devices", "adopt", "Tablet"]);
    assert_eq!((exit, name.as_str()), (77, "device-in"));
    let (exit, name, _) = phone.problem(&["devices", "remove", "Tablet"]);
    assert_eq!((exit, name.as_str()), (65, "remove-not-confirmed"));
    phone.json(&["devices", "remove", "Tablet", "--yes"]);
    phone.json(&["devices", "remove", "Tablet", "--yes"]);
    assert!(listed(&phone)[1]["removed_ms"].is_i64());
    assert_eq!(phone.json(&["status"])["devices"], 1);
    phone.log(&["5", "--note", "d after", "--share"]);
    phone.sync();
    assert_eq!(all_notes(&phone), ["a sent", "d after"]);

    let (exit, name, _) = tablet.problem(&["sync"]);
    assert_eq!((exit, name.as_str()), (77, "device-removed"));
    let kept = ["a sent", "b unsent", "c unsent"];
    assert_eq!(all_notes(&tablet), kept);
    // Nothing of it was ever sent: there is nothing to adopt.
    let adopted = phone.json(&["devices", "adopt", "Tablet"]);
    assert_eq!(adopted["adopted"], 0);

    pair(&phone, &tablet, "Tablet again");
    phone.sync();
    let all = ["a sent", "b unsent", "c unsent", "d after"];
    assert_eq!(all_notes(&tablet), all);
    assert_eq!(all_notes(&phone), all);
    site.office.sync();
    assert_eq!(site.office.notes(chain), ["a sent", "c unsent", "d after"]);
    let devices = listed(&phone);
    assert_eq!(devices.len(), 3);
    assert_eq!(devices[2]["name"], "Tablet again");
    assert_eq!(phone.json(&["status"])["devices"], 2);
}

/// Sends a signed statement to the server, from the phone's vault, that names none of the
/// heads of a device.
fn cut_off(site: &Site, phone: &Patient, chain: ChainId, device: &str) {
    let companion = open(phone.dir(), Env::system());
    let (body, secrets) = companion.vault().with(|vault| {
        vault.load_patient(chain).unwrap();
        let secrets = vault.device().unwrap();
        let out = device.parse().unwrap();
        let env = vault.env().clone();
        let patient = vault.chains().patient(chain).unwrap();
        let statement = remove_device(&env, patient, &secrets, out, Vec::new());
        (statement.to_bytes(), secrets)
    });
    let (digest, path) = (ContentDigest::of(&body), format!("/v1/chains/{chain}"));
    let authority = site.address().strip_prefix("http://").unwrap();
    let parts = Parts {
        method: "POST",
        authority: &Authority::parse(Scheme::Http, authority).unwrap(),
        path: &path,
        query: None,
        content_digest: &digest,
    };
    let created = companion_core::env::Env::system().now().as_second();
    let signed = signature::sign(&parts, secrets.id().0, created, |base| {
        secrets.request().sign(base)
    });
    let signed = signed.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/cbor\r\n\
         content-digest: {digest}\r\nsignature-input: {}\r\nsignature: {}\r\n\
         content-length: {}\r\n\r\n",
        signed.signature_input,
        signed.signature,
        body.len()
    );
    let message = [head.as_bytes(), &body].concat();
    let patience = std::time::Duration::from_secs(10);
    let (status, _) = deliver(site.server.port(), &message, patience).unwrap();
    assert_eq!(status, 201);
}

#[test]
fn what_a_removed_device_had_sent_and_nobody_received_is_adopted() {
    let site = Site::new();
    let (phone, chain) = site.enrolled(NAME, BORN);
    let tablet = Patient::new(site.path(), "tablet");
    pair(&phone, &tablet, "Tablet");
    let device = listed(&phone)[1]["id"].as_str().unwrap().to_owned();
    tablet.log(&["5", "--note", "a late"]);
    tablet.log(&["5", "--note", "b late, shared", "--share"]);
    tablet.sync();
    // The phone had not seen it when it put the tablet out.
    cut_off(&site, &phone, chain, &device);
    let report = phone.json(&["sync"]);
    let alarms = report["alarms"].as_array().unwrap();
    assert!(alarms.contains(&json!("after-removal")), "{report}");
    assert_eq!(all_notes(&phone), Vec::<String>::new());
    let adopted = phone.json(&["devices", "adopt", "Tablet"]);
    assert_eq!(adopted["left"], 0);
    assert!(adopted["adopted"].as_u64().unwrap() >= 2, "{adopted}");
    assert_eq!(all_notes(&phone), ["a late", "b late, shared"]);
    let again = phone.json(&["devices", "adopt", "Tablet"]);
    assert_eq!((&again["adopted"], &again["left"]), (&json!(0), &json!(0)));
    site.office.try_sync().unwrap();
    assert_eq!(site.office.notes(chain), ["b late, shared"]);
}

/// Runs a command while the server's answers are lost further and further on, until it is done.
fn stubborn(site: &Site, patient: &Patient, args: &[&str]) -> Value {
    let mut at = 0;
    for _ in 0..80 {
        site.proxy().set(Fault::Lose(Way::Down, at));
        let ended = run(patient.command(args).arg("--json"));
        site.proxy().clear();
        if ended.code == Some(0) {
            assert!(at > 0, "nothing was lost");
            return serde_json::from_str(&ended.out).unwrap();
        }
        assert_eq!(ended.code, Some(69), "{args:?} at {at}: {}", ended.out);
        at += at / 4 + 61;
    }
    panic!("{args:?} never ended");
}

#[test]
fn whatever_answers_are_lost_pairing_and_removing_go_on() {
    let site = Site::behind_proxy();
    let (phone, _) = site.enrolled(NAME, BORN);
    phone.log(&["4", "--note", "a before"]);
    phone.sync();
    let tablet = Patient::new(site.path(), "tablet");
    tablet.log(&["4", "--note", "b of its own"]);
    let offer = stubborn(&site, &phone, &["devices", "pair"]);
    let code = offer["qr"].as_str().unwrap();
    let pairing = ["enrol", "--pair", code, "--name", "Tablet"];
    let answer = stubborn(&site, &tablet, &pairing);
    let digits = answer["digits"].as_str().unwrap();
    let shown = phone.json(&["devices", "pair", "--answer"]);
    assert_eq!(shown["digits"], digits);
    stubborn(&site, &phone, &["devices", "pair", "--confirm", digits]);
    stubborn(&site, &tablet, &["sync"]);
    tablet.sync();
    phone.sync();
    let all = ["a before", "b of its own"];
    assert_eq!(all_notes(&phone), all);
    assert_eq!(all_notes(&tablet), all);
    assert_eq!(listed(&phone).len(), 2);
    tablet.log(&["4", "--note", "c unsent"]);
    stubborn(&site, &phone, &["devices", "remove", "Tablet", "--yes"]);
    let (_, name, _) = tablet.problem(&["sync"]);
    assert_eq!(name, "device-removed");
    let again = phone.json(&["devices", "pair"]);
    let pairing = ["enrol", "--pair", again["qr"].as_str().unwrap()];
    let digits = stubborn(&site, &tablet, &pairing)["digits"].clone();
    let confirm = ["devices", "pair", "--confirm", digits.as_str().unwrap()];
    phone.json(&confirm);
    stubborn(&site, &tablet, &["sync"]);
    tablet.sync();
    phone.sync();
    assert_eq!(all_notes(&phone), [&all[..], &["c unsent"]].concat());
    assert_eq!(listed(&phone).len(), 3);
}

/// A device that is in goes on while its new keys are waited for; whoever joins a clinic waits
/// for no other device any more.
#[test]
fn an_answer_that_nobody_confirms_keeps_nobody_from_going_on() {
    let site = Site::new();
    let (phone, _) = site.enrolled(NAME, BORN);
    let tablet = Patient::new(site.path(), "tablet");
    pair(&phone, &tablet, "Tablet");
    let answer = |patient: &Patient| {
        let offer = phone.json(&["devices", "pair"]);
        patient.json(&["enrol", "--pair", offer["qr"].as_str().unwrap()]);
    };
    answer(&tablet);
    tablet.log(&["5", "--note", "goes on"]);
    tablet.sync();
    phone.sync();
    assert_eq!(all_notes(&phone), ["goes on"]);
    let other = Patient::new(site.path(), "other");
    answer(&other);
    let (_, name, _) = other.problem(&["sync"]);
    assert_eq!(name, "pairing-not-confirmed");
    site.enrol(&other, "Kim Wood", "1990-01-02");
    other.sync();
}

/// A device that had received it, before it heard of the removal, takes it back, and can adopt
/// it like any other.
#[test]
fn what_was_received_and_taken_back_is_adopted_too() {
    let site = Site::new();
    let (phone, chain) = site.enrolled(NAME, BORN);
    let (tablet, laptop) = (
        Patient::new(site.path(), "tablet"),
        Patient::new(site.path(), "laptop"),
    );
    pair(&phone, &tablet, "Tablet");
    pair(&phone, &laptop, "Laptop");
    let device = listed(&phone)[1]["id"].as_str().unwrap().to_owned();
    tablet.log(&["5", "--note", "a late"]);
    tablet.sync();
    laptop.sync();
    assert_eq!(all_notes(&laptop), ["a late"]);
    cut_off(&site, &phone, chain, &device);
    laptop.json(&["sync"]);
    assert_eq!(all_notes(&laptop), Vec::<String>::new());
    let adopted = laptop.json(&["devices", "adopt", "Tablet"]);
    assert_eq!(adopted["left"], 0);
    assert_eq!(all_notes(&laptop), ["a late"]);
    phone.json(&["sync"]);
    assert_eq!(all_notes(&phone), ["a late"]);
}

#[test]
fn a_cloned_journal_notices_says_so_and_loses_nothing() {
    let site = Site::new();
    let (phone, chain) = site.enrolled(NAME, BORN);
    phone.log(&["5", "--note", "a before", "--share"]);
    phone.sync();
    let clone = Patient::without_journal(site.path(), "clone");
    for file in std::fs::read_dir(phone.dir()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), clone.dir().join(file.file_name())).unwrap();
    }
    phone.log(&["5", "--note", "b by one", "--share"]);
    clone.log(&["5", "--note", "c by the other", "--share"]);
    phone.sync();
    let report = clone.json(&["sync"]);
    assert_eq!(report["alarms"], json!(["own-log-longer"]));
    let said = clone.run(&["sync"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    phone.sync();
    let all = ["a before", "b by one", "c by the other"];
    assert_eq!(all_notes(&phone), all);
    assert_eq!(all_notes(&clone), all);
    // One of the two becomes a device of its own.
    pair(&phone, &clone, "Other phone");
    clone.log(&["5", "--note", "d as itself", "--share"]);
    phone.log(&["5", "--note", "e still here", "--share"]);
    clone.sync();
    phone.sync();
    clone.sync();
    let all = [&all[..], &["d as itself", "e still here"]].concat();
    assert_eq!(all_notes(&phone), all);
    assert_eq!(all_notes(&clone), all);
    site.office.sync();
    assert_eq!(site.office.notes(chain), all);
    assert_eq!(listed(&clone).len(), 2);
}
