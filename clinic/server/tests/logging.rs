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

use std::io::Write;
use std::sync::{Arc, Mutex};

use clinic_api::message::Pull;
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use tracing_subscriber::fmt::MakeWriter;

use support::space::{Log, push};
use support::world::World;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

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

#[tokio::test]
async fn lines_name_routes_and_codes_and_nobody() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
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
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for line in [
        "method=\"POST\" route=\"/v1/spaces/{space}/runs\" status=200 micros=0 code=\"-\"",
        "route=\"/v1/spaces/{space}/pull\" status=404 micros=0 code=\"unknown-space\"",
        "method=\"other\" route=\"-\" status=404 micros=0 code=\"not-found\"",
        "route=\"/v1/invites/{lookup}/claim\" status=201",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let never = [
        space.to_string(),
        device.id().to_string(),
        world.patient.id().to_string(),
        world.clinic.id().to_string(),
        log.id().to_string(),
        "01".repeat(16),
        "ZZZ".to_owned(),
        "Person".to_owned(),
        "secretword".to_owned(),
        "BREW".to_owned(),
        "clinic.example".to_owned(),
        "sig=".to_owned(),
    ];
    for word in never {
        assert!(!text.contains(&word), "{word}");
    }
}
