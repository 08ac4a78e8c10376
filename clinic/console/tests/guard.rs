//! Who is let through to the pages at all: Host, Origin, Fetch Metadata, headers, size, address.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use clinic_console::service::Service;
use clinic_console::{Config, bind};
use companion_core::problem::Kind;
use support::{Answer, HOST, World, encode};

#[tokio::test]
async fn answers_under_its_own_names() {
    for host in ["127.0.0.1:7410", "localhost:7410", "[::1]:7410"] {
        let mut world = World::clinic();
        let request = Request::get("/")
            .header(header::HOST, host)
            .body(Body::empty());
        let answer = world.send(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{host}");
        answer.assert_shows("This browser has not opened the console");
    }
}

#[tokio::test]
async fn refuses_every_other_name_and_explains_how_to_get_in() {
    let mut world = World::unlocked().await;
    for host in [
        "evil.example",
        "evil.example:7410",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:7411",
        "127.0.0.1:74100",
        "127.0.0.2:7410",
        "0.0.0.0:7410",
        "localhost.evil.example:7410",
        "127.0.0.1.nip.example:7410",
        "xlocalhost:7410",
        "[::]:7410",
        "user@127.0.0.1:7410",
        "",
    ] {
        for path in ["/", "/patients", "/patients/p-maria", "/open?token=0"] {
            let request = Request::get(format!("{}{path}", world.place))
                .header(header::HOST, host)
                .header(header::COOKIE, world.cookie.clone().unwrap())
                .body(Body::empty());
            let answer = world.send(request.unwrap()).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host:?}");
            answer.assert_shows("The console does not answer under this name");
            answer.assert_shows("it begins with http://127.0.0.1:7410/.");
            answer.assert_hides("Maria");
            assert!(answer.set_cookie().is_none());
        }
    }
}

#[tokio::test]
async fn refuses_a_host_that_is_missing_doubled_or_contradicted() {
    let mut world = World::clinic();
    let none = Request::get("/").body(Body::empty()).unwrap();
    let doubled = Request::get("/")
        .header(header::HOST, HOST)
        .header(header::HOST, "evil.example")
        .body(Body::empty())
        .unwrap();
    let contradicted = Request::get("http://evil.example/")
        .header(header::HOST, HOST)
        .body(Body::empty())
        .unwrap();
    for request in [none, doubled, contradicted] {
        let answer = world.send(request).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    }
}

#[tokio::test]
async fn shows_the_foreign_name_as_text_and_not_whole() {
    let mut world = World::clinic();
    let host = format!("<script>{}", "x".repeat(500));
    let request = Request::get("/")
        .header(header::HOST, host)
        .body(Body::empty());
    let answer = world.send(request.unwrap()).await;
    answer.assert_hides("<script");
    answer.assert_shows("&#60;script&#62;xxx");
    answer.assert_hides(&"x".repeat(101));
}

/// Sends the invite form with everything right but the headers given.
async fn invite_with(world: &mut World, headers: &[(&str, &str)]) -> Answer {
    let csrf = world.get("/invites").await.csrf();
    let mut request = Request::post(format!("{}/invites", world.place))
        .header(header::HOST, HOST)
        .header(header::COOKIE, world.cookie.clone().unwrap())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = encode(&[
        ("csrf", &csrf),
        ("name", "Sofia Ramos"),
        ("birth_date", "1990-02-03"),
    ]);
    world.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn changes_come_from_the_console_alone() {
    let own = "http://127.0.0.1:7410";
    let refused: &[&[(&str, &str)]] = &[
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        // Another port of this machine is the same site, and not the same origin.
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://127.0.0.1:9999"),
        ],
        &[("sec-fetch-site", "same-site"), ("origin", own)],
        &[("sec-fetch-site", "none"), ("origin", own)],
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://evil.example"),
        ],
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://localhost:7410"),
        ],
        &[
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "cross-site"),
        ],
        &[("origin", "https://evil.example")],
        &[("origin", "http://127.0.0.1:7411")],
        &[("origin", "https://127.0.0.1:7410")],
        &[("origin", "null")],
        &[("origin", own), ("origin", "https://evil.example")],
        &[],
    ];
    let mut world = World::unlocked().await;
    let before = world.fake.invites().unwrap().len();
    for headers in refused {
        let answer = invite_with(&mut world, headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        answer.assert_shows("This did not come from the console");
        assert_eq!(world.fake.invites().unwrap().len(), before, "{headers:?}");
    }
    let allowed: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "same-origin"), ("origin", "null")],
        &[("sec-fetch-site", "same-origin"), ("origin", own)],
        &[("sec-fetch-site", "same-origin")],
        &[("origin", own)],
    ];
    for (i, headers) in allowed.iter().enumerate() {
        let answer = invite_with(&mut world, headers).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{headers:?}");
        assert_eq!(world.fake.invites().unwrap().len(), before + i + 1);
    }
}

#[tokio::test]
async fn others_may_link_here_but_neither_embed_nor_fetch() {
    let mut world = World::unlocked().await;
    for site in ["cross-site", "same-site"] {
        for (mode, dest) in [
            ("navigate", "iframe"),
            ("navigate", "object"),
            ("navigate", "embed"),
            ("no-cors", "image"),
            ("no-cors", "script"),
            ("cors", "empty"),
            ("cors", "document"),
        ] {
            let request = Request::get(format!("{}/patients", world.place))
                .header(header::HOST, HOST)
                .header(header::COOKIE, world.cookie.clone().unwrap())
                .header("sec-fetch-site", site)
                .header("sec-fetch-mode", mode)
                .header("sec-fetch-dest", dest);
            let answer = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{site} {mode} {dest}");
            answer.assert_hides("Maria");
        }
        // A link: the browser holds the strict cookie back, so the page says how to go on.
        let request = Request::get(format!("{}/patients", world.place))
            .header(header::HOST, HOST)
            .header("sec-fetch-site", site)
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document");
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        answer.assert_shows("You came here from another page");
        answer.assert_shows("Go on to the console");
    }
}

#[tokio::test]
async fn allows_no_other_origin_to_read() {
    let mut world = World::unlocked().await;
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri(format!("{}/patients", world.place))
        .header(header::HOST, HOST)
        .header(header::ORIGIN, "https://evil.example")
        .header("access-control-request-method", "POST")
        .header("sec-fetch-site", "cross-site")
        .body(Body::empty())
        .unwrap();
    let refused = world.send(preflight).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let page = world.get("/patients").await;
    for answer in [refused, page] {
        let cors = answer
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control"));
        assert!(!cors);
    }
}

#[tokio::test]
async fn every_answer_carries_the_same_strict_headers() {
    let mut world = World::clinic();
    let mut answers = vec![world.get("/").await, world.get("/open?token=wrong").await];
    world.open().await;
    answers.push(world.get("/").await);
    answers.push(world.get("/unlock").await);
    answers.push(world.unlock().await);
    answers.push(world.get("/patients").await);
    answers.push(world.get("/nothing").await);
    answers.push(world.get("/lock").await);
    answers.push(world.get("/assets/console.css").await);
    answers.push(world.get("/assets/icon.svg").await);
    answers.push(world.get("/assets/none").await);
    answers.push(invite_with(&mut world, &[]).await);
    let foreign = Request::get("/").header(header::HOST, "evil.example");
    answers.push(world.send(foreign.body(Body::empty()).unwrap()).await);
    let expected = [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ];
    for answer in &answers {
        for (name, value) in expected {
            let got: Vec<_> = answer.headers.get_all(name).iter().collect();
            assert_eq!(got, [value], "{name} with {}", answer.status);
        }
        let policy = answer.headers["permissions-policy"].to_str().unwrap();
        for feature in ["camera=()", "microphone=()", "geolocation=()"] {
            assert!(policy.contains(feature));
        }
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_and_changes_nothing() {
    let mut world = World::unlocked().await;
    let before = world.fake.invites().unwrap().len();
    let long = "x".repeat(300 * 1024);
    let answer = world
        .submit("/invites", "/invites", &[("name", &long)])
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    answer.assert_shows("That was too much at once");
    assert_eq!(world.fake.invites().unwrap().len(), before);
}

#[tokio::test]
async fn listens_on_this_machine_alone() {
    for address in [
        "0.0.0.0:0",
        "[::]:0",
        "192.168.1.5:0",
        "127.0.0.2:0",
        "[::ffff:127.0.0.1]:0",
        "[fe80::1]:0",
    ] {
        let address = address.parse().unwrap();
        let refused = bind(address).await.unwrap_err();
        assert_eq!((refused.kind, refused.code), (Kind::Input, "not-loopback"));
        assert_eq!(Config::new(address).unwrap_err().code, "not-loopback");
    }
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let taken = listener.local_addr().unwrap();
    assert!(taken.ip().is_loopback());
    assert_eq!(bind(taken).await.unwrap_err().code, "cannot-listen");
}
