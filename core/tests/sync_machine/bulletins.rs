//! What the clinic says to all: read offline, never rolled back, never gone.

use clinic_api::bulletin::{Body, Bulletin, Draft, Kind};
use clinic_api::http::problem::{Code, Problem};
use clinic_api::member::Role;
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use companion_core::bulletin::{BulletinError, Drafted, Saying, Standing};
use companion_core::crisis::{self, ClinicHelp, ClinicNumber, Contact, CrisisNumbers, NumberFault};
use companion_core::sync::{Alarm, Reply};
use jiff::{SignedDuration, Timestamp};

use crate::support::world::{Device, World, hire};
use crate::support::{MINUTE, START, noted};

fn numbers(call: &str) -> CrisisNumbers {
    CrisisNumbers {
        numbers: vec![ClinicNumber {
            label: "Duty clinician".to_owned(),
            country: "DE".to_owned(),
            call: Some(call.to_owned()),
            hours: Some("weekdays, eight to eight".to_owned()),
            source: "Dr. Adler".to_owned(),
            verified_on: Some("2026-11-20".to_owned()),
            ..ClinicNumber::default()
        }],
    }
}

fn draft(desk: &Device, saying: Saying, expires: Option<Timestamp>) -> Drafted {
    let bulletins = desk.companion.bulletins();
    bulletins.draft(saying, "line", expires).unwrap()
}

/// As the only person who may sign says it.
fn say(world: &mut World, saying: Saying, expires: Option<Timestamp>) -> Bulletin {
    let Drafted::Ready(bulletin) = draft(&world.desk, saying, expires) else {
        panic!("one signer is enough here");
    };
    publish(world, &bulletin);
    bulletin
}

fn publish(world: &mut World, bulletin: &Bulletin) {
    world.api.say(world.roster, bulletin.to_bytes());
    assert_eq!(world.desk.round(&mut world.api).unwrap().alarms, []);
}

/// Signed by the workstation whatever it says.
fn forced(world: &World, kind: Kind, content: Vec<u8>) -> Bulletin {
    let draft = Draft {
        kind,
        topic: "line".to_owned(),
        content,
        expires: None,
    };
    world.desk.with(|v| {
        let last = v.last_bulletin(world.roster).unwrap();
        v.load_roster(world.roster).unwrap();
        let tip = v.chains().roster(world.roster).unwrap().tip();
        let body = Body::following(world.roster, last.as_ref(), 0, tip.hash, draft);
        let device = v.device().unwrap();
        Bulletin::unsigned(&body).signed(device.id(), |bytes| device.log().sign(bytes))
    })
}

fn help(device: &Device) -> Option<ClinicHelp> {
    let open = device.companion.bulletins().clinic_help().unwrap();
    // What is kept beside the vault says the same to who can't open it.
    let beside = crisis::clinic_help(device.path(), device.env.now());
    assert_eq!(open, beside);
    open
}

fn calls(help: Option<ClinicHelp>) -> Vec<String> {
    let lines = help.into_iter().flat_map(|help| help.lines);
    let contacts = lines.flat_map(|line| line.contacts);
    contacts
        .map(|contact| match contact {
            Contact::Call { number, .. } => number,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_corrected_number_reaches_a_patient_and_stays_without_network_and_vault() {
    let mut world = World::settled();
    assert_eq!(help(&world.phone), None);
    say(&mut world, Saying::Numbers(numbers("030 1111")), None);
    world.phone.light(&mut world.api).unwrap();
    assert_eq!(calls(help(&world.phone)), ["030 1111"]);
    say(&mut world, Saying::Numbers(numbers("030 2222")), None);
    world.phone.light(&mut world.api).unwrap();
    assert_eq!(calls(help(&world.phone)), ["030 2222"]);
    let all = world.phone.companion.bulletins().all().unwrap();
    let told: Vec<_> = all.iter().map(|b| (b.number, b.standing)).collect();
    assert_eq!(told, [(1, Standing::Replaced), (2, Standing::Current)]);
    assert_eq!(all[1].signers, ["Dr. Adler"]);
    // Locked: the folder alone. And the number is shown before the country's.
    let dir = world.phone.path().to_owned();
    let now = world.phone.env.now();
    let clinic = crisis::clinic_help(&dir, now);
    let query = crisis::Query::new("DE".parse().unwrap());
    let without = crisis::help(&query);
    let with = crisis::help(&query).with_clinic(clinic.clone());
    assert_eq!(
        (&with.emergency, &with.lines),
        (&without.emergency, &without.lines)
    );
    let text = crisis::render_text(&with, 80);
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(at("030 2222") < at("112"), "{text}");
    assert!(text.contains("Last verified on 20 November 2026"), "{text}");
    // Without a country, and where nothing else is known, it is there, too.
    let bare = crisis::help_without_country().with_clinic(clinic);
    assert!(crisis::render_text(&bare, 80).contains("030 2222"));
    // Lost or meddled with, it comes back when the vault is opened.
    std::fs::write(dir.join(crisis::CLINIC_FILE), "{}").unwrap();
    assert_eq!(crisis::clinic_help(&dir, now), None);
    let phone = world.phone.restart();
    assert_eq!(calls(help(&phone)), ["030 2222"]);
}

#[test]
fn a_broken_file_is_as_if_there_were_none() {
    let mut world = World::settled();
    say(&mut world, Saying::Numbers(numbers("030 1111")), None);
    world.phone.round(&mut world.api).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(crisis::CLINIC_FILE);
    let whole = std::fs::read(world.phone.path().join(crisis::CLINIC_FILE)).unwrap();
    let now = world.phone.env.now();
    std::fs::write(&path, &whole).unwrap();
    assert!(crisis::clinic_help(dir.path(), now).is_some());
    for cut in [0, 1, whole.len() / 2, whole.len() - 2] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(crisis::clinic_help(dir.path(), now), None);
    }
    std::fs::write(&path, [&whole[..], &[b' '; 300_000]].concat()).unwrap();
    assert_eq!(crisis::clinic_help(dir.path(), now), None);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(crisis::clinic_help(dir.path(), now), None);
    std::fs::remove_dir(&path).unwrap();
    // Nobody writes to this pipe: who opened it would wait for ever.
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    assert_eq!(crisis::clinic_help(dir.path(), now), None);
}

#[test]
fn an_expired_number_is_marked_and_stays() {
    let mut world = World::settled();
    let soon = world.desk.env.now() + SignedDuration::from_hours(24);
    say(&mut world, Saying::Numbers(numbers("030 1111")), Some(soon));
    world.phone.round(&mut world.api).unwrap();
    let line = |world: &World| help(&world.phone).unwrap().lines[0].clone();
    assert_eq!(line(&world).expired, None);
    world.phone.clock.advance(25 * 60 * MINUTE);
    assert_eq!(line(&world).expired, Some(soon));
    let all = world.phone.companion.bulletins().current().unwrap();
    assert_eq!(all[0].standing, Standing::Expired);
    assert_eq!(calls(help(&world.phone)), ["030 1111"]);
    let shown = crisis::help_without_country().with_clinic(help(&world.phone));
    let text = crisis::render_text(&shown, 80);
    assert!(
        text.contains("030 1111") && text.contains("not confirmed"),
        "{text}"
    );
}

#[test]
fn numbers_take_two_people_where_there_are_two() {
    let mut world = World::settled();
    let (colleague, _) = hire(&mut world, 7, Role::Administrator);
    let (front, _) = hire(&mut world, 8, Role::FrontDesk);
    for device in [&world.desk, &colleague, &front] {
        device.round(&mut world.api).unwrap();
    }
    let Drafted::NeedsSecond(half) = draft(&world.desk, Saying::Numbers(numbers("030 1111")), None)
    else {
        panic!("a second signer is needed");
    };
    let bytes = half.to_bytes();
    let own = world.desk.companion.bulletins().sign(&bytes);
    assert!(matches!(own, Err(BulletinError::SamePerson)), "{own:?}");
    let desk = front.companion.bulletins().sign(&bytes);
    assert!(matches!(desk, Err(BulletinError::NotAllowed)), "{desk:?}");
    let patient = world.phone.companion.bulletins().sign(&bytes);
    assert!(
        matches!(patient, Err(BulletinError::NotAllowed)),
        "{patient:?}"
    );
    let second = colleague.companion.bulletins();
    let review = second.review(&bytes).unwrap();
    assert_eq!((review.by.as_str(), review.body.number), ("Dr. Adler", 1));
    let mut bent = half.clone();
    let last = bent.body.len() - 1;
    bent.body[last] ^= 1;
    assert!(matches!(
        second.sign(&bent.to_bytes()),
        Err(BulletinError::Draft)
    ));
    let whole = second.sign(&bytes).unwrap();
    // Half signed it is nobody's word.
    world.api.say(world.roster, bytes.clone());
    let alarms = world.phone.round(&mut world.api).unwrap().alarms;
    assert_eq!(alarms, [Alarm::BulletinInvalid(world.roster)]);
    assert_eq!(help(&world.phone), None);
    world.api.bulletins.clear();
    publish(&mut world, &whole);
    assert_eq!(world.phone.round(&mut world.api).unwrap().alarms, []);
    assert_eq!(calls(help(&world.phone)), ["030 1111"]);
    colleague.round(&mut world.api).unwrap();
    let late = second.sign(&bytes);
    assert!(matches!(late, Err(BulletinError::Outdated)), "{late:?}");
    // A text takes one.
    let text = draft(&world.desk, Saying::Text("We move.".to_owned()), None);
    assert!(matches!(text, Drafted::Ready(_)));
}

/// Of the directory's own list (`core/data/crisis-lines.json`).
const RETIRED: (&str, &str) = ("GB", "08457 90 90 90");

#[test]
fn a_retired_number_is_neither_written_nor_read() {
    let mut world = World::settled();
    let (country, retired) = RETIRED;
    let mut bad = numbers(retired);
    bad.numbers[0].country = country.to_owned();
    let refused =
        world
            .desk
            .companion
            .bulletins()
            .draft(Saying::Numbers(bad.clone()), "line", None);
    let Err(BulletinError::Number(NumberFault::Retired)) = refused else {
        panic!("{refused:?}");
    };
    let mut both = numbers("030 1111");
    both.numbers.extend(bad.numbers.clone());
    let forced_in = forced(&world, Kind::CrisisNumbers, wire::encode(&both));
    publish(&mut world, &forced_in);
    assert_eq!(world.phone.round(&mut world.api).unwrap().alarms, []);
    assert_eq!(calls(help(&world.phone)), ["030 1111"]);
}

#[test]
fn what_can_not_be_read_takes_nothing_away() {
    let mut world = World::settled();
    say(&mut world, Saying::Numbers(numbers("030 1111")), None);
    for (kind, content) in [
        (Kind::CrisisNumbers, b"no numbers".to_vec()),
        (Kind::Unknown(900), b"of a newer clinic".to_vec()),
        (Kind::Text, vec![0xff]),
    ] {
        let next = forced(&world, kind, content);
        publish(&mut world, &next);
    }
    assert_eq!(world.phone.round(&mut world.api).unwrap().alarms, []);
    assert_eq!(world.phone.companion.bulletins().all().unwrap().len(), 4);
    assert_eq!(calls(help(&world.phone)), ["030 1111"]);
}

#[test]
fn fewer_others_or_forged_ones_are_alarms_and_change_nothing() {
    let mut world = World::settled();
    say(&mut world, Saying::Numbers(numbers("030 1111")), None);
    say(&mut world, Saying::Numbers(numbers("030 2222")), None);
    world.phone.round(&mut world.api).unwrap();
    let (roster, honest) = (world.roster, world.api.bulletins.clone());
    let round = |world: &mut World| world.phone.round(&mut world.api).unwrap().alarms;
    // Rolled back to the first.
    world.api.bulletins.get_mut(&roster).unwrap().pop();
    assert_eq!(round(&mut world), [Alarm::BulletinsWithheld(roster)]);
    // None at all, or a server that knows of no such thing any more.
    world.api.bulletins.clear();
    assert_eq!(round(&mut world), [Alarm::BulletinsWithheld(roster)]);
    world.api.bend(|request, reply| match reply {
        Reply::Ok(_) if request.path.contains("/bulletins/") => {
            Reply::Problem(Problem::new(Code::NotFound))
        }
        reply => reply,
    });
    assert_eq!(round(&mut world), [Alarm::BulletinsWithheld(roster)]);
    world.api.be_honest();
    // Another second one, signed by the clinic itself.
    let other = World::of(5, 6);
    let mut fork = honest.clone();
    let first = Bulletin::from_bytes(&honest[&roster][0]).unwrap();
    let body = Body {
        number: 2,
        previous: Some(first.hash()),
        ..first.claimed().unwrap()
    };
    let twin = world.desk.with(|v| {
        let device = v.device().unwrap();
        Bulletin::unsigned(&body).signed(device.id(), |b| device.log().sign(b))
    });
    fork.get_mut(&roster).unwrap()[1] = twin.to_bytes();
    world.api.bulletins = fork;
    assert_eq!(round(&mut world), [Alarm::BulletinsForked(roster)]);
    // A third one by somebody who is nobody here.
    let third = Body {
        number: 3,
        previous: Some(Bulletin::from_bytes(&honest[&roster][1]).unwrap().hash()),
        ..body
    };
    let forged = other.desk.with(|v| {
        let device = v.device().unwrap();
        Bulletin::unsigned(&third).signed(device.id(), |b| device.log().sign(b))
    });
    world.api.bulletins = honest.clone();
    world.api.say(roster, forged.to_bytes());
    assert_eq!(round(&mut world), [Alarm::BulletinInvalid(roster)]);
    assert_eq!(calls(help(&world.phone)), ["030 2222"]);
    // What is no bulletin at all keeps nothing else of the round waiting.
    world.api.bulletins = honest.clone();
    world.api.say(roster, b"what".to_vec());
    let note = noted("all the same", START);
    let journal = world.phone.companion.journal();
    journal.record(&note, Some(true)).unwrap();
    assert_eq!(round(&mut world), [Alarm::BulletinInvalid(roster)]);
    world.desk.round(&mut world.api).unwrap();
    assert_eq!(world.read_by_clinic(), ["all the same"]);
    world.api.bulletins = honest;
    assert_eq!(round(&mut world), []);
}

/// The clinic's own heads say that there is one more; an alarm until it is served.
#[test]
fn a_witness_shows_what_the_server_keeps_from_a_patient() {
    let mut world = World::settled();
    say(&mut world, Saying::Numbers(numbers("030 1111")), None);
    let roster = world.roster;
    let phone = &world.phone.companion;
    phone
        .journal()
        .record(&noted("seen", START), Some(true))
        .unwrap();
    let hide = |request: &companion_core::sync::Request, reply: Reply| match reply {
        Reply::Ok(_) if request.path.contains("/bulletins/") => {
            Reply::Ok(wire::encode(&clinic_api::bulletin::BulletinPage {
                bulletins: Vec::new(),
                more: false,
            }))
        }
        reply => reply,
    };
    world.api.bend(hide);
    assert_eq!(world.phone.round(&mut world.api).unwrap().alarms, []);
    world.api.be_honest();
    // The workstation takes the entry in, and its next head says what it saw.
    world.desk.round(&mut world.api).unwrap();
    world.desk.round(&mut world.api).unwrap();
    assert!(world.api.runs(world.space(SpaceKind::Care)) > 0);
    world.api.bend(hide);
    let alarms = world.phone.round(&mut world.api).unwrap().alarms;
    assert_eq!(alarms, [Alarm::BulletinsWithheld(roster)]);
    let alarms = world.phone.round(&mut world.api).unwrap().alarms;
    assert_eq!(alarms, [Alarm::BulletinsWithheld(roster)]);
    world.api.be_honest();
    assert_eq!(world.phone.round(&mut world.api).unwrap().alarms, []);
    assert_eq!(calls(help(&world.phone)), ["030 1111"]);
}

/// The roster grew after the reader pulled it, and the bulletin cites what it says now.
#[test]
fn a_bulletin_that_is_ahead_of_the_roster_brings_the_roster() {
    let mut world = World::settled();
    let mut told = Some(());
    let (roster, before) = (world.roster, world.api.chains.clone());
    hire(&mut world, 8, Role::FrontDesk);
    world.desk.round(&mut world.api).unwrap();
    say(
        &mut world,
        Saying::Text("Closed on Friday.".to_owned()),
        None,
    );
    let old = before[&roster].len();
    world.api.bend(move |request, reply| {
        let path = format!("/v1/chains/{roster}");
        match (reply, request.path == path) {
            (Reply::Ok(body), true) if told.take().is_some() => {
                let mut page: clinic_api::message::ChainPage = wire::decode(&body).unwrap();
                page.statements.truncate(1);
                assert!(old > 1);
                Reply::Ok(wire::encode(&page))
            }
            (reply, _) => reply,
        }
    });
    assert_eq!(world.phone.round(&mut world.api).unwrap().alarms, []);
    let all = world.phone.companion.bulletins().current().unwrap();
    assert_eq!(all[0].text(), Some("Closed on Friday."));
}
