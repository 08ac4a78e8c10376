//! Unmistakable words, written as a patient and searched for in all that is kept, logged and sent.

use std::path::Path;
use std::time::Duration;

use companion_core::companion::VIEWS;
use companion_core::env::Env;
use companion_core::vault::Vault;
use companion_tests::console::Browser;
use companion_tests::office::{PASSPHRASE, keys};
use companion_tests::patient::Patient;
use companion_tests::process::{PATIENCE, Process, command, run};
use companion_tests::search::{Haystack, files, found, found_secret};
use companion_tests::site::Site;

const NAME: &str = "Wilhelmina Canaryname-Ößterreich";
const BORN: &str = "1931-02-17";
const SHARED: &str = "NoteQuarzwindmühle7351";
const PRIVATE: &str = "PrivateNoteHimbeergeist2460";
const EDITED: &str = "EditedNoteLeuchtturm8842";
const TAKEN_BACK: &str = "TakenBackNoteMorgenrot5519";
const FEELING: &str = "OwnWordPfefferminz8264";
const ABOUT: &str = "CircumstanceTurmalin9175";
const MOOD: &str = "MoodnameKaleidoskop4286";
const ACTIVITY: &str = "ActivityDoppelstern3397";
const IMPORTED: &str = "ImportedNoteSchneegans6604";
const REFUSED: &str = "RefusedNoteZwielicht1178";

const WORDS: [&str; 13] = [
    NAME,
    "Canaryname-Ößterreich",
    BORN,
    SHARED,
    PRIVATE,
    EDITED,
    TAKEN_BACK,
    FEELING,
    ABOUT,
    MOOD,
    ACTIVITY,
    IMPORTED,
    REFUSED,
];

fn write(site: &Site, patient: &Patient) {
    let words = ["--feeling", FEELING, "--about", ABOUT];
    patient.log(&[&["4", "--note", SHARED, "--share"], words.as_slice()].concat());
    patient.log(&[&["2", "--note", PRIVATE], words.as_slice()].concat());
    let id = patient.log(&["5", "--note", TAKEN_BACK, "--share"]);
    let file = site.path().join("own/export.csv");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let csv = format!(
        "full_date,date,weekday,time,mood,activities,note\n\
         2026-01-02,x,x,10:00,{MOOD},\"{ACTIVITY}\",\"{IMPORTED}\"\n"
    );
    std::fs::write(&file, csv).unwrap();
    let file = file.to_str().unwrap();
    let refused = patient.run(&["import", file, "--json"]);
    assert_eq!(refused.code, Some(65));
    let mood = format!("{MOOD}=0.3");
    patient.json(&["import", file, "--mood", &mood, "--share"]);
    patient.sync();
    patient.json(&["unshare", &id]);
    patient.json(&["edit", &id, "--note", EDITED]);
    patient.sync();
}

/// What goes wrong is told without a word of what was written; the mood names that need a
/// value, on the person's own terminal, are the one exception.
fn complaints(patient: &Patient) -> Vec<Haystack> {
    let long = "word ".repeat(20) + REFUSED;
    let id = patient.entries()[0]["id"].as_str().unwrap().to_owned();
    let mut all = Vec::new();
    for args in [
        vec!["log", "11", "--note", REFUSED],
        vec!["log", "5", "--feeling", &long],
        vec!["log", "5", "--at", REFUSED],
        vec!["list", "--day", REFUSED],
        vec!["show", REFUSED],
        vec!["edit", &id, "--energy", "99", "--note", REFUSED],
        vec!["import", REFUSED],
        vec!["enrol", "--invite", REFUSED],
        vec!["crisis", "--country", REFUSED],
    ] {
        for json in [None, Some("--json")] {
            let args: Vec<&str> = args.iter().copied().chain(json).collect();
            let ended = patient.run(&args);
            all.push((args[0].to_owned(), (ended.out + &ended.err).into_bytes()));
        }
    }
    all
}

/// Reads everything in the console, in which all that is shared has to stand; returns its log.
fn read_in_console(dir: &Path, temp: &Path) -> String {
    let mut console = command("clinic-console");
    console.arg("--dir").arg(dir).env("TMPDIR", temp);
    let mut console = Process::start(&mut console);
    let address = console.line(|line| line.starts_with("http://"));
    let mut browser = Browser::open(&address);
    assert_eq!(browser.send("/unlock", &[("passphrase", SHARED)]), 403);
    browser.unlock(PASSPHRASE);
    browser.send("/sync", &[("back", "/patients")]);
    assert!(browser.page.contains(NAME));
    let page = browser.after("<a href=\"/patients/").unwrap();
    browser.visit(&format!("/patients/{page}?days=all"));
    for word in [SHARED, FEELING, ABOUT, MOOD, ACTIVITY, IMPORTED] {
        assert!(browser.page.contains(word), "the clinician reads it");
    }
    for word in [PRIVATE, EDITED, TAKEN_BACK] {
        assert!(!browser.page.contains(word), "the clinician doesn't");
    }
    let entry = browser.value("entry");
    let path = format!("/patients/{page}/reviewed");
    assert_eq!(browser.send(&path, &[("entry", &entry)]), 200);
    browser.visit("/patients");
    browser.send("/patients", &[("search", NAME)]);
    browser.send(&path, &[("entry", SHARED)]);
    browser.visit(&format!("/patients/{SHARED}"));
    let applicant = [("name", NAME), ("born", PRIVATE), ("digits", EDITED)];
    browser.visit("/invites");
    browser.send("/invites", &applicant);
    console.signal("TERM");
    let status = console.wait(PATIENCE);
    assert!(status.success());
    let ended = console.ended(status);
    ended.out + &ended.err
}

#[test]
fn nothing_that_a_patient_wrote_stands_anywhere_else() {
    let mut site = Site::behind_proxy();
    let temp = site.path().join("temp");
    std::fs::create_dir(&temp).unwrap();
    let patient = Patient::new(site.path(), "patient");
    let invitation = site.office.invite(NAME, BORN);
    let joining = patient.json(&["enrol", "--invite", &invitation.qr]);
    let digits = joining["digits"].as_str().unwrap();
    let chain = site.office.admit(&invitation, digits, NAME, BORN).unwrap();
    patient.sync();
    write(&site, &patient);
    site.office.sync();
    assert_eq!(site.office.entries(chain).len(), 2);

    // With both vaults as they lie while in use: the patient's by a program that was killed.
    let mut searched = files(site.office.dir());
    assert!(searched.iter().any(|(name, _)| name.ends_with("-wal")));
    let mut last = patient.command(&["log", "3", "--note", PRIVATE, "--feeling", FEELING]);
    let mut killed = Process::start(last.env("TMPDIR", &temp));
    killed.line(|line| line.starts_with("Saved."));
    killed.kill();
    searched.extend(files(patient.dir()));
    patient.sync();

    site.office.close();
    let log = read_in_console(site.office.dir(), &temp);
    searched.push(("the console's log".to_owned(), log.into_bytes()));
    searched.extend(complaints(&patient));
    site.server.stop();
    searched.push((
        "the server's log".to_owned(),
        site.server.logs().into_bytes(),
    ));
    for folder in [site.office.dir(), patient.dir(), site.server.dir(), &temp] {
        searched.extend(files(folder));
    }
    let wire = site.proxy().wire().into_iter();
    searched.extend(wire.map(|bytes| ("the wire".to_owned(), bytes)));
    let bytes: usize = searched.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(
        searched.len() > 20 && bytes > 500_000,
        "there is something to search"
    );

    assert_eq!(found(&WORDS, &searched), Vec::<String>::new());
    // The invite never leaves the two who hold it; the passphrase and the keys, their device.
    let bare: String = invitation
        .text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    assert_eq!(
        found(&[PASSPHRASE, &invitation.text, &bare], &searched),
        Vec::<String>::new()
    );
    for dir in [patient.dir(), site.office.dir()] {
        let mut vault = Vault::open(dir, &keys(dir), Env::system(), VIEWS).unwrap();
        for seed in vault.device().unwrap().seeds() {
            let found = found_secret("a key", seed.expose(), &searched);
            assert_eq!(found, Vec::<String>::new());
        }
    }
}

#[test]
fn asking_for_more_logs_gives_no_words() {
    let site = Site::new();
    let (patient, _) = site.enrolled(NAME, BORN);
    patient.log(&["3", "--note", SHARED, "--share"]);
    let mut sync = patient.command(&["sync"]);
    let ended = run(sync.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace"));
    assert_eq!(ended.code, Some(0));
    std::thread::sleep(Duration::from_millis(50));
    let logs = [
        ("out".to_owned(), ended.out.into_bytes()),
        ("err".to_owned(), ended.err.into_bytes()),
        ("server".to_owned(), site.server.logs().into_bytes()),
    ];
    assert_eq!(found(&WORDS, &logs), Vec::<String>::new());
}
