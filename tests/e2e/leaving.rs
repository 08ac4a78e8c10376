//! Leaving: named beforehand what stays, erased at the server, proven to everybody else.

use clinic_api::id::{ChainId, LeaveHash};
use clinic_api::leave::{Leave, SignedLeave, SignedReceipt};
use clinic_api::space::SpaceKind;
use companion_core::care::{ReviewState, ReviewedVersion};
use companion_core::vault::Vault;
use companion_tests::patient::Patient;
use companion_tests::process::{command, run};
use companion_tests::search::{files, found_secret};
use companion_tests::site::Site;
use serde_json::{Value, json};

/// A patient with a second device, three shared entries, of which the clinic took one, and a
/// private one.
struct Case {
    site: Site,
    phone: Patient,
    second: Patient,
    chain: ChainId,
    taken: String,
}

fn case() -> Case {
    let site = Site::new();
    let (phone, chain) = site.enrolled("Robin Sand", "1979-05-06");
    let taken = phone.log(&["6", "--note", "taken lighthouse", "--share"]);
    phone.log(&["5", "--note", "shared windmill", "--share"]);
    phone.log(&["4", "--note", "shared gooseberry", "--share"]);
    phone.log(&["3", "--note", "private"]);
    phone.sync();
    let page = phone.json(&["kit", "make"]);
    let second = Patient::without_journal(site.path(), "second");
    let (code, _) = second.typed(&["kit", "restore"], page["qr"].as_str().unwrap());
    assert_eq!(code, 0);
    site.office.sync();
    let entries = site.office.entries(chain);
    let entry = entries.iter().find(|e| e.id.to_string() == taken).unwrap();
    let seen = ReviewedVersion {
        entry: entry.id,
        version: entry.version,
    };
    let care = site.office.companion().care();
    care.review(chain, &[seen], ReviewState::Incorporated)
        .unwrap();
    site.office.sync();
    phone.sync();
    second.sync();
    Case {
        site,
        phone,
        second,
        chain,
        taken,
    }
}

/// Bytes that stand in the server's files because of this patient, each long enough to be
/// unmistakable: of every statement of their chains, and the names of their logs.
fn traces(site: &Site, chain: ChainId) -> Vec<Vec<u8>> {
    site.office.companion().vault().with(|vault: &mut Vault| {
        let spaces = SpaceKind::OF_PATIENT.map(|kind| kind.id(chain));
        let mut all = Vec::new();
        for id in [chain, spaces[1].into(), spaces[2].into()] {
            for statement in vault.statements(id).unwrap() {
                all.push(statement.signature.to_vec());
            }
        }
        for space in spaces {
            let logs = vault.logs(space).unwrap();
            all.extend(logs.iter().map(|log| log.log.0.to_vec()));
            all.extend(logs.iter().filter_map(|log| Some(log.tip?.head.0.to_vec())));
        }
        all
    })
}

fn at_server(site: &Site, traces: &[Vec<u8>]) -> usize {
    let files = files(site.server.dir());
    let there = |trace: &&Vec<u8>| !found_secret("trace", trace, &files).is_empty();
    traces.iter().filter(there).count()
}

fn incorporated(told: &Value) -> Vec<&str> {
    let all = told["incorporated"].as_array().unwrap().iter();
    all.map(|one| one["entry"].as_str().unwrap()).collect()
}

#[test]
fn who_leaves_is_shown_what_stays_and_everything_else_goes() {
    let case = case();
    let (site, phone) = (&case.site, &case.phone);
    let traces = traces(site, case.chain);
    assert!(traces.len() > 8);
    // The signature of a statement may fall on the border of two pages of the file.
    assert!(at_server(site, &traces) > traces.len() / 2);

    let shown = phone.json(&["leave"]);
    assert_eq!(
        (&shown["left"], &shown["receipt"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(
        (&shown["entries"], &shown["shared"]),
        (&json!(4), &json!(3))
    );
    assert_eq!(incorporated(&shown), [case.taken.as_str()]);
    assert_eq!(shown["incorporated"][0]["by"], "Dr. Ines Falk");
    let number = shown["request_number"].as_str().unwrap().replace(' ', "");
    assert_eq!(number, case.chain.to_string());
    // A file first, or the word that none is wanted; and nothing by half.
    let (code, why, _) = phone.problem(&["leave", "--yes"]);
    assert_eq!((code, why.as_str()), (65, "export-first"));
    let (code, why, _) = phone.problem(&["leave", "--erase-here"]);
    assert_eq!((code, why.as_str()), (65, "leave-unsure"));
    site.office.sync();
    assert_eq!(site.office.entries(case.chain).len(), 3);

    let file = site.path().join("copy.json");
    let file = file.to_str().unwrap();
    let left = phone.json(&["leave", "--export", file, "--yes"]);
    assert_eq!(
        (&left["left"], &left["exported"]),
        (&json!(true), &json!(file))
    );
    assert_eq!(incorporated(&left), [case.taken.as_str()]);
    let copy: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let kinds = copy["events"].as_array().unwrap();
    assert!(kinds.len() >= 4);

    // The receipt, by its own bytes.
    let bytes = data_encoding::HEXLOWER
        .decode(left["receipt"]["signed"].as_str().unwrap().as_bytes())
        .unwrap();
    let receipt = SignedReceipt::from_bytes(&bytes).unwrap().verify().unwrap();
    assert_eq!(receipt.chain, case.chain);
    assert_eq!(receipt.backups_expire_at, receipt.erased_at + 35 * 86_400);
    assert!(receipt.runs > 3 && receipt.bytes > 1_000);
    let request: LeaveHash = left["receipt"]["request"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(receipt.request, Some(request));

    // At the server, whose process still runs, nothing is left; also not beside the store.
    assert_eq!(at_server(site, &traces), 0);
    let checked = run(command("clinic-server")
        .args(["check", "--dir"])
        .arg(site.server.dir()));
    assert_eq!(checked.code, Some(0), "{}", checked.err);

    // The console is told, verifies it, and lets go of all but what the clinic took.
    let report = site.office.sync();
    assert_eq!(report.left, [case.chain]);
    assert_eq!(site.office.notes(case.chain), ["taken lighthouse"]);
    let care = site.office.companion().care();
    assert!(care.left_ms(case.chain).unwrap().is_some());
    assert_eq!(care.reviews(case.chain).unwrap().len(), 1);
    assert_eq!(care.note_reading(case.chain, &[]).unwrap(), 0);
    assert_eq!(site.office.sync().left, []);

    // The phone goes on as a private journal.
    let told = phone.json(&["status"]);
    assert_eq!(
        (&told["server"], &told["unsent"]),
        (&Value::Null, &json!(0))
    );
    assert!(told["left_ms"].is_number());
    assert_eq!(phone.notes(true), Vec::<String>::new());
    assert_eq!(phone.notes(false).len(), 4);
    phone.log(&["7", "--note", "afterwards"]);
    phone.json(&["edit", &case.taken, "--energy", "4"]);
    assert_eq!(phone.notes(false).len(), 5);
    let (_, why, _) = phone.problem(&["log", "5", "--share"]);
    assert_eq!(why, "no-clinic");
    let (code, why, _) = phone.problem(&["sync"]);
    assert_eq!((code, why.as_str()), (77, "left-clinic"));
    let again = phone.json(&["leave"]);
    assert_eq!(again["receipt"], left["receipt"]);

    // The other device is told, once, and goes on, too.
    let told = case.second.json(&["sync"]);
    assert_eq!((&told["left"], &told["alarms"]), (&json!(true), &json!([])));
    let (_, why, _) = case.second.problem(&["sync"]);
    assert_eq!(why, "left-clinic");
    assert_eq!(case.second.notes(false).len(), 4);
    assert_eq!(case.second.json(&["leave"])["receipt"], left["receipt"]);

    // And here, too, if the person wants.
    let gone = phone.json(&["leave", "--yes", "--erase-here"]);
    assert_eq!(gone["erased_here"], true);
    assert_eq!(std::fs::read_dir(phone.dir()).unwrap().count(), 0);
}

#[test]
fn an_operator_erases_without_reading_and_nobody_believes_it_without_proof() {
    let mut case = case();
    let traces = traces(&case.site, case.chain);
    let site = &mut case.site;
    site.server.stop();
    let number = case.phone.dir().to_owned();
    drop(number);
    let grouped = companion_core::leave::request_number(case.chain);
    let erase = |args: &[&str]| {
        let mut command = command("clinic-server");
        command.args(["erase", "--chain", &grouped, "--dir"]);
        run(command.arg(site.server.dir()).args(args))
    };
    let counted = erase(&[]);
    assert!(
        counted.out.contains("would erase"),
        "{}{}",
        counted.out,
        counted.err
    );
    assert!(at_server(site, &traces) > traces.len() / 2);
    let erased = erase(&["--yes", "--backup-days", "7"]);
    assert!(
        erased.out.starts_with("erased: "),
        "{}{}",
        erased.out,
        erased.err
    );
    assert_eq!(at_server(site, &traces), 0);
    let before = erase(&["--yes"]);
    assert!(before.out.starts_with("erased before: "), "{}", before.out);
    site.server.again();

    // No word of the patient's: that is an alarm, and everybody keeps what they hold.
    let report = site.office.try_sync().unwrap();
    assert_eq!((report.left.len(), report.alarms.len()), (0, 1));
    assert_eq!(site.office.entries(case.chain).len(), 3);
    let told = case.phone.json(&["sync"]);
    assert_eq!(
        (&told["left"], &told["alarms"]),
        (&json!(false), &json!(["gone-unproven"]))
    );
    assert_eq!(case.phone.notes(true).len(), 3);
}

#[test]
fn a_word_proves_by_the_chain_that_the_reader_knows() {
    let case = case();
    let office = case.site.office.companion().vault();
    let word = |at: usize, signer: &Patient| {
        let companion =
            companion_tests::office::open(signer.dir(), companion_core::env::Env::system());
        companion.vault().with(|vault| {
            let device = vault.device().unwrap();
            vault.load_patient(case.chain).unwrap();
            let chain = vault.chains().patient(case.chain).unwrap();
            let mut leave = Leave::new(chain, device.id().into(), 7, None);
            leave.tip = vault.statements(case.chain).unwrap()[at].hash();
            SignedLeave::new(&leave, |bytes| device.log().sign(bytes))
        })
    };
    office.with(|vault| {
        vault.load_patient(case.chain).unwrap();
        let chain = vault.chains().patient(case.chain).unwrap().clone();
        let last = usize::try_from(chain.tip().number).unwrap();
        assert!(word(last, &case.phone).verify(&chain).is_ok());
        assert!(word(last, &case.second).verify(&chain).is_ok());
        assert!(word(last - 1, &case.phone).verify(&chain).is_err());
        let mut forged = word(last, &case.phone);
        forged.signature[0] ^= 1;
        assert!(forged.verify(&chain).is_err());
        let other = Patient::new(case.site.path(), "other");
        let own = companion_tests::office::open(other.dir(), companion_core::env::Env::system());
        let own = own.vault().with(|vault| {
            let device = vault.device().unwrap();
            let leave = Leave::new(&chain, device.id().into(), 7, None);
            SignedLeave::new(&leave, |bytes| device.log().sign(bytes))
        });
        assert!(own.verify(&chain).is_err());
    });
}
