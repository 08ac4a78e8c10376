//! `/v1/chains/{chain}/leave`: who may leave, what is gone then, and what is left.

use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, SpaceId};
use clinic_api::leave::{Departure, Leave, SignedLeave, SignedReceipt};
use clinic_api::message::Feed;
use clinic_api::space::SpaceKind;

use super::support::keys::Device;
use super::support::site::{Answer, refusal};
use super::support::space::{Log, push};
use super::support::world::World;

fn word(world: &World, device: &Device, spaces: Option<Vec<SpaceId>>) -> SignedLeave {
    let leave = Leave::new(&world.patient.chain, device.id().into(), 7, spaces);
    SignedLeave::new(&leave, |bytes| device.log.sign(bytes))
}

async fn ask(world: &World, device: &Device, word: &SignedLeave) -> Answer {
    let path = format!("/v1/chains/{}/leave", world.patient.id());
    world.site.post(device, &path, &word.to_bytes()).await
}

/// A run in *care*, by the patient.
async fn written(world: &World) -> usize {
    let epoch = world.epoch(SpaceKind::Care).await;
    let space = world.space(SpaceKind::Care);
    let run = Log::new(&world.patient.device, space, 1, epoch).run(&[50, 60], 1);
    let path = format!("/v1/spaces/{space}/runs");
    let body = push(std::slice::from_ref(&run));
    world
        .site
        .post(&world.patient.device, &path, &body)
        .await
        .expect(200);
    run.len()
}

async fn left(world: &World, chain: ChainId) -> Answer {
    let path = format!("/v1/chains/{chain}/leave");
    world.site.anonymous("GET", &path, &[]).await
}

#[tokio::test]
async fn who_leaves_gets_a_receipt_and_everybody_else_proof() {
    let world = World::new().await;
    let bytes = written(&world).await;
    let (chain, device) = (world.patient.id(), &world.second);
    assert_eq!(
        left(&world, chain).await.refused(),
        refusal(Code::UnknownChain)
    );
    let word = word(&world, device, None);
    let answer = ask(&world, device, &word).await.expect(200);
    let signed: SignedReceipt = answer.read();
    let receipt = signed.verify().unwrap();
    assert_eq!(receipt.chain, chain);
    assert_eq!(receipt.spaces, SpaceKind::OF_PATIENT.map(|k| k.id(chain)));
    assert_eq!(receipt.request, Some(word.hash()));
    assert_eq!((receipt.runs, receipt.bytes), (1, bytes as u64));
    let now = world.site.clock_now();
    assert_eq!(receipt.erased_at, now);
    assert_eq!(receipt.backups_expire_at, now + 35 * 86_400);
    let mut forged = signed.clone();
    forged.body[10] ^= 1;
    assert!(forged.verify().is_err());

    // For all of its devices it is gone, whatever they ask, and nobody gets in again.
    let care = world.space(SpaceKind::Care);
    for device in [&world.patient.device, device, &world.removed] {
        for path in ["/v1/chains".to_owned(), "/v1/feed".to_owned()] {
            let refused = world.site.get(device, &path).await.refused();
            assert_eq!(refused, refusal(Code::Gone));
        }
        let refused = ask(&world, device, &word).await.refused();
        assert_eq!(refused, refusal(Code::Gone));
    }
    // The clinic hears that it is, by feed and by asking.
    let clinician = &world.clinic.clinician;
    let feed: Feed = world
        .site
        .get(clinician, "/v1/feed")
        .await
        .expect(200)
        .read();
    assert!(feed.changes.iter().any(|change| change.id == chain.0));
    for path in [format!("/v1/chains/{chain}"), format!("/v1/chains/{care}")] {
        let refused = world.site.get(clinician, &path).await.refused();
        assert_eq!(refused, refusal(Code::Gone), "{path}");
    }
    // And anybody who knows the name finds the patient's own word.
    for name in [chain, care.into()] {
        let departure: Departure = left(&world, name).await.expect(200).read();
        let kept = SignedLeave::from_bytes(&departure.leave.unwrap()).unwrap();
        assert_eq!(kept, word);
        let leave = kept.verify(&world.patient.chain).unwrap();
        assert_eq!(leave.signer, device.id().into());
        assert_eq!(departure.receipt.to_vec(), signed.to_bytes());
    }
    // The neighbour's is as it was.
    world
        .site
        .get(&world.neighbour.device, "/v1/chains")
        .await
        .expect(200);
}

#[tokio::test]
async fn only_its_own_people_end_a_chain() {
    let world = World::new().await;
    written(&world).await;
    let own = word(&world, &world.patient.device, None);
    let staff = ask(&world, &world.clinic.clinician, &own).await;
    assert_eq!(staff.refused(), refusal(Code::NotAllowed));
    let neighbour = ask(&world, &world.neighbour.device, &own).await;
    assert_eq!(neighbour.refused(), refusal(Code::UnknownChain));
    let removed = word(&world, &world.removed, None);
    let answer = ask(&world, &world.removed, &removed).await;
    assert_eq!(answer.refused(), refusal(Code::DeviceRemoved));
    // Another's word, a changed one, an old one, and others' spaces.
    let answer = ask(&world, &world.second, &own).await;
    assert_eq!(answer.refused(), refusal(Code::NotAllowed));
    let mut changed = own.clone();
    changed.signature[3] ^= 1;
    let answer = ask(&world, &world.patient.device, &changed).await;
    assert_eq!(answer.refused(), refusal(Code::ChainInvalid));
    let mut old = Leave::new(
        &world.patient.chain,
        world.patient.device.id().into(),
        7,
        None,
    );
    old.tip = clinic_api::chain::Signed::from_bytes(&world.patient.statements[1])
        .unwrap()
        .hash();
    let old = SignedLeave::new(&old, |bytes| world.patient.device.log.sign(bytes));
    let answer = ask(&world, &world.patient.device, &old).await;
    assert_eq!(answer.refused(), refusal(Code::ChainConflict));
    let front = vec![world.space(SpaceKind::Front)];
    let foreign = word(&world, &world.patient.device, Some(front));
    let answer = ask(&world, &world.patient.device, &foreign).await;
    assert_eq!(answer.refused(), refusal(Code::ChainInvalid));
    // Nothing of that did anything.
    let care = world.space(SpaceKind::Care);
    assert_eq!(world.pulled(&world.second, care).await.len(), 1);
}

#[tokio::test]
async fn a_space_goes_and_the_rest_goes_on() {
    let world = World::new().await;
    written(&world).await;
    let (care, device) = (world.space(SpaceKind::Care), &world.patient.device);
    let word = word(&world, device, Some(vec![care]));
    let receipt: SignedReceipt = ask(&world, device, &word).await.expect(200).read();
    assert_eq!(receipt.verify().unwrap().spaces, [care]);
    for device in [device, &world.clinic.clinician] {
        let path = format!("/v1/chains/{care}");
        let refused = world.site.get(device, &path).await.refused();
        assert_eq!(refused, refusal(Code::Gone));
    }
    world.epoch(SpaceKind::Private).await;
    let again = ask(&world, device, &word).await;
    assert_eq!(again.refused(), refusal(Code::Gone));
}
