//! Appending to patient chains and rosters, and reading them.

use clinic_api::chain::patient::{ClinicRef, PatientStep};
use clinic_api::chain::{Body, ChainKind, Signed};
use clinic_api::http::problem::Code;
use clinic_api::message::ChainPage;
use clinic_api::space::SpaceKind;
use clinic_api::wire;

use crate::support::keys::{Device, Kit};
use crate::support::patient::Patient;
use crate::support::site::refusal;
use crate::support::world::World;

#[tokio::test]
async fn what_was_appended_is_read_byte_for_byte() {
    let world = World::new().await;
    for (reader, chain, expected) in [
        (&world.second, world.patient.id(), &world.patient.statements),
        (
            &world.patient.device,
            world.clinic.id(),
            &world.clinic.statements,
        ),
    ] {
        let path = format!("/v1/chains/{chain}");
        let page: ChainPage = world.site.get(reader, &path).await.read();
        let read: Vec<Vec<u8>> = page.statements.into_iter().map(Into::into).collect();
        assert_eq!(&read, expected);
        assert!(!page.more);
        let page: ChainPage = world
            .site
            .get(reader, &format!("{path}?from=2"))
            .await
            .read();
        assert_eq!(page.statements.len(), expected.len() - 2);
        assert_eq!(page.statements[0].as_slice(), expected[2]);
        for beyond in ["100", "18446744073709551615"] {
            let path = format!("{path}?from={beyond}&of=another");
            let page: ChainPage = world.site.get(reader, &path).await.read();
            assert!(page.statements.is_empty() && !page.more);
        }
    }
}

#[tokio::test]
async fn a_long_chain_comes_in_pages() {
    let mut world = World::new().await;
    let count = world.clinic.statements.len();
    for person in 10..=255 {
        let role = clinic_api::member::Role::FrontDesk;
        world.clinic.add_person(person, role);
    }
    for next in &world.clinic.statements[count..] {
        let chain = world.clinic.id();
        world
            .site
            .append(&world.clinic.desk, chain, next)
            .await
            .expect(201);
    }
    let path = format!("/v1/chains/{}", world.clinic.id());
    let mut read = Vec::new();
    loop {
        let path = format!("{path}?from={}", read.len());
        let page: ChainPage = world.site.get(&world.clinic.desk, &path).await.read();
        assert!(page.statements.len() <= 256);
        let more = page.more;
        read.extend(page.statements.into_iter().map(Vec::<u8>::from));
        if !more {
            break;
        }
        assert_eq!(read.len(), 256);
    }
    assert_eq!(read, world.clinic.statements);
}

#[tokio::test]
async fn a_from_that_is_no_number_is_refused() {
    let world = World::new().await;
    let path = format!("/v1/chains/{}", world.patient.id());
    for query in ["from=", "from=-1", "from=x", "from=1&from=2", "from=%31"] {
        let target = format!("{path}?{query}");
        let answer = world.site.get(&world.patient.device, &target).await;
        assert_eq!(answer.refused(), refusal(Code::MalformedBody), "{query}");
    }
}

#[tokio::test]
async fn the_second_of_two_successors_conflicts() {
    let mut world = World::new().await;
    let (device, chain) = (Device::new(50), world.patient.id());
    let loser = world.patient.next(world.patient.adding(&Device::new(55)));
    let winner = world.patient.state(world.patient.adding(&Device::new(56)));
    let append = |bytes: Vec<u8>| {
        let site = &world.site;
        let device = &device;
        async move { site.append(device, chain, &bytes).await }
    };
    append(winner.clone()).await.expect(201);
    let refused = append(loser).await.refused();
    assert_eq!(refused, refusal(Code::ChainConflict));
    // A lost answer: the same again is no conflict, also when more follows.
    append(winner.clone()).await.expect(201);
    let gone = world.patient.next(Patient::removing(Device::new(55).id()));
    let refused = append(gone).await.refused();
    assert_eq!(refused, refusal(Code::ChainInvalid));
    let kit = Kit::new(57);
    let next = world.patient.adopt(&kit);
    world.site.append(&device, chain, &next).await.expect(201);
    world.site.append(&device, chain, &winner).await.expect(201);
    let path = format!("/v1/chains/{chain}");
    let page: ChainPage = world.site.get(&device, &path).await.read();
    assert_eq!(page.statements.len(), world.patient.statements.len());
}

#[tokio::test]
async fn a_new_device_gets_in_by_a_statement_and_out_by_another() {
    let mut world = World::new().await;
    let (device, chain) = (Device::new(50), world.patient.id());
    let new = Device::new(55);
    let path = format!("/v1/chains/{chain}");
    let before = world.site.get(&new, &path).await;
    assert_eq!(before.refused(), refusal(Code::UnknownDevice));
    let added = world.patient.state(world.patient.adding(&new));
    world.site.append(&device, chain, &added).await.expect(201);
    world.site.get(&new, &path).await.expect(200);
    let gone = world.patient.state(Patient::removing(new.id()));
    world.site.append(&device, chain, &gone).await.expect(201);
    let after = world.site.get(&new, &path).await;
    assert_eq!(after.refused(), refusal(Code::DeviceRemoved));
}

#[tokio::test]
async fn a_chain_does_not_change_its_clinic_without_an_invite() {
    let world = World::new().await;
    let clinic = ClinicRef {
        roster: world.other.id(),
        root: world.other.root_id(),
    };
    let next = world.patient.next(PatientStep::ClinicJoined { clinic });
    let answer = world
        .site
        .append(&world.patient.device, world.patient.id(), &next)
        .await;
    assert_eq!(answer.refused(), refusal(Code::NotAllowed));
    let roster = format!("/v1/chains/{}", world.other.id());
    let answer = world.site.get(&world.patient.device, &roster).await;
    assert_eq!(answer.refused(), refusal(Code::UnknownChain));
}

#[tokio::test]
async fn statements_that_do_not_verify_are_refused_and_change_nothing() {
    let world = World::new().await;
    let (device, chain) = (&world.patient.device, world.patient.id());
    let good = world.patient.next(world.patient.adding(&Device::new(55)));
    let signed = Signed::from_bytes(&good).unwrap();
    let tip = Some(world.patient.chain.tip());
    let step = || Patient::removing(world.second.id());
    let body = |kind, signer| Body::following(kind, tip, 0, signer, step());
    let me = device.id().into();
    let by = |signer: &Device, body: &Body<PatientStep>| {
        Signed::new(body, |bytes| signer.log.sign(bytes)).to_bytes()
    };
    let patient = ChainKind::Patient;
    let mut version = body(patient, me);
    version.version = 2;
    let mut suite = body(patient, me);
    suite.suite = 9;
    let mut number = body(patient, me);
    number.number += 1;
    let mut flipped = signed.clone();
    flipped.signature[0] ^= 1;
    let removed = Device::new(52);
    let cases: Vec<(&str, Vec<u8>, Code)> = vec![
        ("empty", Vec::new(), Code::MalformedBody),
        ("text", b"{\"step\":1}".to_vec(), Code::MalformedBody),
        (
            "truncated",
            good[..good.len() - 1].to_vec(),
            Code::MalformedBody,
        ),
        (
            "trailing",
            [good.as_slice(), &[0]].concat(),
            Code::MalformedBody,
        ),
        ("version", by(device, &version), Code::UnsupportedVersion),
        ("suite", by(device, &suite), Code::UnsupportedVersion),
        ("number", by(device, &number), Code::ChainConflict),
        ("flipped", flipped.to_bytes(), Code::ChainInvalid),
        (
            "by another's key",
            by(&world.second, &body(patient, me)),
            Code::ChainInvalid,
        ),
        (
            "by a stranger",
            by(&world.stranger, &body(patient, world.stranger.id().into())),
            Code::ChainInvalid,
        ),
        (
            "by who was removed",
            by(&removed, &body(patient, removed.id().into())),
            Code::ChainInvalid,
        ),
        (
            "as another kind",
            by(device, &body(ChainKind::Roster, me)),
            Code::ChainInvalid,
        ),
    ];
    for (name, bytes, code) in cases {
        let answer = world.site.append(device, chain, &bytes).await;
        assert_eq!(answer.refused(), refusal(code), "{name}");
    }
    let path = format!("/v1/chains/{chain}");
    let page: ChainPage = world.site.get(device, &path).await.read();
    assert_eq!(page.statements.len(), world.patient.statements.len());
    world.site.append(device, chain, &good).await.expect(201);
}

#[tokio::test]
async fn what_is_no_chain_is_unknown() {
    let world = World::new().await;
    let zeros = "0".repeat(64);
    let upper = world.patient.id().to_string().to_uppercase();
    let front = world.other.space(SpaceKind::Front).to_string();
    for chain in [
        zeros.as_str(),
        "0",
        upper.as_str(),
        "%00",
        "a'%20OR%201=1--",
        "..%2F..%2Fetc%2Fpasswd",
        front.as_str(),
    ] {
        let path = format!("/v1/chains/{chain}");
        let read = world.site.get(&world.patient.device, &path).await;
        assert_eq!(read.refused(), refusal(Code::UnknownChain), "{chain}");
        let next = &world.patient.statements[0];
        let appended = world.site.post(&world.patient.device, &path, next).await;
        assert_eq!(appended.refused(), refusal(Code::UnknownChain), "{chain}");
    }
}

#[tokio::test]
async fn names_that_look_like_code_are_kept_as_names() {
    let mut world = World::new().await;
    let names = [
        "Robert'); DROP TABLE chains;--",
        "\" OR \"\"=\"",
        "<script>alert(1)</script>",
        "${jndi:ldap://x}",
        "%s%n",
    ];
    for (n, name) in names.iter().enumerate() {
        let next = world
            .clinic
            .state(clinic_api::chain::roster::RosterStep::PersonAdded {
                person: clinic_api::id::PersonId([100 + n as u8; 16]),
                name: (*name).to_owned(),
                role: clinic_api::member::Role::FrontDesk,
            });
        world
            .site
            .append(&world.clinic.desk, world.clinic.id(), &next)
            .await
            .expect(201);
    }
    let path = format!("/v1/chains/{}", world.clinic.id());
    let page: ChainPage = world.site.get(&world.clinic.desk, &path).await.read();
    let read: Vec<Vec<u8>> = page.statements.into_iter().map(Into::into).collect();
    assert_eq!(read, world.clinic.statements);
    let control = clinic_api::chain::roster::RosterStep::PersonAdded {
        person: clinic_api::id::PersonId([120; 16]),
        name: "a\u{0}b".to_owned(),
        role: clinic_api::member::Role::FrontDesk,
    };
    let next = world.clinic.next(control);
    let answer = world
        .site
        .append(&world.clinic.desk, world.clinic.id(), &next)
        .await;
    assert_eq!(answer.refused(), refusal(Code::ChainInvalid));
}

#[tokio::test]
async fn a_statement_over_the_limit_is_too_large() {
    let world = World::new().await;
    let chain = world.patient.id();
    let large = vec![0; clinic_api::limits::STATEMENT + 1];
    let answer = world
        .site
        .append(&world.patient.device, chain, &large)
        .await;
    assert_eq!(answer.refused(), refusal(Code::BodyTooLarge));
    let padded = wire::encode(&Signed {
        body: vec![0; clinic_api::limits::STATEMENT - 100],
        signature: [0; 64],
    });
    let answer = world
        .site
        .append(&world.patient.device, chain, &padded)
        .await;
    assert_eq!(answer.refused(), refusal(Code::MalformedBody));
}
