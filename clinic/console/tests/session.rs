//! The one-time address, the session, unlocking and locking.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use clinic_console::fake::PASSPHRASE;
use clinic_console::service::{Service, State};
use jiff::SignedDuration;
use support::World;

const PAGES: [&str; 9] = [
    "/",
    "/start",
    "/start/done",
    "/unlock",
    "/patients",
    "/patients/p-maria",
    "/invites",
    "/invites/inv-claimed/admit",
    "/invites/inv-waiting/code",
];

const BUTTONS: [&str; 9] = [
    "/start",
    "/unlock",
    "/lock",
    "/sync",
    "/patients",
    "/patients/p-maria/reviewed",
    "/invites",
    "/invites/inv-claimed/admit",
    "/invites/inv-waiting/withdraw",
];

fn is_open(world: &World) -> bool {
    matches!(world.fake.state(), State::Open { .. })
}

#[tokio::test]
async fn without_the_cookie_nothing_is_shown_or_done() {
    let mut world = World::unlocked().await;
    let right = world.cookie.clone().unwrap();
    let forged = right.split_once('=').unwrap().0.to_owned() + "=" + &"0".repeat(64);
    for cookie in [None, Some(forged), Some("clinic-console-7410=".into())] {
        for page in PAGES {
            world.cookie = cookie.clone();
            let answer = world.get(page).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{page}");
            answer.assert_shows("press Enter there");
            answer.assert_hides("Lindenhof");
            answer.assert_hides("Maria");
        }
        for button in BUTTONS {
            world.cookie = cookie.clone();
            let answer = world.post(button, &[("passphrase", PASSPHRASE)]).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{button}");
        }
    }
    assert!(is_open(&world), "a stranger cannot even lock");
}

#[tokio::test]
async fn the_address_opens_once_and_leaves_the_address_bar() {
    let mut world = World::clinic();
    let path = world.open_path();
    let token = path.strip_prefix("/open?token=").unwrap();
    assert_eq!(token.len(), 64);
    let answer = world.get(&path).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), "/");
    let cookie = answer.set_cookie().unwrap().to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    let (name, id) = pair.split_once('=').unwrap();
    assert_eq!(name, "clinic-console-7410");
    assert_eq!(id.len(), 64);
    assert_ne!(id, token);
    let expected = format!("Path={}; HttpOnly; SameSite=Strict", world.place);
    assert_eq!(attributes, expected);

    world.cookie = None;
    let again = world.get(&path).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    again.assert_shows("This address does not work any more");
    assert!(again.set_cookie().is_none());
    again.assert_hides(token);
}

#[tokio::test]
async fn a_wrong_token_opens_nothing_and_does_not_use_up_the_right_one() {
    let mut world = World::clinic();
    let path = world.open_path();
    let token = path.strip_prefix("/open?token=").unwrap().to_owned();
    let wrong = [
        "/open".to_owned(),
        "/open?token=".to_owned(),
        format!("/open?token={}", &token[..63]),
        format!("/open?token={token}0"),
        format!("/open?token={}", token.to_uppercase()),
        format!("/open?other={token}"),
        format!("/open?token={}", "0".repeat(64)),
    ];
    for path in wrong {
        let answer = world.get(&path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(answer.set_cookie().is_none());
    }
    assert_eq!(world.get(&path).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_token_lasts_ten_minutes_by_a_clock_that_may_jump() {
    for (seconds, opens) in [(599, true), (600, false), (86_400, false), (-600, false)] {
        let mut world = World::clinic();
        let path = world.open_path();
        world.clock.advance(SignedDuration::from_secs(seconds));
        let opened = world.get(&path).await.status == StatusCode::SEE_OTHER;
        assert_eq!(opened, opens, "after {seconds} s");
    }
}

#[tokio::test]
async fn a_new_address_takes_the_place_of_the_one_before() {
    let mut world = World::clinic();
    let (first, second) = (world.open_path(), world.open_path());
    assert_ne!(first, second);
    assert_eq!(world.get(&first).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.get(&second).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn looking_ahead_does_not_use_the_token_up() {
    let mut world = World::clinic();
    let path = world.open_path();
    let head = world.request(Method::HEAD, &path, None).body(Body::empty());
    assert!(world.send(head.unwrap()).await.set_cookie().is_none());
    let prefetch = world
        .request(Method::GET, &path, None)
        .header("sec-purpose", "prefetch;prerender")
        .body(Body::empty());
    assert!(world.send(prefetch.unwrap()).await.set_cookie().is_none());
    assert!(world.cookie.is_none());
    assert_eq!(world.get(&path).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_that_did_not_unlock_sees_only_where_to_unlock() {
    let mut world = World::clinic();
    world.open().await;
    for page in PAGES.iter().filter(|page| !["/unlock"].contains(page)) {
        let answer = world.get(page).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{page}");
        answer.assert_hides("Maria");
        let to = answer.location();
        assert!(to == "/unlock" || to == "/", "{page} leads to {to}");
    }
    // Even with the vault open, this session has not shown that it knows the passphrase.
    world.fake.unlock(PASSPHRASE).unwrap();
    let answer = world.get("/patients/p-maria").await;
    assert_eq!(answer.location(), "/unlock");
}

#[tokio::test]
async fn unlocking_gives_a_new_id_and_voids_the_old_one() {
    let mut world = World::clinic();
    world.open().await;
    let before = world.cookie.clone().unwrap();
    let answer = world.unlock().await;
    let after = world.cookie.clone().unwrap();
    assert_ne!(before, after);
    assert!(answer.set_cookie().unwrap().ends_with(&format!(
        "; Path={}; HttpOnly; SameSite=Strict",
        world.place
    )));
    assert_eq!(world.get("/patients").await.status, StatusCode::OK);
    world.cookie = Some(before);
    assert_eq!(
        world.get("/patients").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_right_cookie_counts_among_others_of_the_same_name() {
    let mut world = World::unlocked().await;
    let right = world.cookie.clone().unwrap();
    world.cookie = Some(format!("clinic-console-7410=planted; other=1; {right}"));
    assert_eq!(world.get("/patients").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_passphrase_is_refused_kindly_and_not_repeated() {
    let mut world = World::clinic();
    world.open().await;
    let wrong = "herring lantern quiet seven";
    let answer = world
        .submit("/unlock", "/unlock", &[("passphrase", wrong)])
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.assert_shows("This passphrase does not fit. Please try again");
    answer.assert_hides("herring");
    assert!(!is_open(&world));
    assert_eq!(world.get("/patients").await.location(), "/unlock");
}

#[tokio::test]
async fn after_unlocking_the_page_that_was_wanted_comes() {
    let mut world = World::clinic();
    world.open().await;
    world.get("/patients/p-maria?days=90").await;
    assert_eq!(world.unlock().await.location(), "/patients/p-maria?days=90");
}

#[tokio::test]
async fn locking_closes_the_vault_and_changes_the_id() {
    let mut world = World::unlocked().await;
    let before = world.cookie.clone().unwrap();
    let answer = world.submit("/patients", "/lock", &[]).await;
    assert_eq!(answer.location(), "/unlock");
    assert!(!is_open(&world));
    assert_ne!(world.cookie.clone().unwrap(), before);
    assert_eq!(world.get("/patients").await.location(), "/unlock");
    world.cookie = Some(before);
    assert_eq!(
        world.get("/patients").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn half_an_hour_without_use_locks() {
    let mut world = World::unlocked().await;
    world.clock.advance(SignedDuration::from_secs(30 * 60 - 1));
    assert_eq!(world.get("/patients").await.status, StatusCode::OK);
    world.clock.advance(SignedDuration::from_secs(30 * 60 - 1));
    assert_eq!(
        world.get("/patients").await.status,
        StatusCode::OK,
        "use counts anew"
    );
    world.clock.minutes(30);
    assert_eq!(world.get("/patients").await.location(), "/unlock");
    assert!(!is_open(&world));
}

#[tokio::test]
async fn the_time_to_lock_can_be_set_and_a_clock_set_back_locks_too() {
    for minutes in [5, -5] {
        let mut world = World::clinic_with(|config| config.idle = SignedDuration::from_mins(5));
        world.open().await;
        world.unlock().await;
        world.clock.minutes(minutes);
        assert_eq!(world.get("/patients").await.location(), "/unlock");
    }
}

#[tokio::test]
async fn an_unattended_console_locks_without_any_request() {
    let world = World::unlocked().await;
    world.clock.minutes(29);
    world.token.lock_if_idle().await;
    assert!(is_open(&world));
    world.clock.minutes(1);
    world.token.lock_if_idle().await;
    assert!(!is_open(&world));
}

#[tokio::test]
async fn nobody_stays_for_longer_than_twelve_hours() {
    let mut world = World::unlocked().await;
    for _ in 0..35 {
        world.clock.minutes(20);
        assert_eq!(world.get("/patients").await.status, StatusCode::OK);
    }
    world.clock.minutes(20);
    assert_eq!(
        world.get("/patients").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert!(!is_open(&world));
}

#[tokio::test]
async fn a_second_browser_ends_the_session_of_the_first_and_has_to_unlock() {
    let mut world = World::unlocked().await;
    let first = world.cookie.clone();
    world.cookie = None;
    world.open().await;
    assert!(!is_open(&world));
    assert_eq!(world.get("/patients").await.location(), "/unlock");
    world.cookie = first;
    assert_eq!(
        world.get("/patients").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_opened_address_goes_on_in_the_browser_that_has_it_open() {
    let mut world = World::clinic();
    let path = world.open_path();
    world.get(&path).await;
    let again = world.get(&path).await;
    assert_eq!(
        (again.status, again.location()),
        (StatusCode::SEE_OTHER, "/")
    );
}

#[tokio::test]
async fn nothing_secret_is_in_debug_output() {
    let world = World::clinic();
    let path = world.open_path();
    let shown = format!("{:?}", world.token);
    assert_eq!(shown, "OpenToken");
    assert!(!shown.contains(path.strip_prefix("/open?token=").unwrap()));
}

#[tokio::test]
async fn without_the_place_the_right_cookie_opens_nothing() {
    let world = World::unlocked().await;
    let (place, cookie) = (world.place.clone(), world.cookie.clone().unwrap());
    assert_eq!(place.len(), 65);
    let shorter = place.get(..64).unwrap();
    for path in ["", shorter, "/0", &format!("{place}0")] {
        for page in PAGES {
            let request = world.request(Method::GET, "", None);
            let request = request.uri(format!("{path}{page}")).body(Body::empty());
            let answer = support::send(&world.router, request.unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{page}");
            answer.assert_hides("Maria");
            answer.assert_hides(shorter);
            assert!(!answer.location().contains(shorter));
        }
    }
    assert!(cookie.starts_with("clinic-console-7410="));
}

#[tokio::test]
async fn a_page_that_asks_whether_it_may_stay_is_no_use_of_the_console() {
    let mut world = World::unlocked().await;
    world.clock.minutes(29);
    assert_eq!(world.get("/standing").await.body, "open");
    world.clock.minutes(1);
    assert_eq!(world.get("/standing").await.body, "locked");
    assert!(!is_open(&world));
    world.cookie = None;
    let stranger = world.get("/standing").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_was_locked_out_by_time_is_told_why_once() {
    let mut world = World::unlocked().await;
    world.clock.minutes(30);
    world.token.lock_if_idle().await;
    world.token.lock_if_idle().await;
    let page = world.get("/unlock").await;
    page.assert_shows("because nobody used it for 30 minutes");
    let page = world.get("/unlock").await;
    page.assert_hides("because nobody used it");
}

#[tokio::test]
async fn a_form_that_comes_after_locking_is_not_done_and_says_so() {
    let mut world = World::unlocked().await;
    let csrf = world.get("/patients/p-maria").await.csrf();
    world.submit("/patients", "/lock", &[]).await;
    let fields = [("csrf", csrf.as_str()), ("entry", "e-1")];
    let answer = world.post("/patients/p-maria/reviewed", &fields).await;
    assert_eq!(answer.location(), "/unlock");
    let page = world.get("/unlock").await;
    page.assert_shows("so it was not done");
    assert_eq!(world.unlock().await.location(), "/patients/p-maria");
}

#[tokio::test]
async fn guessing_becomes_slow_and_the_right_passphrase_ends_it() {
    let mut world = World::clinic();
    world.open().await;
    let mut waited = Vec::new();
    for _ in 0..4 {
        let began = tokio::time::Instant::now();
        let wrong = [("passphrase", "not this one, surely")];
        let answer = world.submit("/unlock", "/unlock", &wrong).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        waited.push(began.elapsed().as_secs());
    }
    assert_eq!(waited, [0, 0, 0, 2]);
    world.unlock().await;
    assert!(is_open(&world));
}
