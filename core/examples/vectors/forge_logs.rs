//! Forged runs, frames and wraps.

use clinic_api::id::{HeaderHash, StatementHash};
use clinic_api::log::{Head, Item, Run};
use clinic_api::member::Wrap;
use clinic_api::{crypto, wire};
use companion_core::space::keys::Seed;
use companion_core::space::wrap::{self, Purpose};
use serde_json::{Value, json};

use super::logs::Log;
use super::world::World;
use super::{fixed, hex};

/// What a log refuses, shown on the phone's in *private*.
pub fn runs(world: &World) -> Vec<Value> {
    let log = &world.spaces[0].logs[0];
    let [first, second, empty] = [0, 1, 2].map(|n| log.runs[n].clone());
    let case = |name: &str, after: usize, run: &Run, error: &str| {
        json!({
            "kind": "run", "space": "private", "log": 0, "name": name, "after": after,
            "run": hex(run.to_bytes()), "error": error,
        })
    };
    let change = |run: &Run, how: &dyn Fn(&mut Run)| {
        let mut run = run.clone();
        how(&mut run);
        run
    };
    let resign = |run: &Run, how: &dyn Fn(&mut Head)| {
        let mut head = run.claimed_head().unwrap();
        how(&mut head);
        Run::new(run.items.clone(), &head, |bytes| log.sign(bytes))
    };
    let swapped = change(&first, &|r| r.items.swap(0, 1));
    let erased = change(&first, &|r| r.items[0] = Item::Erased([5; 32]));
    let bit = change(&first, &|r| {
        if let Item::Body(body) = &mut r.items[0] {
            body[100] ^= 1;
        }
    });
    let by_other = {
        let head = first.claimed_head().unwrap();
        let tablet = &world.spaces[0].logs[1];
        Run::new(first.items.clone(), &head, |bytes| tablet.sign(bytes))
    };
    let without_epoch = {
        // A map of 12; the last field is key 13 and 34 bytes of a hash.
        let mut head = first.head.clone();
        head.truncate(head.len() - 35);
        head[0] -= 1;
        let signature = log.sign(&crypto::to_sign("head", &[&head]));
        let items = first.items.clone();
        Run {
            items,
            head,
            signature,
        }
    };
    vec![
        case(
            "signature changed",
            0,
            &change(&first, &|r| r.signature[10] ^= 1),
            "bad-signature",
        ),
        case("another device signs", 0, &by_other, "bad-signature"),
        case(
            "the head's last byte changed",
            0,
            &change(&first, &|r| *r.head.last_mut().unwrap() ^= 1),
            "bad-signature",
        ),
        case("replayed", 1, &first, "conflict"),
        case("a run left out", 1, &empty, "gap"),
        case(
            "another head before",
            1,
            &resign(&second, &|h| h.previous = None),
            "conflict",
        ),
        case(
            "of another log",
            1,
            &world.spaces[0].logs[1].runs[0],
            "wrong-log",
        ),
        case(
            "for another space",
            0,
            &resign(&first, &|h| h.space = world.parties(1).space().unwrap()),
            "wrong-log",
        ),
        case(
            "another nonce",
            1,
            &resign(&second, &|h| h.nonce[0] ^= 1),
            "wrong-log",
        ),
        case("frames swapped", 0, &swapped, "frames-do-not-fit"),
        case(
            "a frame dropped",
            0,
            &change(&first, &|r| {
                r.items.pop();
            }),
            "frames-do-not-fit",
        ),
        case(
            "a frame twice",
            0,
            &change(&first, &|r| {
                let i = r.items[0].clone();
                r.items.push(i);
            }),
            "frames-do-not-fit",
        ),
        case(
            "a frame of the next run",
            0,
            &change(&first, &|r| r.items.push(second.items[0].clone())),
            "frames-do-not-fit",
        ),
        case("a body changed", 0, &bit, "frames-do-not-fit"),
        case(
            "erased with another content",
            0,
            &erased,
            "frames-do-not-fit",
        ),
        case(
            "another epoch cited",
            0,
            &resign(&first, &|h| h.epoch = StatementHash([4; 32])),
            "frames-do-not-fit",
        ),
        case(
            "another patient chain cited",
            0,
            &resign(&first, &|h| h.patient = StatementHash([4; 32])),
            "frames-do-not-fit",
        ),
        case(
            "a roster cited",
            0,
            &resign(&first, &|h| h.roster = StatementHash([4; 32])),
            "frames-do-not-fit",
        ),
        case(
            "another epoch in the head of no frames",
            2,
            &change(&empty, &|r| {
                let mut head = r.claimed_head().unwrap();
                head.epoch = StatementHash([4; 32]);
                r.head = wire::encode(&head);
            }),
            "bad-signature",
        ),
        case("a head without an epoch", 0, &without_epoch, "malformed"),
        case(
            "another number",
            0,
            &resign(&first, &|h| h.number += 1),
            "frames-do-not-fit",
        ),
        case(
            "another header",
            0,
            &resign(&first, &|h| h.header = HeaderHash([1; 32])),
            "frames-do-not-fit",
        ),
        case(
            "version 2",
            0,
            &resign(&first, &|h| h.version = 2),
            "unsupported",
        ),
        case(
            "suite 2",
            0,
            &resign(&first, &|h| h.suite = 2),
            "unsupported",
        ),
        case(
            "a body too short",
            0,
            &change(&first, &|r| r.items[0] = Item::Body(vec![0; 31])),
            "frame-length",
        ),
        case(
            "513 frames",
            0,
            &change(&first, &|r| r.items = vec![Item::Erased([0; 32]); 513]),
            "too-many-frames",
        ),
        case(
            "a byte after the head",
            0,
            &change(&first, &|r| r.head.push(0)),
            "trailing",
        ),
    ]
}

/// Where each part of a header is, and its name.
pub const HEADER_PARTS: [(&str, usize); 8] = [
    ("version", 0),
    ("suite", 1),
    ("log", 2),
    ("number", 25),
    ("previous", 26),
    ("epoch", 58),
    ("patient", 90),
    ("roster", 122),
];

/// What does not open: a frame of *care* of which something was changed.
pub fn frames(world: &World) -> Vec<Value> {
    let care = &world.spaces[1];
    let log: &Log = &care.logs[1];
    let frame = &log.frames[0];
    let case = |name: &str, space: &str, epoch: usize, header: &[u8], body: &[u8]| {
        json!({
            "kind": "frame", "name": name, "space": space, "epoch": epoch,
            "header": hex(header), "body": hex(body), "error": "does-not-open",
        })
    };
    let header = frame.header.as_bytes();
    let mut cases: Vec<Value> = HEADER_PARTS
        .iter()
        .map(|(name, at)| {
            let mut changed = *header;
            changed[*at] ^= 1;
            case(
                &format!("header: {name}"),
                care.name,
                frame.epoch,
                &changed,
                &frame.body,
            )
        })
        .collect();
    for (name, at) in [
        ("salt", 0),
        ("ciphertext", 16),
        ("tag", frame.body.len() - 1),
    ] {
        let mut changed = frame.body.clone();
        changed[at] ^= 1;
        cases.push(case(
            &format!("body: {name}"),
            care.name,
            frame.epoch,
            header,
            &changed,
        ));
    }
    cases.push(case(
        "under the epoch before",
        care.name,
        0,
        header,
        &frame.body,
    ));
    cases.push(case("as of another space", "desk", 1, header, &frame.body));
    cases.push(case(
        "cut short",
        care.name,
        frame.epoch,
        header,
        &frame.body[..15],
    ));
    cases
}

/// Wraps that do not give the epoch's key.
pub fn wraps(world: &World) -> Vec<Value> {
    let private = &world.spaces[0];
    let record = &private.chain.all()[1];
    let phone = &record.step.wraps[0];
    let case = |name: &str, wrap: &Wrap, error: &str| {
        json!({
            "kind": "wrap", "name": name, "space": private.name, "epoch": 1, "device": "phone",
            "wrap": { "recipient": hex(wrap.recipient), "enc": hex(&wrap.enc), "sealed": hex(&wrap.sealed) },
            "error": error,
        })
    };
    let change = |how: &dyn Fn(&mut Wrap)| {
        let mut wrap = phone.clone();
        how(&mut wrap);
        wrap
    };
    let mut tablets = record.step.wraps[1].clone();
    tablets.recipient = phone.recipient;
    let env = fixed::env("forged wraps");
    let made = |label, space: usize, number: u64, key: &Seed| {
        let space = world.parties(space).space().unwrap();
        let previous = record.previous.unwrap();
        let parts: [&[u8]; 4] = [
            &space.0,
            &number.to_be_bytes(),
            &previous.0,
            &record.step.commitment,
        ];
        let purpose = Purpose {
            label,
            parts: &parts,
        };
        wrap::wrap(&env, phone.recipient, &world.phone.keys().kem, purpose, key).unwrap()
    };
    let key = private.keys[1].seed();
    vec![
        case("another's wrap under one's name", &tablets, "does-not-open"),
        case(
            "nobody's",
            &change(&|w| w.recipient = world.anna.id().into()),
            "not-a-member",
        ),
        case("enc changed", &change(&|w| w.enc[0] ^= 1), "does-not-open"),
        case(
            "sealed changed",
            &change(&|w| w.sealed[0] ^= 1),
            "does-not-open",
        ),
        case(
            "of the epoch before",
            &private.chain.all()[0].step.wraps[0],
            "does-not-open",
        ),
        case(
            "made for another space",
            &made("epoch wrap", 1, 1, key),
            "does-not-open",
        ),
        case(
            "made for another epoch",
            &made("epoch wrap", 0, 2, key),
            "does-not-open",
        ),
        case(
            "made under another label",
            &made("team wrap", 0, 1, key),
            "does-not-open",
        ),
        case(
            "another key",
            &made("epoch wrap", 0, 1, &Seed::new([9; 32])),
            "wrong-commitment",
        ),
    ]
}
