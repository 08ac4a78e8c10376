//! Forged statements of the three chains.

use clinic_api::chain::patient::{LastHead, PatientStep};
use clinic_api::chain::roster::RosterStep;
use clinic_api::chain::{Body, ChainKind, Signed, Tip};
use clinic_api::crypto;
use clinic_api::id::{HeadHash, LogId, PersonId, SpaceId};
use clinic_api::member::{Role, Team};
use clinic_api::wire;
use companion_core::space::keys::{DeviceSecrets, Seed, TeamSecret};
use companion_core::space::{clinic, patient};
use serde_json::{Value, json};

use super::forge::{fields, map, say, say_bytes};
use super::world::{Who, World};
use super::{fixed, hex};

fn case(chain: &str, name: &str, after: usize, statement: &Signed, error: &str) -> Value {
    json!({
        "kind": "statement", "chain": chain, "name": name, "after": after,
        "statement": hex(statement.to_bytes()), "error": error,
    })
}

pub fn tip(statements: &[Signed], after: usize) -> Tip {
    Tip {
        number: after as u64 - 1,
        hash: statements[after - 1].hash(),
    }
}

pub fn step<S: for<'b> wire_decode::Step<'b>>(statement: &Signed) -> S {
    let body: Body<S> = wire::decode(&statement.body).unwrap();
    body.step
}

pub mod wire_decode {
    pub trait Step<'b>: minicbor::Decode<'b, ()> {}
    impl<'b, T: minicbor::Decode<'b, ()>> Step<'b> for T {}
}

/// What a chain of any kind refuses, shown on the patient chain and its rules.
pub fn patient(world: &World) -> Vec<Value> {
    let all = &world.patient_statements;
    let end = all.len();
    let last = tip(all, end);
    let retire = || PatientStep::KitRetired {
        kit: world.kit.keys().id(),
    };
    let at_end = |name, statement: Signed, error| case("patient", name, end, &statement, error);
    let by = |who, step| say(world, who, ChainKind::Patient, Some(last), step);
    let mut flipped = all[1].clone();
    flipped.signature[0] ^= 1;
    let mut changed = all[1].clone();
    *changed.body.last_mut().unwrap() ^= 1;
    let (phone, _) = world.signer(Who::Phone);
    let claimed = Body::following(
        ChainKind::Patient,
        Some(last),
        fixed::NOW_MS,
        phone,
        retire(),
    );
    let (_, tablet) = world.signer(Who::Tablet);
    let other_env = fixed::env("another patient");
    let other = patient::found(&other_env, &world.phone);
    let new = DeviceSecrets::generate(&other_env).unwrap();
    let added = |keys: &DeviceSecrets, parts: [&[u8]; 3]| PatientStep::DeviceAdded {
        device: keys.keys().clone(),
        consent: keys.log().sign(&crypto::to_sign("patient consent", &parts)),
    };
    let here = world.patient.id();
    let head = |space| LastHead {
        space,
        log: LogId([1; 16]),
        beat: 1,
        head: HeadHash([2; 32]),
    };
    let out = |heads| PatientStep::DeviceRemoved {
        device: world.phone.id(),
        heads,
    };
    let mut no_key = new.keys().clone();
    no_key.kem[..3].fill(0xff);
    let no_key_id = no_key.id();
    let mut cases = vec![
        case("patient", "signature changed", 1, &flipped, "bad-signature"),
        case("patient", "body changed", 1, &changed, "bad-signature"),
        case(
            "patient",
            "a stranger signs",
            1,
            &say(
                world,
                Who::Tablet,
                ChainKind::Patient,
                Some(tip(all, 1)),
                retire(),
            ),
            "not-allowed",
        ),
        at_end(
            "a removed device signs",
            by(Who::Tablet, retire()),
            "not-allowed",
        ),
        at_end(
            "one signs as another",
            Signed::new(&claimed, tablet),
            "bad-signature",
        ),
        case("patient", "replayed", 3, &all[2], "not-next"),
        case("patient", "one left out", 2, &all[3], "not-next"),
        at_end(
            "of another patient",
            say(
                world,
                Who::Phone,
                ChainKind::Patient,
                Some(Tip {
                    number: last.number,
                    hash: other.hash(),
                }),
                retire(),
            ),
            "not-next",
        ),
        at_end(
            "of the roster",
            world.roster_statements[end].clone(),
            "wrong-kind",
        ),
        at_end(
            "signed as another kind",
            relabel(world, last),
            "bad-signature",
        ),
        at_end("founded again", by(Who::Phone, step(&all[0])), "rule"),
        case(
            "patient",
            "founded by another",
            0,
            &say(
                world,
                Who::Tablet,
                ChainKind::Patient,
                None,
                step::<PatientStep>(&all[0]),
            ),
            "not-allowed",
        ),
        case(
            "patient",
            "does not found",
            0,
            &say(world, Who::Phone, ChainKind::Patient, None, retire()),
            "rule",
        ),
        at_end(
            "no consent",
            by(
                Who::Phone,
                PatientStep::DeviceAdded {
                    device: new.keys().clone(),
                    consent: [0; 64],
                },
            ),
            "rule",
        ),
        at_end(
            "consent to another chain",
            by(
                Who::Phone,
                added(&new, [&other.hash().0, &last.hash.0, &new.id().0]),
            ),
            "rule",
        ),
        at_end(
            "consent to an earlier place",
            by(
                Who::Phone,
                added(&new, [&here.0, &all[0].hash().0, &new.id().0]),
            ),
            "rule",
        ),
        at_end(
            "a device joins again",
            by(
                Who::Phone,
                added(&world.tablet, [&here.0, &last.hash.0, &world.tablet.id().0]),
            ),
            "rule",
        ),
        at_end(
            "a KEM key that is none",
            by(
                Who::Phone,
                PatientStep::DeviceAdded {
                    device: no_key,
                    consent: new.log().sign(&crypto::to_sign(
                        "patient consent",
                        &[&here.0, &last.hash.0, &no_key_id.0],
                    )),
                },
            ),
            "rule",
        ),
        at_end(
            "last head in a foreign space",
            by(Who::Phone, out(vec![head(SpaceId([9; 32]))])),
            "rule",
        ),
        at_end(
            "two last heads of a log",
            by(
                Who::Phone,
                out(vec![
                    head(world.parties(0).space().unwrap()),
                    head(world.parties(1).space().unwrap()),
                ]),
            ),
            "rule",
        ),
        case(
            "patient",
            "the last of all members is removed",
            1,
            &say(
                world,
                Who::Phone,
                ChainKind::Patient,
                Some(tip(all, 1)),
                out(Vec::new()),
            ),
            "rule",
        ),
    ];
    cases.extend(spellings(world, last, end));
    cases
}

fn relabel(world: &World, last: Tip) -> Signed {
    let (phone, _) = world.signer(Who::Phone);
    let step = PatientStep::KitRetired {
        kit: world.kit.keys().id(),
    };
    let body = Body::following(ChainKind::Patient, Some(last), fixed::NOW_MS, phone, step);
    say_bytes(world, Who::Phone, "roster statement", wire::encode(&body))
}

/// The same body spelled in other ways, and bodies that this version cannot know.
fn spellings(world: &World, last: Tip, end: usize) -> Vec<Value> {
    let (phone, _) = world.signer(Who::Phone);
    let retire = wire::encode(&PatientStep::KitRetired {
        kit: world.kit.keys().id(),
    });
    let good = fields(1, last, phone, &retire);
    let with = |at: usize, field: Vec<u8>| {
        let mut changed = good.clone();
        changed[at] = field;
        map(&changed)
    };
    let twice = [good.clone(), vec![good[7].clone()]].concat();
    let swapped = [vec![good[1].clone(), good[0].clone()], good[2..].to_vec()].concat();
    [
        ("version 2", with(0, vec![0, 2]), "unsupported"),
        ("suite 2", with(1, vec![1, 2]), "unsupported"),
        (
            "unknown step",
            with(7, vec![7, 0x82, 0x18, 99, 0x80]),
            "malformed",
        ),
        ("a field twice", map(&twice), "malformed"),
        ("fields out of order", map(&swapped), "malformed"),
        (
            "a number longer than need be",
            with(
                3,
                [&[3, 0x18], &wire::encode(&(last.number + 1))[..]].concat(),
            ),
            "malformed",
        ),
        (
            "indefinite length",
            [vec![0xbf], good.concat(), vec![0xff]].concat(),
            "malformed",
        ),
        (
            "a byte after the end",
            [map(&good), vec![0]].concat(),
            "trailing",
        ),
        ("cut short", map(&good[..7]), "malformed"),
    ]
    .into_iter()
    .map(|(name, body, error)| {
        let statement = say_bytes(world, Who::Phone, "patient statement", body);
        case("patient", name, end, &statement, error)
    })
    .collect()
}

/// What the roster refuses.
pub fn roster(world: &World) -> Vec<Value> {
    let all = &world.roster_statements;
    let end = all.len();
    let last = tip(all, end);
    let at_end = |name, who, step: RosterStep, error| {
        case(
            "roster",
            name,
            end,
            &say(world, who, ChainKind::Roster, Some(last), step),
            error,
        )
    };
    let person = |name: &str| RosterStep::PersonAdded {
        person: PersonId([7; 16]),
        name: name.to_owned(),
        role: Role::Administrator,
    };
    let env = fixed::env("forged roster");
    let added: RosterStep = step(&all[6]);
    let RosterStep::WorkstationAdded { person: ben, .. } = added else {
        panic!("statement 6 adds Ben's workstation")
    };
    let new = DeviceSecrets::generate(&env).unwrap();
    let wraps = || {
        clinic::team_wraps(
            &env,
            &world.roster,
            Role::Clinician,
            &world.teams[2..],
            &new,
        )
        .unwrap()
    };
    let workstation = |wraps, consent| RosterStep::WorkstationAdded {
        person: ben,
        device: new.keys().clone(),
        consent,
        wraps,
    };
    let consent = clinic::consent(&world.roster, &new);
    let mut foreign = wraps();
    foreign[0].wrap.recipient = world.anna.id().into();
    let secret = TeamSecret::new(Seed::random(&env)).unwrap();
    let issue = |secret: &TeamSecret, before: Option<&TeamSecret>| {
        clinic::team_key(&env, &world.roster, Team::Care, secret, before).unwrap()
    };
    let stale = {
        let mut stale = issue(&secret, Some(&world.teams[2].1));
        if let RosterStep::TeamKeyIssued { wraps, .. } = &mut stale {
            wraps.push(world_wrap(world));
        }
        stale
    };
    let mut short = issue(&secret, Some(&world.teams[2].1));
    if let RosterStep::TeamKeyIssued { previous, .. } = &mut short {
        *previous = Some(vec![1; 47].into());
    }
    vec![
        at_end("a clinician signs", Who::Anna, person("Eve"), "not-allowed"),
        at_end(
            "a name too long",
            Who::Root,
            person(&"é".repeat(101)),
            "rule",
        ),
        at_end("an empty name", Who::Root, person("  "), "rule"),
        at_end(
            "a control character in a name",
            Who::Root,
            person("Eve\u{85}Adam"),
            "rule",
        ),
        at_end("a person joins again", Who::Root, step(&all[1]), "rule"),
        at_end("founded again", Who::Root, step(&all[0]), "rule"),
        at_end(
            "a workstation without consent",
            Who::Root,
            workstation(wraps(), [0; 64]),
            "rule",
        ),
        at_end(
            "a workstation lacks a team's key",
            Who::Root,
            workstation(wraps()[..1].to_vec(), consent),
            "rule",
        ),
        at_end(
            "a wrap to another workstation",
            Who::Root,
            workstation(foreign, consent),
            "rule",
        ),
        at_end(
            "a workstation that is out is removed",
            Who::Root,
            RosterStep::WorkstationRemoved {
                device: world.ben.id(),
            },
            "rule",
        ),
        at_end(
            "a team key is issued again",
            Who::Root,
            issue(&world.teams[0].1, Some(&world.teams[2].1)),
            "rule",
        ),
        at_end(
            "a team key of the other team",
            Who::Root,
            issue(&world.teams[3].1, Some(&world.teams[2].1)),
            "rule",
        ),
        at_end(
            "a team key without the one before",
            Who::Root,
            issue(&secret, None),
            "rule",
        ),
        at_end("a team key to who is out", Who::Root, stale, "rule"),
        at_end("a sealed key of another length", Who::Root, short, "rule"),
    ]
}

pub fn world_wrap(world: &World) -> clinic_api::member::Wrap {
    clinic_api::member::Wrap {
        recipient: world.ben.id().into(),
        enc: vec![0; 1120],
        sealed: vec![0; 48],
    }
}
