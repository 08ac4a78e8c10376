//! Holds what is really asked and answered to the API's description. The
//! reading of schemas here is the tests' own: it knows as much of JSON Schema
//! as the description uses, and fails at anything else.

use clinic_server::openapi;
use minicbor::Decoder;
use minicbor::data::Type;
use serde_json::{Map, Value, json};

use super::site::Answer;

/// A request, as it was sent.
pub struct Asked<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub headers: &'a [(&'static str, String)],
    pub body: &'a [u8],
}

/// Holds a request and its answer to the description.
#[track_caller]
pub fn hold(asked: &Asked<'_>, answer: &Answer) {
    let document = openapi::document();
    let target = asked.target.split('?').next().unwrap();
    // Also in the form with scheme and name before it.
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    let Some((template, methods)) = find(&document, path) else {
        assert_eq!(
            answer.refused(),
            (404, "not-found"),
            "{path} is not described"
        );
        return;
    };
    let method = asked.method.to_ascii_lowercase();
    let Some(operation) = methods.get(&method) else {
        if method != "head" {
            let refused = answer.refused();
            assert_eq!(refused, (405, "method-not-allowed"), "{method} {template}");
        }
        return;
    };
    let what = format!("{method} {template} {}", answer.status);
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{what} is not described");
    let named = response["headers"].as_object();
    for (name, header) in named.into_iter().flatten() {
        if header["required"] == true {
            assert!(
                answer.headers.contains_key(name.to_ascii_lowercase()),
                "{what}: {name}"
            );
        }
    }
    if answer.headers.contains_key("retry-after") {
        assert!(response["headers"]["Retry-After"].is_object(), "{what}");
    }
    let kind = answer.headers.get("content-type");
    let kind = kind.map(|k| k.to_str().unwrap().to_owned());
    held(
        &document,
        &response["content"],
        kind.as_deref(),
        &answer.body,
        &what,
    );
    if answer.status < 300 {
        let content = &operation["requestBody"]["content"];
        let sent = asked
            .headers
            .iter()
            .find(|(name, _)| *name == "content-type");
        let kind = sent.map(|(_, kind)| kind.to_ascii_lowercase());
        let kind = kind.filter(|_| content.is_object());
        held(
            &document,
            content,
            kind.as_deref(),
            asked.body,
            &format!("{what}, asked"),
        );
    }
}

/// The path of the description that this one is.
fn find<'a>(document: &'a Value, path: &str) -> Option<(&'a str, &'a Map<String, Value>)> {
    let paths = document["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (mut parts, mut wanted) = (path.split('/'), template.split('/'));
        parts.clone().count() == wanted.clone().count()
            && parts.all(|p| {
                wanted
                    .next()
                    .is_some_and(|w| w == p || (w.starts_with('{') && !p.is_empty()))
            })
    };
    let found = paths.iter().find(|(template, _)| fits(template))?;
    Some((found.0, found.1.as_object().unwrap()))
}

#[track_caller]
fn held(document: &Value, content: &Value, kind: Option<&str>, body: &[u8], what: &str) {
    let Some(content) = content.as_object() else {
        assert!(
            body.is_empty() && kind.is_none(),
            "{what}: a body is not described"
        );
        return;
    };
    let kind = kind.unwrap_or_else(|| panic!("{what}: no media type"));
    let schema = content.get(kind).map(|c| &c["schema"]);
    let schema = schema.unwrap_or_else(|| panic!("{what}: {kind} is not described"));
    let value = match kind {
        "application/cbor" => {
            let mut decoder = Decoder::new(body);
            let value = read(&mut decoder);
            assert_eq!(
                decoder.position(),
                body.len(),
                "{what}: bytes after the body"
            );
            value
        }
        "application/json" | "application/problem+json" => serde_json::from_slice(body).unwrap(),
        _ => String::from_utf8(body.to_vec()).unwrap().into(),
    };
    if let Err(wrong) = fits(document, schema, &value) {
        panic!("{what}: {wrong}");
    }
}

/// CBOR as the description speaks of it; a byte string shows its length alone.
fn read(decoder: &mut Decoder<'_>) -> Value {
    match decoder.datatype().unwrap() {
        Type::Bool => decoder.bool().unwrap().into(),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64().unwrap().into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => decoder.i64().unwrap().into(),
        Type::String => decoder.str().unwrap().into(),
        Type::Bytes => json!({ "bytes": decoder.bytes().unwrap().len() }),
        Type::Array => {
            let length = decoder.array().unwrap().unwrap();
            (0..length).map(|_| read(decoder)).collect()
        }
        Type::Map => {
            let length = decoder.map().unwrap().unwrap();
            let entry = |_| (decoder.u64().unwrap().to_string(), read(decoder));
            Value::Object((0..length).map(entry).collect())
        }
        other => panic!("CBOR of type {other}"),
    }
}

/// Whether a value fits a schema.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = schema.as_object().ok_or("no schema")?;
    let number = |name: &str| schema.get(name)?.as_i64().map(i128::from);
    let within = |size: i128, least: &str, most: &str| {
        let fits =
            number(least).is_none_or(|n| size >= n) && number(most).is_none_or(|n| size <= n);
        fits.then_some(())
            .ok_or(format!("{size} is not within {least} and {most}"))
    };
    for (keyword, said) in schema {
        match keyword.as_str() {
            "description" | "minLength" | "maxLength" | "minItems" | "maxItems" | "minimum"
            | "maximum" | "format" => {}
            "$ref" => {
                let name = said.as_str().unwrap().strip_prefix('#').unwrap();
                fits(
                    document,
                    document.pointer(name).ok_or("no such schema")?,
                    value,
                )?;
            }
            "allOf" => {
                for schema in said.as_array().unwrap() {
                    fits(document, schema, value)?;
                }
            }
            "enum" if !said.as_array().unwrap().contains(value) => {
                return Err(format!("{value} is not listed"));
            }
            "enum" => {}
            "pattern" => {
                // The one pattern of a message.
                assert_eq!(said, "^urn:companion:problem:[a-z-]+$");
                let code = value
                    .as_str()
                    .and_then(|v| v.strip_prefix("urn:companion:problem:"));
                code.filter(|c| !c.is_empty()).ok_or("another type")?;
            }
            "required" => {
                for name in said.as_array().unwrap() {
                    let name = name.as_str().unwrap();
                    value
                        .get(name)
                        .ok_or_else(|| format!("{name} is missing"))?;
                }
            }
            "properties" => {
                for (name, schema) in said.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        fits(document, schema, value).map_err(|e| format!("{name}: {e}"))?;
                    }
                }
                // What is sent on purpose is described.
                if schema.get("type").is_some() {
                    let known = |name: &&String| said.get(name.as_str()).is_none();
                    let unknown = value.as_object().and_then(|v| v.keys().find(known));
                    unknown.map_or(Ok(()), |name| Err(format!("{name} is not described")))?;
                }
            }
            "items" => {
                for value in value.as_array().unwrap() {
                    fits(document, said, value)?;
                }
            }
            "prefixItems" => {
                // What may be left out at the end is beyond `minItems`.
                let places = said.as_array().unwrap().iter();
                for (schema, value) in places.zip(value.as_array().unwrap()) {
                    fits(document, schema, value)?;
                }
            }
            "type" => match (said.as_str().unwrap(), value) {
                ("string", Value::Object(_)) if schema.get("format") == Some(&json!("binary")) => {
                    within(
                        value["bytes"].as_u64().unwrap().into(),
                        "minLength",
                        "maxLength",
                    )?;
                }
                ("string", Value::String(text)) if !schema.contains_key("format") => {
                    within(text.len() as i128, "minLength", "maxLength")?;
                }
                ("integer", Value::Number(n)) => {
                    within(n.as_i128().ok_or("no whole number")?, "minimum", "maximum")?;
                }
                ("array", Value::Array(items)) => {
                    within(items.len() as i128, "minItems", "maxItems")?;
                }
                ("object", Value::Object(v)) if !v.contains_key("bytes") => {}
                ("boolean", Value::Bool(_)) => {}
                (wanted, found) => return Err(format!("{found} is no {wanted}")),
            },
            other => panic!("the tests know no {other}"),
        }
    }
    Ok(())
}
