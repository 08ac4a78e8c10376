//! The description of the API (OpenAPI 3.1), built from one table.
//!
//! [`operations`] says of each route who may ask, what comes and goes, and
//! every code that it may be refused with; `schemas.json` says what the
//! messages look like. The tests hold both to the routes and to what is really
//! sent, and to `docs/openapi.json`, which is the same for reading.

mod operations;

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use clinic_api::http::problem::{Code, MEDIA_TYPE};
use clinic_api::message::CBOR;
use serde_json::{Map, Value, json};

use operations::{Answer, OPERATIONS, Operation, Proof};

const SCHEMAS: &str = include_str!("schemas.json");

const ABOUT: &str = "Keeps invites, chains and sealed runs for clinics and their patients, and \
can read none of them. docs/PROTOCOL.md is the specification; this document lists what is asked \
and answered, and every code of a refusal.\n\n\
Bodies are CBOR (RFC 8949) with numbered fields. In the schemas a map with numbers for keys is \
an object whose names are those numbers in decimal, a byte string is a string of the format \
`binary` whose lengths are in bytes, and an absent optional field is left out. Unknown fields are ignored.\n\n\
A refusal is a problem (RFC 9457): go by its `code`. Where trying later helps it says after how \
many seconds. Any other path is answered by 404 `not-found`, any other method by 405 \
`method-not-allowed`; HEAD is answered where GET is.";

const SIGNED: &str = "HTTP message signatures (RFC 9421), Ed25519 by the request key of a device, \
over `@method`, `@authority`, `@path`, `@query` and `content-digest`, with `created`, `keyid` \
(the device), `alg` and `tag`; see docs/PROTOCOL.md, section 12. Every signed request has \
`Content-Digest`, also without a body.";

/// `GET /v1/openapi.json`.
pub async fn serve() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

/// The description.
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            let method = operation.method.to_ascii_lowercase();
            methods.insert(method, described(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Clinic API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The server that you read this from" }],
        "security": [{ "device": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "device": { "type": "http", "scheme": "signature", "description": SIGNED },
            },
        },
    })
}

fn schemas() -> Value {
    // The tests read the document, so a mistake in the file does not go unseen.
    let mut schemas: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    let codes: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
    if let Some(all) = schemas.pointer_mut("/Problem/properties/code") {
        *all = json!({ "type": "string", "enum": codes });
    }
    schemas
}

fn described(operation: &Operation) -> Value {
    let mut described = Map::new();
    let mut say = |name: &str, value: Value| described.insert(name.to_owned(), value);
    say("operationId", operation.id.into());
    say("summary", operation.about.into());
    say("parameters", parameters(operation));
    say("responses", responses(operation));
    if operation.proof == Proof::None {
        say("security", json!([]));
    }
    if let Some(schema) = operation.request {
        let content = json!({ CBOR: { "schema": reference(schema) } });
        say(
            "requestBody",
            json!({ "required": true, "content": content }),
        );
    }
    described.into()
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn parameters(operation: &Operation) -> Value {
    let in_path = operation.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let digits = if name == "lookup" { 32 } else { 64 };
        Some(json!({
            "name": name,
            "in": "path",
            "required": true,
            "schema": { "type": "string", "pattern": format!("^[0-9a-f]{{{digits}}}$") },
        }))
    });
    let in_query = operation.query.iter().map(|(name, about)| {
        json!({
            "name": name,
            "in": "query",
            "description": about,
            "schema": { "type": "integer", "minimum": 0, "default": 0 },
        })
    });
    in_path.chain(in_query).collect()
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    let done = match operation.answer {
        Answer::Status(_) => json!({ "description": "Done, and durable" }),
        Answer::Cbor(schema) => json!({
            "description": "Done",
            "content": { CBOR: { "schema": reference(schema) } },
        }),
        Answer::Other(kind) => json!({
            "description": "Done",
            "content": { kind: { "schema": { "type": if kind == "application/json" { "object" } else { "string" } } } },
        }),
    };
    responses.insert(operation.answer.status().to_string(), done);
    let mut codes: Vec<Code> = operation.codes().collect();
    codes.sort_by_key(|code| (code.status(), code.as_str()));
    codes.dedup();
    for group in codes.chunk_by(|a, b| a.status() == b.status()) {
        if let Some(first) = group.first() {
            responses.insert(first.status().to_string(), refusals(first.status(), group));
        }
    }
    Value::Object(responses)
}

/// The refusals with one status.
fn refusals(status: u16, codes: &[Code]) -> Value {
    let titles: Vec<_> = codes
        .iter()
        .map(|c| format!("`{c}`: {}", c.title()))
        .collect();
    let names: Vec<_> = codes.iter().map(|c| c.as_str()).collect();
    let mut headers = Map::new();
    if matches!(status, 429 | 503 | 507) {
        let retry = json!({
            "description": "Seconds after which trying again can help",
            "required": status == 429,
            "schema": { "type": "integer", "minimum": 0 },
        });
        headers.insert("Retry-After".to_owned(), retry);
    }
    if status == 401 {
        let challenge = json!({ "required": true, "schema": { "type": "string" } });
        headers.insert("WWW-Authenticate".to_owned(), challenge);
    }
    json!({
        "description": titles.join("; "),
        "headers": headers,
        "content": { MEDIA_TYPE: { "schema": {
            "allOf": [reference("Problem"), { "properties": { "code": { "enum": names } } }],
        } } },
    })
}
