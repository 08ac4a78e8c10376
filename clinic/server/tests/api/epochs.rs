//! The chains of epochs: who may write one, and to whom it must give the key.

use clinic_api::chain::epoch::{EpochChain, EpochStep};
use clinic_api::chain::{Body, ChainKind, Signed};
use clinic_api::http::problem::Code;
use clinic_api::member::Team;
use clinic_api::message::ChainPage;
use clinic_api::space::SpaceKind;
use clinic_api::wire;

use crate::support::keys::{Device, wrap};
use crate::support::patient::Patient;
use crate::support::site::refusal;
use crate::support::world::World;

#[tokio::test]
async fn a_space_has_no_epochs_until_a_member_writes_one() {
    let world = World::new().await;
    for kind in [SpaceKind::Care, SpaceKind::Front] {
        let space = world.space(kind);
        let path = format!("/v1/chains/{space}");
        let page: ChainPage = world.site.get(&world.clinic.clinician, &path).await.read();
        assert!(page.statements.is_empty() && !page.more);
        world.epoch(kind).await;
        let page: ChainPage = world.site.get(&world.clinic.clinician, &path).await.read();
        assert_eq!(page.statements.len(), 1);
    }
}

#[tokio::test]
async fn an_epoch_for_others_than_the_members_is_refused() {
    let world = World::new().await;
    let (device, kind) = (&world.patient.device, SpaceKind::Care);
    let space = world.space(kind);
    let good = world.next_epoch(kind, &EpochChain::default(), device);
    let signed = Signed::from_bytes(&good).unwrap();
    let body: Body<EpochStep> = wire::decode(&signed.body).unwrap();
    let by = |signer: &Device, body: &Body<EpochStep>| {
        Signed::new(body, |bytes| signer.log.sign(bytes)).to_bytes()
    };
    let changed = |change: &dyn Fn(&mut Body<EpochStep>)| {
        let mut body = body.clone();
        change(&mut body);
        by(device, &body)
    };
    let stranger = wrap(world.stranger.id().into());
    let cases = [
        (
            "one less",
            changed(&|b| drop(b.step.wraps.pop())),
            Code::ChainInvalid,
        ),
        (
            "one more",
            changed(&|b| b.step.wraps.push(stranger.clone())),
            Code::ChainInvalid,
        ),
        (
            "another",
            changed(&|b| b.step.wraps[0] = stranger.clone()),
            Code::ChainInvalid,
        ),
        (
            "another space",
            changed(&|b| b.step.space = world.space(SpaceKind::Private)),
            Code::ChainInvalid,
        ),
        (
            "no roster",
            changed(&|b| b.step.roster = None),
            Code::ChainInvalid,
        ),
        (
            "a short wrap",
            changed(&|b| b.step.wraps[0].sealed.truncate(47)),
            Code::ChainInvalid,
        ),
        (
            "signed by another",
            by(&world.second, &body),
            Code::ChainInvalid,
        ),
        (
            "signed by the front desk",
            world.next_epoch(kind, &EpochChain::default(), &world.clinic.desk),
            Code::ChainInvalid,
        ),
        (
            "a statement of the patient chain",
            world.patient.next(Patient::removing(world.second.id())),
            Code::ChainInvalid,
        ),
    ];
    for (name, bytes, code) in cases {
        let answer = world.site.append(device, space, &bytes).await;
        assert_eq!(answer.refused(), refusal(code), "{name}");
    }
    world.site.append(device, space, &good).await.expect(201);
    world.site.append(device, space, &good).await.expect(201);
    let clinician = &world.clinic.clinician;
    let rival = world.next_epoch(kind, &EpochChain::default(), clinician);
    let answer = world.site.append(clinician, space, &rival).await;
    assert_eq!(answer.refused(), refusal(Code::ChainConflict));
    let chain = world.epochs(kind, &[good]);
    let second = world.next_epoch(kind, &chain, clinician);
    world
        .site
        .append(clinician, space, &second)
        .await
        .expect(201);
}

/// Otherwise a member who has not heard of a removal would give the key to who was removed.
#[tokio::test]
async fn an_epoch_that_cites_older_members_conflicts() {
    let mut world = World::new().await;
    let (device, kind) = (Device::new(50), SpaceKind::Care);
    let space = world.space(kind);
    let stale = world.next_epoch(kind, &EpochChain::default(), &device);
    let gone = world.patient.state(Patient::removing(world.second.id()));
    let chain = world.patient.id();
    world.site.append(&device, chain, &gone).await.expect(201);
    let answer = world.site.append(&device, space, &stale).await;
    assert_eq!(answer.refused(), refusal(Code::ChainConflict));
    let fresh = world.next_epoch(kind, &EpochChain::default(), &device);
    world.site.append(&device, space, &fresh).await.expect(201);
}

#[tokio::test]
async fn nobody_seals_to_a_team_key_that_an_outsider_holds() {
    let mut world = World::new().await;
    let (device, kind) = (Device::new(50), SpaceKind::Desk);
    let space = world.space(kind);
    let stale = world.next_epoch(kind, &EpochChain::default(), &device);
    let desk = world.clinic.desk.id();
    let gone = world.clinic.remove_workstation(desk);
    let (roster, clinician) = (world.clinic.id(), Device::new(10));
    world
        .site
        .append(&clinician, roster, &gone)
        .await
        .expect(201);
    let answer = world.site.append(&device, space, &stale).await;
    assert_eq!(answer.refused(), refusal(Code::ChainConflict));
    let issued = world.clinic.issue(Team::Front);
    world
        .site
        .append(&clinician, roster, &issued)
        .await
        .expect(201);
    let answer = world.site.append(&device, space, &stale).await;
    assert_eq!(answer.refused(), refusal(Code::ChainConflict));
    let fresh = world.next_epoch(kind, &EpochChain::default(), &device);
    world.site.append(&device, space, &fresh).await.expect(201);
}

#[tokio::test]
async fn a_kit_signs_epochs_that_a_device_brings() {
    let world = World::new().await;
    let kind = SpaceKind::Private;
    let kit = crate::support::keys::Kit::new(50);
    let good = world.next_epoch(kind, &EpochChain::default(), &world.second);
    let signed = Signed::from_bytes(&good).unwrap();
    let old: Body<EpochStep> = wire::decode(&signed.body).unwrap();
    let id = kit.keys.id();
    let body = Body::following(ChainKind::Epoch, None, 0, id, old.step);
    let by_kit = Signed::new(&body, |bytes| kit.sign.sign(bytes)).to_bytes();
    world
        .site
        .append(&world.second, world.space(kind), &by_kit)
        .await
        .expect(201);
}
