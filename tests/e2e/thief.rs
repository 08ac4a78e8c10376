//! Who steals the server's database, at any moment, reads nothing, gets in nowhere, and can
//! change nothing that goes unnoticed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clinic_api::chain::patient::{ClinicRef, PatientChain};
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::request::Parts;
use clinic_api::http::signature;
use clinic_api::id::ChainId;
use clinic_api::message::{CBOR, Claim, Pull, Push};
use clinic_api::wire;
use companion_core::env::Env;
use companion_core::kit::KitCode;
use companion_core::space::keys::DeviceSecrets;
use companion_core::space::patient;
use companion_core::sync::{AdmitError, Cancel, SyncError};
use companion_tests::http::deliver;
use companion_tests::office::open;
use companion_tests::patient::Patient;
use companion_tests::server::Server;
use companion_tests::site::Site;
use rusqlite::Connection;

const NOTES: [&str; 3] = ["a mine", "b ours", "c ours, too"];

/// A clinic in the middle of its day, a patient with a kit, and a copy of the server's files,
/// taken while it runs.
fn stolen() -> (Site, ChainId, KitCode, PathBuf) {
    let site = Site::new();
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let page = patient.json(&["kit", "make"]);
    let kit = KitCode::parse(page["qr"].as_str().unwrap()).unwrap();
    patient.log(&["3", "--note", NOTES[0]]);
    patient.log(&["6", "--note", NOTES[1], "--share"]);
    patient.sync();
    patient.log(&["5", "--note", NOTES[2], "--share"]);
    patient.sync();
    site.office.sync();
    let copy = site.path().join("stolen");
    copied(site.server.dir(), &copy);
    (site, chain, kit, copy)
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn database(dir: &Path) -> Connection {
    let files = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path());
    let mut stores = files.filter(|path| {
        let begins = std::fs::read(path).unwrap();
        begins.starts_with(b"SQLite format 3\0")
    });
    Connection::open(stores.next().expect("a store")).unwrap()
}

fn column(db: &Connection, sql: &str) -> Vec<Vec<u8>> {
    let mut query = db.prepare(sql).unwrap();
    let rows = query.query_map([], |row| row.get(0)).unwrap();
    rows.map(|row| row.unwrap()).collect()
}

/// A request as the thief can make it: without a signature, or by keys of their own.
fn asked(port: u16, who: Option<&DeviceSecrets>, method: &str, path: &str, body: &[u8]) -> u16 {
    let host = format!("127.0.0.1:{port}");
    let digest = ContentDigest::of(body);
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
    head.push_str(&format!(
        "content-type: {CBOR}\r\ncontent-digest: {digest}\r\n"
    ));
    if let Some(device) = who {
        let authority = Authority::parse(Scheme::Http, &host).unwrap();
        let parts = Parts {
            method,
            authority: &authority,
            path,
            query: None,
            content_digest: &digest,
        };
        let now = Env::system().now().as_second();
        let signed = signature::sign(&parts, device.id().0, now, |base| {
            device.request().sign(base)
        });
        let signed = signed.unwrap();
        head.push_str(&format!("signature-input: {}\r\n", signed.signature_input));
        head.push_str(&format!("signature: {}\r\n", signed.signature));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let message = [head.as_bytes(), body].concat();
    deliver(port, &message, Duration::from_secs(30))
        .expect("an answer")
        .0
}

#[test]
fn a_stolen_database_lets_nobody_in() {
    let (site, chain, _, copy) = stolen();
    let port = site.server.port();
    let db = database(&copy);
    let runs = column(&db, "SELECT bytes FROM runs");
    let spaces = column(&db, "SELECT DISTINCT space FROM runs");
    let statements = column(&db, "SELECT bytes FROM statements");
    assert!(runs.len() >= 4 && spaces.len() >= 3 && statements.len() >= 8);
    let thief = DeviceSecrets::generate(&Env::system()).unwrap();
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let mut asks: Vec<(&str, String, Vec<u8>)> = vec![
        ("GET", "/v1/chains".into(), Vec::new()),
        ("GET", format!("/v1/chains/{chain}"), Vec::new()),
        ("GET", "/v1/invites".into(), Vec::new()),
        ("GET", "/v1/feed".into(), Vec::new()),
        ("GET", "/v1/events".into(), Vec::new()),
    ];
    for space in &spaces {
        let pull = wire::encode(&Pull { have: Vec::new() });
        asks.push(("POST", format!("/v1/spaces/{}/pull", hex(space)), pull));
        asks.push(("GET", format!("/v1/chains/{}", hex(space)), Vec::new()));
        for run in &runs {
            let runs = vec![run.clone().into()];
            let push = wire::encode(&Push { runs });
            asks.push(("POST", format!("/v1/spaces/{}/runs", hex(space)), push));
        }
    }
    for statement in &statements {
        asks.push(("POST", format!("/v1/chains/{chain}"), statement.clone()));
    }
    for (method, path, body) in &asks {
        for who in [None, Some(&thief)] {
            assert_eq!(asked(port, who, method, path, body), 401, "{method} {path}");
        }
    }
}

#[test]
fn a_stolen_invite_admits_nobody() {
    let site = Site::new();
    let invitation = site.office.invite("Robin Sand", "1979-05-06");
    let copy = site.path().join("stolen");
    copied(site.server.dir(), &copy);
    let offers = column(&database(&copy), "SELECT offer FROM invites");
    let offer: clinic_api::message::Offer = wire::decode(&offers[0]).unwrap();
    // What the database shows is enough to claim it, and not to be taken for the patient.
    let env = Env::system();
    let thief = DeviceSecrets::generate(&env).unwrap();
    let first = patient::found(&env, &thief);
    let clinic = ClinicRef {
        roster: offer.roster,
        root: offer.root,
    };
    let tip = PatientChain::found(&first).unwrap().tip();
    let joined = patient::join_clinic(&env, tip, &thief, clinic);
    let statements = [first, joined].map(|s| s.to_bytes().into()).to_vec();
    let claim = wire::encode(&Claim {
        statements,
        mac: env.random(),
    });
    let path = format!("/v1/invites/{}/claim", invitation.lookup);
    assert_eq!(asked(site.server.port(), None, "POST", &path, &claim), 201);
    let digits = "000000000000";
    let refused = site
        .office
        .admit_alone(&invitation, digits, "Robin Sand", "1979-05-06");
    let forged = AdmitError::Sync(SyncError::ForgedClaim);
    assert_eq!(refused.err(), Some(forged));
    // The patient gets another one.
    let (patient, chain) = site.enrolled("Robin Sand", "1979-05-06");
    patient.log(&["5", "--note", "in all the same", "--share"]);
    patient.sync();
    site.office.sync();
    assert_eq!(site.office.notes(chain), ["in all the same"]);
}

#[test]
fn a_server_on_a_changed_copy_shows_less_or_is_named_and_never_something_else() {
    let (site, _, kit, copy) = stolen();
    // One byte of each run and of each statement, at a place that moves along.
    let (mut less, mut named, mut refused) = (0, 0, 0);
    let db = database(&copy);
    let mut targets = Vec::new();
    for (table, count) in [("runs", 6), ("statements", 10)] {
        let rows: Vec<i64> = (1..=count).collect();
        targets.extend(rows.into_iter().map(|row| (table, row)));
    }
    drop(db);
    for (at, (table, row)) in targets.into_iter().enumerate() {
        let dir = site.path().join(format!("changed-{at}"));
        copied(&copy, &dir);
        let db = database(&dir);
        let sql = format!("SELECT bytes FROM {table} ORDER BY bytes LIMIT 1 OFFSET ?1");
        let bytes = db.query_row(&sql, [row - 1], |r| r.get::<_, Vec<u8>>(0));
        let Ok(bytes) = bytes else {
            continue;
        };
        let mut changed = bytes.clone();
        let place = (at * 37 + 11) % changed.len();
        changed[place] ^= 0x04;
        let sql = format!("UPDATE {table} SET bytes = ?2 WHERE bytes = ?1");
        assert!(db.execute(&sql, [&bytes, &changed]).unwrap() >= 1);
        drop(db);
        let server = Server::start(&dir, site.office.root(), None);
        let at = format!("http://127.0.0.1:{}", server.port());
        let found = open(
            &site
                .path()
                .join(format!("found-{at}").replace([':', '/'], "")),
            Env::system(),
        );
        let back = found
            .kit()
            .blocking(&Cancel::new(), async |k| k.restore(&kit, Some(&at)).await);
        match back {
            Err(_) => refused += 1,
            Ok(report) => {
                let shown = found.journal().list(i64::MIN, i64::MAX, 100).unwrap();
                let shown: Vec<_> = shown.into_iter().filter_map(|e| e.mood.note).collect();
                assert!(shown.iter().all(|note| NOTES.contains(&note.as_str())));
                let report = report.unwrap();
                if !report.alarms.is_empty() {
                    named += 1;
                } else {
                    assert_eq!(shown.len(), NOTES.len(), "{table} {row}: less, unnamed");
                    less += 1;
                }
            }
        }
    }
    println!("{refused} refused, {named} named, {less} without any effect");
    assert!(refused > 0 && named > 0);
}

#[test]
fn a_stolen_phone_that_is_locked_opens_nothing() {
    let site = Site::new();
    let (patient, _) = site.enrolled("Robin Sand", "1979-05-06");
    patient.log(&["3", "--note", NOTES[0]]);
    let copy = site.path().join("copy");
    copied(patient.dir(), &copy);
    let thief = Patient::without_journal(site.path(), "copy");
    std::fs::write(
        site.path().join("copy.passphrase"),
        "a guess of the thief\n",
    )
    .unwrap();
    let (code, why, _) = thief.problem(&["list"]);
    assert_eq!((code, why.as_str()), (77, "wrong-passphrase"));
    // Without the file that holds the key, sealed, not even the passphrase helps.
    std::fs::remove_file(copy.join("vault.key")).unwrap();
    let (code, _, _) = thief.problem(&["list"]);
    assert_ne!(code, 0);
}
