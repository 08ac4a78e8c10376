//! Joining a clinic: the right way once, and every wrong way.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use companion_core::sync::{AdmitError, Cancel, SyncError};
use companion_tests::office::CLINIC;
use companion_tests::patient::Patient;
use companion_tests::server::free_port;
use companion_tests::site::Site;
use serde_json::json;

const NAME: &str = "Robin Sand";
const BORN: &str = "1979-05-06";

/// Something that is not a clinic API: answers every request with the same bytes.
fn impostor(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the test program: nobody else waits for it.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let patience = Some(Duration::from_millis(200));
            stream.set_read_timeout(patience).unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        }
    });
    address
}

#[test]
fn an_invite_is_used_once_and_by_one() {
    let site = Site::new();
    let invitation = site.office.invite(NAME, BORN);
    let enrol = |patient: &Patient| {
        let args = ["enrol", "--invite", &invitation.qr, "--json"];
        patient.run(&args)
    };
    let (first, second) = (
        Patient::new(site.path(), "first"),
        Patient::new(site.path(), "second"),
    );
    // Before the clinic admits anybody, entries stay here and nothing fails.
    first.log(&["4", "--note", "before"]);
    let joining: serde_json::Value = serde_json::from_str(&enrol(&first).out).unwrap();
    assert_eq!(joining["clinic"], CLINIC);
    let status = first.json(&["status"]);
    assert_eq!(status["admitted"], false);
    assert_eq!(status["digits"], joining["digits"]);

    // Again by the same device: the same digits. By another: refused.
    let again: serde_json::Value = serde_json::from_str(&enrol(&first).out).unwrap();
    assert_eq!(again, joining);
    let (code, name, _) = second.problem(&["enrol", "--invite", &invitation.qr]);
    assert_eq!((code, name.as_str()), (77, "invite-used"));

    // Other digits admit nobody.
    let digits = joining["digits"].as_str().unwrap();
    let wrong: String = digits
        .chars()
        .map(|c| match c {
            '0' => '1',
            '1'..='9' => '0',
            other => other,
        })
        .collect();
    let refused = site.office.admit(&invitation, &wrong, NAME, BORN);
    assert!(matches!(
        refused,
        Err(AdmitError::Sync(SyncError::DigitsDiffer))
    ));
    assert!(
        site.office
            .companion()
            .front()
            .patients()
            .unwrap()
            .is_empty()
    );

    // However staff types them in.
    let loose = digits.replace(' ', "-");
    let chain = site.office.admit(&invitation, &loose, NAME, BORN).unwrap();
    let (code, name, _) = second.problem(&["enrol", "--invite", &invitation.qr]);
    assert_eq!((code, name.as_str()), (77, "invite-used"));

    first.sync();
    let status = first.json(&["status"]);
    assert_eq!(status["admitted"], true);
    assert_eq!(status["digits"], json!(null));
    assert_eq!(status["readers"], json!(["Dr. Ines Falk"]));
    // What was written before stays private, and the one who was refused is still free to join.
    site.office.sync();
    assert_eq!(site.office.entries(chain), []);
    assert_eq!(second.json(&["status"])["clinic"], json!(null));
    site.enrol(&second, "Kim Wood", "1990-01-01");
}

#[test]
fn an_invite_that_was_taken_back_is_mended_by_a_new_one() {
    let site = Site::new();
    let patient = Patient::new(site.path(), "patient");
    patient.log(&["4", "--note", "kept"]);
    let office = site.office.companion().office();
    let mut digits = Vec::new();
    for _ in 0..2 {
        let invitation = site.office.invite(NAME, BORN);
        let joined = patient.json(&["enrol", "--invite", &invitation.qr]);
        digits.push(joined["digits"].clone());
        let lookup = invitation.lookup;
        office
            .blocking(&Cancel::new(), async |o: &_| o.withdraw(lookup).await)
            .unwrap();
        let (exit, name, _) = patient.problem(&["sync"]);
        assert_eq!((exit, name.as_str()), (77, "server-refused"));
    }
    assert_ne!(digits[0], digits[1]);
    let chain = site.enrol(&patient, NAME, BORN);
    let id = patient.entries()[0]["id"].as_str().unwrap().to_owned();
    patient.json(&["share", &id]);
    patient.sync();
    site.office.sync();
    assert_eq!(site.office.notes(chain), ["kept"]);
}

#[test]
fn a_mistyped_invite_is_told_from_none() {
    let site = Site::new();
    let patient = Patient::new(site.path(), "patient");
    let invitation = site.office.invite(NAME, BORN);
    let typed = &invitation.text;
    let at = typed.rfind(|c: char| c.is_ascii_alphanumeric()).unwrap();
    let other = if &typed[at..=at] == "A" { "B" } else { "A" };
    let mistyped = format!("{}{other}{}", &typed[..at], &typed[at + 1..]);
    for (invite, code) in [
        (mistyped.as_str(), "invite-mistyped"),
        (&typed[..at], "invite-shape"),
        ("", "invite-shape"),
        ("hello, I was told to come here today", "invite-shape"),
        ("'; DROP TABLE invites; --", "invite-shape"),
        ("<script>alert(1)</script>", "invite-shape"),
    ] {
        let args = ["enrol", "--invite", invite, "--server", site.address()];
        let (exit, name, _) = patient.problem(&args);
        assert_eq!((exit, name.as_str()), (65, code), "{invite}");
    }
    // Lower case and other spacing are no mistakes.
    let loose = typed.to_lowercase().replace(['-', ' '], "  ");
    let joined = patient.json(&["enrol", "--invite", &loose, "--server", site.address()]);
    assert_eq!(joined["clinic"], CLINIC);
}

#[test]
fn a_typed_invite_needs_an_address() {
    let site = Site::new();
    let patient = Patient::new(site.path(), "patient");
    let invitation = site.office.invite(NAME, BORN);
    let (exit, name, problem) = patient.problem(&["enrol", "--invite", &invitation.text]);
    assert_eq!((exit, name.as_str()), (65, "server-needed"));
    assert!(problem["advice"].as_str().unwrap().contains("--server"));
}

#[test]
fn whatever_answers_that_is_no_clinic_api_is_told() {
    let site = Site::new();
    let patient = Patient::new(site.path(), "patient");
    let invitation = site.office.invite(NAME, BORN);
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let elsewhere =
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
    for (server, exit, code, retry) in [
        (nobody, 69, "unreachable", true),
        (impostor(b""), 69, "unreachable", true),
        (
            impostor(b"HTTP/1.1 200 OK\r\ncontent-le"),
            69,
            "unreachable",
            true,
        ),
        (
            impostor(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"),
            69,
            "unreachable",
            true,
        ),
        (
            impostor(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
            69,
            "unreachable",
            true,
        ),
        (
            impostor(b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<p>Welcome!</p>"),
            76,
            "server-answer",
            true,
        ),
        (
            impostor(b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nNot found"),
            77,
            "server-refused",
            false,
        ),
        (impostor(elsewhere), 77, "server-refused", false),
        ("http://clinic.example".into(), 65, "server-address", false),
        ("http://192.0.2.1:8080".into(), 65, "server-address", false),
        (
            "http://127.0.0.1@192.0.2.1".into(),
            65,
            "server-address",
            false,
        ),
        ("ftp://127.0.0.1".into(), 65, "server-address", false),
        ("clinic.example".into(), 65, "server-address", false),
        ("https://".into(), 65, "server-address", false),
        ("".into(), 65, "server-address", false),
    ] {
        let args = ["enrol", "--invite", &invitation.text, "--server", &server];
        let (was, name, problem) = patient.problem(&args);
        assert_eq!((was, name.as_str()), (exit, code), "{server}");
        assert_eq!(problem["retry"], retry, "{server}");
    }
    // Nothing of it stuck.
    assert_eq!(patient.json(&["status"])["server"], json!(null));
    site.enrol(&patient, NAME, BORN);
}

#[test]
fn an_invite_that_is_over_is_refused() {
    let mut site = Site::new();
    let patient = Patient::new(site.path(), "patient");
    let withdrawn = site.office.invite(NAME, BORN);
    let office = site.office.companion().office();
    office
        .blocking(&Cancel::new(), async |o: &_| {
            o.withdraw(withdrawn.lookup).await
        })
        .unwrap();
    let expired = site.office.invite(NAME, BORN);
    // Seven days pass for the server by its store: its clock can't be moved.
    site.server.stop();
    let store = rusqlite::Connection::open(site.server.dir().join("clinic.db")).unwrap();
    let week = 7 * 24 * 3600;
    let changed = store.execute("UPDATE invites SET expires = expires - ?1", [week]);
    assert_eq!(changed, Ok(2));
    drop(store);
    site.server.again();

    let other = Site::new();
    let foreign = other.office.invite(NAME, BORN);
    for invite in [&withdrawn, &expired, &foreign] {
        let args = [
            "enrol",
            "--invite",
            &invite.text,
            "--server",
            site.address(),
        ];
        let (exit, name, _) = patient.problem(&args);
        assert_eq!((exit, name.as_str()), (77, "invite-over"));
    }
    assert_eq!(patient.json(&["status"])["server"], json!(null));
    site.enrol(&patient, NAME, BORN);
}

#[test]
fn a_second_clinic_is_refused_and_nothing_changes() {
    let (first, second) = (Site::new(), Site::new());
    let (patient, chain) = first.enrolled("Robin Sand", "1979-05-06");
    let invitation = second.office.invite("Robin Sand", "1979-05-06");
    let (code, name, _) = patient.problem(&["enrol", "--invite", &invitation.qr]);
    assert_eq!((code, name.as_str()), (77, "other-clinic"));

    patient.json(&["log", "6", "--share", "--note", "still with the first"]);
    patient.sync();
    first.office.sync();
    assert_eq!(first.office.notes(chain), ["still with the first"]);
}
