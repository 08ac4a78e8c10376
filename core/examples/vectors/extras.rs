//! Hashes, padding, clock, an invite, a signed request and messages.

use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::request::Parts;
use clinic_api::http::signature;
use clinic_api::message::*;
use clinic_api::{crypto, wire};
use companion_core::event::{Hlc, HybridClock};
use companion_core::space::invite::{self, InviteCode, InviteSecret};
use companion_core::space::pad;
use serde_json::{Value, json};

use super::world::World;
use super::{fixed, hex};

pub fn hashes() -> Value {
    let cases: [(&str, &[&[u8]]); 3] = [
        ("statement", &[]),
        ("content", &[b"abc"]),
        ("space", &[&[1], &[0x11; 32]]),
    ];
    let all = cases.map(|(label, parts)| {
        json!({ "label": label, "parts": parts.iter().map(hex).collect::<Vec<_>>(), "hash": hex(crypto::hash(label, parts)) })
    });
    all.into_iter().collect()
}

/// Lengths and what they are padded to.
pub fn padme() -> Value {
    let lengths = [
        0, 1, 511, 512, 513, 528, 529, 1000, 1023, 1024, 1025, 1056, 1057, 2048, 2049, 4096, 4097,
        9999, 65_535, 65_536, 65_537, 100_000, 262_112, 1_000_000,
    ];
    lengths
        .into_iter()
        .map(|n| json!([n, pad::padme(n)]))
        .collect()
}

/// Readings of a hybrid clock: what it was told, and where it then stands.
pub fn clock() -> Value {
    let mut clock = HybridClock::default();
    let mut steps = Vec::new();
    let show = |r: Hlc| json!([r.ms, r.counter]);
    for now in [1000, 1000, 900, 1001] {
        let reading = clock.tick(now);
        steps.push(json!({ "tick": now, "reading": show(reading) }));
    }
    for (ms, counter, now) in [
        (5000, 7, 1002),
        (4000, 9, 1003),
        (301_003, 0, 1003),
        (301_004, 0, 1003),
    ] {
        let followed = clock.follow(Hlc { ms, counter }, now);
        steps.push(json!({ "follow": [ms, counter], "now": now, "followed": followed, "last": show(clock.last()) }));
    }
    let reading = clock.tick(2000);
    steps.push(json!({ "tick": 2000, "reading": show(reading) }));
    Value::Array(steps)
}

pub fn offer(world: &World) -> Vec<u8> {
    wire::encode(&Offer {
        roster: world.roster.id(),
        root: world.roster.root_id(),
        clinic: world.roster.name().to_owned(),
        expires: fixed::NOW_MS / 1000 + clinic_api::limits::INVITE_SECONDS,
    })
}

pub fn secret() -> InviteSecret {
    InviteSecret::generate(&fixed::env("invite"))
}

pub fn invite(world: &World) -> Value {
    let secret = secret();
    let (patient, roster, root) = (
        world.patient.id(),
        world.roster.id(),
        world.roster.root_id(),
    );
    let offer = offer(world);
    let digits = invite::digits(secret.lookup(), patient, root, roster).unwrap();
    let transcript = crypto::hash(
        "join transcript",
        &[&secret.lookup().0, &patient.0, &root.0, &roster.0],
    );
    json!({
        "secret": hex(secret.expose()),
        "text": secret.text(),
        "also": [
            secret.text().to_lowercase(),
            secret.text().replace('-', " "),
            secret.text().replace('-', ""),
            secret.text().replace('0', "o").replace('1', "l"),
            secret.text().replace('0', "O").replace('1', "I"),
        ],
        "qr": InviteCode::qr(&secret, root, "https://clinic.example:8443"),
        "qr_loopback": InviteCode::qr(&secret, root, "http://127.0.0.1:8080"),
        "server": "https://clinic.example:8443",
        "lookup": hex(secret.lookup()),
        "offer": hex(&offer),
        "offer_mac": hex(secret.offer_mac(&offer)),
        "claim_mac": hex(secret.claim_mac(patient, root)),
        "transcript": hex(transcript),
        "digits": digits.to_string(),
    })
}

/// A signed push, with its whole body.
pub fn request(world: &World) -> Value {
    let body = push(world);
    let space = world.parties(0).space().unwrap();
    let path = format!("/v1/spaces/{space}/runs");
    let authority = Authority::parse(Scheme::Https, "Clinic.Example:443").unwrap();
    let digest = ContentDigest::of(&body);
    let parts = Parts {
        method: "POST",
        authority: &authority,
        path: &path,
        query: None,
        content_digest: &digest,
    };
    let created = fixed::NOW_MS / 1000;
    let mut base = Vec::new();
    let headers = signature::sign(&parts, world.phone.id().0, created, |bytes| {
        base = bytes.to_vec();
        world.phone.request().sign(bytes)
    })
    .unwrap();
    json!({
        "device": "phone",
        "method": "POST",
        "scheme": "https",
        "host": "Clinic.Example:443",
        "path": path,
        "query": "",
        "content_digest": digest.to_string(),
        "signature_input": headers.signature_input,
        "signature": headers.signature,
        "signature_base": String::from_utf8(base).unwrap(),
        "body": hex(&body),
        "now": created + 300,
    })
}

fn push(world: &World) -> Vec<u8> {
    let runs = world.spaces[0].logs[0].runs.iter();
    wire::encode(&Push {
        runs: runs.map(|r| r.to_bytes().into()).collect(),
    })
}

/// One of each message.
pub fn messages(world: &World) -> Value {
    let secret = secret();
    let log = &world.spaces[0].logs[0];
    let tip = log.tip.unwrap();
    let first = || vec![world.patient_statements[0].to_bytes().into()];
    let claim = || Claim {
        statements: first(),
        mac: secret.claim_mac(world.patient.id(), world.roster.root_id()),
    };
    let record = |state, claim| InviteRecord {
        lookup: secret.lookup(),
        state,
        expires: 1_769_074_200,
        claim,
    };
    json!({
        "statements": hex(wire::encode(&Statements { statements: first() })),
        "chain_page": hex(wire::encode(&ChainPage { statements: first(), more: true })),
        "push": hex(push(world)),
        "pushed": hex(wire::encode(&Pushed { stored: 3 })),
        "pull": hex(wire::encode(&Pull { have: vec![Have { log: tip.log, beat: tip.beat }] })),
        "pulled": hex(wire::encode(&Pulled { runs: vec![log.runs[2].to_bytes().into()], more: false })),
        "new_invite": hex(wire::encode(&NewInvite { lookup: secret.lookup(), offer: offer(world), mac: secret.offer_mac(&offer(world)) })),
        "invite_offer": hex(wire::encode(&InviteOffer { offer: offer(world), mac: secret.offer_mac(&offer(world)) })),
        "claim": hex(wire::encode(&claim())),
        "invites": hex(wire::encode(&Invites { invites: vec![record(InviteState::Waiting, None), record(InviteState::Claimed, Some(claim()))] })),
        "server_time": hex(wire::encode(&ServerTime { now: 1_768_469_400 })),
    })
}
