//! The committed vectors: they are what the generator makes, they verify and
//! open, and every forgery among them is refused for the reason it names.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failure must stop a test, also in its helpers"
)]

#[path = "space_vectors/reader.rs"]
mod reader;
#[path = "space_vectors/refusals.rs"]
mod refusals;
#[path = "../examples/vectors/mod.rs"]
mod vectors;

use companion_core::event::{Hlc, HybridClock};
use companion_core::space::invite::{InviteCode, InviteSecret, digits};
use companion_core::space::{epoch, pad};
use reader::{File, bytes, text};
use serde_json::Value;

#[test]
fn the_generator_makes_the_file_byte_for_byte() {
    let made = vectors::text() + "\n";
    assert!(made == reader::raw(), "the file and the generator differ");
}

#[test]
fn chains_verify_and_have_their_names() {
    let file = File::read();
    let patient = file.patient();
    let json = &file.json["chains"];
    assert_eq!(patient.id().to_string(), text(&json["patient"]["id"]));
    assert_eq!(file.roster().id().to_string(), text(&json["roster"]["id"]));
    let last = json["roster"]["hashes"].as_array().unwrap().last().unwrap();
    assert_eq!(file.roster().tip().hash.to_string(), text(last));
    let tablet = file.device("tablet");
    assert!(patient.device_in(tablet.id(), 3));
    assert!(!patient.device_in(tablet.id(), 4));
}

#[test]
fn every_recipient_opens_just_the_epochs_that_name_it() {
    let file = File::read();
    for space in file.spaces() {
        for (record, json) in space.chain.all().iter().zip(space.keys()) {
            let mut opened = Vec::new();
            for (id, key) in file.openers(record) {
                assert_eq!(key.seed().expose().as_slice(), bytes(&json["key"]));
                assert_eq!(key.commitment().as_slice(), bytes(&json["commitment"]));
                opened.push(id.to_string());
            }
            let named = json["recipients"].as_array().unwrap().iter();
            assert_eq!(opened, named.map(text).collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_way_back_leads_to_the_same_keys() {
    let file = File::read();
    let mut steps = 0;
    for space in file.spaces() {
        let all = space.chain.all();
        for n in 1..all.len() {
            let key = file.openers(&all[n]).remove(0).1;
            let before = epoch::open_previous(&key, &all[n], &all[n - 1]);
            if space.keys()[n]["holds_previous"].as_bool().unwrap() {
                let found = before.unwrap();
                let known = bytes(&space.keys()[n - 1]["key"]);
                assert_eq!(found.seed().expose().as_slice(), known);
                steps += 1;
            } else {
                assert!(before.is_err());
            }
        }
    }
    assert_eq!(steps, 5);
}

#[test]
fn runs_verify_and_frames_open() {
    let file = File::read();
    let (mut runs, mut frames, mut erased) = (0, 0, 0);
    for space in file.spaces() {
        for log in space.logs(&file) {
            runs += log.verified.len();
            for frame in &log.frames {
                let Some(body) = &frame.body else {
                    erased += 1;
                    continue;
                };
                let opened = space.open(&file, frame.epoch, &frame.header, body).unwrap();
                assert_eq!(clinic_api::wire::encode(&opened), frame.plaintext);
                assert_eq!(reader::show(&opened), frame.events);
                frames += 1;
            }
        }
    }
    assert_eq!((runs, frames, erased), (10, 10, 1));
}

#[test]
fn an_invite_and_all_that_derives_from_it() {
    let file = File::read();
    let json = &file.json["invite"];
    let secret = InviteSecret::from_bytes(bytes(&json["secret"]).try_into().unwrap());
    assert_eq!(secret.text(), text(&json["text"]));
    assert_eq!(secret.lookup().to_string(), text(&json["lookup"]));
    for spelled in json["also"].as_array().unwrap() {
        let parsed = InviteSecret::parse(&text(spelled)).unwrap();
        assert_eq!(parsed.expose(), secret.expose());
    }
    let scanned = InviteCode::parse(&text(&json["qr"])).unwrap();
    assert_eq!(scanned.server.unwrap(), text(&json["server"]));
    assert_eq!(scanned.root.unwrap(), file.roster().root_id());
    let local = InviteCode::parse(&text(&json["qr_loopback"])).unwrap();
    assert_eq!(local.server.unwrap(), "http://127.0.0.1:8080");
    let offer = secret.offer_mac(&bytes(&json["offer"]));
    assert_eq!(offer.as_slice(), bytes(&json["offer_mac"]));
    let (patient, roster) = (file.patient(), file.roster());
    let claim = secret.claim_mac(patient.id(), roster.root_id());
    assert_eq!(claim.as_slice(), bytes(&json["claim_mac"]));
    let shown = digits(secret.lookup(), patient.id(), roster.root_id(), roster.id());
    assert_eq!(shown.unwrap().to_string(), text(&json["digits"]));
}

#[test]
fn padding_and_clock() {
    let file = File::read();
    let length = |v: &Value| usize::try_from(v.as_u64().unwrap()).unwrap();
    for pair in file.json["padme"].as_array().unwrap() {
        assert_eq!(pad::padme(length(&pair[0])), length(&pair[1]));
    }
    let mut clock = HybridClock::default();
    let reading = |v: &Value| Hlc {
        ms: v[0].as_i64().unwrap(),
        counter: u32::try_from(v[1].as_u64().unwrap()).unwrap(),
    };
    for step in file.json["clock"].as_array().unwrap() {
        if let Some(now) = step["tick"].as_i64() {
            assert_eq!(clock.tick(now), reading(&step["reading"]));
        } else {
            let now = step["now"].as_i64().unwrap();
            let followed = clock.follow(reading(&step["follow"]), now);
            assert_eq!(followed, step["followed"].as_bool().unwrap());
            assert_eq!(clock.last(), reading(&step["last"]));
        }
    }
}

#[test]
fn a_signed_request_passes() {
    let file = File::read();
    let good = serde_json::json!({ "kind": "request", "request": file.json["request"] });
    assert_eq!(refusals::refusal(&file, &good), "accepted");
}

#[test]
fn every_forgery_is_refused_for_its_reason() {
    let file = File::read();
    let cases = file.json["negative"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let found = refusals::refusal(&file, case);
        if found != text(&case["error"]) {
            let title = refusals::title(case);
            wrong.push(format!("{title}: {found}, not {}", case["error"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases.len() > 100, "{}", cases.len());
}
