//! What an independent implementation of the protocol writes, through the real clinic API, for our clients to read.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use clinic_api::id::LogId;
use companion_core::event::Moment;
use companion_core::journal::{Mood, Sleep, Valence};
use companion_core::sync::Alarm;
use companion_tests::process::PATIENCE;
use companion_tests::site::Site;
use serde_json::{Value, json};

use crate::oracle::reader;

const NAME: &str = "Robin Other";
const BORN: &str = "1984-02-29";

/// The other implementation, as a patient's device.
struct Writer {
    child: Child,
    orders: ChildStdin,
    lines: Receiver<String>,
}

impl Writer {
    fn start(server: &str, invite: &str) -> Self {
        let mut node = Command::new("node");
        node.current_dir(reader())
            .args(["write.mjs", server, invite]);
        node.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = node.spawn().expect("node starts");
        let orders = child.stdin.take().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            orders,
            lines,
        }
    }

    fn said(&self) -> Value {
        let line = self
            .lines
            .recv_timeout(PATIENCE)
            .expect("an answer in time");
        serde_json::from_str(&line).expect("a line of JSON")
    }

    fn order(&mut self, order: &Value) -> Value {
        writeln!(self.orders, "{order}").unwrap();
        self.said()
    }

    /// Writes an entry with nothing but a note, with something wrong; what the API said.
    fn wrong(&mut self, what: &str) -> Value {
        let mood =
            json!({ "valence": 0.25, "felt": [1_700_000_000_000_i64, 0, "UTC"], "note": what });
        self.order(&json!({ "do": "record", "space": 2, "mood": mood, "wrong": what }))
    }

    fn right(&mut self, note: &str) -> Value {
        let mood =
            json!({ "valence": 0.25, "felt": [1_700_000_000_000_i64, 0, "UTC"], "note": note });
        self.order(&json!({ "do": "record", "space": 2, "mood": mood }))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A clinic that has admitted the other implementation.
fn admitted() -> (Site, Writer, clinic_api::id::ChainId) {
    let site = Site::new();
    let invitation = site.office.invite(NAME, BORN);
    let mut writer = Writer::start(site.address(), &invitation.text);
    let digits = writer.said()["digits"].as_str().unwrap().to_owned();
    let chain = site.office.admit(&invitation, &digits, NAME, BORN).unwrap();
    let met = writer.order(&json!({ "do": "meet" }));
    assert_eq!(met["device"].as_str().unwrap().len(), 64);
    (site, writer, chain)
}

#[test]
fn what_another_implementation_writes_is_read() {
    let (site, mut writer, chain) = admitted();
    let whole = json!({
        "valence": -0.625, "felt": [1_711_846_800_000_i64, 20_700, "Asia/Kathmandu"],
        "energy": 3, "anxiety": 10, "sleep": { "hours": 6.5, "quality": 0 },
        "feelings": ["hopeful", "drained"], "associations": ["selfCare"],
        "words": ["like after rain"], "circumstances": ["the day, 猫"],
        "note": "Größe 🌊\n  as it was typed ",
    });
    let kept = writer.order(&json!({ "do": "record", "space": 2, "mood": whole }));
    assert_eq!((&kept["stored"], &kept["number"]), (&json!(1), &json!(1)));
    let least = json!({ "valence": 0.5, "felt": [-1_000, -3_600, "Atlantic/Azores"] });
    writer.order(&json!({ "do": "record", "space": 2, "mood": least }));
    let own = json!({ "valence": 0.75, "felt": [0, 0, "UTC"], "note": "to myself" });
    let alone = writer.order(&json!({ "do": "record", "space": 1, "mood": own }));
    assert_eq!(alone["stored"], 1);

    let moment = |ms, offset, zone: &str| Moment {
        ms,
        offset,
        zone: zone.to_owned(),
    };
    let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect();
    let expected = Mood {
        valence: Valence::new(-0.625).unwrap(),
        felt: moment(1_711_846_800_000, 20_700, "Asia/Kathmandu"),
        energy: Some(3),
        anxiety: Some(10),
        sleep: Some(Sleep {
            hours: Some(6.5),
            quality: Some(0),
        }),
        feelings: words(&["hopeful", "drained"]),
        associations: words(&["selfCare"]),
        words: words(&["like after rain"]),
        circumstances: words(&["the day, 猫"]),
        note: Some("Größe 🌊\n  as it was typed ".to_owned()),
    };
    let least = Mood::new(
        Valence::new(0.5).unwrap(),
        moment(-1_000, -3_600, "Atlantic/Azores"),
    );
    site.office.sync();
    let entries = site.office.entries(chain);
    assert_eq!(entries.len(), 2, "what is private stays private");
    assert!(entries[0].mood == expected, "the same in every field");
    assert!(entries[1].mood == least);
    assert_eq!(entries[0].id.to_string(), kept["entry"].as_str().unwrap());
    assert_eq!(
        entries[0].version.to_string(),
        kept["version"].as_str().unwrap()
    );
    assert!(!entries[0].edited);
}

#[test]
fn what_is_written_wrongly_is_refused_or_set_aside_and_named() {
    let (site, mut writer, chain) = admitted();
    let first = writer.right("first");
    for (what, code, status) in [
        ("header", "run-invalid", 422),
        ("signature", "run-invalid", 422),
        ("previous", "run-conflict", 409),
        ("request signature", "signature-invalid", 401),
        ("request time", "signature-stale", 401),
        ("digest", "signature-invalid", 401),
    ] {
        let said = writer.wrong(what);
        assert_eq!(
            (&said["denied"], &said["status"]),
            (&json!(code), &json!(status)),
            "{what}"
        );
    }
    // What was refused was never written: the log goes on.
    assert_eq!(writer.right("second")["number"], 2);
    site.office.sync();
    assert_eq!(site.office.notes(chain), ["first", "second"]);

    // What the server cannot see is the reader's to find.
    for (what, number) in [("aad", 3), ("padding", 5)] {
        let said = writer.wrong(what);
        assert_eq!(
            (&said["stored"], &said["number"]),
            (&json!(1), &json!(number)),
            "{what}"
        );
        let log: LogId = said["log"].as_str().unwrap().parse().unwrap();
        let alarms = site.office.try_sync().unwrap().alarms;
        assert!(
            matches!(alarms.as_slice(), [Alarm::DoesNotOpen(_, of)] if *of == log),
            "{what}: {alarms:?}"
        );
        writer.right(&format!("third, after {what}"));
        let after = site.office.try_sync().unwrap();
        assert!(
            after
                .alarms
                .iter()
                .all(|a| matches!(a, Alarm::DoesNotOpen(..)))
        );
    }
    let notes = [
        "first",
        "second",
        "third, after aad",
        "third, after padding",
    ];
    assert_eq!(site.office.notes(chain), notes);

    // A patient reviews nothing, whoever wrote the program.
    let review = json!({ "do": "review", "entry": first["entry"], "version": first["version"] });
    assert_eq!(writer.order(&review)["stored"], 1);
    site.office.try_sync().unwrap();
    let care = site.office.companion().care();
    assert_eq!(care.reviews(chain).unwrap().len(), 0);
    assert_eq!(site.office.notes(chain), notes);
}
