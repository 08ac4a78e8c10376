//! What the server writes about requests, and what it never writes. A program
//! of its own: who listens to log lines is known to all threads.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod support;

use std::collections::HashSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Extension;
use clinic_api::message::Pull;
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use clinic_server::limit::Peer;
use clinic_server::log::JsonLines;
use clinic_server::store::StoreError;
use clinic_server::store::memory::MemoryStore;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use support::clinic::Clinic;
use support::meddling::Meddling;
use support::site::{Site, TestClock};
use support::space::{Log, push};
use support::world::World;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What happens on the server, and every word of it that must not be written.
async fn happenings() -> (World, Vec<String>) {
    let mut world = World::configured(|config| config.log_addresses = false).await;
    let peer = Peer("198.51.100.77".parse().unwrap());
    world.site.router = world.site.router.clone().layer(Extension(peer));
    let epoch = world.epoch(SpaceKind::Care).await;
    let space = world.space(SpaceKind::Care);
    let device = &world.patient.device;
    let mut log = Log::new(device, space, 1, epoch);
    let path = format!("/v1/spaces/{space}/runs");
    let run = log.run(&[100], b'Z');
    world
        .site
        .post(device, &path, &push(&[run]))
        .await
        .expect(200);
    let pull = wire::encode(&Pull { have: Vec::new() });
    let path = format!("/v1/spaces/{space}/pull");
    let foreign = world.site.post(&world.other.desk, &path, &pull).await;
    assert_eq!(foreign.status, 404);
    let target = "/secretword?secretword=secretword";
    world.site.anonymous("BREW", target, b"").await.expect(404);
    let forwarded = [("x-forwarded-for", "203.0.113.99".to_owned())];
    world
        .site
        .raw("GET", "/v1/time", &forwarded, b"")
        .await
        .expect(200);
    let never = vec![
        space.to_string(),
        device.id().to_string(),
        world.patient.id().to_string(),
        world.clinic.id().to_string(),
        log.id().to_string(),
        "01".repeat(16),
        "ZZZ".to_owned(),
        "Person".to_owned(),
        "Clinic 1".to_owned(),
        "secretword".to_owned(),
        "BREW".to_owned(),
        "clinic.example".to_owned(),
        "sig=".to_owned(),
        "198.51.100.77".to_owned(),
        "203.0.113.99".to_owned(),
    ];
    (world, never)
}

fn assert_none_of(never: &[String], text: &str) {
    for word in never {
        assert!(!text.contains(word), "{word}\n{text}");
    }
}

#[tokio::test]
async fn lines_name_routes_and_codes_and_nobody() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let (_world, never) = happenings().await;
    drop(guard);
    let text = lines.text();
    for line in [
        "method=\"POST\" route=\"/v1/spaces/{space}/runs\" status=200 micros=0 code=\"-\"",
        "route=\"/v1/spaces/{space}/pull\" status=404 micros=0 code=\"unknown-space\"",
        "method=\"other\" route=\"-\" status=404 micros=0 code=\"not-found\"",
        "route=\"/v1/invites/{lookup}/claim\" status=201",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_none_of(&never, &text);
}

#[tokio::test]
async fn lines_of_json_say_the_same() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(JsonLines::to(lines.clone()));
    let guard = tracing::subscriber::set_default(subscriber);
    let (world, never) = happenings().await;
    drop(guard);
    let text = lines.text();
    let mut numbers = HashSet::new();
    let mut found = false;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let time = line["time"].as_str().unwrap();
        assert!(time.len() >= 20 && time.ends_with('Z'), "{time}");
        if line["message"] != "request" {
            continue;
        }
        assert_eq!(line["level"], "INFO");
        assert!(numbers.insert(line["request"].as_str().unwrap().to_owned()));
        assert!(line.get("peer").is_none());
        if line["route"] == "/v1/spaces/{space}/pull" {
            assert_eq!(line["method"], "POST");
            assert_eq!(line["status"], 404);
            assert_eq!(line["code"], "unknown-space");
            assert_eq!(line["micros"], 0);
            found = true;
        }
    }
    assert!(found && numbers.len() > 10);
    assert_none_of(&never, &text);
    assert_none_of(&never, &world.site.app.metrics_text());
}

#[tokio::test]
async fn the_address_is_written_where_the_operator_asks() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(JsonLines::to(lines.clone()));
    let guard = tracing::subscriber::set_default(subscriber);
    let mut site = Site::configured(&[], |config| config.log_addresses = true);
    let peer = Peer("198.51.100.77".parse().unwrap());
    site.router = site.router.layer(Extension(peer));
    site.anonymous("GET", "/v1/time", b"").await.expect(200);
    drop(guard);
    let text = lines.text();
    let line = text.lines().find(|l| l.contains("/v1/time")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["peer"], "198.51.100.77");
}

/// What the store complains of is found by its request.
#[tokio::test]
async fn a_failure_has_the_number_of_its_request() {
    let store = Meddling::new(Arc::new(MemoryStore::new()));
    let clinic = Clinic::new(10);
    let site = Site::on(store.clone(), TestClock::new(), &[&clinic]);
    site.found(&clinic).await;
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(JsonLines::to(lines.clone()));
    // For the threads that wait for the store, too.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    store.fail_next(StoreError::Full);
    let invite = wire::encode(&clinic.invite(1, site.clock_now() + 60));
    site.post(&clinic.desk, "/v1/invites", &invite)
        .await
        .expect(507);
    let text = lines.text();
    let of = |message: &str| -> Value {
        let found = text.lines().find(|l| l.contains(message));
        serde_json::from_str(found.unwrap()).unwrap()
    };
    let (failure, request) = (of("no room left"), of("\"storage-full\""));
    assert_eq!(failure["level"], "ERROR");
    assert!(failure["request"].is_string());
    assert_eq!(failure["request"], request["request"]);
}
