//! Erasing frames: what goes, what stays, and who may.

use clinic_api::http::problem::Code;
use clinic_api::id::{ContentHash, LogId};
use clinic_api::limits;
use clinic_api::log::{FrameName, Header, Item, Run};
use clinic_api::message::{Erase, Erased, Pushed};
use clinic_api::space::SpaceKind;
use clinic_api::wire;

use crate::support::keys::Device;
use crate::support::site::{Answer, refusal};
use crate::support::space::{Log, push};
use crate::support::world::World;

const KIND: SpaceKind = SpaceKind::Care;

async fn ask(world: &World, device: &Device, frames: Vec<FrameName>) -> Answer {
    let path = format!("/v1/spaces/{}/erasures", world.space(KIND));
    let body = wire::encode(&Erase { frames });
    world.site.post(device, &path, &body).await
}

async fn pushed(world: &World, device: &Device, runs: &[Vec<u8>]) -> u64 {
    let path = format!("/v1/spaces/{}/runs", world.space(KIND));
    let answer = world.site.post(device, &path, &push(runs)).await;
    answer.read::<Pushed>().stored
}

fn names(log: LogId, numbers: &[u64]) -> Vec<FrameName> {
    let name = |number: &u64| FrameName {
        log,
        number: *number,
        content: None,
    };
    numbers.iter().map(name).collect()
}

/// Of each run that is served, which of its frames have a body.
async fn bodies(world: &World) -> Vec<Vec<bool>> {
    let pulled = world.pulled(&world.second, world.space(KIND)).await;
    let runs = pulled.iter().map(|bytes| Run::from_bytes(bytes).unwrap());
    runs.map(|run| {
        let body = |item: &Item| matches!(item, Item::Body(_));
        run.items.iter().map(body).collect()
    })
    .collect()
}

#[tokio::test]
async fn bodies_go_and_logs_verify_and_grow_as_before() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let runs = [log.run(&[50, 60, 70], 1), log.run(&[80], 2)];
    pushed(&world, device, &runs).await;
    for (numbers, erased) in [
        (&[2, 4, 2][..], 2),
        (&[2, 4], 0),
        (&[0, 5, u64::MAX], 0),
        (&[], 0),
    ] {
        let answer = ask(&world, device, names(log.id(), numbers)).await;
        assert_eq!(answer.read::<Erased>().erased, erased, "{numbers:?}");
    }
    let unknown = names(LogId([9; 16]), &[1]);
    let answer = ask(&world, device, unknown).await;
    assert_eq!(answer.read::<Erased>().erased, 0);
    assert_eq!(bodies(&world).await, [vec![true, false, true], vec![false]]);

    // What verifies it is as it was: it is read from the start, and goes on.
    let served = world.pulled(&world.second, world.space(KIND)).await;
    let mut tip = None;
    for (bytes, sent) in served.iter().zip(&runs) {
        let (now, before) = (
            Run::from_bytes(bytes).unwrap(),
            Run::from_bytes(sent).unwrap(),
        );
        assert_eq!((&now.head, now.signature), (&before.head, before.signature));
        let key = &device.keys.log;
        let verified = now.verify(world.space(KIND), tip.as_ref(), key).unwrap();
        tip = Some(verified.tip);
    }
    // The same push again, its reply having been lost, brings nothing back.
    assert_eq!(pushed(&world, device, &runs).await, 0);
    let next = log.run(&[90], 3);
    assert_eq!(pushed(&world, device, &[next]).await, 1);
    let expected = [vec![true, false, true], vec![false], vec![true]];
    assert_eq!(bodies(&world).await, expected);
}

/// Whoever knows another branch of the log names another content by the same number.
#[tokio::test]
async fn a_frame_of_another_content_stays() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let run = log.run(&[50, 60], 1);
    pushed(&world, device, std::slice::from_ref(&run)).await;
    let [Item::Body(first), Item::Body(second)] = &Run::from_bytes(&run).unwrap().items[..] else {
        panic!("two bodies");
    };
    let name = |number, body: &[u8]| FrameName {
        log: log.id(),
        number,
        content: Some(ContentHash(Header::content_of(body))),
    };
    let swapped = vec![name(1, second), name(2, first)];
    let answer = ask(&world, device, swapped).await;
    assert_eq!(answer.read::<Erased>().erased, 0);
    assert_eq!(bodies(&world).await, [vec![true, true]]);
    let answer = ask(&world, device, vec![name(2, second)]).await;
    assert_eq!(answer.read::<Erased>().erased, 1);
    assert_eq!(bodies(&world).await, [vec![true, false]]);
}

#[tokio::test]
async fn a_run_may_come_without_bodies() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let whole = log.run(&[50, 60], 1);
    let mut run = Run::from_bytes(&whole).unwrap();
    assert!(run.erase(1, 1));
    assert_eq!(pushed(&world, device, &[run.to_bytes()]).await, 1);
    // With its bodies, it is the same run and brings nothing back.
    assert_eq!(pushed(&world, device, &[whole]).await, 0);
    assert_eq!(bodies(&world).await, [vec![false, true]]);
}

#[tokio::test]
async fn only_a_patient_erases_and_only_what_a_patient_wrote() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let (patient, clinician) = (&world.patient.device, &world.clinic.clinician);
    let mut mine = Log::new(patient, world.space(KIND), 1, epoch);
    let mut theirs = Log::new(clinician, world.space(KIND), 2, epoch);
    pushed(&world, patient, &[mine.run(&[50], 1)]).await;
    pushed(&world, clinician, &[theirs.run(&[50], 1)]).await;

    let answer = ask(&world, clinician, names(mine.id(), &[1])).await;
    assert_eq!(answer.refused(), refusal(Code::NotAllowed));
    let answer = ask(&world, clinician, names(theirs.id(), &[1])).await;
    assert_eq!(answer.refused(), refusal(Code::NotAllowed));
    let answer = ask(&world, patient, names(theirs.id(), &[1])).await;
    assert_eq!(answer.read::<Erased>().erased, 0);
    assert_eq!(bodies(&world).await, [vec![true], vec![true]]);
    let answer = ask(&world, patient, names(mine.id(), &[1])).await;
    assert_eq!(answer.read::<Erased>().erased, 1);

    let stranger = Device::new(200);
    let answer = ask(&world, &stranger, names(mine.id(), &[1])).await;
    assert_eq!(answer.refused(), refusal(Code::UnknownDevice));
    let many = names(mine.id(), &vec![1; limits::FRAMES_PER_ERASURE + 1]);
    let answer = ask(&world, patient, many).await;
    assert_eq!(answer.refused(), refusal(Code::TooManyFrames));
}
