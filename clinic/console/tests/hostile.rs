//! What people wrote is text, and what a request says is not believed.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use axum::http::StatusCode;
use clinic_console::service::{
    Applicant, InviteState, InviteView, ReadTrace, ReaderView, ReviewState, ReviewView, TracedEntry,
};
use companion_core::problem::{Kind, Problem};
use jiff::civil::date;
use support::World;
use support::people::{entry, moment, patient};

const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

#[tokio::test]
async fn whatever_people_wrote_is_shown_as_text() {
    let mut world = World::unlocked().await;
    let felt = moment("2026-03-14T11:00:00Z", 1);
    let mut hostile = entry("x\"><script>", felt);
    hostile.labels = vec![EVIL.into()];
    hostile.associations = vec![EVIL.into()];
    hostile.note = Some(EVIL.into());
    hostile.review = Some(ReviewView {
        by: EVIL.into(),
        at: felt.at,
        state: ReviewState::Reviewed,
        outdated: true,
    });
    let mut page = patient("a/b ?#\"><script>", EVIL, vec![hostile]);
    page.readers = vec![ReaderView {
        who: EVIL.into(),
        role: EVIL.into(),
        since: felt.at,
        last_read: None,
    }];
    page.trail = vec![ReadTrace {
        who: EVIL.into(),
        at: felt.at,
        entries: vec![TracedEntry {
            id: "x\"><script>".into(),
            felt,
        }],
    }];
    world.fake.add(page);
    world.fake.add_invite(InviteView {
        id: "i/\"><script>".into(),
        applicant: Some(Applicant {
            name: EVIL.into(),
            birth_date: date(1990, 1, 1),
        }),
        created: felt.at,
        expires: felt.at,
        state: InviteState::Claimed { digits_needed: 12 },
    });
    world
        .fake
        .sync_fails(Some(Problem::new(Kind::Offline, "offline", EVIL)));
    world.submit("/patients", "/sync", &[]).await;

    let path = "/patients/a%2Fb%20%3F%23%22%3E%3Cscript%3E";
    let patients = world.get("/patients").await;
    patients.assert_shows(&format!("href=\"{path}\""));
    let own = world.get(path).await;
    assert_eq!(own.status, StatusCode::OK);
    let invites = world.get("/invites").await;
    let admit = world.get("/invites/i%2F%22%3E%3Cscript%3E/admit").await;
    assert_eq!(admit.status, StatusCode::OK);
    let searched = world
        .submit("/patients", "/patients", &[("search", EVIL)])
        .await;
    assert_eq!(searched.location(), "/patients");
    let found = world.get("/patients").await;
    let wrong = world
        .submit(
            "/invites",
            "/invites",
            &[("name", EVIL), ("birth_date", EVIL)],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for page in [patients, own, invites, admit, found, wrong] {
        page.assert_shows("&#60;script&#62;alert(1)&#60;/script&#62;");
        page.assert_hides("<script>");
        page.assert_hides("<img");
        page.assert_hides("x\"><");
    }
}

#[tokio::test]
async fn a_reviewed_hostile_id_comes_back_to_its_own_page() {
    let mut world = World::unlocked().await;
    let felt = moment("2026-03-14T11:00:00Z", 1);
    let id = "//evil.example\r\nset-cookie: a=b";
    world
        .fake
        .add(patient(id, "Somebody", vec![entry(id, felt)]));
    let path = "/patients/%2F%2Fevil.example%0D%0Aset-cookie%3A%20a%3Db";
    let answer = world
        .submit(path, &format!("{path}/reviewed"), &[("entry", id)])
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(
        answer
            .location()
            .starts_with(&format!("{path}?days=30#entry-"))
    );
    assert!(answer.set_cookie().is_none());
}

#[tokio::test]
async fn coming_back_never_leads_elsewhere() {
    let mut world = World::unlocked().await;
    for (back, to) in [
        ("/patients/p-maria?days=90", "/patients/p-maria?days=90"),
        ("/invites", "/invites"),
        ("https://evil.example/", "/"),
        ("//evil.example/patients", "/"),
        ("/\\evil.example", "/"),
        ("/patients\\evil", "/"),
        ("/patients\r\nset-cookie: a=b", "/"),
        ("", "/"),
    ] {
        let answer = world.submit("/patients", "/sync", &[("back", back)]).await;
        assert_eq!(answer.location(), to, "{back:?}");
    }
}
