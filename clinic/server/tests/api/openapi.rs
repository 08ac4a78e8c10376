//! The description of the API: whole, and the same as what is served and kept.

use std::collections::BTreeSet;

use clinic_api::http::problem::Code;
use clinic_server::{openapi, routes};
use serde_json::Value;

use crate::support::site::Site;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, said)| (method.to_uppercase(), path.clone(), said))
    });
    each.collect()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = openapi::document();
    let described: BTreeSet<_> = operations(&document)
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let routes: BTreeSet<_> = routes::list()
        .into_iter()
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    let missing: Vec<_> = routes.difference(&described).collect();
    assert!(
        missing.is_empty(),
        "describe in openapi/operations.rs: {missing:?}"
    );
    let gone: Vec<_> = described.difference(&routes).collect();
    assert!(gone.is_empty(), "there is no such route: {gone:?}");
}

#[test]
fn every_code_is_listed_somewhere() {
    let document = openapi::document();
    let mut listed = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (_, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{path}: {name} twice");
        for response in operation["responses"].as_object().unwrap().values() {
            let codes = "/content/application~1problem+json/schema/allOf/1/properties/code/enum";
            for code in response
                .pointer(codes)
                .into_iter()
                .flat_map(|c| c.as_array().unwrap())
            {
                listed.insert(code.as_str().unwrap().to_owned());
            }
        }
    }
    // Of what is no route at all.
    listed.extend(["not-found", "method-not-allowed"].map(str::to_owned));
    let all: BTreeSet<_> = Code::ALL.iter().map(|c| c.as_str().to_owned()).collect();
    assert_eq!(listed, all);
}

#[tokio::test]
async fn what_is_served_is_what_is_kept() {
    let served = Site::new(&[])
        .anonymous("GET", "/v1/openapi.json", b"")
        .await;
    assert_eq!(served.headers["content-type"], "application/json");
    let served: Value = serde_json::from_slice(&served.body).unwrap();
    let text = format!("{}\n", serde_json::to_string_pretty(&served).unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(KEPT, &text).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        kept == text,
        "write docs/openapi.json anew: UPDATE_OPENAPI=1 cargo test -p clinic-server --test api kept"
    );
}
