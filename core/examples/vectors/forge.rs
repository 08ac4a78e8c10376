//! Forgeries: what must be refused, and why.

use clinic_api::chain::{Body, ChainKind, Signed, Tip};
use clinic_api::crypto::{self, Signature};
use clinic_api::id::MemberId;
use clinic_api::wire::{self, SUITE, VERSION};
use minicbor::Encode;
use serde_json::{Value, json};

use super::world::{Who, World};
use super::{extras, fixed, forge_chains, forge_epochs, forge_logs, hex};

pub fn all(world: &World) -> Value {
    let mut all = forge_chains::patient(world);
    all.extend(forge_chains::roster(world));
    all.extend(forge_epochs::epochs(world));
    all.extend(forge_logs::runs(world));
    all.extend(forge_logs::frames(world));
    all.extend(forge_logs::wraps(world));
    all.extend(invites());
    all.extend(requests(world));
    all.extend(paddings());
    Value::Array(all)
}

/// A statement that somebody signs after `tip`.
pub fn say<S: Encode<()>>(
    world: &World,
    who: Who,
    kind: ChainKind,
    tip: Option<Tip>,
    step: S,
) -> Signed {
    let (signer, sign) = world.signer(who);
    let body = Body::following(kind, tip, fixed::NOW_MS, signer, step);
    Signed::new(&body, sign)
}

/// A statement of which the body is given byte for byte.
pub fn say_bytes(world: &World, who: Who, label: &str, body: Vec<u8>) -> Signed {
    let (_, sign) = world.signer(who);
    let signature: Signature = sign(&crypto::to_sign(label, &[&body]));
    Signed { body, signature }
}

/// The fields of a body, each with its key, to be put together in any way.
pub fn fields(kind: u8, tip: Tip, signer: MemberId, step: &[u8]) -> Vec<Vec<u8>> {
    let pair = |key: u8, value: Vec<u8>| [vec![key], value].concat();
    let bytes = |b: &[u8]| [&[0x58, 0x20], b].concat();
    vec![
        pair(0, vec![VERSION]),
        pair(1, vec![SUITE]),
        pair(2, vec![kind]),
        pair(3, wire::encode(&(tip.number + 1))),
        pair(4, bytes(&tip.hash.0)),
        pair(5, wire::encode(&fixed::NOW_MS)),
        pair(6, bytes(&signer.0)),
        pair(7, step.to_vec()),
    ]
}

/// A map of such fields.
pub fn map(fields: &[Vec<u8>]) -> Vec<u8> {
    [vec![0xa0 + fields.len() as u8], fields.concat()].concat()
}

fn invites() -> Vec<Value> {
    let text = extras::secret().text();
    let swap = |at: usize, to: &str| {
        let mut changed = text.clone();
        changed.replace_range(at..=at, to);
        changed
    };
    let other = |at: usize| if &text[at..=at] == "7" { "8" } else { "7" };
    // Two characters that changed places: the first two from there on that differ.
    let neighbours = |from: usize| {
        let mut all: Vec<char> = text.chars().filter(|c| *c != '-').collect();
        let mut places = from..all.len() - 1;
        let at = places.find(|n| all[*n] != all[n + 1]).unwrap();
        all.swap(at, at + 1);
        all.into_iter().collect()
    };
    [
        (swap(0, other(0)), "checksum"),
        (swap(15, other(15)), "checksum"),
        (swap(33, other(33)), "checksum"),
        (neighbours(0), "checksum"),
        (neighbours(12), "checksum"),
        (neighbours(26), "checksum"),
        (swap(3, "U"), "shape"),
        (swap(33, "U"), "shape"),
        (text[..32].to_owned(), "shape"),
        (format!("{text}0"), "shape"),
        (format!("https://clinic.example/{text}"), "not-ours"),
        (format!("PC2:{text}"), "not-ours"),
        (format!("PC1:{text}:00:S:clinic.example"), "not-ours"),
        (qr("Q", "CLINIC.EXAMPLE"), "not-ours"),
        (qr("S", "A@CLINIC.EXAMPLE"), "not-ours"),
        (qr("S", "CLINIC.EXAMPLE/PATH"), "not-ours"),
        (qr("L", "CLINIC.EXAMPLE"), "not-ours"),
    ]
    .into_iter()
    .map(|(text, error)| json!({ "kind": "invite", "text": text, "error": error }))
    .collect()
}

fn qr(scheme: &str, authority: &str) -> String {
    let text = extras::secret().text().replace('-', "");
    format!("PC1:{text}:{}:{scheme}:{authority}", "0".repeat(52))
}

fn requests(world: &World) -> Vec<Value> {
    let good = extras::request(world);
    let case = |name: &str, field: &str, value: Value, error: &str| {
        let mut request = good.clone();
        request[field] = value;
        json!({ "kind": "request", "name": name, "request": request, "error": error })
    };
    let input = good["signature_input"].as_str().unwrap();
    let now = good["now"].as_i64().unwrap();
    let body = good["body"].as_str().unwrap();
    vec![
        case(
            "301 seconds later",
            "now",
            (now + 1).into(),
            "signature-stale",
        ),
        case(
            "301 seconds earlier",
            "now",
            (now - 601).into(),
            "signature-stale",
        ),
        case("other method", "method", "PUT".into(), "signature-invalid"),
        case(
            "other host",
            "host",
            "clinic.other".into(),
            "wrong-authority",
        ),
        case(
            "other path",
            "path",
            "/v1/spaces".into(),
            "signature-invalid",
        ),
        case("a query", "query", "x=1".into(), "signature-invalid"),
        case(
            "other body",
            "body",
            format!("{body}00").into(),
            "digest-mismatch",
        ),
        case(
            "other time",
            "signature_input",
            input.replace("created=17684694", "created=17684695").into(),
            "signature-invalid",
        ),
        case(
            "a nonce",
            "signature_input",
            format!("{input};nonce=\"x\"").into(),
            "signature-malformed",
        ),
        case(
            "other tag",
            "signature_input",
            input.replace("companion-clinic-api", "other").into(),
            "signature-malformed",
        ),
        case(
            "fewer components",
            "signature_input",
            input.replace(" \"content-digest\"", "").into(),
            "signature-malformed",
        ),
        case(
            "a space more",
            "signature_input",
            input.replace(";alg", "; alg").into(),
            "signature-malformed",
        ),
    ]
}

fn paddings() -> Vec<Value> {
    let mut nonzero = vec![0; 512];
    nonzero[3] = 4;
    nonzero[511] = 1;
    let mut long = vec![0; 512];
    long[2] = 1;
    long[3] = 0xfd;
    [
        ("padding that is not zero", nonzero),
        ("longer than the padded", long),
        ("no length", vec![0, 0, 0]),
    ]
    .into_iter()
    .map(|(name, bytes)| json!({ "kind": "padding", "name": name, "padded": hex(bytes), "error": "not-a-frame" }))
    .collect()
}
