//! What the pages show and do, through the real router.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use axum::http::StatusCode;
use clinic_console::service::{ReadTrace, ReaderView, ReviewState, ReviewView, TracedEntry};
use companion_core::problem::{Kind, Problem};
use support::World;
use support::people::{entry, moment, patient};

#[tokio::test]
async fn names_stay_out_of_titles_and_addresses() {
    let mut world = World::unlocked().await;
    for path in [
        "/patients",
        "/patients/p-maria",
        "/invites",
        "/invites/inv-claimed/admit",
    ] {
        let page = world.get(path).await;
        let (_, rest) = page.body.split_once("<title>").unwrap();
        let (title, _) = rest.split_once("</title>").unwrap();
        for name in ["Maria", "Silva", "Noor", "Dijk"] {
            assert!(!title.contains(name), "{title}");
        }
    }
    let answer = world
        .submit("/patients", "/patients", &[("search", "Maria")])
        .await;
    assert_eq!(
        answer.location(),
        "/patients",
        "the browser keeps addresses"
    );
}

#[tokio::test]
async fn the_list_shows_silence_in_words_and_what_is_to_be_reviewed() {
    let mut world = World::unlocked().await;
    let page = world.get("/patients").await;
    page.assert_shows("6 patients");
    page.assert_shows("Last heard 9 days ago");
    page.assert_shows("Not heard from yet");
    page.assert_shows("Born 4 May 1984");
    page.assert_shows("4 to review");
    page.assert_shows("Nothing to review");
    page.assert_shows("Not monitored around the clock.");
    page.assert_shows("Last synced 3 minutes ago");
    page.assert_shows("As of Sun 15 March 2026, 13:00.");
}

#[tokio::test]
async fn the_list_can_be_searched_by_name_and_date_of_birth() {
    let mut world = World::unlocked().await;
    for (search, expected) in [
        ("maria", vec!["Maria Silva"]),
        ("SILVA 1984", vec!["Maria Silva"]),
        ("1984-05-04", vec!["Maria Silva"]),
        ("4 may 1984", vec!["Maria Silva"]),
        ("élodie", vec!["Élodie"]),
        ("陳", vec!["Chen Lin"]),
        ("nobody", vec![]),
        ("<", vec![]),
    ] {
        world
            .submit("/patients", "/patients", &[("search", search)])
            .await;
        let page = world.get("/patients").await;
        assert_eq!(
            page.body.matches("<li>\n<div class=\"who\">").count(),
            expected.len()
        );
        for name in expected {
            page.assert_shows(name);
        }
        page.assert_shows(" of 6 patients");
        page.assert_shows("Show all");
    }
    world
        .submit("/patients", "/patients", &[("search", " ")])
        .await;
    world.get("/patients").await.assert_shows("Jonas Weber");
}

#[tokio::test]
async fn a_patient_is_told_as_they_told_it() {
    let mut world = World::unlocked().await;
    let mut first = entry("e-tokyo", moment("2026-03-13T20:10:00Z", 9));
    first.energy = Some(4.0);
    first.anxiety = Some(7.25);
    first.sleep_hours = Some(6.5);
    first.sleep_quality = Some(0.0);
    first.labels = vec!["Hopeful".into()];
    first.associations = vec!["Family".into(), "Work".into()];
    first.note = Some("First line\nsecond line".into());
    first.edited = true;
    first.backdated = true;
    let mut second = entry("e-ahead", moment("2027-03-13T11:00:00Z", 1));
    second.valence = f64::NAN;
    second.review = Some(ReviewView {
        by: "Dr. Ana Sousa".into(),
        at: "2026-03-14T09:00:00Z".parse().unwrap(),
        state: ReviewState::Incorporated,
        outdated: false,
    });
    let mut third = entry("e-changed", moment("2026-03-10T11:00:00Z", 1));
    third.review = Some(ReviewView {
        by: "Ruben Castro".into(),
        at: "2026-03-11T09:00:00Z".parse().unwrap(),
        state: ReviewState::Reviewed,
        outdated: true,
    });
    let mut told = patient("p-new", "Somebody", vec![second, first, third]);
    told.infusions = vec![moment("2026-03-12T09:00:00Z", 1)];
    told.readers = vec![ReaderView {
        who: "Ruben Castro".into(),
        role: "Care team".into(),
        since: "2026-03-01T09:00:00Z".parse().unwrap(),
        last_read: Some("2026-03-14T11:00:00Z".parse().unwrap()),
    }];
    told.trail = vec![ReadTrace {
        who: "Ruben Castro".into(),
        at: "2026-03-14T11:00:00Z".parse().unwrap(),
        entries: vec![
            TracedEntry {
                id: "e-changed".into(),
                felt: moment("2026-03-10T11:00:00Z", 1),
            },
            TracedEntry {
                id: "e-older".into(),
                felt: moment("2026-01-02T11:00:00Z", 1),
            },
        ],
    }];
    world.fake.add(told);
    let page = world.get("/patients/p-new").await;
    for text in [
        "<time datetime=\"2026-03-14T05:10:00+09:00\">Sat 14 March 2026, 05:10 (UTC+9)</time>",
        "<span class=\"number\">6.5</span> <span class=\"of\">of 10</span>",
        "<dt>Energy</dt><dd>4 of 10</dd>",
        "<dt>Anxiety</dt><dd>7.3 of 10</dd>",
        "<dt>Sleep</dt><dd>6 h 30 min</dd>",
        "<dt>Sleep quality</dt><dd>0 of 10</dd>",
        "<bdi>Family</bdi>, <bdi>Work</bdi>",
        "First line\nsecond line",
        "Changed since it was first written",
        "Written down later",
        "Dated ahead: the phone’s clock was wrong",
        "Taken into the clinic’s record by Dr. Ana Sousa, Sat 14 March 2026, 10:00.",
        "Reviewed by Ruben Castro, Wed 11 March 2026, 10:00. The patient has changed it since.",
        "Not reviewed yet.",
        "Mark all 2 shown as reviewed",
        "Infusion, Thu 12 March 2026, 10:00",
        "aria-describedby=\"mood-summary\"",
        "Only 2 mood entries in this period",
        "<td>Sat 14 March 2026, 05:10 (UTC+9)</td><td>6.5</td>",
        "Care team, since 1 March 2026<br>last read 1 day ago",
        "<summary>2 entries</summary>",
        "<a href=\"#entry-e-changed\">Tue 10 March 2026, 12:00</a>",
        "<li>Fri 2 January 2026, 12:00</li>",
        "Opening this page is recorded here, and the patient can see it.",
        "Nobody is alerted by what stands here.",
    ] {
        page.assert_shows(text);
    }
}

#[tokio::test]
async fn opening_a_page_leaves_a_trace() {
    let mut world = World::unlocked().await;
    world
        .get("/patients/p-amina")
        .await
        .assert_shows("Nobody has read anything yet.");
    let page = world.get("/patients/p-amina").await;
    page.assert_shows("<strong><bdi>Dr. Ana Sousa</bdi></strong><br>Sun 15 March 2026, 13:00");
    page.assert_shows("<summary>4 entries</summary>");
}

#[tokio::test]
async fn of_who_left_it_says_so_and_not_that_nobody_read() {
    let mut world = World::unlocked().await;
    let mut gone = patient("p-gone", "Somebody", Vec::new());
    gone.row.left = Some("2026-03-06T12:00:00Z".parse().unwrap());
    world.fake.add(gone);
    world.get("/patients").await.assert_shows("Left 9 days ago");
    let page = world.get("/patients/p-gone").await;
    page.assert_shows("They left.");
    page.assert_shows("went with what they had shared");
    page.assert_hides("Nobody has read anything yet.");
    page.assert_hides("Opening this page is recorded here");
    page.assert_shows("<code>0123abcd</code>");
}

#[tokio::test]
async fn a_long_note_is_folded_and_whole() {
    let mut world = World::unlocked().await;
    let mut long = entry("e", moment("2026-03-14T11:00:00Z", 1));
    let note = "wörter ".repeat(2_857);
    long.note = Some(note.clone());
    world.fake.add(patient("p-long", "Somebody", vec![long]));
    let page = world.get("/patients/p-long").await;
    page.assert_shows("<summary>Note of 19999 characters</summary>");
    page.assert_shows(&note);
}

#[tokio::test]
async fn the_period_can_be_chosen_and_nothing_to_review_is_hidden_by_it() {
    let mut world = World::unlocked().await;
    let old = entry("e-old", moment("2025-12-01T11:00:00Z", 1));
    let new = entry("e-new", moment("2026-03-14T11:00:00Z", 1));
    world.fake.add(patient("p-two", "Somebody", vec![new, old]));
    let page = world.get("/patients/p-two").await;
    page.assert_hides("entry-e-old");
    page.assert_shows("1 more entry, outside this period, is to be reviewed.");
    for path in ["/patients/p-two?days=365", "/patients/p-two?days=all"] {
        let page = world.get(path).await;
        page.assert_shows("entry-e-old");
        page.assert_hides("outside this period");
    }
    let odd = world.get("/patients/p-two?days=-1").await;
    odd.assert_shows("days=30\" aria-current=\"true\"");
}

#[tokio::test]
async fn entries_are_marked_as_reviewed_one_by_one_or_as_shown() {
    let mut world = World::unlocked().await;
    let path = "/patients/p-amina";
    let answer = world
        .submit(
            path,
            &format!("{path}/reviewed"),
            &[("days", "90"), ("entry", "p-amina-e1")],
        )
        .await;
    assert_eq!(
        answer.location(),
        "/patients/p-amina?days=90#entry-p-amina-e1"
    );
    let page = world.get(path).await;
    page.assert_shows("Marked 1 entry as reviewed.");
    page.assert_shows("Reviewed by Dr. Ana Sousa, Sun 15 March 2026, 13:00.");
    page.assert_shows("Mark all 3 shown as reviewed");

    // The button for all holds the ids that are shown, so that what arrives meanwhile is not marked.
    let (_, all) = page.body.split_once("<form class=\"all\"").unwrap();
    let ids: Vec<&str> = all
        .split("name=\"entry\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(ids, ["p-amina-e0", "p-amina-e2", "p-amina-e3"]);
    let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("entry", *id)).collect();
    world
        .submit(path, &format!("{path}/reviewed"), &fields)
        .await;
    let page = world.get(path).await;
    page.assert_shows("Marked 3 entries as reviewed.");
    page.assert_hides("Not reviewed yet");
    page.assert_hides("shown as reviewed</button>");
    world.get(path).await.assert_hides("Marked 3 entries");
}

#[tokio::test]
async fn what_does_not_exist_is_said_to_be_so() {
    let mut world = World::unlocked().await;
    for path in [
        "/patients/p-nobody",
        "/invites/none/admit",
        "/nothing",
        "/patients/a/b/c",
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        answer.assert_shows("There is nothing here");
    }
    let answer = world.get("/lock").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    answer.assert_shows("This cannot be opened directly");
}

#[tokio::test]
async fn a_failed_sync_stands_on_every_page_until_it_works() {
    let mut world = World::unlocked().await;
    let offline = Problem::new(
        Kind::Offline,
        "server-unreachable",
        "The clinic’s server does not answer. Check the network.",
    );
    world.fake.sync_fails(Some(offline.passing()));
    let answer = world
        .submit("/patients", "/sync", &[("back", "/invites")])
        .await;
    assert_eq!(answer.location(), "/invites");
    for path in ["/invites", "/patients", "/patients/p-maria"] {
        let page = world.get(path).await;
        page.assert_shows("What you see may be out of date.");
        page.assert_shows("The clinic’s server does not answer.");
        page.assert_shows("Code: server-unreachable");
    }
    world.fake.sync_fails(None);
    world.submit("/patients", "/sync", &[]).await;
    let page = world.get("/patients").await;
    page.assert_hides("out of date");
    page.assert_shows("Last synced just now");
}

#[tokio::test]
async fn a_problem_is_told_with_its_advice_and_code() {
    let mut world = World::unlocked().await;
    let answer = world
        .submit("/invites", "/invites/none/withdraw", &[])
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    answer.assert_shows("It has changed meanwhile");
    answer.assert_shows("This invite does not exist any more.");
    answer.assert_shows("no-such-invite");
}

/// Text, landmarks and labels that every page has to have.
#[tokio::test]
async fn every_page_has_one_heading_a_main_part_and_a_label_for_each_field() {
    let mut world = World::empty();
    let mut pages = vec![world.get("/").await];
    world.open().await;
    pages.push(world.get("/start").await);
    let mut world = World::clinic();
    world.open().await;
    pages.push(world.get("/unlock").await);
    world.unlock().await;
    for path in [
        "/patients",
        "/patients/p-maria",
        "/patients/p-chen",
        "/invites",
        "/invites/inv-claimed/admit",
        "/nothing",
    ] {
        pages.push(world.get(path).await);
    }
    for page in pages {
        let body = &page.body;
        assert!(body.starts_with("<!doctype html>\n<html lang=\"en\">"));
        assert_eq!(body.matches("<h1").count(), 1);
        assert_eq!(body.matches("<main id=\"main\"").count(), 1);
        assert_eq!(body.matches("href=\"#main\"").count(), 1);
        let (head, _) = body.split_once("</head>").unwrap();
        assert_eq!(head.matches("<title>").count(), 1);
        for input in body
            .split("<input ")
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap())
        {
            if input.contains("type=\"hidden\"") {
                continue;
            }
            let (_, id) = input.split_once("id=\"").unwrap();
            let id = id.split('"').next().unwrap();
            assert!(body.contains(&format!("<label for=\"{id}\"")), "{id}");
        }
        for banned in [
            " style=",
            "<script>",
            " onclick",
            " onload",
            "javascript:",
            "<iframe",
        ] {
            page.assert_hides(banned);
        }
        // None but our own, and none within the page.
        let own = "<script src=\"/assets/standing.js\" defer></script>";
        assert_eq!(body.matches("<script").count(), body.matches(own).count());
        for address in ["href=\"", "src=\"", "action=\""] {
            for rest in body.split(address).skip(1) {
                assert!(rest.starts_with('/') || rest.starts_with('#'), "{rest:.40}");
                assert!(!rest.starts_with("//"), "{rest:.40}");
            }
        }
    }
}

#[tokio::test]
async fn the_style_sheet_and_the_icon_fetch_nothing() {
    let mut world = World::clinic();
    for (path, kind) in [
        ("/assets/console.css", "text/css; charset=utf-8"),
        ("/assets/icon.svg", "image/svg+xml"),
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["content-type"], kind);
        for banned in ["url(", "@import", "https:", "href="] {
            answer.assert_hides(banned);
        }
    }
}
