//! The first run, invites, and admitting by digits, through the real router.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use axum::http::StatusCode;
use clinic_console::fake::DIGITS;
use clinic_console::service::{InviteState, Service, State};
use support::{Answer, World};

const GOOD: [(&str, &str); 5] = [
    ("clinic", "Lindenhof Clinic"),
    ("person", "Dr. Ana Sousa"),
    ("server", "https://clinic.example:8443/api"),
    ("passphrase", "plum cart violin snow"),
    ("repeat", "plum cart violin snow"),
];

async fn start_with(world: &mut World, changed: &[(&str, &str)]) -> Answer {
    let fields: Vec<(&str, &str)> = GOOD
        .iter()
        .map(|(name, value)| {
            let other = changed.iter().find(|(changed, _)| changed == name);
            (*name, other.map_or(*value, |(_, value)| *value))
        })
        .collect();
    world.submit("/start", "/start", &fields).await
}

#[tokio::test]
async fn creates_the_clinic_once_and_shows_its_fingerprint() {
    let mut world = World::empty();
    world.open().await;
    assert_eq!(world.get("/").await.location(), "/start");
    let before = world.cookie.clone().unwrap();
    let answer = start_with(&mut world, &[]).await;
    assert_eq!(answer.location(), "/start/done");
    assert_ne!(world.cookie.clone().unwrap(), before, "a new session id");
    let done = world.get("/start/done").await;
    done.assert_shows("7F3A 91C2 0B5E D864 2A17 E9F0 4C83 B6D1");
    let patients = world.get("/patients").await;
    patients.assert_shows("Lindenhof Clinic");
    patients.assert_shows("Dr. Ana Sousa");
    patients.assert_shows("No patients yet.");
    assert_eq!(world.get("/start").await.location(), "/");

    world.submit("/patients", "/lock", &[]).await;
    assert_eq!(world.get("/start/done").await.location(), "/");
    let unlocked = world
        .submit(
            "/unlock",
            "/unlock",
            &[("passphrase", "plum cart violin snow")],
        )
        .await;
    assert_eq!(unlocked.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_that_was_sent_twice_creates_one_clinic() {
    let mut world = World::empty();
    world.open().await;
    let csrf = world.get("/start").await.csrf();
    let mut fields = vec![("csrf", csrf.as_str())];
    fields.extend_from_slice(&GOOD);
    for answer in world.post_twice("/start", &fields).await {
        assert_eq!(answer.location(), "/start/done");
    }
    world.get("/start/done").await.assert_shows("7F3A 91C2");
}

#[tokio::test]
async fn wrong_fields_are_named_and_no_passphrase_comes_back() {
    let short = "elevenchars";
    assert_eq!(short.chars().count(), 11);
    let cases: [(&[(&str, &str)], &str); 14] = [
        (&[("clinic", "  ")], "Please fill this in."),
        (&[("person", "")], "Please fill this in."),
        (
            &[("passphrase", short), ("repeat", short)],
            "This one is a little short.",
        ),
        (
            &[("passphrase", ""), ("repeat", "")],
            "This one is a little short.",
        ),
        (&[("repeat", "plum cart violin rain")], "The two differ."),
        (&[("repeat", "plum cart violin snow ")], "The two differ."),
        (&[("server", "")], "starts with https://"),
        (&[("server", "clinic.example")], "starts with https://"),
        (
            &[("server", "http://clinic.example")],
            "starts with https://",
        ),
        (
            &[("server", "http://localhost.evil.example")],
            "starts with https://",
        ),
        (
            &[("server", "https://user:word@clinic.example")],
            "starts with https://",
        ),
        (&[("server", "javascript:alert(1)")], "starts with https://"),
        (
            &[("server", "https://clinic.example/?key=1")],
            "starts with https://",
        ),
        (&[("clinic", &"x".repeat(201))], "of at most 200 characters"),
    ];
    for (changed, expected) in cases {
        let mut world = World::empty();
        world.open().await;
        let answer = start_with(&mut world, changed).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{expected}"
        );
        answer.assert_shows(expected);
        answer.assert_shows("aria-invalid=\"true\"");
        for secret in ["plum", "violin", short] {
            answer.assert_hides(secret);
        }
        assert!(world.fake.state() == State::NoClinic, "{expected}");
    }
}

#[tokio::test]
async fn twelve_characters_are_enough_whatever_they_are_and_a_server_may_be_here() {
    for (passphrase, server) in [
        ("zwölf ❤ zwöl", "http://127.0.0.1:8080"),
        ("            ", "http://localhost:8080/"),
        ("twelve chars", "http://[::1]:8080"),
    ] {
        assert_eq!(passphrase.chars().count(), 12);
        let mut world = World::empty();
        world.open().await;
        let changed = [
            ("passphrase", passphrase),
            ("repeat", passphrase),
            ("server", server),
        ];
        let answer = start_with(&mut world, &changed).await;
        assert_eq!(answer.location(), "/start/done", "{server}");
        world.fake.unlock(passphrase).unwrap();
    }
}

async fn invited(world: &mut World) -> Answer {
    let page = world.get("/invites").await;
    let (csrf, once) = (page.csrf(), page.hidden("once"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("once", once.as_str()),
        ("name", "Sofia Ramos"),
        ("birth_date", "1990-02-03"),
    ];
    let [answer, again] = world.post_twice("/invites", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(again.location(), answer.location(), "sent twice, made once");
    answer
}

#[tokio::test]
async fn an_invite_is_shown_in_groups_and_as_a_picture_until_it_is_done() {
    let mut world = World::unlocked().await;
    let before = world.fake.invites().unwrap().len();
    let path = invited(&mut world).await.location().to_owned();
    assert_eq!(world.fake.invites().unwrap().len(), before + 1);

    let page = world.get(&path).await;
    let (_, rest) = page.body.split_once("<p class=\"code\">").unwrap();
    let (code, _) = rest.split_once("</p>").unwrap();
    let groups: Vec<&str> = code
        .split("<span>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    assert_eq!(groups.len(), 7);
    assert!(groups.iter().all(|group| group.len() == 4));
    page.assert_shows("<svg class=\"qr\" role=\"img\" aria-label=");
    page.assert_shows("Valid until Sun 22 March 2026, 13:00");
    page.assert_shows("Nobody watches your entries around the clock.");
    page.assert_hides("Sofia");
    world.get(&path).await.assert_shows(groups[0]);

    let done = world.submit(&path, &path, &[]).await;
    assert_eq!(done.location(), "/invites");
    assert_eq!(world.get(&path).await.location(), "/invites");
    let list = world.get("/invites").await;
    list.assert_shows("That code was shown once and is not kept.");
    list.assert_hides(groups[0]);
}

#[tokio::test]
async fn locking_forgets_the_code_that_was_on_view() {
    let mut world = World::unlocked().await;
    let path = invited(&mut world).await.location().to_owned();
    world.submit("/patients", "/lock", &[]).await;
    world.unlock().await;
    assert_eq!(world.get(&path).await.location(), "/invites");
}

#[tokio::test]
async fn an_invite_needs_a_name_and_a_possible_date() {
    let mut world = World::unlocked().await;
    let before = world.fake.invites().unwrap().len();
    for (name, born, expected) in [
        ("", "1990-02-03", "Please fill in the name."),
        ("  ", "1990-02-03", "Please fill in the name."),
        (
            &"x".repeat(201) as &str,
            "1990-02-03",
            "of at most 200 characters",
        ),
        ("Sofia Ramos", "", "a date that exists"),
        ("Sofia Ramos", "1990-02-30", "a date that exists"),
        ("Sofia Ramos", "03.02.1990", "a date that exists"),
        ("Sofia Ramos", "2026-03-16", "This date has not come yet."),
        ("Sofia Ramos", "1890-02-03", "Please check the year."),
    ] {
        let answer = world
            .submit(
                "/invites",
                "/invites",
                &[("name", name), ("birth_date", born)],
            )
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{born}");
        answer.assert_shows(expected);
    }
    assert_eq!(world.fake.invites().unwrap().len(), before);
}

#[tokio::test]
async fn an_invite_can_be_withdrawn() {
    let mut world = World::unlocked().await;
    world
        .submit("/invites", "/invites/inv-waiting/withdraw", &[])
        .await;
    let list = world.get("/invites").await;
    list.assert_shows("The invite was withdrawn. Its code opens nothing any more.");
    assert_eq!(state(&world, "inv-waiting"), InviteState::Expired);
}

fn state(world: &World, id: &str) -> InviteState {
    let invites = world.fake.invites().unwrap();
    invites.iter().find(|invite| invite.id == id).unwrap().state
}

async fn admit(world: &mut World, digits: &str) -> Answer {
    let path = "/invites/inv-claimed/admit";
    let fields = [
        ("digits", digits),
        ("name", "Noor van Dijk"),
        ("birth_date", "1979-11-02"),
    ];
    world.submit("/patients", path, &fields).await
}

#[tokio::test]
async fn the_digits_are_asked_for_and_never_shown() {
    let mut world = World::unlocked().await;
    let page = world.get("/invites/inv-claimed/admit").await;
    page.assert_shows("Ask the person to read out the 12 digits on their phone.");
    page.assert_shows("value=\"Noor van Dijk\"");
    page.assert_shows("value=\"1979-11-02\"");
    page.assert_hides(DIGITS);
}

#[tokio::test]
async fn incomplete_digits_are_asked_for_again_without_comparing() {
    let mut world = World::unlocked().await;
    let long = format!("{DIGITS}0");
    for digits in [
        "",
        "42719035814",
        &long,
        "42719035814a",
        "４２７１９０３５８１４６",
    ] {
        let answer = admit(&mut world, digits).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{digits}");
        answer.assert_shows("Please type all 12 digits. Nothing was compared yet.");
        assert_eq!(
            state(&world, "inv-claimed"),
            InviteState::Claimed { digits_needed: 12 }
        );
    }
}

#[tokio::test]
async fn wrong_digits_stop_everything() {
    let mut world = World::unlocked().await;
    let patients = world.fake.patients().unwrap().len();
    let answer = admit(&mut world, "427190358147").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.assert_shows("Stop: the digits differ");
    answer.assert_shows("Nobody was admitted, and this invite is void.");
    answer.assert_shows("Start over with a new invite");
    assert_eq!(state(&world, "inv-claimed"), InviteState::Expired);
    assert_eq!(world.fake.patients().unwrap().len(), patients);
    let again = admit(&mut world, DIGITS).await;
    assert_eq!(again.location(), "/invites", "the right ones come too late");
    assert_eq!(world.fake.patients().unwrap().len(), patients);
}

#[tokio::test]
async fn the_right_digits_admit_however_they_are_spaced() {
    for digits in [
        DIGITS,
        "4271 9035 8146",
        " 4271-9035-8146 ",
        "427.190.358.146",
    ] {
        let mut world = World::unlocked().await;
        let answer = admit(&mut world, digits).await;
        assert_eq!(answer.location(), "/patients", "{digits}");
        let list = world.get("/patients").await;
        list.assert_shows("Noor van Dijk is admitted.");
        list.assert_shows("7 patients");
        assert_eq!(state(&world, "inv-claimed"), InviteState::Admitted);
    }
}

#[tokio::test]
async fn only_a_claimed_invite_can_be_admitted() {
    let mut world = World::unlocked().await;
    for (id, why) in [
        ("inv-waiting", "Nobody has used this invite yet."),
        ("inv-done", "This person was admitted already."),
        ("inv-old", "This invite is no longer valid."),
    ] {
        let path = format!("/invites/{id}/admit");
        assert_eq!(world.get(&path).await.location(), "/invites");
        world.get("/invites").await.assert_shows(why);
    }
}
