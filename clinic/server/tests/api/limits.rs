//! How often somebody unknown may ask.

use std::net::IpAddr;
use std::time::Duration;

use axum::Extension;
use clinic_api::http::problem::Code;
use clinic_server::limit::{Limiter, Peer, Rate};

use crate::support::site::refusal;
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
