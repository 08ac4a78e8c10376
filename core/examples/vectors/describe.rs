//! The world as JSON.

use clinic_api::chain::Signed;
use clinic_api::log::Run;
use clinic_api::member::Team;
use companion_core::event::Envelope;
use companion_core::space::keys::{DeviceSecrets, TeamSecret};
use serde_json::{Map, Value, json};

use super::hex;
use super::logs::{Log, Sealed};
use super::world::{Space, World};

/// All keys, secret and public, and the ids that derive from them.
pub fn actors(world: &World) -> Value {
    let (root, kit) = (&world.root, &world.kit);
    let mut teams = Map::new();
    for ((team, secret), name) in world
        .teams
        .iter()
        .zip(["care 1", "front 1", "care 2", "front 2"])
    {
        teams.insert(name.to_owned(), team_key(*team, secret));
    }
    json!({
        "devices": {
            "phone": device(&world.phone),
            "tablet": device(&world.tablet),
            "anna": device(&world.anna),
            "ben": device(&world.ben),
            "desk": device(&world.desk),
        },
        "kit": {
            "secret": hex(world.kit_secret.expose()),
            "sign_seed": hex(kit.sign().seed().expose()),
            "sign": hex(kit.keys().sign),
            "kem": hex(&kit.keys().kem),
            "id": hex(kit.keys().id()),
        },
        "root": {
            "seed": hex(root.sign().seed().expose()),
            "public": hex(root.sign().public()),
            "id": hex(root.id()),
        },
        "teams": teams,
    })
}

fn device(secrets: &DeviceSecrets) -> Value {
    let [log, request, kem] = secrets.seeds();
    json!({
        "seeds": { "log": hex(log.expose()), "request": hex(request.expose()), "kem": hex(kem.expose()) },
        "log": hex(secrets.keys().log),
        "request": hex(secrets.keys().request),
        "kem": hex(&secrets.keys().kem),
        "id": hex(secrets.id()),
    })
}

fn team_key(team: Team, secret: &TeamSecret) -> Value {
    json!({
        "team": if team == Team::Care { 1 } else { 2 },
        "seed": hex(secret.seed().expose()),
        "kem": hex(secret.public()),
        "id": hex(secret.id()),
    })
}

/// The patient chain and the roster.
pub fn chains(world: &World) -> Value {
    json!({
        "patient": chain(world.patient.id(), &world.patient_statements),
        "roster": chain(world.roster.id(), &world.roster_statements),
    })
}

fn chain(id: impl AsRef<[u8]>, statements: &[Signed]) -> Value {
    json!({
        "id": hex(id),
        "statements": statements.iter().map(|s| hex(s.to_bytes())).collect::<Vec<_>>(),
        "hashes": statements.iter().map(|s| hex(s.hash())).collect::<Vec<_>>(),
    })
}

/// The five spaces with their epochs and logs.
pub fn spaces(world: &World) -> Value {
    let all = world.spaces.iter().enumerate();
    let all = all.map(|(i, s)| (s.name.to_owned(), space(world, i, s)));
    Value::Object(all.collect())
}

fn space(world: &World, index: usize, space: &Space) -> Value {
    let id = world.parties(index).space().unwrap();
    let epochs = space.chain.all().iter().zip(&space.keys);
    let keys = epochs.map(|(record, key)| {
        json!({
            "hash": hex(record.hash),
            "key": hex(key.seed().expose()),
            "commitment": hex(key.commitment()),
            "recipients": record.step.wraps.iter().map(|w| hex(w.recipient)).collect::<Vec<_>>(),
            "holds_previous": record.step.previous_key.is_some(),
        })
    });
    json!({
        "kind": space.kind.code(),
        "id": hex(id),
        "epochs": space.statements.iter().map(|s| hex(s.to_bytes())).collect::<Vec<_>>(),
        "keys": keys.collect::<Vec<_>>(),
        "logs": space.logs.iter().map(log).collect::<Vec<_>>(),
    })
}

fn log(log: &Log) -> Value {
    let tip = log.tip.unwrap();
    json!({
        "author": log.name,
        "nonce": hex(log.nonce),
        "log": hex(tip.log),
        "runs": log.runs.iter().map(|r| hex(r.to_bytes())).collect::<Vec<_>>(),
        "heads": log.runs.iter().map(Run::head_hash).map(hex).collect::<Vec<_>>(),
        "frames": log.frames.iter().map(|f| frame(log, f)).collect::<Vec<_>>(),
    })
}

fn frame(log: &Log, frame: &Sealed) -> Value {
    json!({
        "epoch": frame.epoch,
        "header": hex(frame.header.as_bytes()),
        "header_hash": hex(frame.header.hash(log.space)),
        "body": if frame.erased { Value::Null } else { hex(&frame.body).into() },
        "plaintext": if frame.erased { Value::Null } else { hex(clinic_api::wire::encode(&frame.frame)).into() },
        "events": if frame.erased { Value::Null } else { frame.frame.events.iter().map(event).collect() },
    })
}

fn event(event: &Envelope) -> Value {
    json!({
        "id": hex(event.id.0),
        "kind": event.kind,
        "critical": event.critical,
        "hlc": [event.hlc.ms, event.hlc.counter],
        "at": [event.at.ms, event.at.offset, event.at.zone],
        "body": hex(event.body.as_slice()),
    })
}
