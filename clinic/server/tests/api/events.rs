//! Event streams and the feed: who hears of what, and when a stream ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use clinic_api::chain::roster::RosterStep;
use clinic_api::events::{self, Changed};
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::problem::Code;
use clinic_api::id::{PersonId, SpaceId, StatementHash};
use clinic_api::member::{Role, Team};
use clinic_api::message::{ChainPage, ChangeKind, ChangeOf, Feed};
use clinic_api::space::SpaceKind;
use clinic_server::app::Config;
use clinic_server::store::memory::MemoryStore;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};
use tower::ServiceExt;

use crate::support::clinic::Clinic;
use crate::support::keys::Device;
use crate::support::patient::Patient;
use crate::support::site::{HOST, Site, TestClock, refusal};
use crate::support::space::{Log, epoch, hash, parties, push};
use crate::support::world::World;

const KINDS: [SpaceKind; 5] = [
    SpaceKind::Private,
    SpaceKind::Care,
    SpaceKind::Desk,
    SpaceKind::Front,
    SpaceKind::Clinic,
];
/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open stream.
struct Stream {
    body: Body,
    text: String,
}

async fn answer(site: &Site, device: &Device) -> axum::response::Response {
    let mut request = Request::builder().method("GET").uri("/v1/events");
    for (name, value) in site.signer(device).headers("GET", "/v1/events", b"") {
        request = request.header(name, value);
    }
    let request = request.body(Body::empty()).unwrap();
    site.router.clone().oneshot(request).await.unwrap()
}

async fn open(site: &Site, device: &Device) -> Stream {
    let response = answer(site, device).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let mut stream = Stream {
        body: response.into_body(),
        text: String::new(),
    };
    assert!(stream.piece(PATIENCE).await, "a first sign of life");
    stream
}

impl Stream {
    /// Takes the next piece; false: it ended.
    async fn piece(&mut self, patience: Duration) -> bool {
        let frame = timeout(patience, self.body.frame()).await;
        let Some(frame) = frame.expect("in time") else {
            return false;
        };
        let data = frame.unwrap().into_data().unwrap();
        self.text.push_str(std::str::from_utf8(&data).unwrap());
        true
    }

    /// What it says until some time has passed.
    async fn hears(&mut self, long: Duration) -> Vec<Option<Changed>> {
        let end = Instant::now() + long;
        while let Ok(Some(frame)) = timeout_at(end, self.body.frame()).await {
            let data = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
        self.said()
    }

    /// The events so far, taken out.
    fn said(&mut self) -> Vec<Option<Changed>> {
        let text = std::mem::take(&mut self.text);
        let events = text.split("\n\n").filter(|e| !e.is_empty() && *e != ":");
        events
            .map(|event| {
                let data = event.strip_prefix("event: changed\ndata: ").unwrap();
                events::read(data).unwrap()
            })
            .collect()
    }

    /// Waits for the event of a space.
    async fn until(&mut self, space: SpaceId) {
        let wanted = Changed {
            kind: ChangeKind::Space,
            id: space.0,
        };
        while !self.said().contains(&Some(wanted)) {
            assert!(self.piece(PATIENCE).await, "it ended");
        }
    }

    /// Waits for its end.
    async fn ends(mut self) {
        while self.piece(PATIENCE).await {}
    }
}

async fn put(world: &World, device: &Device, kind: SpaceKind, epoch: StatementHash, nonce: u8) {
    let space = world.space(kind);
    let mut log = Log::new(device, space, nonce, epoch);
    let path = format!("/v1/spaces/{space}/runs");
    let body = push(&[log.run(&[100], 1)]);
    world.site.post(device, &path, &body).await.expect(200);
}

fn spaces(world: &World, of: impl IntoIterator<Item = (ChangeKind, [u8; 32])>) -> [bool; 5] {
    let all: BTreeSet<_> = of.into_iter().collect();
    KINDS.map(|kind| all.contains(&(ChangeKind::Space, world.space(kind).0)))
}

#[tokio::test]
async fn each_hears_of_what_it_may_read() {
    let world = World::new().await;
    let mut epochs = Vec::new();
    for kind in KINDS {
        epochs.push(world.epoch(kind).await);
    }
    // private, care, desk, front, clinic: the table of `access.rs`.
    let callers: [(&str, &Device, [bool; 5]); 8] = [
        (
            "patient",
            &world.patient.device,
            [true, true, true, false, false],
        ),
        ("second", &world.second, [true, true, true, false, false]),
        (
            "clinician",
            &world.clinic.clinician,
            [false, true, true, true, true],
        ),
        (
            "front desk",
            &world.clinic.desk,
            [false, false, true, true, false],
        ),
        (
            "administrator",
            &world.clinic.administrator,
            [false, false, true, true, false],
        ),
        ("neighbour", &world.neighbour.device, [false; 5]),
        ("foreigner", &world.foreigner.device, [false; 5]),
        ("other clinician", &world.other.clinician, [false; 5]),
    ];
    let mut streams = Vec::new();
    for (_, device, _) in &callers {
        streams.push(open(&world.site, device).await);
    }
    for (kind, epoch) in KINDS.into_iter().zip(epochs) {
        let writer = if kind.of_patient() {
            &world.patient.device
        } else {
            &world.clinic.clinician
        };
        put(&world, writer, kind, epoch, 1).await;
    }
    for ((name, device, doors), mut stream) in callers.into_iter().zip(streams) {
        let heard = stream.hears(Duration::from_millis(200)).await;
        let heard = heard.into_iter().map(|c| c.expect("a name"));
        assert_eq!(
            spaces(&world, heard.map(|c| (c.kind, c.id))),
            doors,
            "{name}"
        );
        let answer = world.site.get(device, "/v1/feed?since=0").await;
        let feed: Feed = answer.read();
        assert!(!feed.more && feed.position > 0);
        let named: Vec<_> = feed.changes.iter().map(|c| (c.kind, c.id)).collect();
        assert_eq!(spaces(&world, named.clone()), doors, "{name}: feed");
        let epochs = KINDS.map(|kind| named.contains(&(ChangeKind::Epochs, world.space(kind).0)));
        assert_eq!(epochs, doors, "{name}: epochs");
        let chain = |id| named.contains(&(ChangeKind::Chain, id));
        let of_clinic = !["foreigner", "other clinician"].contains(&name);
        assert_eq!(chain(world.clinic.id().0), of_clinic, "{name}: roster");
        let knows = of_clinic && name != "neighbour";
        assert_eq!(chain(world.patient.id().0), knows, "{name}: patient");
        let invites = named.contains(&(ChangeKind::Invites, world.clinic.id().0));
        let staff = ["clinician", "front desk", "administrator"].contains(&name);
        assert_eq!(invites, staff, "{name}: invites");
    }
}

#[tokio::test]
async fn the_feed_goes_on_from_its_position() {
    let world = World::new().await;
    let epoch = world.epoch(SpaceKind::Care).await;
    let answer = world.site.get(&world.patient.device, "/v1/feed").await;
    let first: Feed = answer.read();
    let care = world.space(SpaceKind::Care);
    let revision = |feed: &Feed| {
        let of = |c: &&ChangeOf| (c.kind, c.id) == (ChangeKind::Space, care.0);
        feed.changes.iter().find(of).map(|c| c.revision)
    };
    put(&world, &world.patient.device, SpaceKind::Care, epoch, 1).await;
    let target = format!("/v1/feed?since={}", first.position);
    let answer = world.site.get(&world.patient.device, &target).await;
    let second: Feed = answer.read();
    assert!(second.position >= first.position);
    assert!(revision(&second) > revision(&first));
    for bad in ["since=x", "since=-1", "since=1&since=2"] {
        let answer = world
            .site
            .get(&world.patient.device, &format!("/v1/feed?{bad}"))
            .await;
        assert_eq!(answer.refused(), refusal(Code::MalformedBody), "{bad}");
    }
    for (device, code) in [
        (&world.stranger, Code::UnknownDevice),
        (&world.removed, Code::DeviceRemoved),
    ] {
        for target in ["/v1/feed", "/v1/events"] {
            let answer = world.site.get(device, target).await;
            assert_eq!(answer.refused(), refusal(code), "{target}");
        }
    }
    let unsigned = world.site.anonymous("GET", "/v1/events", b"").await;
    assert_eq!(unsigned.refused(), refusal(Code::SignatureMissing));
}

#[tokio::test]
async fn who_is_removed_hears_no_more() {
    let mut world = World::new().await;
    let epoch = world.epoch(SpaceKind::Care).await;
    let mut first = open(&world.site, &world.patient.device).await;
    let second = open(&world.site, &world.second).await;
    let gone = world.patient.state(Patient::removing(world.second.id()));
    let patient = &world.patient;
    world
        .site
        .append(&patient.device, patient.id(), &gone)
        .await
        .expect(201);
    second.ends().await;
    let again = answer(&world.site, &world.second).await;
    assert_eq!(again.status(), 403);
    // Under the epoch that the removed device can open, nothing more is taken.
    let space = world.space(SpaceKind::Care);
    let path = format!("/v1/spaces/{space}/runs");
    let mut log = Log::new(&patient.device, space, 1, epoch);
    let body = push(&[log.run(&[100], 1)]);
    let refused = world.site.post(&patient.device, &path, &body).await;
    assert_eq!(refused.refused(), refusal(Code::EpochOutdated));
    let statements = world
        .site
        .get(&patient.device, &format!("/v1/chains/{space}"))
        .await;
    let page: ChainPage = statements.read();
    let kept: Vec<Vec<u8>> = page.statements.into_iter().map(Into::into).collect();
    let chain = world.epochs(SpaceKind::Care, &kept);
    let next = world.next_epoch(SpaceKind::Care, &chain, &patient.device);
    world
        .site
        .append(&patient.device, space, &next)
        .await
        .expect(201);
    let epoch = hash(&next);
    put(&world, &patient.device, SpaceKind::Care, epoch, 2).await;
    first.until(space).await;
}

#[tokio::test]
async fn a_new_role_hears_of_what_it_may_read() {
    let mut world = World::new().await;
    let care = world.epoch(SpaceKind::Care).await;
    let mut stream = open(&world.site, &world.clinic.clinician).await;
    put(&world, &world.patient.device, SpaceKind::Care, care, 1).await;
    stream.until(world.space(SpaceKind::Care)).await;
    let step = RosterStep::RoleChanged {
        person: PersonId([1; 16]),
        role: Role::FrontDesk,
    };
    let changed = world.clinic.state(step);
    world
        .site
        .append(&world.clinic.desk, world.clinic.id(), &changed)
        .await
        .expect(201);
    let issued = world.clinic.issue(Team::Care);
    world
        .site
        .append(&world.clinic.desk, world.clinic.id(), &issued)
        .await
        .expect(201);
    let space = world.space(SpaceKind::Care);
    let answer = world
        .site
        .get(&world.patient.device, &format!("/v1/chains/{space}"))
        .await;
    let page: ChainPage = answer.read();
    let kept: Vec<Vec<u8>> = page.statements.into_iter().map(Into::into).collect();
    let chain = world.epochs(SpaceKind::Care, &kept);
    let next = world.next_epoch(SpaceKind::Care, &chain, &world.patient.device);
    world
        .site
        .append(&world.patient.device, space, &next)
        .await
        .expect(201);
    let care = hash(&next);
    put(&world, &world.patient.device, SpaceKind::Care, care, 2).await;
    let heard = stream.hears(Duration::from_millis(200)).await;
    let roster = Changed {
        kind: ChangeKind::Chain,
        id: world.clinic.id().0,
    };
    assert!(heard.iter().all(|c| *c == Some(roster)), "{heard:?}");
    assert!(!heard.is_empty());
    let feed: Feed = world
        .site
        .get(&world.clinic.clinician, "/v1/feed?since=0")
        .await
        .read();
    let named = feed.changes.iter().map(|c| (c.kind, c.id));
    assert!(!spaces(&world, named)[1]);
}

fn few(streams: usize, keep_alive: Duration, clinic: &Clinic) -> Site {
    let name = Authority::parse(Scheme::Https, HOST).unwrap();
    let authorities = vec![(Scheme::Https, name)];
    let mut config = Config::new(authorities, vec![clinic.root_id()]);
    config.streams = streams;
    config.keep_alive = keep_alive;
    Site::with(Arc::new(MemoryStore::new()), TestClock::new(), config)
}

#[tokio::test]
async fn one_stream_a_device_and_so_many_in_all() {
    let clinic = Clinic::new(10);
    let site = few(2, PATIENCE, &clinic);
    site.found(&clinic).await;
    let first = open(&site, &clinic.clinician).await;
    let again = open(&site, &clinic.clinician).await;
    first.ends().await;
    let other = open(&site, &clinic.desk).await;
    let full = site.get(&clinic.administrator, "/v1/events").await;
    assert_eq!(full.refused(), refusal(Code::Unavailable));
    assert_eq!(full.headers["retry-after"], "60");
    // Its own place is never taken from a device.
    let again = {
        let newer = open(&site, &clinic.clinician).await;
        again.ends().await;
        newer
    };
    drop(other);
    let mut tries = 0;
    while site.get(&clinic.administrator, "/v1/feed").await.status != 200
        || answer(&site, &clinic.administrator).await.status() != 200
    {
        tries += 1;
        assert!(tries < 100, "a place that was given up is free");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(again);
}

#[tokio::test]
async fn a_stream_says_that_it_is_alive_and_ends_with_the_server() {
    let clinic = Clinic::new(10);
    let site = few(10, Duration::from_millis(20), &clinic);
    site.found(&clinic).await;
    let mut stream = open(&site, &clinic.clinician).await;
    for _ in 0..5 {
        assert!(stream.piece(PATIENCE).await);
    }
    assert_eq!(stream.said(), []);
    site.app.stop();
    stream.ends().await;
    let late = site.get(&clinic.clinician, "/v1/events").await;
    assert_eq!(late.refused(), refusal(Code::Unavailable));
}

/// More streams than workers, none of which is read; and what they miss becomes one event.
#[tokio::test]
async fn streams_that_nobody_reads_hold_nothing_up() {
    let clinic = Clinic::new(10);
    let site = few(100, Duration::from_millis(20), &clinic);
    site.found(&clinic).await;
    let mut patient = Patient::of(&clinic, 50);
    site.enrolled(&clinic, &patient, 1).await;
    let mut streams = Vec::new();
    for seed in 100..131 {
        let device = Device::new(seed);
        let added = patient.state(patient.adding(&device));
        site.append(&patient.device, patient.id(), &added)
            .await
            .expect(201);
        streams.push(open(&site, &device).await);
    }
    let members = parties(SpaceKind::Care, Some(&patient), Some(&clinic));
    let first = epoch(&Default::default(), members, &patient.device);
    let space = patient.space(SpaceKind::Care);
    site.append(&patient.device, space, &first)
        .await
        .expect(201);
    let sealed = hash(&first);
    let mut log = Log::new(&patient.device, space, 1, sealed);
    let path = format!("/v1/spaces/{space}/runs");
    for _ in 0..50 {
        let body = push(&[log.run(&[100], 1)]);
        let pushed = timeout(PATIENCE, site.post(&patient.device, &path, &body));
        pushed.await.unwrap().expect(200);
    }
    for mut stream in streams {
        let of_space = |c: &&Option<Changed>| c.is_none_or(|c| c.id == space.0);
        let mut count = 0;
        while count == 0 {
            assert!(stream.piece(PATIENCE).await, "it ended");
            count = stream.said().iter().filter(of_space).count();
        }
        let heard = stream.hears(Duration::from_millis(50)).await;
        count += heard.iter().filter(of_space).count();
        assert!(count < 10, "{count}");
    }
}
