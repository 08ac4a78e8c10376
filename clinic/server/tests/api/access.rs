//! Who may do what: every kind of caller at every kind of thing.

use clinic_api::http::problem::Code;
use clinic_api::message::{Invites, Pull};
use clinic_api::space::SpaceKind;
use clinic_api::wire;

use crate::support::keys::Device;
use crate::support::patient::Patient;
use crate::support::site::refusal;
use crate::support::space::{Log, push};
use crate::support::world::World;

const KINDS: [SpaceKind; 5] = [
    SpaceKind::Private,
    SpaceKind::Care,
    SpaceKind::Desk,
    SpaceKind::Front,
    SpaceKind::Clinic,
];

/// Whether a caller gets into private, care, desk, front, clinic.
type Doors = [bool; 5];

/// The table of the design: who is in which of the patient's and the clinic's spaces.
fn callers(world: &World) -> Vec<(&'static str, &Device, Doors)> {
    let nowhere = [false; 5];
    vec![
        (
            "patient",
            &world.patient.device,
            [true, true, true, false, false],
        ),
        ("second", &world.second, [true, true, true, false, false]),
        ("neighbour", &world.neighbour.device, nowhere),
        ("foreigner", &world.foreigner.device, nowhere),
        (
            "clinician",
            &world.clinic.clinician,
            [false, true, true, true, true],
        ),
        (
            "front desk",
            &world.clinic.desk,
            [false, false, true, true, false],
        ),
        (
            "administrator",
            &world.clinic.administrator,
            [false, false, true, true, false],
        ),
        ("other clinician", &world.other.clinician, nowhere),
        ("other front desk", &world.other.desk, nowhere),
    ]
}

#[tokio::test]
async fn spaces_open_to_their_members_alone() {
    let world = World::new().await;
    for kind in KINDS {
        let epoch = world.epoch(kind).await;
        let space = world.space(kind);
        for (place, (name, device, doors)) in callers(&world).into_iter().enumerate() {
            let open = doors[KINDS.iter().position(|k| *k == kind).unwrap()];
            let pull = wire::encode(&Pull { have: Vec::new() });
            let path = format!("/v1/spaces/{space}/pull");
            let pulled = world.site.post(device, &path, &pull).await;
            let mut log = Log::new(device, space, place as u8, epoch);
            let runs = push(&[log.run(&[100], 1)]);
            let path = format!("/v1/spaces/{space}/runs");
            let pushed = world.site.post(device, &path, &runs).await;
            let path = format!("/v1/chains/{space}");
            let read = world.site.get(device, &path).await;
            if open {
                assert_eq!(pulled.status, 200, "{name} {kind:?}");
                assert_eq!(pushed.status, 200, "{name} {kind:?}");
                assert_eq!(read.status, 200, "{name} {kind:?}");
            } else {
                let space = refusal(Code::UnknownSpace);
                assert_eq!(pulled.refused(), space, "{name} {kind:?}");
                assert_eq!(pushed.refused(), space, "{name} {kind:?}");
                let chain = refusal(Code::UnknownChain);
                assert_eq!(read.refused(), chain, "{name} {kind:?}");
            }
        }
        let place = KINDS.iter().position(|k| *k == kind).unwrap();
        let all = callers(&world);
        let members: Vec<_> = all.iter().filter(|(_, _, doors)| doors[place]).collect();
        let reader = members[0].1;
        let stored = world.pulled(reader, space).await.len();
        assert_eq!(stored, members.len(), "{kind:?}");
    }
}

#[tokio::test]
async fn who_is_nobody_here_gets_nothing() {
    let world = World::new().await;
    let pull = wire::encode(&Pull { have: Vec::new() });
    let care = world.space(SpaceKind::Care);
    let targets = [
        ("POST", format!("/v1/spaces/{care}/pull"), pull.clone()),
        ("POST", format!("/v1/spaces/{care}/runs"), push(&[])),
        (
            "GET",
            format!("/v1/chains/{}", world.patient.id()),
            Vec::new(),
        ),
        (
            "POST",
            format!("/v1/chains/{}", world.patient.id()),
            world.patient.statements[0].clone(),
        ),
        ("GET", "/v1/invites".to_owned(), Vec::new()),
        (
            "POST",
            "/v1/invites".to_owned(),
            wire::encode(&world.clinic.invite(9, 0)),
        ),
        (
            "POST",
            format!("/v1/invites/{}/admit", "01".repeat(16)),
            Vec::new(),
        ),
        (
            "POST",
            format!("/v1/invites/{}/withdraw", "01".repeat(16)),
            Vec::new(),
        ),
    ];
    for (method, target, body) in targets {
        let anonymous = world.site.anonymous(method, &target, &body).await;
        assert_eq!(anonymous.refused(), refusal(Code::SignatureMissing));
        assert_eq!(
            anonymous.headers["www-authenticate"],
            "Signature realm=\"companion-clinic-api\""
        );
        let call = |device| world.site.call(device, method, &target, &body);
        let stranger = call(&world.stranger).await;
        assert_eq!(stranger.refused(), refusal(Code::UnknownDevice), "{target}");
        let removed = call(&world.removed).await;
        assert_eq!(removed.refused(), refusal(Code::DeviceRemoved), "{target}");
    }
}

#[tokio::test]
async fn that_a_device_was_removed_is_told_to_itself_alone() {
    let world = World::new().await;
    let target = format!("/v1/chains/{}", world.patient.id());
    let mut forged = Device::new(53);
    forged.keys = world.removed.keys.clone();
    let answer = world.site.get(&forged, &target).await;
    assert_eq!(answer.refused(), refusal(Code::SignatureInvalid));
}

#[tokio::test]
async fn a_removed_workstation_and_the_workstations_of_who_left_are_out() {
    let mut world = World::new().await;
    let front = world.space(SpaceKind::Front);
    let path = format!("/v1/chains/{front}");
    let desk = Device::new(11);
    world.site.get(&desk, &path).await.expect(200);
    let gone = world.clinic.remove_workstation(desk.id());
    let roster = world.clinic.id();
    world
        .site
        .append(&world.clinic.clinician, roster, &gone)
        .await
        .expect(201);
    let answer = world.site.get(&desk, &path).await;
    assert_eq!(answer.refused(), refusal(Code::DeviceRemoved));
    let left = clinic_api::chain::roster::RosterStep::PersonRemoved {
        person: clinic_api::id::PersonId([3; 16]),
    };
    let left = world.clinic.state(left);
    world
        .site
        .append(&world.clinic.clinician, roster, &left)
        .await
        .expect(201);
    let answer = world.site.get(&world.clinic.administrator, &path).await;
    assert_eq!(answer.refused(), refusal(Code::DeviceRemoved));
}

#[tokio::test]
async fn who_changes_to_the_front_desk_reads_care_no_more() {
    let mut world = World::new().await;
    let care = format!("/v1/chains/{}", world.space(SpaceKind::Care));
    let clinician = Device::new(10);
    world.site.get(&clinician, &care).await.expect(200);
    let step = clinic_api::chain::roster::RosterStep::RoleChanged {
        person: clinic_api::id::PersonId([1; 16]),
        role: clinic_api::member::Role::FrontDesk,
    };
    let changed = world.clinic.state(step);
    world
        .site
        .append(&clinician, world.clinic.id(), &changed)
        .await
        .expect(201);
    let answer = world.site.get(&clinician, &care).await;
    assert_eq!(answer.refused(), refusal(Code::UnknownChain));
    let desk = format!("/v1/chains/{}", world.space(SpaceKind::Desk));
    world.site.get(&clinician, &desk).await.expect(200);
}

/// What reading and appending to a chain comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum May {
    Append,
    Read,
    Nothing,
}

#[tokio::test]
async fn chains_are_read_and_appended_to_as_the_table_says() {
    let world = World::new().await;
    use May::{Append, Nothing, Read};
    // Patient chain, roster.
    let table: Vec<(&str, &Device, May, May)> = vec![
        ("patient", &world.patient.device, Append, Read),
        ("second", &world.second, Append, Read),
        ("neighbour", &world.neighbour.device, Nothing, Read),
        ("foreigner", &world.foreigner.device, Nothing, Nothing),
        ("clinician", &world.clinic.clinician, Read, Append),
        ("front desk", &world.clinic.desk, Read, Append),
        ("administrator", &world.clinic.administrator, Read, Append),
        ("other clinician", &world.other.clinician, Nothing, Nothing),
    ];
    let new = Device::new(54);
    let patient_next = world.patient.next(world.patient.adding(&new));
    let roster_next = world
        .clinic
        .next(clinic_api::chain::roster::RosterStep::PersonAdded {
            person: clinic_api::id::PersonId([77; 16]),
            name: "Somebody".to_owned(),
            role: clinic_api::member::Role::FrontDesk,
        });
    // Refusals first: an accepted statement changes what is next.
    for expected in [Nothing, Read, Append] {
        for (name, device, patient, roster) in &table {
            let both = [
                (*patient, world.patient.id(), &patient_next),
                (*roster, world.clinic.id(), &roster_next),
            ];
            for (may, chain, next) in both.into_iter().filter(|b| b.0 == expected) {
                let read = world.site.get(device, &format!("/v1/chains/{chain}")).await;
                let appended = world.site.append(device, chain, next).await;
                match may {
                    Nothing => {
                        assert_eq!(read.refused(), refusal(Code::UnknownChain), "{name}");
                        assert_eq!(appended.refused(), refusal(Code::UnknownChain), "{name}");
                    }
                    Read => {
                        assert_eq!(read.status, 200, "{name}");
                        assert_eq!(appended.refused(), refusal(Code::NotAllowed), "{name}");
                    }
                    Append => {
                        assert_eq!(read.status, 200, "{name}");
                        assert_eq!(appended.status, 201, "{name}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn invites_are_the_staffs() {
    let world = World::new().await;
    let new = wire::encode(&world.clinic.invite(9, world.site.clock_now() + 60));
    for device in [&world.patient.device, &world.other.clinician] {
        let created = world.site.post(device, "/v1/invites", &new).await;
        assert_eq!(created.refused(), refusal(Code::NotAllowed));
    }
    let listed = world.site.get(&world.patient.device, "/v1/invites").await;
    assert_eq!(listed.refused(), refusal(Code::NotAllowed));
    let theirs = world.site.get(&world.other.desk, "/v1/invites").await;
    assert_eq!(theirs.read::<Invites>().invites.len(), 1);
    let lookup = "01".repeat(16);
    for verb in ["admit", "withdraw"] {
        let path = format!("/v1/invites/{lookup}/{verb}");
        let patient = world.site.post(&world.patient.device, &path, b"").await;
        assert_eq!(patient.refused(), refusal(Code::NotAllowed));
        let other = world.site.post(&world.other.clinician, &path, b"").await;
        assert_eq!(other.refused(), refusal(Code::UnknownInvite));
    }
}

#[tokio::test]
async fn who_was_shut_out_before_being_admitted_gets_nothing() {
    let world = World::new().await;
    let patient = Patient::of(&world.clinic, 80);
    let path = world.site.claimed(&world.clinic, &patient, 8).await;
    let own = format!("/v1/chains/{}", patient.id());
    world.site.get(&patient.device, &own).await.expect(200);
    let withdraw = format!("{path}/withdraw");
    world
        .site
        .post(&world.clinic.desk, &withdraw, b"")
        .await
        .expect(204);
    let answer = world.site.get(&patient.device, &own).await;
    assert_eq!(answer.refused(), refusal(Code::UnknownDevice));
    let roster = format!("/v1/chains/{}", world.clinic.id());
    let answer = world.site.get(&patient.device, &roster).await;
    assert_eq!(answer.refused(), refusal(Code::UnknownDevice));
}
