//! Every form carries the session's own token, or changes nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use clinic_console::fake::{DIGITS, PASSPHRASE};
use clinic_console::service::{InviteState, Range, Service, State};
use support::World;

/// What the service holds, in short.
fn standing(world: &World) -> (Vec<InviteState>, usize, usize, bool) {
    let invites = world.fake.invites().unwrap();
    let patients = world.fake.patients().unwrap();
    let range = Range {
        from: None,
        to: "2030-01-01T00:00:00Z".parse().unwrap(),
    };
    let maria = world.fake.patient("p-maria", &range).unwrap().unwrap();
    let waiting = maria
        .entries
        .iter()
        .filter(|entry| entry.awaits_review())
        .count();
    (
        invites.iter().map(|invite| invite.state).collect(),
        patients.len(),
        waiting,
        matches!(world.fake.state(), State::Open { .. }),
    )
}

const CHANGES: [(&str, &[(&str, &str)]); 9] = [
    ("/lock", &[]),
    ("/sync", &[]),
    ("/patients", &[("search", "maria")]),
    ("/patients/p-maria/reviewed", &[("entry", "p-maria-e0")]),
    (
        "/invites",
        &[("name", "Sofia Ramos"), ("birth_date", "1990-02-03")],
    ),
    ("/invites/inv-waiting/withdraw", &[]),
    ("/invites/inv-waiting/code", &[]),
    (
        "/invites/inv-claimed/admit",
        &[
            ("digits", DIGITS),
            ("name", "Noor van Dijk"),
            ("birth_date", "1979-11-02"),
        ],
    ),
    ("/unlock", &[("passphrase", PASSPHRASE)]),
];

#[tokio::test]
async fn a_form_without_the_right_token_changes_nothing() {
    let mut world = World::clinic();
    world.open().await;
    let before_unlock = world.get("/unlock").await.csrf();
    world.unlock().await;
    let right = world.get("/patients").await.csrf();
    assert_ne!(right, before_unlock, "unlocking changes the token");
    let other_session = World::unlocked_elsewhere().await;
    let standing_before = standing(&world);
    let wrong = [
        String::new(),
        before_unlock,
        other_session,
        right[..63].to_owned(),
        right.to_uppercase(),
        "0".repeat(64),
    ];
    for (path, fields) in CHANGES {
        for token in &wrong {
            let mut form = vec![("csrf", token.as_str())];
            form.extend_from_slice(fields);
            let answer = world.post(path, &form).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            answer.assert_shows("This page was too old");
        }
        let answer = world.post(path, fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} without any");
        assert!(standing(&world) == standing_before, "{path}");
    }
}

#[tokio::test]
async fn the_same_forms_with_the_token_do_what_they_say() {
    for (path, fields) in CHANGES {
        let mut world = World::unlocked().await;
        let answer = world.submit("/patients", path, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
    }
}

#[tokio::test]
async fn the_token_is_not_taken_from_the_address() {
    let mut world = World::unlocked().await;
    let csrf = world.get("/patients").await.csrf();
    let answer = world.post(&format!("/lock?csrf={csrf}"), &[]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(matches!(world.fake.state(), State::Open { .. }));
}

#[tokio::test]
async fn what_is_not_a_form_is_refused() {
    let mut world = World::unlocked().await;
    let csrf = world.get("/patients").await.csrf();
    for kind in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
    ] {
        let request = world
            .request(Method::POST, "/lock", Some("same-origin"))
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(format!("csrf={csrf}")))
            .unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{kind}");
        answer.assert_shows("The console could not read that");
    }
    assert!(matches!(world.fake.state(), State::Open { .. }));
}

#[tokio::test]
async fn reading_changes_nothing() {
    let mut world = World::unlocked().await;
    let before = standing(&world);
    for (path, _) in CHANGES {
        world.get(path).await;
    }
    assert!(standing(&world) == before);
}

impl World {
    /// The token of another session of another console.
    async fn unlocked_elsewhere() -> String {
        let mut other = World::clinic();
        // Its randomness is the same stream: take a later value of it.
        other.open().await;
        other.open().await;
        other.unlock().await;
        other.get("/patients").await.csrf()
    }
}
