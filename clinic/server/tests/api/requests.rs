//! Requests that are not as they should be, wherever they go.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::Request;
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::problem::Code;
use clinic_api::message::{Pull, ServerTime};
use clinic_api::space::SpaceKind;
use clinic_api::{limits, wire};
use clinic_server::app::Config;
use clinic_server::store::memory::MemoryStore;

use crate::support::clinic::Clinic;
use crate::support::site::{HOST, Signer, Site, TestClock, refusal};
use crate::support::world::World;

type Headers = Vec<(&'static str, String)>;

#[tokio::test]
async fn each_bend_of_a_signed_request_is_refused() {
    let world = World::new().await;
    let device = &world.patient.device;
    let path = format!("/v1/spaces/{}/pull", world.space(SpaceKind::Care));
    let target = path.as_str();
    let body = wire::encode(&Pull { have: Vec::new() });
    let good = world.site.signer(device).headers("POST", target, &body);
    let other_body = wire::encode(&Pull {
        have: vec![clinic_api::message::Have {
            log: clinic_api::id::LogId([1; 16]),
            beat: 1,
        }],
    });
    let without =
        |name: &str| -> Headers { good.iter().filter(|(n, _)| *n != name).cloned().collect() };
    let with = |name: &'static str, value: String| -> Headers {
        let mut headers = without(name);
        headers.push((name, value));
        headers
    };
    let value = |name: &str| good.iter().find(|(n, _)| *n == name).unwrap().1.clone();
    let twice = |name: &'static str| -> Headers {
        let mut headers = good.clone();
        headers.push((name, value(name)));
        headers
    };
    let as_key = |device: &crate::support::keys::Device| {
        value("signature-input").replace(
            &world.patient.device.id().to_string(),
            &device.id().to_string(),
        )
    };
    let digest = ContentDigest::of(&other_body).to_string();
    let cases: Vec<(&str, Headers, Code)> = vec![
        ("no signature", without("signature"), Code::SignatureMissing),
        (
            "no input",
            without("signature-input"),
            Code::SignatureMissing,
        ),
        (
            "no digest",
            without("content-digest"),
            Code::SignatureMissing,
        ),
        ("no host", without("host"), Code::WrongAuthority),
        ("twice", twice("signature"), Code::SignatureMalformed),
        (
            "two digests",
            twice("content-digest"),
            Code::SignatureMalformed,
        ),
        (
            "an empty signature",
            with("signature", "sig=::".to_owned()),
            Code::SignatureMalformed,
        ),
        (
            "no structure",
            with("signature-input", "(((".to_owned()),
            Code::SignatureMalformed,
        ),
        (
            "another component",
            with(
                "signature-input",
                value("signature-input").replace("@query", "@scheme"),
            ),
            Code::SignatureMalformed,
        ),
        (
            "another algorithm",
            with(
                "signature-input",
                value("signature-input").replace("ed25519", "hmac-sha256"),
            ),
            Code::SignatureMalformed,
        ),
        (
            "a flipped signature",
            with("signature", format!("sig=:{}A{}", "B".repeat(85), "==:")),
            Code::SignatureInvalid,
        ),
        (
            "another's key id",
            with("signature-input", as_key(&world.second)),
            Code::SignatureInvalid,
        ),
        (
            "a stranger's key id",
            with("signature-input", as_key(&world.stranger)),
            Code::UnknownDevice,
        ),
        (
            "another time",
            with(
                "signature-input",
                value("signature-input").replace("created=1767225600", "created=1767225601"),
            ),
            Code::SignatureInvalid,
        ),
        (
            "another digest",
            with("content-digest", digest.clone()),
            Code::SignatureInvalid,
        ),
        (
            "another host",
            with("host", "evil.example".to_owned()),
            Code::WrongAuthority,
        ),
        (
            "another port",
            with("host", format!("{HOST}:8443")),
            Code::WrongAuthority,
        ),
        (
            "a host with a user",
            with("host", format!("a@{HOST}")),
            Code::WrongAuthority,
        ),
        (
            "text",
            with("content-type", "text/plain".to_owned()),
            Code::UnsupportedMediaType,
        ),
        (
            "no type",
            without("content-type"),
            Code::UnsupportedMediaType,
        ),
    ];
    for (name, headers, code) in cases {
        let answer = world.site.raw("POST", target, &headers, &body).await;
        assert_eq!(answer.refused(), refusal(code), "{name}");
    }
    let answer = world.site.raw("POST", target, &good, &other_body).await;
    assert_eq!(answer.refused(), refusal(Code::DigestMismatch));
    let answer = world.site.raw("POST", target, &good, b"").await;
    assert_eq!(answer.refused(), refusal(Code::DigestMismatch));
    let elsewhere = format!("/v1/spaces/{}/pull", world.space(SpaceKind::Desk));
    for target in [elsewhere, format!("{path}?"), format!("{path}?a=1")] {
        let answer = world.site.raw("POST", &target, &good, &body).await;
        if target.ends_with('?') {
            // An empty query and none are signed alike.
            assert_eq!(answer.status, 200);
        } else {
            assert_eq!(answer.refused(), refusal(Code::SignatureInvalid));
        }
    }
    world
        .site
        .raw("POST", target, &good, &body)
        .await
        .expect(200);
}

#[tokio::test]
async fn the_host_is_compared_as_a_name() {
    let world = World::new().await;
    let device = &world.patient.device;
    let target = format!("/v1/chains/{}", world.patient.id());
    let signed = world.site.signer(device).headers("GET", &target, b"");
    let with_host = |host: &str| -> Headers {
        let mut headers = signed.clone();
        headers[0].1 = host.to_owned();
        headers
    };
    for host in ["CLINIC.example", "clinic.example:443"] {
        let answer = world.site.raw("GET", &target, &with_host(host), b"").await;
        assert_eq!(answer.status, 200, "{host}");
    }
    for host in [
        "clinic.example.",
        "clinic.example:80",
        "",
        "clinic.example,x",
    ] {
        let answer = world.site.raw("GET", &target, &with_host(host), b"").await;
        assert_eq!(answer.refused(), refusal(Code::WrongAuthority), "{host}");
    }
    let mut two = signed.clone();
    two.push(("host", "evil.example".to_owned()));
    let answer = world.site.raw("GET", &target, &two, b"").await;
    assert_eq!(answer.refused(), refusal(Code::WrongAuthority));
    // The target's authority, which HTTP/2 sends, counts too.
    let absolute = format!("http://evil.example{target}");
    let answer = world.site.raw("GET", &absolute, &signed, b"").await;
    assert_eq!(answer.refused(), refusal(Code::WrongAuthority));
    let absolute = format!("http://{HOST}{target}");
    let headers = signed[1..].to_vec();
    let answer = world.site.raw("GET", &absolute, &headers, b"").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_wrong_clock_is_told_the_time() {
    let world = World::new().await;
    let device = &world.patient.device;
    let target = format!("/v1/chains/{}", world.patient.id());
    let now = world.site.clock_now();
    for (off, fits) in [
        (0, true),
        (300, true),
        (-300, true),
        (301, false),
        (-301, false),
        (365 * 86_400, false),
        (-now, false),
    ] {
        let signer = Signer {
            device,
            authority: HOST,
            created: now + off,
        };
        let headers = signer.headers("GET", &target, b"");
        let answer = world.site.raw("GET", &target, &headers, b"").await;
        if fits {
            assert_eq!(answer.status, 200, "{off}");
        } else {
            assert_eq!(answer.refused(), refusal(Code::SignatureStale), "{off}");
            assert_eq!(answer.problem().server_time, Some(now));
        }
    }
    let time = world.site.anonymous("GET", "/v1/time", b"").await;
    assert_eq!(time.read::<ServerTime>().now, now);
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_however_they_come() {
    let world = World::new().await;
    let device = &world.patient.device;
    let target = format!("/v1/spaces/{}/runs", world.space(SpaceKind::Care));
    let body = vec![0; limits::PUSH_BODY + 1];
    let too_large = refusal(Code::BodyTooLarge);
    // With a length, without one, with a false one; by somebody and by nobody.
    let signed = world.site.signer(device).headers("POST", &target, &body);
    for headers in [signed, Vec::new()] {
        for length in [Some(body.len()), Some(3), None] {
            let mut request = Request::post(&target);
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            if let Some(length) = length {
                request = request.header("content-length", length);
            }
            let bytes = Bytes::from(body.clone());
            let answer = world.site.send(request.body(Body::from(bytes)).unwrap());
            assert_eq!(answer.await.refused(), too_large);
        }
    }
    let target = format!("/v1/chains/{}", world.patient.id());
    let answer = world.site.call(device, "GET", &target, b"x").await;
    assert_eq!(answer.refused(), too_large);
}

#[tokio::test]
async fn nothing_here_and_no_such_method() {
    let world = World::new().await;
    for target in ["/", "/v1", "/v1/", "/v2/time", "/v1/time/", "//v1/time"] {
        let answer = world.site.anonymous("GET", target, b"").await;
        assert_eq!(answer.refused(), refusal(Code::NotFound), "{target}");
    }
    for (method, target, allow) in [
        ("POST", "/v1/time", "GET,HEAD"),
        ("DELETE", "/v1/invites", "GET,HEAD,POST"),
        ("GET", "/v1/rosters", "POST"),
        ("PUT", "/v1/chains/00", "GET,HEAD,POST"),
    ] {
        let answer = world.site.anonymous(method, target, b"").await;
        let code = refusal(Code::MethodNotAllowed);
        assert_eq!(answer.refused(), code, "{method} {target}");
        assert_eq!(answer.headers["allow"], allow);
    }
}

#[tokio::test]
async fn answers_are_not_kept_by_anybody_between() {
    let world = World::new().await;
    for target in ["/v1/time", "/healthz", "/nothing"] {
        let answer = world.site.anonymous("GET", target, b"").await;
        assert_eq!(answer.headers["cache-control"], "no-store", "{target}");
    }
}

#[tokio::test]
async fn it_says_how_it_is() {
    let world = World::new().await;
    for target in ["/healthz", "/readyz"] {
        let answer = world.site.anonymous("GET", target, b"").await;
        assert_eq!((answer.status, answer.body), (200, b"ok".to_vec()));
    }
    world.site.app.stop();
    let ready = world.site.anonymous("GET", "/readyz", b"").await;
    assert_eq!(ready.refused(), refusal(Code::Unavailable));
    world
        .site
        .anonymous("GET", "/healthz", b"")
        .await
        .expect(200);
}

/// Both names are ours, but which of them was signed must not be a matter of choice.
#[tokio::test]
async fn a_request_that_names_two_of_our_names_is_refused() {
    let clinic = Clinic::new(10);
    let names = [HOST, "other.example"].map(|name| {
        (
            Scheme::Https,
            Authority::parse(Scheme::Https, name).unwrap(),
        )
    });
    let config = Config::new(names.to_vec(), vec![clinic.root_id()]);
    let site = Site::with(Arc::new(MemoryStore::new()), TestClock::new(), config);
    site.found(&clinic).await;
    let target = format!("/v1/chains/{}", clinic.id());
    for (host, absolute, fits) in [
        (HOST, HOST, true),
        ("other.example", "other.example", true),
        (HOST, "other.example", false),
    ] {
        let signer = Signer {
            authority: host,
            ..site.signer(&clinic.desk)
        };
        let headers = signer.headers("GET", &target, b"");
        let absolute = format!("http://{absolute}{target}");
        let answer = site.raw("GET", &absolute, &headers, b"").await;
        if fits {
            assert_eq!(answer.status, 200);
        } else {
            assert_eq!(answer.refused(), refusal(Code::WrongAuthority));
        }
    }
}
