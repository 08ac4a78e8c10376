//! How often somebody unknown may ask.

use std::net::IpAddr;
use std::time::Duration;

use axum::Extension;
use clinic_api::chain::patient::PatientStep;
use clinic_api::http::problem::Code;
use clinic_api::message::Pushed;
use clinic_api::space::SpaceKind;
use clinic_server::limit::{Limiter, Peer, Rate};
use clinic_server::store::StoreError;
use clinic_server::store::memory::MemoryStore;

use crate::support::clinic::Clinic;
use crate::support::meddling::Meddling;
use crate::support::site::{Site, TestClock, refusal};
use crate::support::space::{Log, push};
use crate::support::world::World;

const PEER: Rate = Rate {
    burst: 3.0,
    per_second: 0.5,
};
const EVERYBODY: Rate = Rate {
    burst: 5.0,
    per_second: 100.0,
};

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn peer(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_peer_has_a_burst_and_then_waits() {
    let limiter = Limiter::new(PEER, EVERYBODY);
    let one = peer("192.0.2.1");
    for _ in 0..3 {
        assert_eq!(limiter.take(one, at(0)), Ok(()));
    }
    assert_eq!(limiter.take(one, at(0)), Err(2));
    assert_eq!(limiter.take(one, at(1)), Err(1));
    assert_eq!(limiter.take(one, at(2)), Ok(()));
    assert_eq!(limiter.take(one, at(2)), Err(2));
    // A clock that goes back gives nothing away.
    assert_eq!(limiter.take(one, at(0)), Err(2));
    assert_eq!(limiter.take(peer("192.0.2.2"), at(2)), Ok(()));
}

#[test]
fn all_peers_together_have_a_limit() {
    let slow = Rate {
        per_second: 0.1,
        ..EVERYBODY
    };
    let limiter = Limiter::new(PEER, slow);
    for n in 0..5 {
        let one = peer(&format!("192.0.2.{n}"));
        assert_eq!(limiter.take(one, at(0)), Ok(()));
    }
    assert_eq!(limiter.take(peer("192.0.2.9"), at(0)), Err(10));
    assert_eq!(limiter.take(peer("192.0.2.9"), at(10)), Ok(()));
}

#[test]
fn addresses_of_one_network_are_one_peer() {
    let limiter = Limiter::new(PEER, EVERYBODY);
    for address in ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"] {
        assert_eq!(limiter.take(peer(address), at(0)), Ok(()));
    }
    assert!(limiter.take(peer("2001:db8::3"), at(0)).is_err());
    assert_eq!(limiter.take(peer("2001:db8:0:1::1"), at(0)), Ok(()));
    let limiter = Limiter::new(PEER, EVERYBODY);
    for address in ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"] {
        assert_eq!(limiter.take(peer(address), at(0)), Ok(()));
    }
    assert!(limiter.take(peer("::ffff:192.0.2.1"), at(0)).is_err());
}

#[test]
fn many_peers_do_not_fill_the_memory() {
    let endless = Rate {
        burst: 1e9,
        per_second: 1e9,
    };
    let limiter = Limiter::new(PEER, endless);
    let address = |n: u32| IpAddr::from(n.to_be_bytes());
    for n in 0..10_000 {
        assert_eq!(limiter.take(address(n), at(0)), Ok(()));
    }
    assert_eq!(limiter.take(address(20_000), at(0)), Err(1));
    assert_eq!(limiter.take(address(5), at(0)), Ok(()));
    // Two seconds later the buckets of all but the fifth are full, so forgotten.
    assert_eq!(limiter.take(address(20_000), at(2)), Ok(()));
}

#[tokio::test]
async fn looking_at_invites_and_claiming_them_is_limited() {
    let world = World::new().await;
    let path = format!("/v1/invites/{}", "ab".repeat(16));
    let mut refused = None;
    for _ in 0..40 {
        let answer = world.site.anonymous("GET", &path, b"").await;
        if answer.status != 404 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.refused(), refusal(Code::RateLimited));
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.problem().retry_after, Some(1));
    let claim = world
        .site
        .anonymous("POST", &format!("{path}/claim"), b"")
        .await;
    assert_eq!(claim.refused(), refusal(Code::RateLimited));
    // Who signs is not held up by it.
    world
        .site
        .get(&world.clinic.desk, "/v1/invites")
        .await
        .expect(200);
    world.site.clock.advance(1);
    let answer = world.site.anonymous("GET", &path, b"").await;
    assert_eq!(answer.refused(), refusal(Code::UnknownInvite));
}

#[tokio::test]
async fn peers_do_not_hold_each_other_up() {
    let mut world = World::new().await;
    let path = format!("/v1/invites/{}", "ab".repeat(16));
    let all = world.site.router.clone();
    world.site.router = all.clone().layer(Extension(Peer(peer("192.0.2.1"))));
    let mut statuses = Vec::new();
    for _ in 0..31 {
        statuses.push(world.site.anonymous("GET", &path, b"").await.status);
    }
    assert_eq!(statuses[29..], [404, 429]);
    let body = world.clinic.founding();
    let founding = world.site.post(&world.clinic.desk, "/v1/rosters", &body);
    assert_eq!(founding.await.refused(), refusal(Code::RateLimited));
    world.site.router = all.layer(Extension(Peer(peer("192.0.2.2"))));
    let other = world.site.anonymous("GET", &path, b"").await;
    assert_eq!(other.refused(), refusal(Code::UnknownInvite));
}

#[tokio::test]
async fn a_device_has_a_limit_that_nobody_else_uses_up() {
    // What setting it all up takes, and a few more.
    let world = World::configured(|config| {
        config.device_rate = Rate {
            burst: 12.0,
            per_second: 0.25,
        };
    })
    .await;
    let (device, chain) = (&world.patient.device, world.patient.id());
    let path = format!("/v1/chains/{chain}");
    // Who signs in its name with another key takes nothing of it.
    for _ in 0..50 {
        let mut headers = world.site.signer(device).headers("GET", &path, b"");
        let forged = world.site.signer(&world.second);
        let signature = forged.headers("GET", &path, b"").pop().unwrap();
        *headers.last_mut().unwrap() = signature;
        let answer = world.site.raw("GET", &path, &headers, b"").await;
        assert_eq!(answer.refused(), refusal(Code::SignatureInvalid));
    }
    let mut answered = 0;
    let refused = loop {
        let answer = world.site.get(device, &path).await;
        if answer.status != 200 {
            break answer;
        }
        answered += 1;
        assert!(answered < 13);
    };
    // Of 12, three statements were appended before.
    assert_eq!(answered, 9);
    assert_eq!(refused.refused(), refusal(Code::RateLimited));
    assert_eq!(refused.headers["retry-after"], "4");
    world.site.get(&world.second, &path).await.expect(200);
    world.site.clock.advance(4);
    world.site.get(device, &path).await.expect(200);
    let text = world.site.app.metrics_text();
    assert!(
        text.contains("clinic_rate_limited_total{limit=\"device\"} 1\n"),
        "{text}"
    );
}

#[tokio::test]
async fn an_admitted_patient_has_a_limit_that_does_not_stop_the_clinic() {
    const LIMIT: u64 = 300_000;
    let world = World::configured(|config| config.patient_bytes = LIMIT).await;
    let epoch = world.epoch(SpaceKind::Care).await;
    let space = world.space(SpaceKind::Care);
    let path = format!("/v1/spaces/{space}/runs");
    let mut log = Log::new(&world.patient.device, space, 1, epoch);
    let mut stored = 0;
    let refused = loop {
        let body = push(&[log.run(&[50_000], 7)]);
        let answer = world.site.post(&world.patient.device, &path, &body);
        let answer = answer.await;
        if answer.status != 200 {
            break answer;
        }
        assert_eq!(answer.read::<Pushed>().stored, 1);
        stored += 50_000;
        assert!(stored < LIMIT);
    };
    assert_eq!(refused.refused(), refusal(Code::StorageFull));
    // The statements, of a few kilobytes, count, too.
    assert_eq!(stored, 250_000);
    // Its other devices share it; others' chains, and staff, do not.
    let mut second = Log::new(&world.second, space, 1, epoch);
    let run = second.run(&[50_000], 7);
    let answer = world.site.post(&world.second, &path, &push(&[run])).await;
    assert_eq!(answer.refused(), refusal(Code::StorageFull));
    let clinician = &world.clinic.clinician;
    let mut staff = Log::new(clinician, space, 1, epoch);
    let run = staff.run(&[50_000], 7);
    world
        .site
        .post(clinician, &path, &push(&[run]))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_device_that_filled_the_storage_is_put_out_all_the_same() {
    const LIMIT: u64 = 300_000;
    let world = World::configured(|config| config.patient_bytes = LIMIT).await;
    let epoch = world.epoch(SpaceKind::Care).await;
    let space = world.space(SpaceKind::Care);
    let path = format!("/v1/spaces/{space}/runs");
    let mut log = Log::new(&world.second, space, 1, epoch);
    for size in [50_000, 5_000, 500, 32] {
        loop {
            let before = log.tip;
            let body = push(&[log.run(&[size], 7)]);
            if world.site.post(&world.second, &path, &body).await.status != 200 {
                log.tip = before;
                break;
            }
        }
    }
    let patient = &world.patient;
    let nothing = patient.next(PatientStep::DeviceRemoved {
        device: world.second.id(),
        heads: Vec::new(),
    });
    let put_out = world.site.append(&patient.device, patient.id(), &nothing);
    put_out.await.expect(201);
    let gone = world.site.get(&world.second, "/v1/chains").await;
    assert_eq!(gone.refused(), refusal(Code::DeviceRemoved));
}

#[tokio::test]
async fn a_full_disk_is_said_with_when_to_try_again() {
    let store = Meddling::new(std::sync::Arc::new(MemoryStore::new()));
    let clinic = Clinic::new(10);
    let site = Site::on(store.clone(), TestClock::new(), &[&clinic]);
    site.found(&clinic).await;
    let invite = clinic_api::wire::encode(&clinic.invite(1, site.clock_now() + 60));
    store.fail_next(StoreError::Full);
    let refused = site.post(&clinic.desk, "/v1/invites", &invite).await;
    assert_eq!(refused.refused(), refusal(Code::StorageFull));
    assert_eq!(refused.headers["retry-after"], "300");
    store.fail_next(StoreError::Busy);
    let refused = site.post(&clinic.desk, "/v1/invites", &invite).await;
    assert_eq!(refused.refused(), refusal(Code::Unavailable));
    assert_eq!(refused.headers["retry-after"], "1");
    site.post(&clinic.desk, "/v1/invites", &invite)
        .await
        .expect(201);
    let text = site.app.metrics_text();
    for line in ["full", "busy"] {
        let line = format!("clinic_store_errors_total{{kind=\"{line}\"}} 1\n");
        assert!(text.contains(&line), "{text}");
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_makes_it_alive_and_not_ready() {
    let store = Meddling::new(std::sync::Arc::new(MemoryStore::new()));
    let site = Site::on(store.clone(), TestClock::new(), &[]);
    for failure in [StoreError::Busy, StoreError::Damaged("a test")] {
        store.fail_next(failure);
        let ready = site.anonymous("GET", "/readyz", b"").await;
        assert_eq!(ready.refused(), refusal(Code::Unavailable));
        site.anonymous("GET", "/healthz", b"").await.expect(200);
        site.anonymous("GET", "/readyz", b"").await.expect(200);
    }
}
