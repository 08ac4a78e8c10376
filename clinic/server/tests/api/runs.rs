//! Pushing and pulling runs.

use clinic_api::http::problem::Code;
use clinic_api::id::{LogId, StatementHash};
use clinic_api::limits;
use clinic_api::log::{Item, Run};
use clinic_api::message::{Have, Pull, Pulled, Pushed};
use clinic_api::space::SpaceKind;
use clinic_api::wire;

use crate::support::keys::Device;
use crate::support::patient::Patient;
use crate::support::site::{Answer, refusal};
use crate::support::space::{Log, push};
use crate::support::world::World;

const KIND: SpaceKind = SpaceKind::Care;

async fn pushed(world: &World, device: &Device, runs: &[Vec<u8>]) -> Answer {
    let path = format!("/v1/spaces/{}/runs", world.space(KIND));
    world.site.post(device, &path, &push(runs)).await
}

async fn stored(world: &World, device: &Device, runs: &[Vec<u8>]) -> u64 {
    pushed(world, device, runs).await.read::<Pushed>().stored
}

#[tokio::test]
async fn runs_are_pulled_byte_for_byte_in_order_of_their_heads() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let (patient, clinician) = (&world.patient.device, &world.clinic.clinician);
    let mut mine = Log::new(patient, world.space(KIND), 1, epoch);
    let mut theirs = Log::new(clinician, world.space(KIND), 2, epoch);
    let a = [
        mine.run(&[100, 200], 1),
        mine.run(&[], 0),
        mine.run(&[32], 3),
    ];
    let b = [theirs.run(&[300], 4)];
    assert_eq!(stored(&world, patient, &a[..2]).await, 2);
    assert_eq!(stored(&world, clinician, &b).await, 1);
    assert_eq!(stored(&world, patient, &a[2..]).await, 1);
    let expected: Vec<Vec<u8>> = if mine.id() < theirs.id() {
        a.iter().chain(&b).cloned().collect()
    } else {
        b.iter().chain(&a).cloned().collect()
    };
    assert_eq!(
        world.pulled(&world.second, world.space(KIND)).await,
        expected
    );
}

#[tokio::test]
async fn a_pull_gives_what_the_vector_lacks() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let runs = [log.run(&[50], 1), log.run(&[50], 2), log.run(&[50], 3)];
    stored(&world, device, &runs).await;
    let path = format!("/v1/spaces/{}/pull", world.space(KIND));
    let unknown = LogId([0xee; 16]);
    for (have, expected) in [
        (vec![(log.id(), 1)], &runs[1..]),
        (vec![(log.id(), 3)], &[]),
        (vec![(log.id(), u64::MAX)], &[]),
        (vec![(unknown, 5)], &runs[..]),
        (vec![(log.id(), 2), (unknown, 0), (log.id(), 1)], &runs[2..]),
    ] {
        let have = have
            .into_iter()
            .map(|(log, beat)| Have { log, beat })
            .collect();
        let body = wire::encode(&Pull { have });
        let pulled: Pulled = world.site.post(device, &path, &body).await.read();
        let runs: Vec<Vec<u8>> = pulled.runs.into_iter().map(Into::into).collect();
        assert_eq!(runs, expected);
        assert!(!pulled.more);
    }
}

#[tokio::test]
async fn much_comes_in_pages_of_whole_runs() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let mut all = Vec::new();
    for n in 0..5 {
        let run = log.run(&[limits::FRAME_BODY; 7], n);
        assert_eq!(stored(&world, device, std::slice::from_ref(&run)).await, 1);
        all.push(run);
    }
    let path = format!("/v1/spaces/{}/pull", world.space(KIND));
    let mut read: Vec<Vec<u8>> = Vec::new();
    loop {
        let beat = read.len() as u64;
        let have = vec![Have {
            log: log.id(),
            beat,
        }];
        let body = wire::encode(&Pull { have });
        let pulled: Pulled = world.site.post(device, &path, &body).await.read();
        let bytes: usize = pulled.runs.iter().map(|r| r.len()).sum();
        assert!(bytes <= limits::PULL_PAGE && !pulled.runs.is_empty());
        read.extend(pulled.runs.into_iter().map(Vec::<u8>::from));
        if !pulled.more {
            break;
        }
    }
    assert!(read == all);
}

#[tokio::test]
async fn the_same_again_is_accepted_and_stored_once() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let runs = [log.run(&[50], 1), log.run(&[60], 2), log.run(&[70], 3)];
    assert_eq!(stored(&world, device, &runs[..2]).await, 2);
    assert_eq!(stored(&world, device, &runs[..2]).await, 0);
    assert_eq!(stored(&world, device, &runs[..1]).await, 0);
    assert_eq!(stored(&world, device, &runs[1..]).await, 1);
    let twice = [runs[2].clone(), runs[2].clone()];
    assert_eq!(stored(&world, device, &twice).await, 0);
    assert_eq!(world.pulled(device, world.space(KIND)).await.len(), 3);
    assert_eq!(stored(&world, device, &[]).await, 0);
}

#[tokio::test]
async fn other_bytes_for_a_stored_head_conflict() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let (fork, _) = log.next(&[50], 9);
    let first = log.run(&[50], 1);
    let fork_tip = {
        let mut forked = Log::new(device, world.space(KIND), 1, epoch);
        forked.run(&[50], 9);
        forked.run(&[50], 10)
    };
    stored(&world, device, std::slice::from_ref(&first)).await;
    let refused = pushed(&world, device, &[fork]).await.refused();
    assert_eq!(refused, refusal(Code::RunConflict));
    // On top of the fork, not of what is stored.
    let refused = pushed(&world, device, &[fork_tip]).await.refused();
    assert_eq!(refused, refusal(Code::RunConflict));
    let in_one = Log::new(device, world.space(KIND), 2, epoch);
    let (a, b) = (in_one.next(&[50], 1).0, in_one.next(&[50], 2).0);
    let refused = pushed(&world, device, &[a, b]).await.refused();
    assert_eq!(refused, refusal(Code::RunConflict));
    assert_eq!(world.pulled(device, world.space(KIND)).await, [first]);
}

#[tokio::test]
async fn a_gap_is_refused_and_so_is_all_that_came_with_it() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let runs = [log.run(&[50], 1), log.run(&[60], 2), log.run(&[70], 3)];
    let refused = pushed(&world, device, &runs[1..]).await.refused();
    assert_eq!(refused, refusal(Code::RunGap));
    let gap = [runs[0].clone(), runs[2].clone()];
    let refused = pushed(&world, device, &gap).await.refused();
    assert_eq!(refused, refusal(Code::RunGap));
    assert!(world.pulled(device, world.space(KIND)).await.is_empty());
    assert_eq!(stored(&world, device, &runs).await, 3);
}

#[tokio::test]
async fn a_device_pushes_to_its_own_logs_alone() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let space = world.space(KIND);
    let mut theirs = Log::new(&world.second, space, 1, epoch);
    let run = theirs.run(&[50], 1);
    for device in [&world.patient.device, &world.clinic.clinician] {
        let refused = pushed(&world, device, std::slice::from_ref(&run)).await;
        assert_eq!(refused.refused(), refusal(Code::NotAllowed));
    }
    let mut elsewhere = Log::new(&world.second, world.space(SpaceKind::Desk), 1, epoch);
    let refused = pushed(&world, &world.second, &[elsewhere.run(&[50], 1)]).await;
    assert_eq!(refused.refused(), refusal(Code::RunInvalid));
    assert_eq!(stored(&world, &world.second, &[run]).await, 1);
}

#[tokio::test]
async fn runs_that_do_not_verify_are_refused() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let space = world.space(KIND);
    let log = Log::new(device, space, 1, epoch);
    let (good, _) = log.next(&[50, 60], 1);
    let changed = |change: &dyn Fn(&mut Run)| {
        let mut run: Run = wire::decode(&good).unwrap();
        change(&mut run);
        run.to_bytes()
    };
    let unknown_epoch = |epoch| Log::new(device, space, 1, epoch).next(&[50], 1).0;
    let cases = [
        ("empty", Vec::new(), Code::MalformedBody),
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
        (
            "a flipped signature",
            changed(&|r| r.signature[3] ^= 1),
            Code::RunInvalid,
        ),
        (
            "a flipped byte of a body",
            changed(&|r| {
                if let Item::Body(body) = &mut r.items[0] {
                    body[20] ^= 1;
                }
            }),
            Code::RunInvalid,
        ),
        (
            "a frame less",
            changed(&|r| drop(r.items.pop())),
            Code::RunInvalid,
        ),
        (
            "other citations",
            changed(&|r| {
                let mut head = r.claimed_head().unwrap();
                head.patient = StatementHash([1; 32]);
                *r = Run::new(r.items.clone(), &head, |bytes| device.log.sign(bytes));
            }),
            Code::RunInvalid,
        ),
        (
            "a short body",
            changed(&|r| r.items[0] = Item::Body(vec![0; 31])),
            Code::RunInvalid,
        ),
        (
            "a long body",
            changed(&|r| r.items[0] = Item::Body(vec![0; limits::FRAME_BODY + 1])),
            Code::FrameTooLarge,
        ),
        (
            "an epoch that nobody stated",
            unknown_epoch(StatementHash([6; 32])),
            Code::RunInvalid,
        ),
        (
            "frames under no epoch",
            unknown_epoch(StatementHash::NONE),
            Code::RunInvalid,
        ),
        (
            "an epoch of another space",
            unknown_epoch(world.epoch(SpaceKind::Desk).await),
            Code::RunInvalid,
        ),
    ];
    for (name, bytes, code) in cases {
        let answer = pushed(&world, device, &[bytes]).await;
        assert_eq!(answer.refused(), refusal(code), "{name}");
    }
    assert!(world.pulled(device, space).await.is_empty());
    assert_eq!(stored(&world, device, &[good]).await, 1);
}

#[tokio::test]
async fn a_head_alone_names_an_epoch_too() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    for unknown in [StatementHash::NONE, StatementHash([6; 32])] {
        log.cites.epoch = unknown;
        let refused = pushed(&world, device, &[log.next(&[], 0).0]).await;
        assert_eq!(refused.refused(), refusal(Code::RunInvalid));
    }
    log.cites.epoch = epoch;
    assert_eq!(stored(&world, device, &[log.run(&[], 0)]).await, 1);
    assert_eq!(stored(&world, device, &[log.run(&[50], 1)]).await, 1);
}

#[tokio::test]
async fn an_earlier_epoch_still_counts() {
    let world = World::new().await;
    let device = &world.patient.device;
    let first = world.next_epoch(KIND, &Default::default(), device);
    let space = world.space(KIND);
    world.site.append(device, space, &first).await.expect(201);
    let chain = world.epochs(KIND, std::slice::from_ref(&first));
    let second = world.next_epoch(KIND, &chain, device);
    world.site.append(device, space, &second).await.expect(201);
    for (nonce, epoch) in [(1, &first), (2, &second)] {
        let epoch = crate::support::space::hash(epoch);
        let mut log = Log::new(device, space, nonce, epoch);
        assert_eq!(stored(&world, device, &[log.run(&[50], 1)]).await, 1);
    }
}

#[tokio::test]
async fn a_push_holds_512_frames_and_no_more() {
    let world = World::new().await;
    let epoch = world.epoch(KIND).await;
    let device = &world.patient.device;
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let runs = [log.run(&[32; 300], 1), log.run(&[32; 213], 2)];
    let refused = pushed(&world, device, &runs).await.refused();
    assert_eq!(refused, refusal(Code::TooManyFrames));
    assert!(world.pulled(device, world.space(KIND)).await.is_empty());
    let mut log = Log::new(device, world.space(KIND), 1, epoch);
    let over = log.next(&[32; 513], 1).0;
    let refused = pushed(&world, device, &[over]).await.refused();
    assert_eq!(refused, refusal(Code::TooManyFrames));
    let runs = [log.run(&[32; 300], 1), log.run(&[32; 212], 2)];
    assert_eq!(stored(&world, device, &runs).await, 2);
    let mut heads = Log::new(device, world.space(KIND), 3, epoch);
    let heads: Vec<_> = (0..513).map(|_| heads.run(&[], 0)).collect();
    let refused = pushed(&world, device, &heads).await.refused();
    assert_eq!(refused, refusal(Code::TooManyFrames));
}

#[tokio::test]
async fn vectors_and_bodies_are_limited() {
    let world = World::new().await;
    let device = &world.patient.device;
    let path = format!("/v1/spaces/{}/pull", world.space(KIND));
    let vector = |logs: usize| {
        let have = (0..logs).map(|n| {
            let mut log = [0; 16];
            log[..8].copy_from_slice(&(n as u64).to_be_bytes());
            Have {
                log: LogId(log),
                beat: u64::MAX,
            }
        });
        wire::encode(&Pull {
            have: have.collect(),
        })
    };
    let most = vector(limits::VECTOR);
    world.site.post(device, &path, &most).await.expect(200);
    for logs in [limits::VECTOR + 1, 2 * limits::VECTOR] {
        let answer = world.site.post(device, &path, &vector(logs)).await;
        assert_eq!(answer.refused(), refusal(Code::BodyTooLarge));
    }
    for body in [
        b"".as_slice(),
        b"\xa1",
        b"\xa1\x00\x81\x82\x41\x00\x01",
        b"{}",
    ] {
        let answer = world.site.post(device, &path, body).await;
        assert_eq!(answer.refused(), refusal(Code::MalformedBody));
    }
    let path = format!("/v1/spaces/{}/runs", world.space(KIND));
    let large = vec![0; limits::PUSH_BODY + 1];
    let answer = world.site.post(device, &path, &large).await;
    assert_eq!(answer.refused(), refusal(Code::BodyTooLarge));
}

#[tokio::test]
async fn what_is_no_space_is_unknown() {
    let world = World::new().await;
    let device = &world.patient.device;
    let body = wire::encode(&Pull { have: Vec::new() });
    let chain = world.patient.id().to_string();
    for space in ["0", "%27%20OR%201=1--", &"0".repeat(64), &chain] {
        let path = format!("/v1/spaces/{space}/pull");
        let answer = world.site.post(device, &path, &body).await;
        assert_eq!(answer.refused(), refusal(Code::UnknownSpace), "{space}");
    }
}

#[tokio::test]
async fn who_was_not_admitted_yet_stores_8_mib_at_most() {
    let world = World::new().await;
    let patient = Patient::of(&world.clinic, 80);
    let invite = world.site.claimed(&world.clinic, &patient, 8).await;
    let (device, space) = (&patient.device, patient.space(KIND));
    let parties = crate::support::space::parties(KIND, Some(&patient), Some(&world.clinic));
    let epoch = crate::support::space::epoch(&Default::default(), parties, device);
    world.site.append(device, space, &epoch).await.expect(201);
    let epoch = crate::support::space::hash(&epoch);
    let path = format!("/v1/spaces/{space}/runs");
    let mut log = Log::new(device, space, 1, epoch);
    // 15 frames of 256 KiB: two such runs leave less than 512 KiB of the 8 MiB.
    for n in 0..2 {
        let run = log.run(&[limits::FRAME_BODY; 15], n);
        let answer = world.site.post(device, &path, &push(&[run])).await;
        assert_eq!(answer.read::<Pushed>().stored, 1);
    }
    let third = push(&[log.run(&[limits::FRAME_BODY; 2], 3)]);
    let answer = world.site.post(device, &path, &third).await;
    assert_eq!(answer.refused(), refusal(Code::StorageFull));
    let admit = format!("{invite}/admit");
    world
        .site
        .post(&world.clinic.clinician, &admit, b"")
        .await
        .expect(204);
    let answer = world.site.post(device, &path, &third).await;
    assert_eq!(answer.read::<Pushed>().stored, 1);
}
