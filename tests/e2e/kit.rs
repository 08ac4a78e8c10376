//! The recovery kit: 24 words bring everything back, and nobody else's words do.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use clinic_api::chain::Signed;
use clinic_api::id::ChainId;
use clinic_api::message::{CBOR, ChainPage, Chains};
use clinic_api::wire;
use companion_core::env::Env;
use companion_tests::office::open;
use companion_tests::patient::Patient;
use companion_tests::site::Site;
use serde_json::Value;

fn words(page: &Value) -> String {
    let words = page["words"].as_array().unwrap().iter();
    let words: Vec<_> = words.map(|w| w.as_str().unwrap()).collect();
    assert_eq!(words.len(), 24);
    words.join(" ")
}

#[test]
fn words_alone_bring_everything_back_and_the_journal_goes_on() {
    let site = Site::new();
    let (lost, chain) = site.enrolled("Robin Sand", "1979-05-06");
    lost.log(&["3", "--note", "mine alone"]);
    lost.log(&["6", "--note", "ours", "--share"]);
    assert_eq!(lost.json(&["kit"])["kit"], "never-made");
    let page = lost.json(&["kit", "make"]);
    assert_eq!(lost.json(&["kit"])["kit"], "made");
    lost.log(&["5", "--note", "after the kit"]);
    lost.sync();
    site.office.sync();

    let found = Patient::without_journal(site.path(), "found");
    let at = ["kit", "restore", "--server", site.address()];
    let (code, back) = found.typed(&at, &words(&page));
    assert_eq!((code, &back["alarms"]), (0, &0.into()), "{back}");
    assert_eq!(back["entries"], 3);
    assert_eq!(found.notes(true), ["ours"]);
    assert_eq!(found.notes(false), ["after the kit", "mine alone"]);
    // It goes on from here, and the clinic reads it without having been asked.
    found.log(&["7", "--note", "new phone", "--share"]);
    found.sync();
    site.office.sync();
    let mut read = site.office.notes(chain);
    read.sort();
    assert_eq!(read, ["new phone", "ours"]);
    // The first device was not lost after all.
    lost.sync();
    assert_eq!(lost.notes(true), ["new phone", "ours"]);
    // Typed a second time, the words change nothing.
    let (code, refused) = found.typed(&at, &words(&page));
    assert_eq!(
        (code, &refused["problem"]["code"]),
        (77, &"not-fresh".into())
    );
}

#[test]
fn the_code_on_the_page_needs_no_address() {
    let site = Site::new();
    let (lost, _) = site.enrolled("Robin Sand", "1979-05-06");
    lost.log(&["3", "--note", "mine alone"]);
    let page = lost.json(&["kit", "make"]);
    lost.sync();
    let found = Patient::without_journal(site.path(), "found");
    let (code, typed_words) = found.typed(&["kit", "restore"], &words(&page));
    assert_eq!(
        (code, &typed_words["problem"]["code"]),
        (65, &"server-needed".into())
    );
    let qr = page["qr"].as_str().unwrap();
    let (code, back) = found.typed(&["kit", "restore"], qr);
    assert_eq!((code, &back["entries"]), (0, &1.into()), "{back}");
}

#[test]
fn a_kit_is_checked_by_its_words_alone() {
    let site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    let first = words(&patient.json(&["kit", "make"]));
    let (code, checked) = patient.typed(&["kit", "check"], &first.to_uppercase());
    assert_eq!((code, &checked["kit"]), (0, &"checked".into()));
    assert_eq!(patient.json(&["status"])["kit"], "checked");
    // Two words that changed places.
    let mut swapped: Vec<_> = first.split(' ').collect();
    swapped.swap(0, 1);
    let (code, refused) = patient.typed(&["kit", "check"], &swapped.join(" "));
    if swapped[0] != swapped[1] {
        // One swap of 256 still fits the checksum; then it is another kit's words.
        let why = refused["problem"]["code"].as_str().unwrap();
        assert!(["kit-checksum", "kit-other"].contains(&why) && code != 0);
    }
    let second = words(&patient.json(&["kit", "make"]));
    assert_ne!(first, second);
    assert_eq!(patient.json(&["kit"])["kit"], "made");
    let (code, refused) = patient.typed(&["kit", "check"], &first);
    assert_eq!(
        (code, &refused["problem"]["code"]),
        (77, &"kit-other".into())
    );
}

#[test]
fn a_kit_that_was_shut_out_or_replaced_opens_nothing() {
    let site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    let first = words(&patient.json(&["kit", "make"]));
    let second = words(&patient.json(&["kit", "make"]));
    let thief = Patient::without_journal(site.path(), "thief");
    let at = ["kit", "restore", "--server", site.address()];
    let unknown = (77, Value::from("kit-unknown"));
    let refused = |words: &str| {
        let (code, value) = thief.typed(&at, words);
        (code, value["problem"]["code"].clone())
    };
    assert_eq!(refused(&first), unknown);
    patient.json(&["kit", "shut-out"]);
    assert_eq!(patient.json(&["kit"])["kit"], "shut-out");
    assert_eq!(refused(&second), unknown);
    let (code, why, _) = patient.problem(&["kit", "shut-out"]);
    assert_eq!((code, why.as_str()), (73, "no-kit"));
}

#[test]
fn a_kit_takes_nobodys_place() {
    let site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    let other = Patient::new(site.path(), "other");
    other.log(&["4", "--note", "kept"]);
    let page = patient.json(&["kit", "make"]);
    let (code, refused) = other.typed(&["kit", "restore"], page["qr"].as_str().unwrap());
    assert_eq!(
        (code, &refused["problem"]["code"]),
        (77, &"not-fresh".into())
    );
    assert_eq!(other.notes(false), ["kept"]);
}

/// A server that shows the first of these chains as the kit's, whoever asks; its address.
fn showing(chains: Vec<(ChainId, Vec<Signed>)>) -> String {
    let own = wire::encode(&Chains {
        chains: vec![chains[0].0],
    });
    let pages = chains.into_iter().map(|(id, statements)| {
        let statements = statements.iter().map(|s| s.to_bytes().into()).collect();
        let more = false;
        let page = wire::encode(&ChainPage { statements, more });
        (format!("GET /v1/chains/{id}?"), page)
    });
    let pages: Vec<(String, Vec<u8>)> = pages.collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).unwrap() > 0 {}
            let asked = pages.iter().find(|(path, _)| head.starts_with(path));
            let body = asked.map_or(&own, |(_, page)| page);
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {CBOR}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[answer.as_bytes(), body].concat());
        }
    });
    address
}

#[test]
fn a_kit_takes_no_chain_in_which_it_was_not_adopted() {
    let site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    let page = patient.json(&["kit", "make"]);
    let other = Patient::new(site.path(), "other");
    let chain = site.enrol(&other, "Kim Moor", "1980-01-02");
    other.json(&["kit", "make"]);
    let vault = open(other.dir(), Env::system()).vault();
    let chains = vault.with(|v| {
        v.load_patient(chain).unwrap();
        let known = v.chains().patient(chain).unwrap();
        let roster = known.clinic_at(known.tip().number).unwrap().roster;
        [chain, roster].map(|id| (id, v.statements(id).unwrap()))
    });
    let found = Patient::without_journal(site.path(), "found");
    let at = ["kit", "restore", "--server", &showing(chains.to_vec())];
    let (code, refused) = found.typed(&at, &words(&page));
    assert_eq!(
        (code, &refused["problem"]["code"]),
        (76, &"kit-forged".into())
    );
    // Nothing of it was taken: the right server brings the right journal back.
    let (code, _) = found.typed(&["kit", "restore"], page["qr"].as_str().unwrap());
    assert_eq!(code, 0);
}
