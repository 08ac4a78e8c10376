//! The memory of a console that was locked: no key is left in it.
//!
//! Keys alone: what somebody read may stay for a while in what the allocator or the system
//! keeps, and is not promised to be gone.

use std::fs::File;
use std::os::unix::fs::FileExt;

use clinic_api::id::ChainId;
use clinic_api::space::SpaceKind;
use companion_core::vault::KeyStore;
use companion_tests::console::Browser;
use companion_tests::office::{PASSPHRASE, keys};
use companion_tests::process::{Process, command};
use companion_tests::search::{Haystack, found_secret};
use companion_tests::site::Site;

/// All that a process can write, part by part.
fn memory(pid: u32) -> Vec<Haystack> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut parts = Vec::new();
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        if !rest.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let at = |text| u64::from_str_radix(text, 16).unwrap();
        let (from, to) = (at(from), at(to));
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // Not all that is mapped can be read.
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            let name = rest.split_whitespace().nth(4).unwrap_or("unnamed");
            parts.push((format!("{name} at {range}"), bytes));
        }
    }
    parts
}

/// The keys of the office's vault, by name.
fn secrets(site: &Site, patient: ChainId) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    let key = keys(site.office.dir()).load().unwrap().unwrap();
    all.push(("the vault's key", key.expose().to_vec()));
    all.push(("the passphrase", PASSPHRASE.as_bytes().to_vec()));
    site.office.companion().vault().with(|vault| {
        let device = vault.device().unwrap();
        let names = ["the log key", "the request key", "the KEM key"];
        for (name, seed) in names.into_iter().zip(device.seeds()) {
            all.push((name, seed.expose().to_vec()));
        }
        let care = SpaceKind::Care.id(patient);
        let entry = vault.space(care).unwrap();
        vault.load_space(&entry).unwrap();
        let epoch = vault.chains().epochs(care).unwrap().last().unwrap();
        let (hash, number) = (epoch.hash, epoch.number);
        let key = vault.epoch_key(care, hash, number).unwrap().unwrap();
        all.push(("an epoch's key", key.seed().expose().to_vec()));
    });
    all
}

fn held(pid: u32, secrets: &[(&'static str, Vec<u8>)]) -> Vec<String> {
    let memory = memory(pid);
    let found = secrets
        .iter()
        .map(|(name, key)| found_secret(name, key, &memory));
    found.flatten().collect()
}

#[test]
fn a_console_that_was_locked_holds_no_key() {
    let mut site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    for note in ["one", "two", "three"] {
        patient.log(&["4", "--note", note, "--share"]);
    }
    patient.sync();
    site.office.sync();
    let secrets = secrets(&site, chain);
    site.office.close();

    let mut console = command("clinic-console");
    console.arg("--dir").arg(site.office.dir());
    let console = Process::start(&mut console);
    let address = console.line(|line| line.starts_with("http://"));
    let mut browser = Browser::open(&address);
    browser.unlock(PASSPHRASE);
    patient.log(&["6", "--note", "four", "--share"]);
    patient.sync();
    browser.send("/sync", &[("back", "/patients")]);
    let page = browser.after("<a href=\"/patients/").unwrap();
    browser.visit(&format!("/patients/{page}?days=all"));
    assert!(browser.page.contains("four"));
    // Unlocked it works with them; so the search finds what is there.
    let open = held(console.id(), &secrets).join("\n");
    for name in ["the log key", "the request key", "the KEM key"] {
        assert!(open.contains(name), "{open}");
    }
    assert_eq!(browser.send("/lock", &[]), 200);
    assert_eq!(held(console.id(), &secrets), Vec::<String>::new());
}
